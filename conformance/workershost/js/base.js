// Text, time, console, cryptography: what needs no I/O context of its own.
(function (H, G) {
  const view = (data) =>
    ArrayBuffer.isView(data) ? [data.buffer, data.byteOffset, data.byteLength] : [data, 0, data.byteLength];
  H.view = view;
  H.bytes = (data) => (typeof data === "string" ? new Uint8Array(H.encode(data)) : new Uint8Array(...view(data)));
  // copy is what a structured clone of bytes is.
  H.copy = (data) => H.bytes(data).slice();

  G.self = G;
  G.navigator = { userAgent: "Cloudflare-Workers" };
  G.console = {};
  for (const level of ["debug", "log", "info", "warn", "error"]) {
    G.console[level] = (...args) => H.log(level, args.map(String).join(" "));
  }
  G.performance = { timeOrigin: 0, now: () => H.now() };

  G.setTimeout = (fn, ms = 0, ...args) => H.setTimeout(() => fn(...args), Math.max(0, Number(ms) || 0));
  G.clearTimeout = (id) => H.clearTimeout(Number(id) || 0);
  G.setInterval = (fn, ms = 0, ...args) => {
    const interval = { id: 0 };
    const again = () => (interval.id = G.setTimeout(() => (again(), fn(...args)), ms));
    again();
    return interval;
  };
  G.clearInterval = (interval) => G.clearTimeout(interval?.id);
  Promise.withResolvers ??= function () {
    let resolve, reject;
    const promise = new this((...both) => ([resolve, reject] = both));
    return { promise, resolve, reject };
  };
  G.queueMicrotask = (fn) => void Promise.resolve().then(fn);

  G.TextEncoder = class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text = "") { return H.bytes(String(text)); }
    encodeInto(text, into) {
      const all = this.encode(text);
      if (all.byteLength > into.byteLength) throw new Error("encodeInto: the text does not fit");
      into.set(all);
      return { read: text.length, written: all.byteLength };
    }
  };
  G.TextDecoder = class TextDecoder {
    constructor(label = "utf-8") {
      if (!/^utf-?8$/i.test(label)) throw new RangeError(`"${label}" is not a valid encoding.`);
    }
    get encoding() { return "utf-8"; }
    decode(data) { return data === undefined ? "" : H.decode(...view(data)); }
  };
  G.btoa = (text) => H.base64(...view(Uint8Array.from(String(text), (c) => c.charCodeAt(0))));
  G.atob = (text) => String.fromCharCode(...new Uint8Array(H.unbase64(String(text))));

  // An algorithm by its name, or as a dictionary.
  const named = (algorithm) => (typeof algorithm === "string" ? algorithm : algorithm.name);
  const sha256 = (hash) => {
    if (named(hash) !== "SHA-256") throw new Error(`hash ${named(hash)} is not available`);
  };
  G.crypto = {
    getRandomValues(array) {
      H.random(array.buffer, array.byteOffset, array.byteLength);
      return array;
    },
    subtle: {
      async digest(hash, data) {
        sha256(hash);
        return H.sha256(...view(data));
      },
      async importKey(format, data, algorithm, extractable, usages) {
        if (algorithm.hash) sha256(algorithm.hash);
        return { type: "private", algorithm, extractable, usages, key: H.importKey(format, named(algorithm), ...view(data)) };
      },
      async sign(algorithm, key, data) {
        if (named(algorithm) !== named(key.algorithm)) throw new Error("the key is of another algorithm");
        return H.sign(key.key, ...view(data));
      },
    },
  };
})
