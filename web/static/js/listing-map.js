// The small map of one listing: its hexagon, never a point.
(() => {
  "use strict";

  const { files, load, whenSeen } = window.entraide;
  const box = document.querySelector("[data-listing-map]");
  if (!box) return;

  async function show() {
    const frame = box.parentElement;
    try {
      await load(files.worldMap);
      const map = await window.entraide.worldMap(box, { scrollWheelZoom: false });
      const shape = window.L.geoJSON(JSON.parse(box.dataset.hexagon), {
        interactive: false, style: { className: `hex group-${box.dataset.group}` },
      }).addTo(map);
      map.fitBounds(shape.getBounds().pad(1.2), { animate: false, maxZoom: 12 });
    } catch {
      frame.hidden = true;
    }
  }

  box.parentElement.hidden = false;
  whenSeen(box, show);
})();
