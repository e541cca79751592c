// URL, as far as net/url agrees with the URL Standard.
(function (H, G) {
  G.URL = class URL {
    #parts;
    constructor(text, base) {
      text = String(text);
      this.#parts = H.url(text);
      if (!this.#parts && base !== undefined) {
        const b = new URL(base);
        if (text.startsWith("/") && !text.startsWith("//")) this.#parts = H.url(b.origin + text);
      }
      if (!this.#parts) throw new TypeError("Invalid URL string.");
    }
    static canParse(text) { return H.url(String(text)) !== null; }
    get protocol() { return this.#parts.protocol; }
    get host() { return this.#parts.host; }
    get hostname() { return this.#parts.hostname; }
    get port() { return this.#parts.port; }
    get pathname() { return this.#parts.pathname; }
    get search() { return this.#parts.search; }
    get hash() { return this.#parts.hash; }
    get origin() { return this.protocol + "//" + this.host; }
    get href() { return this.origin + this.pathname + this.search + this.hash; }
    toString() { return this.href; }
    toJSON() { return this.href; }
  };
})
