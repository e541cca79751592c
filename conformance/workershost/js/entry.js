// How requests and alarms come in.
(function (H, G) {
  H.entry = (worker, deployed) => {
    const env = Object.assign({}, deployed.vars);
    for (const name of deployed.kv ?? []) env[name] = new H.KvNamespace(name);
    for (const name of deployed.services ?? []) env[name] = new H.Fetcher(name);
    for (const name of deployed.limits ?? []) env[name] = new H.RateLimit(name);
    const objects = deployed.objects ?? [];
    for (let i = 0; i + 1 < objects.length; i += 2) {
      const Class = worker[objects[i + 1]];
      if (!Class) throw new Error(`the Worker exports no class ${objects[i + 1]}`);
      env[objects[i]] = new H.DurableObjectNamespace(Class, env, objects[i]);
    }

    const text = (error) => String(error?.stack ?? error);
    const dispatch = (method, url, headers, body, exchange) => {
      const controller = new G.AbortController();
      exchange.onAbort(() => controller.abort());
      const request = H.receivedRequest({
        url, method, headers: H.received(headers), signal: controller.signal, body: body === null ? null : H.streamOf(body),
      });
      const ctx = {
        waitUntil(promise) {
          exchange.waitUntil(1);
          Promise.resolve(promise).then(
            () => exchange.waitUntil(-1),
            (error) => {
              H.log("error", "Uncaught (in promise) " + text(error));
              exchange.waitUntil(-1);
            },
          );
        },
        passThroughOnException() {},
        props: {},
      };
      (async () => {
        const response = await worker.default.fetch(request, env, ctx);
        if (!(response instanceof G.Response)) {
          throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
        }
        const body = response.webSocket ? H.socketHandle(response.webSocket) : H.takeBody(response);
        exchange.respond(response.status, H.sent(response.headers), body, response.encodeBody === "automatic");
      })().catch((error) => exchange.fail(text(error)));
    };
    const actor = (binding, name) => {
      const namespace = env[binding];
      namespace.actor(namespace.idFromName(name)).call("alarm", []).catch((error) => H.log("error", "alarm: " + text(error)));
    };
    return { dispatch, actor };
  };
})
