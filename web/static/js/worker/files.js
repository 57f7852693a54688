// Files that name their version never change: from here when they are here. One version of each.
const files = (() => {
  const CACHE = "files";
  const MOST = 60;
  const FOLDERS = /^\/(static|sheet|vendor)\//;
  const NAMED = /"(\/(?:static|sheet)\/[^"#]+\?v=[\w.]+)/g;

  const isOne = (url) => FOLDERS.test(url.pathname) && url.searchParams.has("v");

  async function keep(address, answer) {
    const cache = await caches.open(CACHE);
    const { pathname } = new URL(address, self.location.origin);
    const kept = await cache.keys();
    const older = kept.filter((each) => new URL(each.url).pathname === pathname);
    const surplus = kept.slice(0, Math.max(0, kept.length - older.length + 1 - MOST));
    await Promise.all([...older, ...surplus].map((each) => cache.delete(each, { ignoreVary: true })));
    await cache.put(address, answer);
  }

  // Without its fragment: of a sprite, each icon is the same file.
  async function get(url, event) {
    const address = url.pathname + url.search;
    const kept = await caches.match(address, { cacheName: CACHE, ignoreVary: true });
    if (kept) return kept;
    const answer = await fetch(address);
    const lasts = (answer.headers.get("Cache-Control") ?? "").includes("immutable");
    if (answer.ok && lasts) event?.waitUntil(keep(address, answer.clone()).catch(() => {}));
    return answer;
  }

  // Everything that a page of ours needs to be shown.
  async function keepThoseOf(html) {
    const addresses = new Set(Array.from(html.matchAll(NAMED), (found) => found[1]));
    await Promise.all(Array.from(addresses, async (address) => {
      if (await caches.match(address, { cacheName: CACHE, ignoreVary: true })) return;
      const answer = await fetch(address);
      if (answer.ok) await keep(address, answer);
    }));
  }

  return { isOne, get, keepThoseOf };
})();
