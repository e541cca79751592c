// One Go program. Every entry into it goes through here, because it can die in each of
// them: what is in flight is then told, at once, and the program is never entered again.
//
// Go asks for one timer at a time. It is no timer of the runtime's, which would end
// with the request that happened to set it: any exchange that wakes up when it is due
// fires it, and the oldest and the newest see to it that they do.

import { Silence } from "./silence.mjs";

export class Instance {
  dead = false;
  live = new Map(); // exchanges by number
  #go = new globalThis.Go();
  #enter = null; // Go's functions: begin, done, leave, lose
  #timers = new Map(); // due time by number: one, or none
  #lastTimer = 0;
  #lastExchange = 0;
  #silence = new Silence();

  constructor(module, env) {
    const go = this.#go;
    go.importObject.gojs["runtime.scheduleTimeoutEvent"] = (sp) => this.#schedule(sp >>> 0);
    go.importObject.gojs["runtime.clearTimeoutEvent"] = (sp) => {
      this.#timers.delete(go.mem.getInt32((sp >>> 0) + 8, true));
    };
    globalThis.gatehouse = {
      settings: settings(env),
      send: (request, id, kind, number, text, data) => {
        const exchange = this.live.get(request);
        exchange?.queue(id, kind, number, text, data);
        return exchange !== undefined;
      },
      ready: (begin, done, leave, lose) => {
        this.#enter = { begin, done, leave, lose };
      },
    };
    // The promise belongs to the request that comes first and is of no use to others;
    // nor may it be kept in one of theirs.
    go._resolveExitPromise = () => {};
    go.run(new WebAssembly.Instance(module, go.importObject)).catch((error) => console.error(`gatehouse: ${error}`));
    delete globalThis.gatehouse;
    if (go.exited || !this.#enter) {
      throw new Error("it ended before it was ready");
    }
  }

  // begin adds an exchange and returns its number.
  begin(exchange, text, hasBody) {
    const id = ++this.#lastExchange;
    this.live.set(id, exchange);
    this.#call("begin", id, text, hasBody);
    return id;
  }

  // end removes an exchange.
  end(id) {
    this.live.delete(id);
    if (this.#timers.size > 0) {
      this.#wake();
    }
  }

  // done hands over what became of an operation; failure is empty or "code:text".
  done(id, failure, number, text, data) {
    this.#call("done", id, failure, number, text, data);
  }

  // leave says that an exchange's client went away.
  leave(id) {
    this.#call("leave", id);
  }

  // wait is how long an exchange may sleep, in milliseconds, of which tick is the most.
  wait(tick) {
    let wait = tick;
    for (const due of this.#timers.values()) {
      wait = Math.min(wait, Math.max(0, due - Date.now()));
    }
    return wait;
  }

  // beat ends exchanges that fell silent. It is called by the timer of an exchange, with its
  // tick and the time when the timer was due.
  beat(due, tick) {
    this.#lose(this.#silence.beat(this.live, due, tick));
  }

  // turn lets Go's timer run if it is due, and ends exchanges that fell silent.
  turn() {
    for (const [id, due] of this.#timers) {
      // Go takes the timer off; it is known to miss one.
      for (let i = 0; due <= Date.now() && this.#timers.has(id) && i < 10; i++) {
        this.#guard(() => this.#go._resume());
      }
    }
    this.#lose(this.#silence.turn(this.live));
  }

  #lose(ids) {
    for (const id of ids) {
      this.live.delete(id);
      this.#call("lose", id);
    }
  }

  #schedule(sp) {
    const id = ++this.#lastTimer;
    const { mem } = this.#go;
    const delay = mem.getUint32(sp + 8, true) + mem.getInt32(sp + 12, true) * 2 ** 32;
    this.#timers.set(id, Date.now() + delay);
    mem.setInt32(sp + 16, id, true);
    this.#wake();
  }

  // wake lets exchanges find out how long they may sleep now.
  #wake() {
    const [oldest] = this.live.values();
    oldest?.wake();
    this.live.get(this.#lastExchange)?.wake();
  }

  #call(name, ...args) {
    this.#guard(() => this.#enter[name](...args));
  }

  // guard runs an entry into Go. A trap comes as an exception, any other end of the
  // program as its flag.
  #guard(entry) {
    if (this.dead) {
      return;
    }
    try {
      entry();
    } catch (error) {
      console.error(`gatehouse: the program broke: ${error}`);
      this.dead = true;
    }
    if (this.dead || this.#go.exited) {
      this.dead = true;
      this.#timers.clear();
      for (const exchange of this.live.values()) {
        exchange.wake();
      }
    }
  }
}

// settings lists the environment: name, "text" and value of variables and secrets, name
// and "binding" of everything else.
function settings(env) {
  const list = [];
  for (const [name, value] of Object.entries(env)) {
    if (value !== null && (typeof value === "object" || typeof value === "function")) {
      list.push(name, "binding", "");
    } else {
      list.push(name, "text", String(value ?? ""));
    }
  }
  return list.join("\0");
}
