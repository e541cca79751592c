// One stored record, strongly consistent: a Durable Object whose storage is SQLite. Its
// storage calls are synchronous, so that nothing comes between a comparison and the
// write that depends on it. What expired is not returned, and removed by an alarm.

import { DurableObject } from "cloudflare:workers";

const KEY = "record";

export class Record extends DurableObject {
  // get returns the value, or null.
  get() {
    return this.#live()?.value ?? null;
  }

  // put stores a value until expiry, in milliseconds since 1970. An alarm is always set
  // for the expiry or before.
  async put(value, expiry) {
    const before = this.ctx.storage.kv.get(KEY);
    this.ctx.storage.kv.put(KEY, { value, expiry });
    if (!before || expiry < before.expiry) {
      await this.ctx.storage.setAlarm(expiry);
    }
  }

  // swap stores a value if the present one is expected, null for none, and reports
  // whether it did.
  async swap(expected, value, expiry) {
    if (!equal(this.#live()?.value ?? null, expected)) {
      return false;
    }
    await this.put(value, expiry);
    return true;
  }

  // remove forgets the value.
  async remove() {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }

  async alarm() {
    const record = this.ctx.storage.kv.get(KEY);
    if (record && Date.now() < record.expiry) {
      await this.ctx.storage.setAlarm(record.expiry);
    } else {
      await this.ctx.storage.deleteAll();
    }
  }

  #live() {
    const record = this.ctx.storage.kv.get(KEY);
    return record && Date.now() < record.expiry ? record : undefined;
  }
}

function equal(a, b) {
  if (a === null || b === null) {
    return a === b;
  }
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}
