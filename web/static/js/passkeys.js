// Passkeys: shows the forms that need them, asks the device, and sends its answer as a plain form.
(() => {
  "use strict";

  if (!window.PublicKeyCredential || !navigator.credentials) return;

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  }

  function text(buffer) {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  // Options come as JSON; the browser wants bytes.
  function readable(options) {
    const read = { ...options, challenge: bytes(options.challenge) };
    for (const list of ["allowCredentials", "excludeCredentials"]) {
      if (options[list]) read[list] = options[list].map((each) => ({ ...each, id: bytes(each.id) }));
    }
    if (options.user) read.user = { ...options.user, id: bytes(options.user.id) };
    return read;
  }

  function sendable(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  }

  async function answer(form) {
    const asked = await fetch(form.dataset.options, {
      method: "POST",
      headers: { "X-CSRFToken": form.elements.csrf_token.value },
    });
    if (!asked.ok) throw new Error(`options: ${asked.status}`);
    const publicKey = readable(await asked.json());
    const way = form.dataset.passkey === "create" ? "create" : "get";
    return sendable(await navigator.credentials[way]({ publicKey }));
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const status = form.querySelector("[data-passkey-status]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      status.textContent = form.dataset.textWaiting;
      try {
        form.elements.credential.value = await answer(form);
        form.submit();
      } catch {
        status.textContent = form.dataset.textFailed;
      }
    });
  }
})();
