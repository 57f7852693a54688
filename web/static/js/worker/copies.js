// The copy of somebody's own pages, on a device whose member has switched it on. The server says
// with every page for which session a copy may be here; any other one is deleted.
const copies = (() => {
  const PREFIX = "copy-";
  const KEPT_AT = "Entraide-Kept-At";
  const FRESH_MS = 60_000;
  // Pages out of the copy are as strict as those of the server.
  const STRICT = [
    "Content-Security-Policy", "Content-Language", "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy", "Permissions-Policy", "Referrer-Policy",
    "X-Content-Type-Options", "X-Frame-Options",
  ];
  let forWhom = null;
  // A copy that was on its way while it lost its leave is not kept.
  let round = 0;

  async function keepOnlyFor(mark) {
    if (mark !== forWhom) {
      forWhom = mark;
      round += 1;
    }
    const names = await caches.keys();
    // A later page has said otherwise meanwhile, and what it had kept stays; what is to be forgotten
    // goes in any case.
    if (mark && mark !== forWhom) return;
    const others = names.filter((name) => name.startsWith(PREFIX) && name !== PREFIX + mark);
    await Promise.all(others.map((name) => caches.delete(name)));
    await find();
  }

  const forget = () => {
    round += 1;
    return keepOnlyFor("");
  };

  const ageOf = (kept) => Date.now() - Number(kept.headers.get(KEPT_AT));

  // What is here and not too old; what is too old goes.
  async function find() {
    for (const name of (await caches.keys()).filter((each) => each.startsWith(PREFIX))) {
      const kept = await caches.match(site.copy, { cacheName: name, ignoreVary: true });
      const lasts = Number(kept?.headers.get(site.headers.keepFor)) * 1000;
      // An empty one is about to be written.
      if (!kept) continue;
      if (ageOf(kept) >= 0 && ageOf(kept) < lasts) return kept;
      await caches.delete(name);
    }
    return null;
  }

  async function renew(mark) {
    const kept = await find();
    if (kept && ageOf(kept) < FRESH_MS) return;
    const begun = round;
    const answer = await fetch(site.copy, { redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) {
      await forget();
      return;
    }
    if (!answer.ok || answer.headers.get(site.headers.keeps) !== mark) return;
    const headers = new Headers(answer.headers);
    headers.set(KEPT_AT, String(Date.now()));
    const whole = new Response(await answer.blob(), { headers });
    if (begun !== round) return;
    const cache = await caches.open(PREFIX + mark);
    await cache.put(site.copy, whole);
    if (begun !== round) await caches.delete(PREFIX + mark);
  }

  // The page at this address as it was; nothing where it is not in the copy.
  async function pageAt(address) {
    const kept = await find();
    const { pages } = kept ? await kept.json() : { pages: {} };
    const page = pages[new URL(address).pathname];
    if (!page) return null;
    const headers = new Headers({ "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" });
    for (const name of STRICT) {
      if (kept.headers.has(name)) headers.set(name, kept.headers.get(name));
    }
    return new Response(page.html, { headers });
  }

  return { keepOnlyFor, forget, find, renew, pageAt };
})();
