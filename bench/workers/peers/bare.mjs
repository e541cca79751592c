// No framework and no session: what the runtime itself takes.

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/whoami") {
      return Response.json({ sub: "nobody" });
    }
    return fetch(env.PROXY_TARGET + pathname, { headers: request.headers, redirect: "manual" });
  },
};
