// fetch, to the network or by a service binding, and the WebSocket that an answer may
// come with.
(function (H, G) {
  const sockets = new WeakMap();
  class WebSocket {
    constructor() { throw new Error("WebSocket to elsewhere is not available; use fetch"); }
    accept() { throw new Error("a WebSocket can only be handed over"); }
  }
  H.socketHandle = (socket) => sockets.get(socket);

  const answered = (request, answer) => {
    let webSocket = null;
    if (answer.upgraded) {
      webSocket = Object.create(WebSocket.prototype);
      sockets.set(webSocket, answer.body);
    }
    const body = answer.body === null || answer.upgraded ? null : H.streamOf(answer.body);
    return H.receivedResponse({
      status: answer.status, statusText: answer.statusText, headers: H.received(answer.headers), url: request.url, body, webSocket,
    });
  };
  H.fetchBy = async (service, input, options) => {
    H.context();
    const request = new G.Request(input, options);
    const { signal } = request;
    signal.throwIfAborted();
    const headers = H.sent(request.headers);
    const { answer, abort } = H.fetch(service, request.method, request.url, headers, H.takeBody(request), request.encodeResponseBody === "manual");
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => {
        abort();
        reject(signal.reason);
      });
      answer.then((a) => {
        if (request.redirect === "follow" && [301, 302, 303, 307, 308].includes(a.status)) {
          reject(new Error("redirect: \"follow\" is not available"));
        } else {
          resolve(answered(request, a));
        }
      }, reject);
    });
  };
  G.fetch = (input, options) => H.fetchBy("", input, options);
  G.WebSocket = WebSocket;
})
