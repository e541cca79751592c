// Events and abort signals (DOM Standard, sections 2 and 3).
(function (H, G) {
  G.Event = class Event {
    constructor(type) { this.type = type; }
  };
  G.EventTarget = class EventTarget {
    #listeners = [];
    addEventListener(type, listener, options) {
      if (listener && !this.#listeners.some((l) => l.type === type && l.listener === listener)) {
        this.#listeners.push({ type, listener, once: options?.once === true });
      }
    }
    removeEventListener(type, listener) {
      this.#listeners = this.#listeners.filter((l) => l.type !== type || l.listener !== listener);
    }
    dispatchEvent(event) {
      for (const l of [...this.#listeners]) {
        if (l.type !== event.type) continue;
        if (l.once) this.removeEventListener(l.type, l.listener);
        try {
          typeof l.listener === "function" ? l.listener.call(this, event) : l.listener.handleEvent(event);
        } catch (error) {
          H.log("error", "Uncaught " + error);
        }
      }
      return true;
    }
  };
  G.DOMException = class DOMException extends Error {
    constructor(message, name = "Error") {
      super(message);
      Object.defineProperty(this, "name", { value: name });
    }
  };
  const trigger = Symbol();
  G.AbortSignal = class AbortSignal extends G.EventTarget {
    aborted = false;
    reason = undefined;
    onabort = null;
    throwIfAborted() {
      if (this.aborted) throw this.reason;
    }
    [trigger](reason = new G.DOMException("The operation was aborted", "AbortError")) {
      if (this.aborted) return;
      this.aborted = true;
      this.reason = reason;
      const event = new G.Event("abort");
      this.onabort?.(event);
      this.dispatchEvent(event);
    }
    static abort(reason) {
      const signal = new AbortSignal();
      signal[trigger](reason);
      return signal;
    }
    static timeout(ms) {
      const signal = new AbortSignal();
      G.setTimeout(() => signal[trigger](new G.DOMException("The operation was aborted due to timeout", "TimeoutError")), ms);
      return signal;
    }
    static any(signals) {
      const all = new AbortSignal();
      for (const s of signals) {
        if (s.aborted) all[trigger](s.reason);
        else s.addEventListener("abort", () => all[trigger](s.reason));
      }
      return all;
    }
  };
  G.AbortController = class AbortController {
    signal = new G.AbortSignal();
    abort(reason) { this.signal[trigger](reason); }
  };
})
