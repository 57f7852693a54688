// Passing a listing on: the telephone's own menu, or the address copied. Without it, the address stands
// there to be marked.
(() => {
  "use strict";

  const place = document.querySelector("[data-share]");
  const { share: url, shareTitle: title } = place.dataset;
  const menu = place.querySelector("[data-share-menu]");
  const copy = place.querySelector("[data-share-copy]");
  const status = place.querySelector("[data-share-status]");

  menu.addEventListener("click", () => {
    // Whoever closes the menu again has not failed.
    navigator.share({ url, title }).catch(() => {});
  });

  copy.addEventListener("click", async () => {
    const { textDone, textFailed } = copy.dataset;
    status.textContent = await navigator.clipboard.writeText(url).then(() => textDone, () => textFailed);
  });

  menu.hidden = !navigator.share;
  copy.hidden = !navigator.clipboard;
})();
