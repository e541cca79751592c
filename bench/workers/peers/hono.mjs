// Hono without a session.

import { Hono } from "hono";

const app = new Hono();
app.get("/api/whoami", (c) => c.json({ sub: "nobody" }));
app.get("*", async (c) => {
  const answer = await fetch(c.env.PROXY_TARGET + c.req.path, { headers: c.req.raw.headers, redirect: "manual" });
  return new Response(answer.body, answer); // middleware may change its header
});

export default app;
