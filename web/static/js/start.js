// While somebody types what and where: what the board takes it for, and who is near. The piece of
// page comes from the server, which keeps nothing of it.
(() => {
  "use strict";

  const PAUSE_MS = 600;
  for (const form of document.querySelectorAll("form[data-start]")) {
    const shown = form.querySelector("[data-taken]");
    let waiting = 0;
    let asked = "";
    let running = null;

    async function ask() {
      const body = new URLSearchParams(new FormData(form));
      if (body.toString() === asked) return;
      asked = body.toString();
      running?.abort();
      const own = new AbortController();
      running = own;
      try {
        const answer = await fetch(form.dataset.start, { method: "POST", body, signal: own.signal });
        if (answer.ok) shown.innerHTML = answer.status === 204 ? "" : await answer.text();
      } catch {
        // Without a connection the form goes on without suggestions.
        if (running === own) asked = "";
      }
    }

    function soon() {
      clearTimeout(waiting);
      waiting = setTimeout(ask, PAUSE_MS);
    }

    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    soon();
  }
})();
