// The Worker: requests go to the Go program of this isolate (instance.mjs), each by way
// of an exchange of its own (exchange.mjs). wasm_exec.js is Go's, unchanged.

import "./wasm_exec.js";
import module from "./gatehouse.wasm";
import { Exchange } from "./exchange.mjs";
import { Instance } from "./instance.mjs";
import { refusal } from "./refusal.mjs";

export { Record } from "./record.mjs";

// The program in service. One that died is replaced by the next request.
let instance;

export default {
  async fetch(request, env, ctx) {
    try {
      if (!instance || instance.dead) {
        instance = new Instance(module, env);
      }
    } catch (error) {
      console.error(`gatehouse: the program did not start: ${error}`);
      return refusal();
    }
    const exchange = new Exchange(instance, request, env);
    ctx.waitUntil(exchange.run());
    return exchange.response;
  },
};
