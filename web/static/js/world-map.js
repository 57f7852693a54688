// A map that needs nobody else: Natural Earth's countries, our own colours, names of towns from the
// gazetteer. Tiles of a server that the operator has named lie above the land, and may fail.
(() => {
  "use strict";

  const { files, load, loadSheet, element, still } = window.entraide;
  const FINE_FROM_ZOOM = 6;
  const NAMES_FROM_ZOOM = 3;
  // So long a tile server may be silent before the map does without it.
  const PATIENCE_MS = 4_000;
  // Width of an H3 cell in kilometres, by resolution: names are asked for cells about a fifth of the view.
  const CELL_WIDTH_KM = [2200, 840, 320, 120, 45, 17, 6.4, 2.4, 0.92];

  async function atlas(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    const topology = await answer.json();
    const { features } = window.topojson.feature(topology, topology.objects.countries);
    return { type: "FeatureCollection", features: features.map(unrolled) };
  }

  // Countries across the 180° meridian jump from one edge of the map to the other: their rings are
  // unrolled into continuous longitudes and drawn at both edges. A ring around a pole is closed
  // over the pole.
  function unrolled({ geometry }) {
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    const drawn = [];
    for (const rings of polygons) {
      const straight = rings.map(unroll);
      drawn.push(straight);
      const longitudes = straight[0].map(([lng]) => lng);
      for (const turn of [360, -360]) {
        const overlaps = turn > 0 ? Math.min(...longitudes) < -180 : Math.max(...longitudes) > 180;
        if (overlaps) drawn.push(straight.map((ring) => ring.map(([lng, lat]) => [lng + turn, lat])));
      }
    }
    return { type: "Feature", properties: {}, geometry: { type: "MultiPolygon", coordinates: drawn } };
  }

  function unroll(ring) {
    const straight = [ring[0]];
    for (const [lng, lat] of ring.slice(1)) {
      const before = straight[straight.length - 1][0];
      straight.push([before + ((((lng - before + 180) % 360) + 360) % 360) - 180, lat]);
    }
    const [first, last] = [straight[0], straight[straight.length - 1]];
    if (Math.abs(last[0] - first[0]) > 180) {
      const pole = first[1] > 0 ? 90 : -90;
      straight.push([last[0], pole], [first[0], pole], first);
    }
    return straight;
  }

  // The whole world from afar; from nearer, the finer coasts around the cell in view alone.
  function drawLand(map) {
    const draw = (shapes, options = {}) => window.L.geoJSON(shapes, {
      interactive: false, pane: "land", style: { className: "land" }, ...options,
    });
    let coarse = null;
    let fine = null;
    const show = () => {
      const near = fine && map.getZoom() >= FINE_FROM_ZOOM;
      for (const [layer, wanted] of [[coarse, !near], [fine, near]]) {
        if (layer && wanted !== map.hasLayer(layer)) wanted ? layer.addTo(map) : layer.remove();
      }
    };
    atlas(files.world).then((shapes) => {
      coarse = draw(shapes);
      show();
    }).catch(() => {});
    whenCellChanges(map, FINE_FROM_ZOOM, async (cell, stillWanted) => {
      const answer = await fetch(`${files.land}?cell=${cell}`).catch(() => null);
      if (!answer?.ok || !stillWanted()) return;
      const center = map.getCenter();
      const turn = center.lng - center.wrap().lng;
      const shapes = await answer.json();
      fine?.remove();
      fine = draw(shapes, { coordsToLatLng: ([lng, lat]) => window.L.latLng(lat, lng + turn) });
      show();
    });
    map.on("zoomend", show);
  }

  // Calls back with the cell in the middle of the view, at least a fifth of the view wide, whenever
  // it is another one.
  function whenCellChanges(map, fromZoom, change) {
    let asked = "";
    const update = async () => {
      if (map.getZoom() < fromZoom) {
        asked = "";
        return;
      }
      await load(files.h3);
      const bounds = map.getBounds();
      const width = map.distance(bounds.getSouthWest(), bounds.getSouthEast()) / 1000;
      const height = map.distance(bounds.getSouthWest(), bounds.getNorthWest()) / 1000;
      const wanted = Math.max(width, height) / 5;
      const found = CELL_WIDTH_KM.findIndex((size) => size < wanted);
      const resolution = found < 0 ? 8 : Math.max(found - 1, 0);
      const { lat, lng } = map.getCenter().wrap();
      const cell = window.h3.latLngToCell(lat, lng, resolution);
      if (cell === asked) return;
      asked = cell;
      change(cell, () => cell === asked);
    };
    map.on("moveend", update);
    map.whenReady(update);
  }

  // Names of the larger towns in view, so that one knows where one is.
  function townNames(map) {
    const labels = window.L.layerGroup();
    map.on("zoomend", () => { if (map.getZoom() < NAMES_FROM_ZOOM) labels.clearLayers(); });
    whenCellChanges(map, NAMES_FROM_ZOOM, async (cell, stillWanted) => {
      const answer = await fetch(`${files.names}?cell=${cell}`).catch(() => null);
      if (!answer?.ok || !stillWanted()) return;
      const { places } = await answer.json();
      labels.clearLayers();
      for (const place of places) {
        const dot = window.L.circleMarker([place.lat, place.lng], { radius: 2.5, className: "town", interactive: false, pane: "towns" });
        dot.bindTooltip(element("span", { textContent: place.name }), { permanent: true, direction: "right", offset: [4, 0], className: "map-label" });
        labels.addLayer(dot);
      }
    });
    return labels;
  }

  // Tiles have names of their own: ours come where none can be had.
  function drawTiles(map) {
    const zooms = new Map();
    let labels = null;
    let silence = 0;
    const showNames = () => {
      labels ??= townNames(map);
      labels.addTo(map);
    };
    const layer = window.L.tileLayer(files.tiles, {
      maxZoom: map.getMaxZoom(),
      // Some servers refuse whoever does not say on which site their tiles are shown.
      referrerPolicy: "origin",
      attribution: element("bdi", { textContent: files.tilesAttribution }).outerHTML,
    });
    layer.on("loading", () => {
      clearTimeout(silence);
      silence = setTimeout(showNames, PATIENCE_MS);
    });
    layer.on("tileload", ({ tile, coords }) => {
      zooms.set(tile, coords.z);
      clearTimeout(silence);
      labels?.remove();
    });
    layer.on("tileunload", ({ tile }) => zooms.delete(tile));
    layer.on("tileerror", ({ coords }) => {
      clearTimeout(silence);
      // Tiles of another zoom are about to go.
      if (![...zooms.values()].includes(coords.z)) showNames();
    });
    layer.addTo(map);
  }

  // The corners of a cell, on the side of the ±180 meridian where its centre is. After h3 is loaded.
  window.entraide.cornersOf = (cell, center) => window.h3.cellToBoundary(cell)
    .map(([lat, lng]) => [lat, lng - 360 * Math.round((lng - center[1]) / 360)]);

  // Make the map inside an element; `options` go to Leaflet.
  window.entraide.worldMap = async (box, options = {}) => {
    // Without its sheet a map looks whole, and no press reaches what is drawn on it.
    await Promise.all([loadSheet(files.leafletCss), load(files.leaflet), load(files.topojson)]);
    const map = window.L.map(box, {
      center: [20, 10], zoom: 1, minZoom: 1, maxZoom: 14, zoomControl: false,
      maxBounds: [[-90, -220], [90, 220]], maxBoundsViscosity: 0.8, attributionControl: true,
      zoomSnap: 0.5, zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, inertia: !still, ...options,
    });
    map.attributionControl.setPrefix("");
    map.attributionControl.addAttribution(files.attribution);
    window.L.control.zoom({ zoomInTitle: files.zoomIn, zoomOutTitle: files.zoomOut }).addTo(map);
    // In the corner of a long attribution, it stands above it.
    window.L.control.scale({ imperial: false, position: files.tiles ? "bottomright" : "bottomleft" }).addTo(map);
    // Below Leaflet's own pane of tiles, which has 200.
    map.createPane("land").style.zIndex = 150;
    map.createPane("towns").style.zIndex = 450;
    drawLand(map);
    if (files.tiles) drawTiles(map);
    else townNames(map).addTo(map);
    return map;
  };
})();
