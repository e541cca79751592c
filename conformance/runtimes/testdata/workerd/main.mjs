// The Worker with a second entry point: by it a test learns when all work in the
// background is done and the log is complete, and uses the stores directly. worker.mjs
// and store.mjs are the shipped ones.

import { store } from "./store.mjs";
import worker from "./worker.mjs";

export * from "./worker.mjs";

let live = 0;

export default {
  fetch(request, env, ctx) {
    const waitUntil = (promise) => {
      live++;
      ctx.waitUntil(
        promise.finally(() => {
          live--;
        }),
      );
    };
    return worker.fetch(request, env, { waitUntil });
  },
};

export const control = {
  fetch(request, env) {
    const url = new URL(request.url);
    return url.pathname === "/store" ? operate(request, env, url.searchParams) : settle(url);
  },
};

// settle answers when nothing is left, or with 503 after the seconds in the query, and
// then logs the path.
async function settle({ pathname, search }) {
  const end = Date.now() + Number(search.slice(1)) * 1000;
  while (live > 0 && Date.now() < end) {
    await scheduler.wait(2);
  }
  console.log(pathname);
  return new Response(String(live), { status: live > 0 ? 503 : 200 });
}

// operate does what a request's pump does for Go, and answers with what it hands back.
async function operate(request, env, query) {
  const data = new Uint8Array(await request.arrayBuffer());
  const text = [query.get("key"), query.get("expiry")].join("\0");
  const { number, data: value } = (await store(env, query.get("kind"), Number(query.get("number")), text, data)) ?? {};
  if (value === null) {
    return new Response(null, { status: 404 });
  }
  return new Response(value ?? String(number ?? ""));
}
