// The proof of work of anonymous forms: it begins when somebody begins to fill the form in, and
// nobody waits for it. A form that is sent before it is done works without.
(() => {
  "use strict";

  const { loadSheet } = window.entraide;
  const files = document.getElementById("proof-script").dataset;

  function strings(texts) {
    return {
      label: texts.label, verify: texts.label, verifying: texts.verifying, verified: texts.verified,
      error: texts.failed, expired: texts.expired, loading: texts.loading, reload: texts.again,
      waitAlert: texts.wait, verificationRequired: texts.required, footer: "", ariaLinkLabel: "",
      enterCode: "", enterCodeAria: "", getAudioChallenge: "",
    };
  }

  function show(place) {
    const texts = place.dataset;
    window.$altcha.algorithms.set("SHA-256", () => new Worker(files.worker));
    window.$altcha.i18n.set(texts.locale, strings(texts));
    const widget = document.createElement("altcha-widget");
    widget.setAttribute("challenge", texts.proof);
    widget.setAttribute("language", texts.locale);
    widget.setAttribute("configuration", JSON.stringify({
      auto: "off", challenge: texts.proof, hideFooter: true, hideLogo: true,
      humanInteractionSignature: false, language: texts.locale, name: "altcha",
    }));
    place.append(widget);
    place.hidden = false;
    // The box is no condition: whoever sends at once is not held up.
    setTimeout(() => {
      for (const box of place.querySelectorAll("input[required]")) box.required = false;
      widget.verify?.();
    });
  }

  for (const place of document.querySelectorAll("[data-proof]")) {
    const begin = () => {
      loadSheet(files.sheet).catch(() => { /* Plain, it does the same. */ });
      import(files.widget).then(() => show(place)).catch(() => { /* The form works without. */ });
    };
    place.closest("form").addEventListener("focusin", begin, { once: true });
  }
})();
