// WebSockets that answers to a fetch come with, and pairs. Their messages are the pieces in
// which bytes arrive: frames are not looked at, and a close has a code on this side only.
(function (H, G) {
  const handles = new WeakMap();
  const taken = new WeakSet();
  class WebSocket {
    constructor() { throw new Error("WebSocket to elsewhere is not available; use fetch"); }
  }
  const make = (handle) => {
    const listeners = {};
    let accepted = false;
    let closed = false;
    const tell = (type, event) => (listeners[type] ?? []).forEach((f) => f(event));
    const end = (code, reason) => {
      if (closed) return;
      closed = true;
      tell("close", { code, reason, wasClean: code !== 1006 });
    };
    const socket = Object.create(WebSocket.prototype);
    handles.set(socket, handle);
    return Object.assign(socket, {
      binaryType: "blob",
      addEventListener: (type, f) => void (listeners[type] ??= []).push(f),
      accept() {
        if (accepted || taken.has(socket)) throw new TypeError("Can't accept() WebSocket that was already used in a response.");
        accepted = true;
        taken.add(socket);
        (async () => {
          for (;;) {
            const piece = await H.read(handle, 65536).catch(() => null);
            if (piece === null || closed) break;
            tell("message", { data: piece });
          }
          end(1006, "");
        })();
      },
      send(data) {
        if (!accepted) throw new TypeError("You must call accept() on this WebSocket before sending messages.");
        if (closed) throw new TypeError("Can't call WebSocket send() after close().");
        H.socketWrite(handle, data, 0, data.byteLength).catch(() => end(1006, ""));
      },
      close(code, reason) {
        if (code !== undefined && (code < 1000 || [1004, 1005, 1006, 1015].includes(code))) throw new TypeError("Invalid WebSocket close code: " + code + ".");
        if (closed) return;
        H.socketClose(handle);
        end(code ?? 1005, reason ?? "");
      },
    });
  };
  H.socketOf = make;
  // socketHandle hands a WebSocket over.
  H.socketHandle = (socket) => {
    if (taken.has(socket)) throw new TypeError("Can't return WebSocket that was already used in a response.");
    taken.add(socket);
    return handles.get(socket);
  };
  G.WebSocketPair = class WebSocketPair {
    constructor() {
      H.socketPair().forEach((handle, i) => (this[i] = make(handle)));
    }
  };
  G.WebSocket = WebSocket;
})
