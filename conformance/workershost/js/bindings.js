// Bindings: KV namespaces, service bindings, rate limits.
(function (H, G) {
  H.KvNamespace = class KvNamespace {
    #name;
    constructor(name) { this.#name = name; }
    async get(key, options) {
      const type = typeof options === "string" ? options : options?.type ?? "text";
      const value = await H.kvGet(this.#name, String(key));
      if (value === null) return null;
      switch (type) {
        case "arrayBuffer": return value;
        case "stream": return H.streamOf(H.memory(value, 0, value.byteLength));
        case "text": return H.decode(value, 0, value.byteLength);
        case "json": return JSON.parse(H.decode(value, 0, value.byteLength));
      }
      throw new TypeError(`Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".`);
    }
    async put(key, value, options = {}) {
      const data = value instanceof G.ReadableStream ? await H.collect(value) : H.bytes(value);
      await H.kvPut(this.#name, String(key), ...H.view(data), options.expiration ?? 0, options.expirationTtl ?? 0);
    }
    async delete(key) { await H.kvDelete(this.#name, String(key)); }
    async list({ prefix = "", limit = 1000, cursor = "" } = {}) {
      const page = await H.kvList(this.#name, prefix, limit, cursor);
      const keys = [...(page.keys ?? [])].map((name) => ({ name }));
      return page.cursor ? { keys, list_complete: false, cursor: page.cursor } : { keys, list_complete: true };
    }
  };
  H.Fetcher = class Fetcher {
    #name;
    constructor(name) { this.#name = name; }
    fetch(input, options) { return H.fetchBy(this.#name, input, options); }
  };
  H.RateLimit = class RateLimit {
    #name;
    constructor(name) { this.#name = name; }
    async limit({ key }) {
      H.context();
      return { success: H.limit(this.#name, String(key)) };
    }
  };
})
