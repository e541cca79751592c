// Durable Objects: one instance of the class per name and isolate, called by methods
// (RPC) or fetch. Calls of one object follow each other, which is stricter than the
// runtime's input gates.
(function (H, G) {
  G.__cloudflare = {
    DurableObject: class DurableObject {
      constructor(ctx, env) {
        this.ctx = ctx;
        this.env = env;
      }
    },
    WorkerEntrypoint: class WorkerEntrypoint {
      constructor(ctx, env) {
        this.ctx = ctx;
        this.env = env;
      }
    },
  };

  // write and read are a structured clone as text, for what objects store and are told.
  const write = (value) => JSON.stringify(pack(value));
  const pack = (v) => {
    if (v === undefined) return { undefined: 1 };
    if (v === null || typeof v === "boolean" || typeof v === "string" || Number.isFinite(v)) return v;
    if (v instanceof ArrayBuffer) return { buffer: H.base64(...H.view(v)) };
    if (ArrayBuffer.isView(v)) return { bytes: H.base64(...H.view(v)) };
    if (v instanceof Date) return { date: v.getTime() };
    if (Array.isArray(v)) return { array: v.map(pack) };
    if (typeof v === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(v))) {
      return { object: Object.entries(v).map(([k, x]) => [k, pack(x)]) };
    }
    throw new G.DOMException("The value could not be cloned.", "DataCloneError");
  };
  const unpack = (v) => {
    if (v === null || typeof v !== "object") return v;
    if ("undefined" in v) return undefined;
    if ("buffer" in v) return H.unbase64(v.buffer);
    if ("bytes" in v) return new Uint8Array(H.unbase64(v.bytes));
    if ("date" in v) return new Date(v.date);
    if ("array" in v) return v.array.map(unpack);
    return Object.fromEntries(v.object.map(([k, x]) => [k, unpack(x)]));
  };
  const read = (text) => unpack(JSON.parse(text));
  G.structuredClone = (value) => read(write(value));

  const storageOf = (binding, name) => {
    const kv = {
      get: (key) => {
        const text = H.storedGet(binding, name, String(key));
        return text === null ? undefined : read(text);
      },
      put: (key, value) => H.storedPut(binding, name, String(key), write(value)),
      delete: (key) => H.storedDelete(binding, name, String(key)),
      list: ({ prefix = "" } = {}) => [...(H.storedKeys(binding, name, prefix) ?? [])].map((k) => [k, kv.get(k)]),
    };
    return {
      kv,
      get: async (key) => (Array.isArray(key) ? new Map(key.map((k) => [k, kv.get(k)]).filter(([, v]) => v !== undefined)) : kv.get(key)),
      put: async (key, value) => {
        for (const [k, v] of typeof key === "object" ? Object.entries(key) : [[key, value]]) kv.put(k, v);
      },
      delete: async (key) => (Array.isArray(key) ? key.filter(kv.delete).length : kv.delete(key)),
      list: async (options) => new Map(kv.list(options)),
      deleteAll: async () => H.storedClear(binding, name),
      getAlarm: async () => H.getAlarm(binding, name) || null,
      setAlarm: async (at) => H.setAlarm(binding, name, Number(at)),
      deleteAlarm: async () => H.setAlarm(binding, name, 0),
      sync: async () => {},
      transactionSync: (fn) => fn(),
      get sql() { throw new Error("storage.sql is not available"); },
    };
  };

  class Actor {
    #binding;
    #id;
    #make;
    #instance = null;
    #context = H.newActor();
    #turn = Promise.resolve();
    constructor(Class, env, binding, id) {
      this.#binding = binding;
      this.#id = id;
      this.#make = async () => {
        let blocked;
        const state = {
          id, storage: storageOf(binding, id.name), waitUntil() {},
          blockConcurrencyWhile: (fn) => (blocked = fn()),
        };
        this.#instance = new Class(state, env);
        await blocked;
      };
    }
    call(method, args) {
      const sent = write(args);
      return new Promise((resolve, reject) => {
        H.inActor(this.#context, (release) => {
          const load = () => H.load(this.#binding, this.#id.name, method);
          const loading = load();
          const run = async () => {
            for (let install = await loading; install && !install(); install = await load());
            if (!this.#instance) await this.#make();
            if (typeof this.#instance[method] !== "function") throw new TypeError(`The RPC receiver does not implement the method "${method}".`);
            const answer = write(await this.#instance[method](...read(sent)));
            await H.save(this.#binding, this.#id.name, method);
            return answer;
          };
          this.#turn = this.#turn.then(run).then((text) => (release(), resolve(read(text))), (error) => (release(), reject(error)));
        });
      });
    }
  }

  H.DurableObjectNamespace = class DurableObjectNamespace {
    #actors = new Map();
    #make;
    constructor(Class, env, binding) {
      this.#make = (id) => new Actor(Class, env, binding, id);
    }
    idFromName(name) { return { name: String(name), toString: () => String(name), equals: (o) => o.name === String(name) }; }
    actor(id) {
      if (!this.#actors.has(id.name)) this.#actors.set(id.name, this.#make(id));
      return this.#actors.get(id.name);
    }
    get(id) {
      return new Proxy({}, {
        get: (_, method) => {
          if (method === "then") return undefined;
          if (method === "id") return id;
          if (method === "name") return id.name;
          if (method === "fetch") throw new Error("fetch of a Durable Object is not available");
          return (...args) => this.actor(id).call(method, args);
        },
      });
    }
    getByName(name) { return this.get(this.idFromName(name)); }
  };
})
