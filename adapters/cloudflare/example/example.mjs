// An application that shows what the gateway tells it about the user. It believes the
// identity headers of every request, so it must be reachable through the gateway only.

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/ws":
        return echo(request);
      case "/events":
        return events();
      default:
        return Response.json({
          method: request.method,
          path: pathname,
          headers: Object.fromEntries(request.headers),
          body: await request.text(),
        });
    }
  },
};

// echo sends every message of a WebSocket back.
function echo(request) {
  if (request.headers.get("Upgrade") !== "websocket") {
    return new Response("this is a WebSocket\n", { status: 426, headers: { Upgrade: "websocket" } });
  }
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });
}

// events sends an event each second, for a minute.
function events() {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  const send = async () => {
    for (let i = 0; i < 60; i++) {
      await writer.write(encoder.encode(`data: ${i}\n\n`));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    await writer.close();
  };
  send().catch(() => {}); // the client went away
  return new Response(readable, { headers: { "Content-Type": "text/event-stream" } });
}
