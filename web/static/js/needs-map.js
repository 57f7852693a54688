// The map of unmet requests: a hexagon for each row of the table beneath it, a sign for it from afar.
(() => {
  "use strict";

  const { files, load, element, whenSeen } = window.entraide;
  const panel = document.querySelector("[data-needs-map]");
  const state = panel.querySelector("[data-map-state]");
  // Below this zoom a hexagon is smaller than a number.
  const HEXAGONS_FROM_ZOOM = 6;
  const numbers = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`);

  function say(text) {
    state.textContent = text;
    state.hidden = !text;
  }

  function areas() {
    return [...document.getElementById(panel.dataset.table).tBodies[0].rows].map((row) => ({
      cell: row.dataset.cell, name: row.cells[0].textContent.trim(), needs: Number(row.cells[1].dataset.value),
    }));
  }

  function words({ name, needs }) {
    return element("span", { textContent: `${name}: ${numbers.format(needs)}`, dir: "auto" });
  }

  function show(map, found) {
    const most = Math.max(...found.map(({ needs }) => needs));
    const far = window.L.layerGroup();
    const near = window.L.layerGroup();
    for (const area of found) {
      const center = window.h3.cellToLatLng(area.cell);
      const share = Math.sqrt(area.needs / most);
      const depth = `need-${Math.max(1, Math.ceil(share * 4))}`;
      far.addLayer(window.L.circleMarker(center, { radius: 5 + 15 * share, className: `need ${depth}` }).bindTooltip(words(area)));
      near.addLayer(window.L.polygon(window.entraide.cornersOf(area.cell, center), { className: `need ${depth}` }).bindTooltip(words(area)));
    }
    const choose = () => {
      const isNear = map.getZoom() >= HEXAGONS_FROM_ZOOM;
      (isNear ? far : near).remove();
      (isNear ? near : far).addTo(map);
    };
    map.on("zoomend", choose);
    map.fitBounds(window.L.latLngBounds(found.map(({ cell }) => window.h3.cellToLatLng(cell))).pad(0.2), { animate: false, maxZoom: 7 });
    choose();
  }

  async function start() {
    say(panel.dataset.textLoading);
    try {
      await Promise.all([load(files.worldMap), load(files.h3)]);
      const map = await window.entraide.worldMap(panel.querySelector("[data-map]"));
      show(map, areas());
      say("");
    } catch {
      say(panel.dataset.textFailed);
    }
  }

  whenSeen(panel, start, "300px");
})();
