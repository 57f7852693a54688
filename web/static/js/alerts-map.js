// One's own alerts on a map: the hexagon or drawn area of each, and how far it reaches. The list
// beneath says the same.
(() => {
  "use strict";

  const { files, load, whenSeen } = window.entraide;
  const box = document.querySelector("[data-alerts-map]");

  function layersOf({ shape, radius_m: radius }) {
    const area = window.L.geoJSON(shape, { interactive: false, style: { className: "hex" } });
    if (!radius) return [area];
    const center = area.getBounds().getCenter();
    return [window.L.circle(center, { radius, interactive: false, className: "hex-choice" }), area];
  }

  async function show() {
    try {
      await load(files.worldMap);
      const map = await window.entraide.worldMap(box, { scrollWheelZoom: false });
      const all = window.L.featureGroup(JSON.parse(box.dataset.shapes).flatMap(layersOf)).addTo(map);
      map.fitBounds(all.getBounds().pad(0.15), { animate: false, maxZoom: 12 });
    } catch {
      box.parentElement.hidden = true;
    }
  }

  box.parentElement.hidden = false;
  whenSeen(box, show);
})();
