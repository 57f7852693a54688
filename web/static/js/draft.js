// What is typed in a form with data-draft="name" is kept on this device for a day, and given back
// where the page comes without it: after a reload, a lost connection, an error. A page with
// data-draft-done="name" ends it; one with data-draft-sent="name" too, unless more was typed since.
(() => {
  "use strict";

  const DAY_MS = 86_400_000;
  const KEPT = ["words", "place", "place_id", "place_for", "cell", "text", "thanks"];
  const keyOf = (name) => `entraide-draft-${name}`;
  // A member's draft is for nobody else; a guest's is for whoever holds the device.
  const reader = document.querySelector("[data-reader]")?.dataset.reader ?? "";

  // Storage may be full or forbidden: then nothing is kept, and everything else works.
  function read(name) {
    try {
      const draft = JSON.parse(localStorage.getItem(keyOf(name)) ?? "null");
      const good = draft && Date.now() - draft.at < DAY_MS && ["", reader].includes(draft.for ?? "");
      return good ? draft : { fields: {} };
    } catch {
      return { fields: {} };
    }
  }

  function write(name, draft) {
    try {
      localStorage.setItem(keyOf(name), JSON.stringify({ ...draft, at: Date.now(), for: reader }));
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

  // The key by which the board knows a form again: what may have arrived is not said twice, and
  // what was changed since is something new.
  function giveKeyBack(form, draft) {
    const key = form.elements.key;
    if (!draft.sent || !draft.key || !key) return;
    const fresh = key.value;
    key.value = draft.key;
    form.addEventListener("input", () => { key.value = fresh; }, { once: true });
  }

  for (const done of document.querySelectorAll("[data-draft-done]")) forget(done.dataset.draftDone);
  for (const { dataset } of document.querySelectorAll("[data-draft-sent]")) {
    if (read(dataset.draftSent).sent) forget(dataset.draftSent);
  }
  // Said once: whoever comes back to this address has perhaps tried to send another one since.
  const here = new URL(window.location.href);
  if (here.searchParams.has("said")) {
    here.searchParams.delete("said");
    window.history.replaceState(window.history.state, "", here);
  }

  for (const form of document.querySelectorAll("form[data-draft]")) {
    const name = form.dataset.draft;
    const fields = KEPT.map((each) => form.elements[each]).filter((each) => each?.name && each.type);
    const shown = fields.filter((each) => each.type !== "hidden");
    if (shown.length && shown.every((each) => !each.value)) {
      const draft = read(name);
      for (const field of fields) if (draft.fields[field.name]) field.value = draft.fields[field.name];
      giveKeyBack(form, draft);
    }
    const keep = (sent) => {
      const typed = Object.fromEntries(fields.map((field) => [field.name, field.value]));
      const key = form.elements.key?.value;
      write(name, {
        fields: { ...read(name).fields, ...typed }, page: form.dataset.draftPage, sent, key: sent ? key : undefined,
      });
    };
    form.addEventListener("input", () => keep(false));
    form.addEventListener("change", () => keep(false));
    form.addEventListener("submit", () => keep(true));
  }
})();
