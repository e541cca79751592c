// Hono with the session check of @hono/oidc-auth.

import { Hono } from "hono";
import { getAuth, oidcAuthMiddleware } from "@hono/oidc-auth";

const app = new Hono();
app.use("*", oidcAuthMiddleware());
app.get("/api/whoami", async (c) => c.json({ sub: (await getAuth(c)).sub }));
app.get("*", async (c) => {
  const answer = await fetch(c.env.PROXY_TARGET + c.req.path, { headers: c.req.raw.headers, redirect: "manual" });
  return new Response(answer.body, answer); // middleware may change its header
});

export default app;
