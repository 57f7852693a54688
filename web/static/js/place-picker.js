// Choosing a place: suggestions while typing, "near me", the labelled grid, the map.
// What leaves the device is a name, or a cell about a kilometre wide; never a position.
(() => {
  "use strict";

  const { files, load, element, still } = window.entraide;
  const WAIT_MS = 180;
  const FINEST = 8;
  const MOST_HEXAGONS = 500;

  function setUp(root) {
    const texts = root.dataset;
    const name = texts.placeName || "place";
    const input = root.querySelector(`input[name="${name}"]`);
    const list = root.querySelector(".suggestions");
    const status = root.querySelector("[data-place-status]");
    const hidden = (field) => root.querySelector(`input[type="hidden"][name="${field}"]`);
    const idField = hidden(name === "near" ? "place" : "place_id");
    const cellField = hidden("cell");
    const forField = hidden("place_for");
    const chosen = root.querySelector("[data-place-chosen]");
    const chosenName = root.querySelector("[data-place-name]");
    const gridBox = root.querySelector("[data-grid-box]");
    let options = [];
    let active = -1;
    let timer = 0;
    let question = 0;

    // What is chosen

    function setChoice({ id = "", cell = "", text = input.value, shown = text }) {
      if (idField) idField.value = id;
      if (cellField) cellField.value = cell;
      input.value = text;
      if (forField) forField.value = id || cell ? text : "";
      for (const radio of root.querySelectorAll('input[type="radio"][name="place_id"]')) radio.checked = false;
      if (chosen) {
        chosen.hidden = !(id || cell);
        chosenName.textContent = shown;
      }
      status.textContent = id || cell ? `${texts.textChosen || ""} ${shown}` : "";
    }

    function forgetChoice() {
      setChoice({});
      closeGrid();
    }

    // Suggestions: a combobox with a listbox, as the ARIA practices describe it

    function closeList() {
      // What was asked before and is answered late must not open it again over what stands below.
      clearTimeout(timer);
      question += 1;
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      active = index;
      [...list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === index)));
      if (index < 0) {
        input.removeAttribute("aria-activedescendant");
        return;
      }
      input.setAttribute("aria-activedescendant", list.children[index].id);
      list.children[index].scrollIntoView({ block: "nearest" });
    }

    function choose(index) {
      const place = options[index];
      closeGrid();
      setChoice({ id: String(place.id), text: place.name, shown: [place.name, place.detail].filter(Boolean).join(", ") });
      closeList();
    }

    function showOptions(places) {
      options = places;
      list.replaceChildren(...places.map((place, index) => {
        const item = element("li", { id: `${list.id}-${index}` },
          element("span", { textContent: place.label }),
          element("small", { textContent: place.detail }));
        item.setAttribute("role", "option");
        item.addEventListener("pointerdown", (event) => event.preventDefault());
        item.addEventListener("click", () => choose(index));
        return item;
      }));
      mark(-1);
      list.hidden = !places.length;
      input.setAttribute("aria-expanded", String(places.length > 0));
      status.textContent = places.length ? "" : texts.textNone;
    }

    async function suggest() {
      const text = input.value.trim();
      const mine = ++question;
      if (text.length < 2) {
        closeList();
        return;
      }
      try {
        const answer = await fetch(`${texts.search}?q=${encodeURIComponent(text)}`);
        if (!answer.ok) throw new Error(String(answer.status));
        const { places } = await answer.json();
        if (mine === question && document.activeElement === input) showOptions(places);
      } catch {
        if (mine === question) status.textContent = texts.textFailed;
      }
    }

    function onKey(event) {
      const open = !list.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!open) {
          suggest();
          return;
        }
        const step = event.key === "ArrowDown" ? 1 : -1;
        const from = active < 0 && step < 0 ? 0 : active;
        mark((from + step + options.length) % options.length);
      } else if (event.key === "Enter" && open && active >= 0) {
        event.preventDefault();
        choose(active);
      } else if (event.key === "Escape" && open) {
        event.preventDefault();
        closeList();
      }
    }

    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    input.addEventListener("input", () => {
      forgetChoice();
      clearTimeout(timer);
      timer = setTimeout(suggest, WAIT_MS);
    });
    input.addEventListener("keydown", onKey);
    input.addEventListener("blur", closeList);

    // A cell, from the device or the map: the server names it

    async function takeCell(cell) {
      closeGrid();
      setChoice({ cell, text: input.value || texts.textArea, shown: texts.textArea });
      try {
        const answer = await fetch(`${texts.search}?cell=${cell}`);
        if (!answer.ok) return;
        const place = await answer.json();
        if (cellField.value === cell) setChoice({ cell, text: place.name || texts.textArea, shown: [place.name, place.detail].filter(Boolean).join(", ") || texts.textArea });
      } catch {
        // The cell is chosen all the same; only its name is missing.
      }
    }

    function nearMe(button) {
      button.disabled = true;
      status.textContent = texts.textLocating;
      const done = () => { button.disabled = false; };
      const denied = () => {
        done();
        root.querySelector("[data-near-problem]")?.remove();
        const line = element("p", { className: "hint mt-2", textContent: texts.textDenied });
        line.dataset.nearProblem = "";
        line.setAttribute("role", "alert");
        root.querySelector(".place-tools").after(line);
      };
      navigator.geolocation.getCurrentPosition(async ({ coords }) => {
        try {
          await load(files.h3);
          root.querySelector("[data-near-problem]")?.remove();
          await takeCell(window.h3.latLngToCell(coords.latitude, coords.longitude, FINEST));
        } catch {
          denied();
        }
        done();
      }, denied, { enableHighAccuracy: false, maximumAge: 300000, timeout: 15000 });
    }

    // The labelled grid

    function closeGrid() {
      if (!gridBox) return;
      gridBox.replaceChildren();
      if (cellField) cellField.disabled = false;
    }

    function enliven() {
      if (cellField) cellField.disabled = true;
      const update = () => {
        const radio = gridBox.querySelector('input[name="cell"]:checked');
        for (const group of gridBox.querySelectorAll("g[data-cell]")) {
          group.classList.toggle("is-chosen", Boolean(radio?.value) && group.dataset.cell === radio.value);
        }
        if (radio?.value) {
          const words = radio.closest("label").querySelector("span");
          chosen.hidden = false;
          chosenName.textContent = [input.value, ...[...words.childNodes].map((node) => node.textContent)].filter(Boolean).join(" · ");
        }
      };
      gridBox.addEventListener("change", update);
      for (const group of gridBox.querySelectorAll("g[data-cell]")) {
        group.addEventListener("click", () => {
          const radio = [...gridBox.querySelectorAll('input[name="cell"]')].find((each) => each.value === group.dataset.cell);
          radio.checked = true;
          update();
        });
      }
      update();
    }

    async function openGrid(event) {
      if (!idField?.value && !cellField?.value) return;
      event.preventDefault();
      const query = cellField.value ? `cell=${cellField.value}` : `place=${idField.value}`;
      try {
        const answer = await fetch(`${texts.grid}?${query}`);
        if (!answer.ok) throw new Error(String(answer.status));
        gridBox.innerHTML = await answer.text();
        enliven();
        gridBox.querySelector("legend").scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
      } catch {
        status.textContent = texts.textFailed;
      }
    }

    // The map

    function resolutionFor(zoom) {
      return zoom >= 12 ? 8 : zoom >= 10 ? 7 : zoom >= 8.5 ? 6 : zoom >= 7 ? 5 : null;
    }

    async function openMap(button) {
      const box = root.querySelector("[data-map-box]");
      box.hidden = !box.hidden;
      button.setAttribute("aria-expanded", String(!box.hidden));
      if (box.hidden || box.dataset.made) return;
      box.dataset.made = "1";
      try {
        await makeMap(box);
      } catch {
        delete box.dataset.made;
        box.hidden = true;
        button.setAttribute("aria-expanded", "false");
        status.textContent = texts.textFailed;
      }
    }

    async function makeMap(box) {
      // All that may fail comes first: an element takes a map once.
      await Promise.all([load(files.worldMap), load(files.h3)]);
      const map = await window.entraide.worldMap(box.querySelector("[data-map]"));
      const cells = window.L.layerGroup().addTo(map);
      const state = element("p", { className: "map-state", textContent: texts.textZoom });
      box.querySelector(".map-frame").append(state);
      const draw = () => {
        cells.clearLayers();
        const resolution = resolutionFor(map.getZoom());
        state.hidden = resolution !== null;
        if (resolution === null) return;
        for (const cell of cellsInView(map, resolution)) {
          const shape = window.L.polygon(window.h3.cellToBoundary(cell), { className: cell === cellField.value ? "hex-choice hex-chosen" : "hex-choice" });
          shape.on("click", async () => {
            await takeCell(cell);
            draw();
          });
          cells.addLayer(shape);
        }
      };
      await startAt(map);
      map.on("moveend", draw);
      draw();
    }

    async function startAt(map) {
      if (cellField.value) {
        map.setView(window.h3.cellToLatLng(cellField.value), 11, { animate: false });
      } else if (idField.value) {
        const answer = await fetch(`${texts.search}?place=${idField.value}`).catch(() => null);
        if (answer?.ok) {
          const place = await answer.json();
          map.setView(window.h3.cellToLatLng(place.cell), 11, { animate: false });
        }
      }
    }

    function cellsInView(map, resolution) {
      const view = map.getBounds();
      const ring = [view.getSouthWest(), view.getSouthEast(), view.getNorthEast(), view.getNorthWest()];
      const cells = window.h3.polygonToCells(ring.map(({ lat, lng }) => [lat, lng]), resolution);
      return cells.length > MOST_HEXAGONS ? [] : cells;
    }

    // Buttons that need this script appear; those that replace it go

    const near = root.querySelector("[data-near-me]");
    if (near && navigator.geolocation && window.isSecureContext) {
      near.hidden = false;
      near.addEventListener("click", () => nearMe(near));
    }
    const onMap = root.querySelector("[data-on-map]");
    if (onMap) {
      onMap.hidden = false;
      onMap.setAttribute("aria-expanded", "false");
      onMap.addEventListener("click", () => openMap(onMap));
    }
    const lookUp = root.querySelector("[data-look-up]");
    if (lookUp) lookUp.hidden = true;
    root.querySelector("[data-on-grid]")?.addEventListener("click", openGrid);
    if (gridBox?.children.length) enliven();
  }

  for (const root of document.querySelectorAll("[data-place-picker]")) setUp(root);
})();
