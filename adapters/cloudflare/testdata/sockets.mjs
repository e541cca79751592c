// A Worker that joins WebSockets whose close refuses what the runtime's does, closes the
// client's with the code and reason of the request, and answers with how often the
// application's was closed.

import { Upstream } from "../worker/upstream.mjs";

const unsent = [1004, 1005, 1006, 1015];

class Socket {
  listeners = {};
  closed = 0;
  accept() {}
  send() {}
  addEventListener(type, listener) {
    this.listeners[type] = listener;
  }
  close(code, reason) {
    if (code !== undefined && (code < 1000 || code >= 5000 || unsent.includes(code))) {
      throw new TypeError("Invalid WebSocket close code");
    }
    if (reason !== undefined && new TextEncoder().encode(reason).length > 123) {
      throw new SyntaxError("close reason is too long");
    }
    this.closed++;
  }
}

export default {
  async fetch(request, env) {
    const [code, reason] = new URL(request.url).search.slice(1).split("&");
    const [client, here, there] = [new Socket(), new Socket(), new Socket()];
    globalThis.WebSocketPair = function () {
      return { 0: client, 1: here };
    };
    const upstream = new Upstream(request, env);
    upstream.response = { webSocket: there };
    upstream.join();
    here.listeners.close({ code: Number(code), reason });
    return new Response(String(there.closed));
  },
};
