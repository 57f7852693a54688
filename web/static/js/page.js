// Small helps of every page. Without this file everything still works.
(() => {
  "use strict";

  const files = document.getElementById("page-script").dataset;
  const loading = new Map();

  // Let an element load an address once, and be asked again for one that failed.
  function loadOnce(address, made, place) {
    if (!loading.has(address)) {
      loading.set(address, new Promise((resolve, reject) => {
        made.addEventListener("load", resolve);
        made.addEventListener("error", () => {
          loading.delete(address);
          made.remove();
          reject(new Error(`${address} could not be loaded`));
        });
        place(made);
      }));
    }
    return loading.get(address);
  }

  // Load one of our scripts once; resolves when it has run.
  function load(address) {
    const script = element("script", { src: address, async: false });
    return loadOnce(address, script, (made) => document.head.append(made));
  }

  // Load a third-party sheet once, before ours, so that ours decide; resolves when it applies.
  function loadSheet(address) {
    const sheet = element("link", { rel: "stylesheet", href: address });
    return loadOnce(address, sheet, (made) => document.querySelector('link[rel="stylesheet"]').before(made));
  }

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function icon(name) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(space, "use");
    use.setAttribute("href", `${files.icons}#${name}`);
    svg.append(use);
    return svg;
  }

  // What costs a load waits until it comes into view, or so near to it.
  function whenSeen(box, show, margin = "0px") {
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      show();
    }, { rootMargin: margin });
    watch.observe(box);
  }

  // Whoever asks for less motion gets none of ours.
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  window.entraide = { files, load, loadSheet, element, icon, still, whenSeen };

  // The error summary takes the focus, so that it is read out and seen first.
  document.querySelector("[data-focus]")?.focus();

  // One press sends a form once; the button says so.
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
      const button = event.submitter;
      setTimeout(() => {
        if (button && !button.hasAttribute("name")) {
          button.dataset.text = button.lastChild.textContent;
          button.lastChild.textContent = form.dataset.busy;
        }
        for (const each of form.querySelectorAll("button")) each.disabled = true;
      });
    });
    // Whoever comes back finds the form as it was, ready to be sent again.
    window.addEventListener("pageshow", () => {
      delete form.dataset.sent;
      for (const each of form.querySelectorAll("button")) {
        each.disabled = false;
        if (each.dataset.text) each.lastChild.textContent = each.dataset.text;
      }
    });
  }

  // What is on the screen was read: the button for it is pressed by itself.
  const reading = document.querySelector("form[data-read]");
  if (reading) {
    // The answer leads back to this page, which need not travel once more.
    fetch(reading.action, { method: "POST", body: new FormData(reading), redirect: "manual" })
      .then((answer) => { reading.hidden = answer.type === "opaqueredirect"; }, () => {});
  }

  // At most so many ticks among the boxes of a question.
  for (const group of document.querySelectorAll("[data-most]")) {
    const boxes = [...group.querySelectorAll('input[type="checkbox"]')];
    const most = Number(group.dataset.most);
    const update = () => {
      const full = boxes.filter((box) => box.checked).length >= most;
      for (const box of boxes) box.disabled = full && !box.checked;
    };
    group.addEventListener("change", update);
    update();
  }

  // How many characters are left, once few are.
  for (const field of document.querySelectorAll("[data-count]")) {
    const most = field.maxLength;
    const line = element("p", { className: "count" });
    line.setAttribute("aria-live", "polite");
    field.after(line);
    const update = () => {
      const left = most - field.value.length;
      line.textContent = left <= most / 4 ? `${field.dataset.count} ${left}` : "";
    };
    field.addEventListener("input", update);
    update();
  }

  // Questions that only make sense with one answer of another question.
  for (const part of document.querySelectorAll("[data-only-for]")) {
    const [name, value] = part.dataset.onlyFor.split("=");
    const inputs = [...document.querySelectorAll(`input[name="${name}"]`)];
    const update = () => {
      const chosen = inputs.find((input) => input.checked);
      part.hidden = Boolean(chosen) && chosen.value !== value;
    };
    for (const input of inputs) input.addEventListener("change", update);
    update();
  }

  // The menu of languages closes like a menu.
  const menu = document.querySelector("details.languages");
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });
  menu?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
