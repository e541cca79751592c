// Request and Response (Fetch Standard, sections 5.4 and 5.5) with the errors of the
// Workers runtime.
(function (H, G) {
  const init = Symbol(); // makes a message that was received

  class Body {
    #bytes = null;
    #stream = null;
    #used = false;
    // setBody returns the content type that the body implies.
    setBody(body) {
      if (body === null || body === undefined) return null;
      if (body instanceof G.ReadableStream) {
        H.usable(body);
        this.#stream = body;
        return null;
      }
      if (typeof body === "string") {
        this.#bytes = H.bytes(body);
        return "text/plain;charset=UTF-8";
      }
      if (!(body instanceof ArrayBuffer) && !ArrayBuffer.isView(body)) throw new TypeError("a body of this type is not available");
      this.#bytes = H.copy(body);
      return null;
    }
    get body() {
      if (!this.#stream && this.#bytes) this.#stream = H.streamOf(H.memory(...H.view(this.#bytes)));
      return this.#stream;
    }
    get bodyUsed() { return this.#used; }
    async arrayBuffer() {
      if (this.#used) throw new TypeError("Body has already been used. It can only be used once. Use tee() first if you need to read it twice.");
      const stream = this.body;
      this.#used = true;
      return stream ? (await H.collect(stream)).buffer : new ArrayBuffer(0);
    }
    async bytes() { return new Uint8Array(await this.arrayBuffer()); }
    async text() { return new G.TextDecoder().decode(await this.arrayBuffer()); }
    async json() { return JSON.parse(await this.text()); }
    static take(message) {
      const stream = message.body;
      message.#used = true;
      return stream === null ? null : H.take(stream);
    }
  }
  H.takeBody = Body.take;
  delete Body.take;

  const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PURGE", "OPTIONS", "TRACE", "COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "ACL", "REPORT", "MKACTIVITY", "CHECKOUT", "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "QUERY", "BAN"];
  const methodOf = (method) => {
    const upper = String(method).toUpperCase();
    if (!methods.includes(upper)) throw new TypeError(`Invalid HTTP method string: ${method}`);
    return upper;
  };

  G.Request = class Request extends Body {
    constructor(input, options = {}) {
      super();
      if (input === init) {
        Object.assign(this, { url: options.url, method: options.method, headers: options.headers, redirect: "manual", signal: options.signal, cf: {} });
        this.setBody(options.body);
        return;
      }
      const from = input instanceof Request ? input : null;
      this.url = from ? from.url : String(input);
      if (!from && !H.url(this.url)) throw new TypeError(`Invalid URL: ${this.url}`);
      this.method = methodOf(options.method ?? from?.method ?? "GET");
      this.headers = new G.Headers(options.headers ?? from?.headers);
      this.redirect = options.redirect ?? from?.redirect ?? "follow";
      this.signal = options.signal ?? from?.signal ?? new G.AbortSignal();
      this.cf = options.cf ?? from?.cf;
      this.encodeResponseBody = options.encodeResponseBody ?? from?.encodeResponseBody ?? "automatic";
      if (!["follow", "manual"].includes(this.redirect)) throw new TypeError(`Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).`);
      const body = options.body ?? from?.body ?? null;
      if (body !== null && (this.method === "GET" || this.method === "HEAD")) {
        throw new TypeError("Request with a GET or HEAD method cannot have a body.");
      }
      const type = this.setBody(body);
      if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    }
  };

  const nullBody = [101, 204, 205, 304];
  G.Response = class Response extends Body {
    constructor(body = null, options = {}) {
      super();
      if (body === init) {
        Object.assign(this, { status: options.status, statusText: options.statusText, headers: options.headers, webSocket: options.webSocket, encodeBody: "automatic", url: options.url });
        this.setBody(options.body);
        return;
      }
      this.status = options.status ?? 200;
      this.statusText = String(options.statusText ?? "");
      this.webSocket = options.webSocket ?? null;
      this.encodeBody = options.encodeBody ?? "automatic";
      if (this.webSocket ? this.status !== 101 : !(this.status >= 200 && this.status <= 599)) {
        throw new RangeError(this.webSocket ? "Responses with a WebSocket must have status code 101." : "Responses may only be constructed with status codes in the range 200 to 599, inclusive.");
      }
      const empty = typeof body === "string" && body === "";
      if (body !== null && body !== undefined && !empty && nullBody.includes(this.status)) {
        throw new TypeError("Response with null body status (101, 204, 205, or 304) cannot have a body.");
      }
      this.headers = new G.Headers(options.headers);
      const type = this.setBody(nullBody.includes(this.status) ? null : body);
      if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    }
    get ok() { return this.status >= 200 && this.status <= 299; }
    static json(value, options = {}) {
      const response = new Response(JSON.stringify(value), options);
      if (!new G.Headers(options.headers).has("content-type")) response.headers.set("content-type", "application/json");
      return response;
    }
    static redirect(url, status = 302) { return new Response(null, { status, headers: { location: String(url) } }); }
  };
  H.receivedRequest = (options) => new G.Request(init, options);
  H.receivedResponse = (options) => new G.Response(init, options);
})
