// What is typed into a form with data-draft="name" is kept on this device for a day, and given back
// where the page comes without it: after a reload, a lost connection, an error. A page with
// data-draft-done="name" ends it.
(() => {
  "use strict";

  const DAY_MS = 86_400_000;
  const KEPT = ["words", "place", "place_id", "place_for", "cell"];
  const keyOf = (name) => `entraide-draft-${name}`;

  // Storage may be full or forbidden: then nothing is kept, and everything else works.
  function read(name) {
    try {
      const draft = JSON.parse(localStorage.getItem(keyOf(name)) ?? "null");
      return draft && Date.now() - draft.at < DAY_MS ? draft.fields : {};
    } catch {
      return {};
    }
  }

  function write(name, fields) {
    try {
      localStorage.setItem(keyOf(name), JSON.stringify({ at: Date.now(), fields }));
    } catch {
      // Nothing is kept.
    }
  }

  function forget(name) {
    try {
      localStorage.removeItem(keyOf(name));
    } catch {
      // There is none.
    }
  }

  for (const done of document.querySelectorAll("[data-draft-done]")) forget(done.dataset.draftDone);

  for (const form of document.querySelectorAll("form[data-draft]")) {
    const name = form.dataset.draft;
    const fields = KEPT.map((each) => form.elements[each]).filter((each) => each?.name && each.type);
    const shown = fields.filter((each) => each.type !== "hidden");
    if (shown.length && shown.every((each) => !each.value)) {
      const draft = read(name);
      for (const field of fields) if (draft[field.name]) field.value = draft[field.name];
    }
    const keep = () => {
      const typed = fields.map((field) => [field.name, field.value]);
      write(name, { ...read(name), ...Object.fromEntries(typed) });
    };
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
    form.addEventListener("submit", keep);
  }
})();
