// Which exchanges the runtime has ended. It tells nobody, but they get no turn any more.
//
// An isolate that is busy, or stood still, owes turns to everybody and pays in no order.
// So an exchange is silent only while the timers of others come, every tick and in time;
// and when none lives long enough for timers, after a minute.

// How often an exchange wakes up, and one that only follows an answer, in milliseconds.
export const TICK = 1000;
export const SLOW = 10_000;

// The ticks that a silent exchange has missed.
const MISSED = 5;

const MINUTE = 60_000;

export class Silence {
  #beat = -Infinity; // when a timer came last
  #steady = 0; // since when they come in time
  #turn = -Infinity; // when anybody had one
  #looked = -Infinity; // when the exchanges were looked at

  // beat is called by the timer of an exchange that is awake, with its tick and the time
  // when the timer was due. It returns the numbers of those in live, a map by number, that
  // are ended. Slow timers count where nobody ticks, and judge only their like.
  beat(live, due, tick) {
    const now = Date.now();
    if (now - due > TICK || (tick === TICK && due - this.#beat > 2 * TICK)) {
      this.#steady = now;
    }
    if (tick === TICK) {
      this.#beat = now;
    } else if (now - this.#beat <= 2 * TICK) {
      return [];
    }
    return this.#look(live, now, TICK, (other) => other.tick >= tick && now - Math.max(other.awake, this.#steady) > MISSED * other.tick);
  }

  // turn is called in every turn of an exchange, and returns what beat does.
  turn(live) {
    const now = Date.now();
    const still = now - this.#turn > TICK;
    this.#turn = now;
    return still ? [] : this.#look(live, now, SLOW, (other) => now - other.awake > MINUTE);
  }

  // look costs something for each exchange, so there is a pause between two of them.
  #look(live, now, pause, ended) {
    if (now - this.#looked < pause) {
      return [];
    }
    this.#looked = now;
    return [...live].filter(([, other]) => ended(other)).map(([id]) => id);
  }
}
