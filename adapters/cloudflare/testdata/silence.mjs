// A Worker that tells who is found silent when turns and timers come as the request says:
// a list of steps, each the time, the exchanges that are awake by then, and for a timer its
// tick and when it was due. The script is the shipped one.

import { Silence } from "../worker/silence.mjs";

export default {
  async fetch(request) {
    const { ticks, steps } = await request.json();
    const live = new Map(ticks.map((tick, id) => [id, { tick, awake: 0 }]));
    const silence = new Silence();
    const ended = [];
    for (const { at, due, tick, awake } of steps) {
      for (const id of awake) {
        live.get(id).awake = at;
      }
      Date.now = () => at;
      for (const id of tick ? silence.beat(live, due, tick) : silence.turn(live)) {
        live.delete(id);
        ended.push(`${id} at ${at}`);
      }
    }
    return new Response(ended.join(", "));
  },
};
