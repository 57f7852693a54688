// The page without a connection: what this device keeps, and what was typed and not sent. As soon
// as there is a connection again, the page that was wanted comes by itself.
(() => {
  "use strict";

  const DRAFT = "entraide-draft-";
  const DAY_MS = 86_400_000;
  const EXCERPT = 60;

  function link(list, address, text) {
    const row = document.createElement("li");
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.dir = "auto";
    anchor.textContent = text;
    row.append(anchor);
    list.append(row);
  }

  function draftsHere() {
    const reader = localStorage.getItem("entraide-reader") ?? "";
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(DRAFT))
      .map((key) => JSON.parse(localStorage.getItem(key)))
      .filter((each) => Date.now() - each.at < DAY_MS && ["", reader].includes(each.for ?? ""))
      .map(({ page, fields }) => ({ page, text: (fields.words ?? fields.text ?? fields.thanks ?? "").trim() }))
      .filter((each) => each.text);
  }

  function showDrafts(part) {
    const list = part.querySelector("ul");
    for (const { page, text } of draftsHere()) {
      const excerpt = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
      if (page) link(list, page, excerpt);
      else list.append(Object.assign(document.createElement("li"), { dir: "auto", textContent: excerpt }));
    }
    part.hidden = !list.children.length;
    document.querySelector("[data-no-draft]").hidden = !part.hidden;
  }

  async function showCopy(part) {
    for (const name of (await caches.keys()).filter((each) => each.startsWith("copy-"))) {
      const kept = await caches.match(part.dataset.copy, { cacheName: name, ignoreVary: true });
      if (!kept) continue;
      const { as_it_was: asItWas, pages } = await kept.json();
      part.querySelector("p").textContent = asItWas;
      for (const [path, { title }] of Object.entries(pages)) link(part.querySelector("ul"), path, title);
      part.hidden = !Object.keys(pages).length;
    }
  }

  const copy = document.querySelector("[data-copy]");
  if (copy) showCopy(copy).catch(() => {});
  const drafts = document.querySelector("[data-drafts]");
  try {
    if (drafts) showDrafts(drafts);
  } catch {
    // Storage is forbidden: nothing was kept.
  }
  document.querySelector("[data-back]")?.addEventListener("click", (event) => {
    event.preventDefault();
    history.back();
  });
  // The address is still that of the page that was wanted.
  const again = document.querySelector("[data-again]");
  if (again) {
    again.addEventListener("click", (event) => {
      event.preventDefault();
      location.reload();
    });
    window.addEventListener("online", () => location.reload());
  }
})();
