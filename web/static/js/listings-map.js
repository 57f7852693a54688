// The map beside the list: hexagons, clusters that say how many, "search here".
(() => {
  "use strict";

  const { files, load, loadSheet, element, icon, still } = window.entraide;
  const panel = document.querySelector("[data-listings-map]");
  if (!panel) return;
  const canvas = panel.querySelector("[data-map]");
  const state = panel.querySelector("[data-map-state]");
  const searchHere = panel.querySelector("[data-search-here]");
  const toggle = document.querySelector("[data-map-toggle]");
  const wide = window.matchMedia("(min-width: 992px)");
  // Below this zoom a hexagon is smaller than its pin.
  const HEXAGONS_FROM_ZOOM = 8;
  const PIN = 40;
  const CLUSTER = 48;
  let started = false;
  // An element takes a map once: one that was made before something failed is kept.
  let map = null;

  function say(text) {
    state.textContent = text;
    state.hidden = !text;
  }

  function popup({ properties }) {
    const link = element("a", { href: properties.address, textContent: properties.title, lang: properties.locale, dir: "auto" });
    return element("div", {},
      link,
      element("p", { textContent: `${properties.kind_name} · ${properties.category_name}` }),
      element("p", { textContent: properties.place, className: "soft" }));
  }

  function pin(feature) {
    const { properties } = feature;
    const sign = element("div", { className: `pin group-${properties.group}` }, icon(properties.category));
    const marker = window.L.marker(properties.center, {
      icon: window.L.divIcon({ html: sign, className: "", iconSize: [PIN, PIN] }),
      alt: properties.title, title: `${properties.kind_name}: ${properties.title}`,
    });
    marker.bindPopup(() => popup(feature), { maxWidth: 260, autoPanPadding: [24, 24] });
    return marker;
  }

  function clusterIcon(cluster) {
    const count = cluster.getChildCount();
    const sign = element("div", { className: "cluster", textContent: count.toLocaleString(document.documentElement.lang) });
    return window.L.divIcon({ html: sign, className: "", iconSize: [CLUSTER, CLUSTER] });
  }

  // Hexagons of what is in view only: two thousand at once are too many for a small telephone.
  function showHexagons(map, features) {
    const layer = window.L.layerGroup().addTo(map);
    const update = async () => {
      layer.clearLayers();
      if (map.getZoom() < HEXAGONS_FROM_ZOOM) return;
      await load(files.h3);
      layer.clearLayers();
      const view = map.getBounds().pad(0.2);
      const drawn = new Set();
      for (const { properties } of features) {
        const key = `${properties.cell} ${properties.group}`;
        if (drawn.has(key) || !view.contains(properties.center)) continue;
        drawn.add(key);
        layer.addLayer(window.L.polygon(window.entraide.cornersOf(properties.cell, properties.center), { interactive: false, className: `hex group-${properties.group}` }));
      }
    };
    map.on("moveend", update);
    update();
  }

  function offerSearch(map) {
    map.on("dragend zoomend", () => { searchHere.hidden = false; });
    searchHere.addEventListener("click", async () => {
      await load(files.h3);
      const center = map.getCenter().wrap();
      const bounds = map.getBounds();
      const reach = Math.min(map.distance(bounds.getNorthWest(), bounds.getNorthEast()), map.distance(bounds.getNorthWest(), bounds.getSouthWest())) / 2000;
      const radius = Math.min(Math.max(Math.round(reach), 1), 500);
      const resolution = radius > 100 ? 5 : radius > 10 ? 6 : 7;
      const query = new URLSearchParams(panel.dataset.query);
      for (const name of ["near", "place", "page"]) query.delete(name);
      query.set("cell", window.h3.latLngToCell(center.lat, center.lng, resolution));
      query.set("radius_km", String(radius));
      window.location.assign(`${panel.dataset.list}?${query}`);
    });
  }

  // The view stands in the address behind its "#", which no server is told: #map=zoom/lat/lng.
  function viewOfAddress() {
    const [zoom, lat, lng] = (/^#map=(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/.exec(window.location.hash) ?? []).slice(1).map(Number);
    return Math.abs(lat) <= 90 && Math.abs(lng) <= 540 ? { center: [lat, lng], zoom } : null;
  }

  function keepViewInAddress(map) {
    map.on("moveend", () => {
      const { lat, lng } = map.getCenter();
      window.history.replaceState(window.history.state, "", `#map=${map.getZoom()}/${lat.toFixed(3)}/${lng.toFixed(3)}`);
    });
  }

  // The popup stands far from its pin in the order of the keys: it is gone to, and come back from.
  function followPopups(map) {
    map.on("popupopen", ({ popup }) => popup.getElement().querySelector("a")?.focus({ preventScroll: true }));
    // Leaflet hears Escape only while the map itself has the focus.
    map.getContainer().addEventListener("keydown", (event) => { if (event.key === "Escape") map.closePopup(); });
    map.on("popupclose", ({ popup }) => {
      if (popup.getElement()?.contains(document.activeElement)) popup._source?.getElement()?.focus({ preventScroll: true });
    });
  }

  async function start() {
    if (started) return;
    started = true;
    say(panel.dataset.textLoading);
    try {
      await Promise.all([load(files.worldMap), loadSheet(files.clusterCss)]);
      map ??= await window.entraide.worldMap(canvas);
      await load(files.cluster);
      const answer = await fetch(panel.dataset.features);
      if (!answer.ok) throw new Error(String(answer.status));
      const { features } = await answer.json();
      const group = window.L.markerClusterGroup({ iconCreateFunction: clusterIcon, showCoverageOnHover: false, maxClusterRadius: 60, animate: !still });
      group.addLayers(features.map(pin));
      map.addLayer(group);
      followPopups(map);
      say(features.length ? "" : panel.dataset.textNone);
      const kept = viewOfAddress();
      const around = panel.dataset.center ? JSON.parse(panel.dataset.center) : null;
      if (kept) {
        map.setView(kept.center, kept.zoom, { animate: false });
      } else if (around) {
        map.fitBounds(window.L.latLng(around.lat, around.lng).toBounds(around.radius_km * 2000), { animate: false });
      } else if (features.length) {
        map.fitBounds(group.getBounds().pad(0.1), { animate: false, maxZoom: 9 });
      }
      showHexagons(map, features);
      offerSearch(map);
      keepViewInAddress(map);
    } catch {
      started = false;
      say(panel.dataset.textFailed);
    }
  }

  panel.hidden = false;
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const open = panel.classList.toggle("is-open");
    toggle.setAttribute("aria-expanded", String(open));
    toggle.querySelector("[data-label]").textContent = open ? toggle.dataset.hide : toggle.dataset.show;
    // The list stands between the button and the map in the order of the keys.
    if (open) start().then(() => canvas.focus({ preventScroll: true }));
  });
  if (wide.matches) start();
  else if (viewOfAddress()) toggle.click();
  wide.addEventListener("change", () => { if (wide.matches) start(); });
})();
