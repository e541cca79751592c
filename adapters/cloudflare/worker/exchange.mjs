// One request and its pump. Go queues operations by the request's number; the pump does
// them in this request's I/O context, where alone that is allowed, and hands the outcome
// back. It lives until Go says "end", beyond the answer if Go works in the background.
//
// A timer is pending all the while: the runtime cancels a request that waits for
// nothing of its own as hung, even if another request is about to wake it.

import { flat, headersOf } from "./header.mjs";
import { refusal } from "./refusal.mjs";
import { SLOW, TICK } from "./silence.mjs";
import { store } from "./store.mjs";
import { Upstream } from "./upstream.mjs";

export class Exchange {
  awake = Date.now();
  tick = TICK;
  wake = () => {};
  #instance;
  #request;
  #env;
  #id;
  #operations = [];
  #fetched = new Map(); // Upstream by operation
  #reader; // of the request's own body
  #writer; // of an answer in pieces
  #respond;
  #timer; // pending unless due is Infinity
  #due = Infinity;
  #over = false;

  constructor(instance, request, env) {
    this.#instance = instance;
    this.#request = request;
    this.#env = env;
    this.response = new Promise((resolve) => (this.#respond = resolve));
  }

  // queue takes an operation from Go, in whatever context that runs.
  queue(id, kind, number, text, data) {
    this.#operations.push({ id, kind, number, text, data });
    this.wake();
  }

  // run is the pump.
  async run() {
    const { method, url, headers, body, signal } = this.#request;
    this.#id = this.#instance.begin(this, [method, url, ...flat(headers)].join("\0"), body !== null);
    signal?.addEventListener("abort", () => this.#instance.leave(this.#id));
    while (!this.#over) {
      if (this.#instance.dead || this.#instance.live.get(this.#id) !== this) {
        this.#fail();
        break;
      }
      const operation = this.#operations.shift();
      if (operation) {
        this.#do(operation);
        continue;
      }
      await this.#sleep();
      this.awake = Date.now();
      this.#instance.turn();
    }
    clearTimeout(this.#timer);
    this.#instance.end(this.#id);
    for (const upstream of this.#fetched.values()) {
      upstream.drop();
    }
  }

  // sleep waits for a wake or the timer, which a wake leaves as it is. Other requests wake
  // this one, and the runtime goes on in the context of the request that made the promise:
  // by a mark that a promise of "new Promise" lacks once V8 has optimised this function,
  // one of withResolvers never.
  async #sleep() {
    const { promise, resolve } = Promise.withResolvers();
    this.wake = resolve;
    const wait = this.#instance.wait(this.tick);
    const due = Date.now() + wait;
    if (due < this.#due) {
      clearTimeout(this.#timer);
      this.#due = due;
      this.#timer = setTimeout(() => {
        this.#due = Infinity;
        this.awake = Date.now();
        this.#instance.beat(due, this.tick);
        this.wake();
      }, wait);
    }
    await promise;
  }

  // do carries an operation out. Those without a number have no outcome.
  async #do(operation) {
    let failure = "";
    let outcome = {};
    try {
      outcome = (await this.#operate(operation)) ?? {};
    } catch (error) {
      failure = `${error.code ?? "failed"}:${error.message ?? error}`;
    }
    this.awake = Date.now();
    if (operation.id) {
      this.#instance.done(operation.id, failure, outcome.number ?? 0, outcome.text ?? "", outcome.data ?? null);
    } else if (failure) {
      console.error(`gatehouse: ${operation.kind}: ${failure}`);
    }
  }

  // operate returns { number, text, data }, a promise of it, or nothing.
  #operate({ id, kind, number, text, data }) {
    switch (kind) {
      case "fetch":
      case "forward": {
        const upstream = new Upstream(this.#request, this.#env);
        this.#fetched.set(id, upstream);
        return kind === "fetch" ? upstream.fetch(text, data, number) : upstream.forward(text, data, number);
      }
      case "drop":
        this.#fetched.get(number)?.drop();
        this.#fetched.delete(number);
        return;
      case "read":
        return this.#read(number);
      case "respond":
        this.#answer(text, data, {});
        return;
      case "pass":
        this.#pass(text, number);
        return;
      case "follow":
        return this.#follow(id, text, number);
      case "stream": {
        const { readable, writable } = new IdentityTransformStream();
        this.#writer = writable.getWriter();
        this.#answer(text, readable, {});
        return;
      }
      case "write":
        return this.#writer.write(data);
      case "close":
        return this.#writer.close();
      case "abort":
        return this.#writer.abort(new Error("the answer could not be completed"));
      case "end":
        this.#over = true;
        return;
      default:
        return store(this.#env, kind, number, text, data);
    }
  }

  // read returns the next piece of the request's body, or of a fetched answer's; none
  // at the end.
  async #read(source) {
    if (source) {
      return this.#fetched.get(source)?.read();
    }
    this.#reader ??= this.#request.body.getReader();
    const { value } = await this.#reader.read();
    return { data: value };
  }

  // pass gives the client what was fetched: its body or WebSocket, untouched.
  #pass(text, id) {
    const { response } = this.#fetched.get(id);
    this.#fetched.delete(id);
    if (response.status === 101) {
      this.#answer(text, null, { webSocket: response.webSocket });
    } else {
      this.#answer(text, response.body, { encodeBody: "manual" });
    }
  }

  // follow is pass for an answer that lasts, and is over with it: what goes to the client
  // comes by here, so that a drop of this operation ends it.
  async #follow(id, text, source) {
    const upstream = this.#fetched.get(source);
    this.#fetched.delete(source);
    this.#fetched.set(id, upstream);
    this.tick = SLOW;
    try {
      if (upstream.response.status === 101) {
        const { client, over } = upstream.join();
        this.#answer(text, null, { webSocket: client });
        await over;
      } else {
        const { readable, over } = upstream.flow();
        this.#answer(text, readable, { encodeBody: "manual" });
        await over;
      }
    } catch (error) {
      this.#respond(refusal()); // unless there was an answer
      throw error;
    } finally {
      this.tick = TICK;
      this.#fetched.delete(id);
    }
  }

  // answer responds with a text of status and header. What the runtime will not send
  // becomes a refusal.
  #answer(text, body, init) {
    const [status, ...header] = text.split("\0");
    try {
      this.#respond(new Response(body, { ...init, status: Number(status), headers: headersOf(header) }));
    } catch (error) {
      console.error(`gatehouse: answer: ${error}`);
      this.#respond(refusal());
    }
  }

  // fail ends an exchange whose program is dead, or has given it up. It has no effect
  // on an answer that was handed over.
  #fail() {
    this.#respond(refusal());
    this.#writer?.abort(new Error("the program died")).catch(() => {});
  }
}
