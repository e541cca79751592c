// Headers (Fetch Standard, section 5.1) as the Workers runtime has them: names are
// lower-cased, values of one name are joined by ", " when read, and only those of
// Set-Cookie stay apart when iterated. A guard makes received ones immutable.
(function (H, G) {
  const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
  const nameOf = (name) => {
    name = String(name);
    if (!token.test(name)) throw new TypeError("Invalid header name.");
    return name.toLowerCase();
  };
  const valueOf = (value) => {
    value = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
    if (/[\0\r\n]/.test(value)) throw new TypeError("Invalid header value.");
    return value;
  };
  const immutable = new WeakSet();

  class Headers {
    #list = []; // { name, value } in the order of insertion
    constructor(init) {
      if (init === undefined || init === null) return;
      if (init instanceof Headers) {
        this.#list = init.#list.map((e) => ({ ...e }));
      } else if (typeof init[Symbol.iterator] === "function") {
        for (const pair of init) {
          const [name, value, ...more] = pair;
          if (value === undefined || more.length) throw new TypeError("Sequence initializers must be pairs.");
          this.append(name, value);
        }
      } else {
        for (const name of Object.keys(init)) this.append(name, init[name]);
      }
    }
    #change() {
      if (immutable.has(this)) throw new TypeError("Can't modify immutable headers.");
    }
    append(name, value) {
      this.#change();
      this.#list.push({ name: nameOf(name), value: valueOf(value) });
    }
    set(name, value) {
      this.#change();
      name = nameOf(name);
      value = valueOf(value);
      const at = this.#list.findIndex((e) => e.name === name);
      this.#list = this.#list.filter((e, i) => e.name !== name || i === at);
      if (at < 0) this.#list.push({ name, value });
      else this.#list.find((e) => e.name === name).value = value;
    }
    delete(name) {
      this.#change();
      name = nameOf(name);
      this.#list = this.#list.filter((e) => e.name !== name);
    }
    has(name) {
      name = nameOf(name);
      return this.#list.some((e) => e.name === name);
    }
    #values(name) { return this.#list.filter((e) => e.name === name).map((e) => e.value); }
    get(name) {
      const values = this.#values(nameOf(name));
      return values.length ? values.join(", ") : null;
    }
    getSetCookie() { return this.#values("set-cookie"); }
    #sorted() {
      const out = [];
      for (const name of [...new Set(this.#list.map((e) => e.name))].sort()) {
        const values = this.#values(name);
        if (name === "set-cookie") out.push(...values.map((v) => [name, v]));
        else out.push([name, values.join(", ")]);
      }
      return out;
    }
    entries() { return this.#sorted()[Symbol.iterator](); }
    keys() { return this.#sorted().map((e) => e[0])[Symbol.iterator](); }
    values() { return this.#sorted().map((e) => e[1])[Symbol.iterator](); }
    forEach(fn, self) { for (const [name, value] of this.#sorted()) fn.call(self, value, name, this); }
    [Symbol.iterator]() { return this.entries(); }

    // sent is what goes over the wire: names and values in turn, fields apart.
    static sent(headers) { return headers.#list.flatMap((e) => [e.name, e.value]); }
    // received makes immutable headers of such a list.
    static received(list) {
      const headers = new Headers();
      for (let i = 0; i + 1 < list.length; i += 2) {
        headers.#list.push({ name: list[i].toLowerCase(), value: list[i + 1] });
      }
      immutable.add(headers);
      return headers;
    }
  }
  H.sent = Headers.sent;
  H.received = Headers.received;
  delete Headers.sent;
  delete Headers.received;
  G.Headers = Headers;
})
