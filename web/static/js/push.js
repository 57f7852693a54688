// Push messages: shows the button where the browser knows them, and asks for leave after a press.
(() => {
  "use strict";

  const form = document.querySelector("form[data-push]");
  if (!form || !navigator.serviceWorker || !window.PushManager || !window.Notification) return;

  const status = form.querySelector("[data-push-status]");
  const key = bytes(form.dataset.push);

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  }

  function text(buffer) {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  async function mark(endpoint) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function subscribe() {
    await navigator.serviceWorker.register(form.dataset.worker, { scope: "/" });
    const { pushManager } = await navigator.serviceWorker.ready;
    const old = await pushManager.getSubscription();
    // Made for another key than the board has now: nothing sent to it would arrive.
    if (old && text(old.options.applicationServerKey) !== form.dataset.push) await old.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  }

  // What this browser subscribed to, and its place in the list.
  async function here() {
    const registration = await navigator.serviceWorker.getRegistration("/");
    const subscription = await registration?.pushManager.getSubscription();
    if (!subscription) return null;
    const row = document.querySelector(`[data-push-mark="${await mark(subscription.endpoint)}"]`);
    return row && { subscription, row };
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    status.textContent = form.dataset.textWaiting;
    try {
      if (await Notification.requestPermission() !== "granted") {
        status.textContent = form.dataset.textForbidden;
        return;
      }
      const subscription = await subscribe();
      form.elements.endpoint.value = subscription.endpoint;
      form.elements.p256dh.value = text(subscription.getKey("p256dh"));
      form.elements.auth.value = text(subscription.getKey("auth"));
      form.submit();
    } catch {
      status.textContent = form.dataset.textFailed;
    }
  });

  here().catch(() => null).then((found) => {
    if (!found) {
      form.hidden = false;
      if (Notification.permission === "denied") status.textContent = form.dataset.textForbidden;
      return;
    }
    found.row.querySelector("[data-push-here]").hidden = false;
    const removal = found.row.querySelector("form");
    removal.addEventListener("submit", async (event) => {
      event.preventDefault();
      await found.subscription.unsubscribe().catch(() => false);
      removal.submit();
    });
  });
})();
