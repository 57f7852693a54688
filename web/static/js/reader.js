// Tells the board that somebody reads this, once for each page shown; nothing of who it is is sent.
(() => {
  "use strict";

  const page = document.querySelector("[data-count-reader]");
  if (page) fetch(page.dataset.countReader, { method: "POST", credentials: "omit", keepalive: true }).catch(() => {});
})();
