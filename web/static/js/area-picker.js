// Drawing an outline on the map: each press is a corner. The text field holds what is sent; a dashed
// line shows the limits that it may not cross.
(() => {
  "use strict";

  const { files, load, whenSeen } = window.entraide;
  const DECIMALS = 4;

  async function setUp(root) {
    const field = document.getElementById(root.dataset.field);
    const box = root.querySelector("[data-area-box]");
    const status = root.querySelector("[data-area-status]");
    await load(files.worldMap);
    const map = await window.entraide.worldMap(box.querySelector("[data-map]"), { scrollWheelZoom: false });
    const [south, west, north, east] = JSON.parse(root.dataset.bounds);
    let corners = read(field.value);
    let view = window.L.latLngBounds([south, west], [north, east]);
    if (root.dataset.limits) {
      const limits = window.L.geoJSON(JSON.parse(root.dataset.limits), { interactive: false, style: { className: "limits" } }).addTo(map);
      view = limits.getBounds().pad(0.2);
    } else if (corners.length > 2) {
      view = window.L.latLngBounds(corners).pad(0.5);
    }
    map.fitBounds(view, { animate: false });
    // A part of the form that is not shown has no size, and nothing fits into it.
    new ResizeObserver(() => {
      const hidden = !map.getSize().x;
      map.invalidateSize({ animate: false });
      if (hidden && map.getSize().x) map.fitBounds(view, { animate: false });
    }).observe(map.getContainer());
    const shape = window.L.layerGroup().addTo(map);

    function draw() {
      shape.clearLayers();
      if (corners.length > 2) shape.addLayer(window.L.polygon(corners, { className: "hex", interactive: false }));
      else if (corners.length) shape.addLayer(window.L.polyline(corners, { className: "hex", interactive: false }));
      for (const corner of corners) {
        shape.addLayer(window.L.circleMarker(corner, { radius: 6, className: "hex-chosen", interactive: false }));
      }
      status.textContent = corners.length ? `${root.dataset.textPoints} ${corners.length}` : "";
    }

    function write() {
      const ring = corners.map(([lat, lng]) => [Number(lng.toFixed(DECIMALS)), Number(lat.toFixed(DECIMALS))]);
      field.value = corners.length ? JSON.stringify({ type: "Polygon", coordinates: [[...ring, ...ring.slice(0, 1)]] }) : "";
      draw();
    }

    map.on("click", ({ latlng }) => {
      const { lat, lng } = latlng.wrap();
      corners.push([lat, lng]);
      write();
    });
    root.querySelector("[data-area-undo]").addEventListener("click", () => {
      corners.pop();
      write();
    });
    root.querySelector("[data-area-clear]").addEventListener("click", () => {
      corners = [];
      write();
    });
    field.addEventListener("change", () => {
      corners = read(field.value);
      draw();
    });
    draw();
  }

  // The corners of a plain polygon; what is more than that stays as text.
  function read(text) {
    try {
      const { type, coordinates } = JSON.parse(text);
      if (type !== "Polygon" || coordinates.length !== 1) return [];
      return coordinates[0].slice(0, -1).map(([lng, lat]) => [lat, lng]);
    } catch {
      return [];
    }
  }

  for (const root of document.querySelectorAll("[data-area-picker]")) {
    const box = root.querySelector("[data-area-box]");
    box.hidden = false;
    // Whoever chooses another way of saying where never loads it.
    whenSeen(box, () => setUp(root).catch(() => {
      box.hidden = true;
      root.querySelector("[data-area-text]").open = true;
    }), "300px");
  }
})();
