// A Worker that does one operation on a store for each request, as a request's pump does
// for Go, and answers with what it hands back. The scripts are the shipped ones.

import { store } from "../worker/store.mjs";

export { Record } from "../worker/record.mjs";

export default {
  async fetch(request, env) {
    const [kind, number, text] = new URL(request.url).search.slice(1).split("&").map(decodeURIComponent);
    const data = new Uint8Array(await request.arrayBuffer());
    try {
      const outcome = (await store(env, kind, Number(number), text, data)) ?? {};
      return new Response(outcome.data ?? null, { headers: { number: String(outcome.number ?? 0) } });
    } catch (error) {
      return new Response(`${error.code ?? "failed"}:${error.message}`, { status: 500 });
    }
  },
};
