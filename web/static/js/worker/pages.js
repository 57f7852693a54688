// Pages come from the server. Without a connection: the copy where there is one, or else the page
// that says so. Nothing else of a page is kept.
(() => {
  const CACHE = `offline-${site.version}`;
  // Longer than a slow line takes for a page; only where a copy stands ready.
  const PATIENCE_MS = 8_000;
  const [GENERAL, UNSENT] = site.pages;

  async function keepOfflinePages() {
    const cache = await caches.open(CACHE);
    await Promise.all(site.pages.map(async (path) => {
      const answer = await fetch(path, { cache: "no-cache", redirect: "error" });
      if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
      await files.keepThoseOf(await answer.clone().text());
      await cache.put(path, answer);
    }));
  }

  const offlinePage = (path) => caches.match(path, { cacheName: CACHE, ignoreVary: true });

  async function followLanguage(language) {
    const kept = await offlinePage(GENERAL);
    if (language && kept?.headers.get("Content-Language") !== language) await keepOfflinePages();
  }

  // What the headers of a page ask for. Where nobody could tell who reads, they ask for nothing.
  async function obey(answer) {
    const mark = answer.headers.get(site.headers.keeps);
    if (mark) await copies.keepOnlyFor(mark);
    if (mark && answer.headers.has(site.headers.copy)) await copies.renew(mark);
    await followLanguage(answer.headers.get("Content-Language"));
  }

  async function ask(event) {
    let answer = null;
    try {
      answer = await event.preloadResponse;
    } catch {
      // Asked once more below.
    }
    return answer ?? fetch(event.request);
  }

  async function instead(request) {
    const copy = request.method === "GET" && (await copies.pageAt(request.url));
    return copy || (await offlinePage(request.method === "GET" ? GENERAL : UNSENT)) || Response.error();
  }

  // A form is waited for: what is sent twice would be said twice.
  async function copyIfLate(request, asked) {
    if (request.method !== "GET") return asked;
    await new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); });
    return (await copies.pageAt(request.url)) ?? asked;
  }

  async function show(event) {
    const { request } = event;
    const asked = ask(event);
    event.waitUntil(asked.then(obey).catch(() => {}));
    try {
      return await Promise.race([asked, copyIfLate(request, asked)]);
    } catch {
      return instead(request);
    }
  }

  self.addEventListener("install", (event) => {
    self.skipWaiting();
    event.waitUntil(keepOfflinePages());
  });

  self.addEventListener("activate", (event) => {
    event.waitUntil((async () => {
      await self.registration.navigationPreload?.enable();
      const old = (await caches.keys()).filter((name) => name.startsWith("offline-") && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await copies.find();
      await self.clients.claim();
    })());
  });

  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (request.method === "POST" && site.leaving.includes(url.pathname)) {
        event.waitUntil(copies.forget());
      }
      event.respondWith(show(event));
    } else if (request.method === "GET" && files.isOne(url)) {
      event.respondWith(files.get(url, event));
    }
  });
})();
