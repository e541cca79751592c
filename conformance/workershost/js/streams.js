// Byte streams (Streams Standard) over native sources, which can be handed over without
// being read, and streams that the Worker itself produces.
(function (H, G) {
  const native = Symbol(); // makes a stream over a source's handle
  const CHUNK = 65536;

  class ReadableStream {
    #handle = null;
    #producer = null;
    #locked = false;
    #disturbed = false;
    constructor(source = {}, strategy) {
      if (source === native) this.#handle = strategy;
      else this.#producer = new Producer(source);
    }
    get locked() { return this.#locked; }
    getReader(options) {
      if (this.#locked) throw new TypeError("This ReadableStream is currently locked to a reader.");
      this.#locked = true;
      return new Reader(this, () => (this.#locked = false), options?.mode === "byob");
    }
    async cancel(reason) {
      if (this.#locked) throw new TypeError("This ReadableStream is currently locked to a reader.");
      return cancel(this, reason);
    }
    async pipeTo(writable, options = {}) {
      const reader = this.getReader();
      const writer = writable.getWriter();
      try {
        for (;;) {
          let chunk;
          try {
            chunk = await reader.read();
          } catch (error) {
            if (!options.preventAbort) await writer.abort(error).catch(() => {});
            throw error;
          }
          if (chunk.done) break;
          try {
            await writer.write(chunk.value);
          } catch (error) {
            if (!options.preventCancel) await reader.cancel(error).catch(() => {});
            throw error;
          }
        }
        if (!options.preventClose) await writer.close();
      } finally {
        reader.releaseLock();
        writer.releaseLock();
      }
    }
    pipeThrough(pair, options) {
      this.pipeTo(pair.writable, options).catch(() => {});
      return pair.readable;
    }

    static pull(stream, most) {
      stream.#disturbed = true;
      if (stream.#handle === null) return stream.#producer.pull();
      return H.read(stream.#handle, most).then((b) => (b === null ? null : new Uint8Array(b)));
    }
    static async cancel(stream, reason) {
      stream.#disturbed = true;
      if (stream.#handle === null) return stream.#producer.cancel(reason);
      H.cancel(stream.#handle);
    }
    static usable(stream) {
      if (stream.#locked || stream.#disturbed) {
        throw new TypeError("This ReadableStream is disturbed (has already been read from), and cannot be used as a body.");
      }
    }
    // take hands the stream over: it returns a source's handle.
    static take(stream) {
      usable(stream);
      if (stream.#handle === null) {
        const { readable, writable } = new IdentityTransformStream();
        stream.pipeTo(writable).catch(() => {});
        return take(readable);
      }
      stream.#locked = stream.#disturbed = true;
      return stream.#handle;
    }
  }
  const { pull, cancel, usable, take } = ReadableStream;
  for (const name of ["pull", "cancel", "usable", "take"]) delete ReadableStream[name];
  H.usable = usable;
  H.take = take;
  H.streamOf = (handle) => new ReadableStream(native, handle);
  H.collect = async (stream) => {
    const pieces = [];
    const reader = stream.getReader();
    for (let chunk; !(chunk = await reader.read()).done; ) pieces.push(H.bytes(chunk.value));
    const all = new Uint8Array(pieces.reduce((n, p) => n + p.byteLength, 0));
    let at = 0;
    for (const p of pieces) all.set(p, (at += p.byteLength) - p.byteLength);
    return all;
  };

  class Reader {
    #stream;
    #release;
    #byob;
    constructor(stream, release, byob) {
      this.#stream = stream;
      this.#release = release;
      this.#byob = byob;
    }
    #open() {
      if (!this.#stream) throw new TypeError("This ReadableStream reader has been released.");
      return this.#stream;
    }
    async read(view) {
      if (this.#byob && view === undefined) throw new TypeError("read() of a BYOB reader needs a view.");
      const value = await pull(this.#open(), view ? view.byteLength : CHUNK);
      return value === null ? { value: view?.subarray(0, 0), done: true } : { value, done: false };
    }
    async cancel(reason) { return cancel(this.#open(), reason); }
    releaseLock() {
      this.#stream = null;
      this.#release();
    }
  }

  // Producer is a source written in JavaScript, with its queue.
  class Producer {
    #source;
    #queue = [];
    #waiting = []; // reads
    #closed = false;
    #error;
    #failed = false;
    #pulling = false;
    #started;
    constructor(source) {
      this.#source = source;
      const self = this;
      this.controller = {
        get desiredSize() { return self.#failed ? null : self.#closed ? 0 : 1 - self.#queue.length; },
        enqueue: (chunk) => {
          if (this.#closed || this.#failed) throw new TypeError("The stream is closed.");
          const read = this.#waiting.shift();
          read ? read.resolve(chunk) : this.#queue.push(chunk);
        },
        close: () => {
          this.#closed = true;
          if (!this.#queue.length) for (const r of this.#waiting.splice(0)) r.resolve(null);
        },
        error: (error) => this.#fail(error),
      };
      this.#started = Promise.resolve(source.start?.(this.controller)).catch((error) => this.#fail(error));
    }
    #fail(error) {
      this.#failed = true;
      this.#error = error;
      this.#queue = [];
      for (const r of this.#waiting.splice(0)) r.reject(error);
    }
    async pull() {
      await this.#started;
      if (this.#queue.length) return this.#queue.shift();
      if (this.#failed) throw this.#error;
      if (this.#closed) return null;
      const read = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
      this.#ask();
      return read;
    }
    async #ask() {
      if (this.#pulling || !this.#source.pull) return;
      this.#pulling = true;
      try {
        while (this.#waiting.length && !this.#closed && !this.#failed) await this.#source.pull(this.controller);
      } catch (error) {
        this.#fail(error);
      }
      this.#pulling = false;
    }
    async cancel(reason) {
      this.#closed = true;
      this.#queue = [];
      await this.#source.cancel?.(reason);
    }
  }

  // WritableStream is the end of a native pipe that is written.
  class WritableStream {
    #handle;
    #locked = false;
    #state = "open";
    constructor(key, handle) {
      if (key !== native) throw new Error("WritableStream with a sink of its own is not available");
      this.#handle = handle;
    }
    get locked() { return this.#locked; }
    getWriter() {
      if (this.#locked) throw new TypeError("This WritableStream is currently locked to a writer.");
      this.#locked = true;
      const stream = this;
      return {
        get desiredSize() { return { open: 1, closed: 0, errored: null }[stream.#state]; },
        ready: Promise.resolve(),
        write: async (chunk) => {
          if (stream.#state !== "open") throw new TypeError("This WritableStream has been closed.");
          if (typeof chunk === "string") throw new TypeError("This TransformStream is being used as a byte stream, but received a string on its writable side.");
          try {
            await H.write(stream.#handle, ...H.view(chunk));
          } catch (error) {
            stream.#state = "errored";
            throw error;
          }
        },
        close: async () => {
          if (stream.#state !== "open") throw new TypeError("This WritableStream has been closed.");
          stream.#state = "closed";
          H.close(stream.#handle);
        },
        abort: async () => {
          stream.#state = "errored";
          H.abort(stream.#handle);
        },
        releaseLock: () => void (stream.#locked = false),
      };
    }
    async close() { return this.getWriter().close(); }
    async abort(reason) { return this.getWriter().abort(reason); }
  }

  class IdentityTransformStream {
    constructor() { connect(this, -1); }
  }
  const connect = (pair, length) => {
    const handle = H.pipe(length);
    pair.readable = new ReadableStream(native, handle);
    pair.writable = new WritableStream(native, handle);
  };
  G.FixedLengthStream = class FixedLengthStream extends IdentityTransformStream {
    constructor(length) {
      super();
      connect(this, Number(length));
    }
  };
  G.TransformStream = class TransformStream extends IdentityTransformStream {
    constructor(transformer) {
      if (transformer) throw new Error("TransformStream with a transformer is not available");
      super();
    }
  };
  Object.assign(G, { ReadableStream, WritableStream, IdentityTransformStream });
})
