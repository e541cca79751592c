// The Worker with a second entry point, by which a test learns when all work in the
// background is done and the log is complete. worker.mjs is the shipped one.

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

// control answers when nothing is left, or with 503 after the seconds in its query, and
// then logs its path.
export const control = {
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    const end = Date.now() + Number(search.slice(1)) * 1000;
    while (live > 0 && Date.now() < end) {
      await scheduler.wait(2);
    }
    console.log(pathname);
    return new Response(String(live), { status: live > 0 ? 503 : 200 });
  },
};
