// What this device keeps of its reader: registers the worker when the page is at rest, takes away
// what is not the reader's, and everything at a sign-out.
(() => {
  "use strict";

  const DRAFT = "entraide-draft-";
  const READER = "entraide-reader";
  const COPY = "copy-";
  const DAY_MS = 86_400_000;
  const { worker, reader } = document.getElementById("device-script").dataset;

  function drafts() {
    return Object.keys(localStorage).filter((key) => key.startsWith(DRAFT));
  }

  // Whose a draft is, and when it was typed; one that cannot be read is as good as old.
  function draftAt(key) {
    try {
      const { at = 0, for: owner = "" } = JSON.parse(localStorage.getItem(key));
      return { at, owner };
    } catch {
      return { at: 0, owner: "" };
    }
  }

  // What is kept for a day goes with the first page after it, whoever reads that. Nothing is known
  // of the reader where the board could not tell.
  function tidy() {
    for (const key of drafts()) {
      if (Date.now() - draftAt(key).at >= DAY_MS) localStorage.removeItem(key);
    }
    if (reader === undefined) return;
    if (!reader) {
      localStorage.removeItem(READER);
      return;
    }
    localStorage.setItem(READER, reader);
    for (const key of drafts()) {
      if (![reader, ""].includes(draftAt(key).owner)) localStorage.removeItem(key);
    }
  }

  function forget() {
    for (const key of [...drafts(), READER]) localStorage.removeItem(key);
    window.caches?.keys().then((names) => {
      for (const name of names) if (name.startsWith(COPY)) caches.delete(name);
    });
  }

  // Storage may be forbidden: then nothing is there to be tidied.
  try {
    tidy();
  } catch {
    // Nothing is kept.
  }
  for (const form of document.querySelectorAll("form[data-leaves]")) {
    form.addEventListener("submit", () => {
      try {
        forget();
      } catch {
        // Nothing is kept.
      }
    });
  }

  const ours = navigator.serviceWorker;
  if (!ours) return;
  for (const part of document.querySelectorAll("[data-with-worker]")) part.hidden = false;
  const register = () => ours.register(worker, { scope: "/" }).catch(() => {});
  const whenIdle = window.requestIdleCallback ?? ((task) => setTimeout(task, 2_000));
  if (document.readyState === "complete") whenIdle(register);
  else window.addEventListener("load", () => whenIdle(register));
})();
