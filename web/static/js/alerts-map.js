// One's own alerts on a map: the hexagon or drawn area of each, and how far it reaches. The list
// beneath says the same.
(() => {
  "use strict";

  const { files, load, whenSeen } = window.entraide;
  const box = document.querySelector("[data-alerts-map]");

  // What to look at is the circle: a hexagon across the ±180 meridian has a half at either edge.
  function draw(map, { shape, center, radius_m: radius }) {
    const area = window.L.geoJSON(shape, { interactive: false, style: { className: "hex" } }).addTo(map);
    if (!radius) return area.getBounds();
    return window.L.circle(center, { radius, interactive: false, className: "hex-choice" }).addTo(map).getBounds();
  }

  async function show() {
    try {
      await load(files.worldMap);
      const map = await window.entraide.worldMap(box, { scrollWheelZoom: false });
      const seen = window.L.latLngBounds([]);
      for (const alert of JSON.parse(box.dataset.shapes)) seen.extend(draw(map, alert));
      map.fitBounds(seen.pad(0.15), { animate: false, maxZoom: 12 });
    } catch {
      box.parentElement.hidden = true;
    }
  }

  box.parentElement.hidden = false;
  whenSeen(box, show);
})();
