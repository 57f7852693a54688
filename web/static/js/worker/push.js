// Shows push messages and opens what they are about.
(() => {
  const PLAIN = { title: "Entraide", body: "", path: "/", tag: "", lang: "", dir: "auto" };

  function read(data) {
    try {
      return { ...PLAIN, ...data.json() };
    } catch {
      return PLAIN;
    }
  }

  // A message opens pages of this site alone.
  function page(path) {
    const address = new URL(path, self.location.origin);
    return address.origin === self.location.origin ? address.href : `${self.location.origin}/`;
  }

  async function open(address) {
    const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = windows.find((each) => each.url === address);
    return there ? there.focus() : self.clients.openWindow(address);
  }

  self.addEventListener("push", (event) => {
    const { title, body, path, tag, lang, dir } = read(event.data);
    const { icon } = site;
    const shown = { body, tag, lang, dir, icon, data: { page: page(path) } };
    event.waitUntil(self.registration.showNotification(title, shown));
  });

  self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open(event.notification.data.page));
  });
})();
