// One outbound request: to the provider, with the whole answer for Go, or to the
// application, with bodies that Go does not see.

import { flat, headersOf } from "./header.mjs";

// Cloudflare's network caches what is fetched by URL, and does not know who asks: nothing
// may come from there or go there. The runtime says so in Cache-Control and Pragma, if
// the request does not. A service binding has no cache.
const CACHE = { cache: "no-store" };

export class Upstream {
  response;
  #request;
  #env;
  #abort = new AbortController();
  #reader;
  #code; // why it was aborted
  #sockets = []; // both ends, when they are joined

  constructor(request, env) {
    this.#request = request;
    this.#env = env;
  }

  // fetch sends a request with the body data, or none, and reads the answer up to most
  // bytes.
  async fetch(text, data, most) {
    const [method, url, ...header] = text.split("\0");
    const init = { ...CACHE, ...this.#init(method, header), body: data ?? undefined };
    const response = await this.#fail(fetch(url, init));
    const body = await this.#fail(collect(response.body, most));
    return { number: response.status, text: flat(response.headers).join("\0"), data: body };
  }

  // forward sends a request to the application and returns its status and header. The
  // answer has to begin within timeout milliseconds after the request is sent.
  async forward(text, data, timeout) {
    const [method, url, target, kind, ...header] = text.split("\0");
    const { body, sent } = this.#body(kind, data);
    let timer;
    let began = false;
    sent.then(() => {
      if (!began) {
        timer = setTimeout(() => this.#end("timeout"), timeout);
      }
    });
    const init = { ...this.#init(method, header), body, encodeResponseBody: "manual" };
    try {
      const answer = target === "service" ? this.#env.PROXY_TARGET.fetch(url, init) : fetch(url, { ...CACHE, ...init });
      this.response = await this.#fail(answer);
    } finally {
      began = true;
      clearTimeout(timer);
    }
    return { number: this.response.status, text: flat(this.response.headers).join("\0") };
  }

  // read returns the next piece of the answer's body, none at the end.
  async read() {
    if (!this.response?.body) {
      return {};
    }
    this.#reader ??= this.response.body.getReader();
    const { value } = await this.#reader.read();
    return { data: value };
  }

  // flow is the answer's body by way of a pipe of the runtime's, which keeps its length,
  // and a promise that is kept when all of it went through.
  flow() {
    const { body, headers } = this.response;
    if (!body) {
      return { readable: null, over: Promise.resolve() };
    }
    const length = headers.get("content-length");
    const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
    return { readable, over: body.pipeTo(writable) };
  }

  // join is a WebSocket for the client whose messages go to the application's and back,
  // and a promise that is kept when they are closed.
  join() {
    const [client, here] = Object.values(new WebSocketPair());
    const there = this.response.webSocket;
    this.#sockets = [here, there];
    const over = Promise.all([relay(here, there), relay(there, here)]);
    for (const socket of this.#sockets) {
      socket.binaryType = "arraybuffer";
      socket.accept();
    }
    return { client, over };
  }

  // drop gives the exchange up. WebSockets are closed for a violation of policy (RFC 6455,
  // section 7.4.1).
  drop() {
    for (const socket of this.#sockets) {
      close(socket, 1008, "session is over");
    }
    this.#end("gone");
  }

  // init is what all requests have in common: no redirect is followed.
  #init(method, header) {
    return { method, headers: headersOf(header), redirect: "manual", signal: this.#abort.signal };
  }

  #end(code) {
    this.#code ??= code;
    this.#abort.abort();
  }

  // fail gives the reason of an abort to what it breaks.
  async #fail(promise) {
    try {
      return await promise;
    } catch (error) {
      throw this.#code ? Object.assign(new Error(`request given up (${this.#code})`), { code: this.#code }) : error;
    }
  }

  // body is what to send, and a promise that is kept when all of it is. The client's
  // own body goes through a pipe of the runtime's, which keeps its length and tells
  // whose failure a failure is.
  #body(kind, data) {
    if (kind === "given") {
      return { body: data ?? new Uint8Array(0), sent: Promise.resolve() };
    }
    if (kind === "" || !this.#request.body) {
      return { body: undefined, sent: Promise.resolve() };
    }
    const { readable, writable } = kind === "chunked" ? new IdentityTransformStream() : new FixedLengthStream(Number(kind));
    const sent = new Promise((resolve) => {
      this.#request.body.pipeTo(writable, { preventAbort: true }).then(resolve, () => {
        // The application may answer without having read everything. If its side is
        // still open, the client's has failed.
        if (writable.getWriter().desiredSize !== null) {
          this.#end("body");
        }
      });
    });
    return { body: readable, sent };
  }
}

// relay sends on what comes from a WebSocket and resolves when that is closed, and the
// other one with it.
function relay(from, to) {
  return new Promise((resolve) => {
    from.addEventListener("message", ({ data }) => {
      try {
        to.send(data);
      } catch {
        close(from, 1011, "");
      }
    });
    from.addEventListener("close", ({ code, reason }) => {
      close(to, code, reason);
      resolve();
    });
    from.addEventListener("error", () => {
      close(to, 1006, "");
      resolve();
    });
  });
}

// close closes a WebSocket as another one was, unless it is closed. Codes that stand for the
// lack of one cannot be sent, and others send what the runtime refuses (RFC 6455, sections
// 5.5 and 7.4): it is closed all the same.
function close(socket, code, reason) {
  for (const how of [code === 1005 ? [] : [code, reason], [1011, ""]]) {
    try {
      socket.close(...how);
      return;
    } catch {
      // Refused, or it is closed.
    }
  }
}

// collect reads a stream up to most bytes and drops the rest.
async function collect(stream, most) {
  const pieces = [];
  let size = 0;
  if (stream) {
    const reader = stream.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        break;
      }
      pieces.push(value);
      size += value.byteLength;
      if (size >= most) {
        reader.cancel().catch(() => {});
        break;
      }
    }
  }
  if (pieces.length === 1 && size <= most) {
    return pieces[0];
  }
  const whole = new Uint8Array(Math.min(size, most));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece.subarray(0, most - at), at);
    at += piece.byteLength;
  }
  return whole;
}
