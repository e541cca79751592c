// fetch, to the network or by a service binding.
(function (H, G) {
  const answered = (request, answer) => {
    let webSocket = null;
    if (answer.upgraded) {
      webSocket = H.socketOf(answer.body);
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
})
