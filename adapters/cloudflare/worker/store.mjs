// Operations on KV, Durable Objects and rate limits. Each returns { number, data } or
// nothing.

export async function store(env, kind, number, text, data) {
  const [key, more] = text.split("\0");
  switch (kind) {
    case "kv-get":
      return bytes(await env.STORE_KV.get(key, { type: "arrayBuffer" }));
    case "kv-put":
      return busy(env.STORE_KV.put(key, data, { expirationTtl: number }));
    case "kv-delete":
      return busy(env.STORE_KV.delete(key));
    case "object-get":
      return bytes(await record(env, key).get());
    case "object-put":
      return record(env, key).put(data, Number(more));
    case "object-delete":
      return record(env, key).remove();
    case "object-swap": {
      // number is the expected value's length, -1 for none.
      const at = Math.max(number, 0);
      const expected = number < 0 ? null : data.subarray(0, at);
      return { number: (await record(env, key).swap(expected, data.subarray(at), Number(more))) ? 1 : 0 };
    }
    case "limit":
      return { number: (await env[key].limit({ key: more })).success ? 1 : 0 };
    default:
      throw new Error(`unknown operation ${kind}`);
  }
}

// record is the object that keeps what is stored under key.
function record(env, key) {
  return env.STORE_OBJECTS.get(env.STORE_OBJECTS.idFromName(key));
}

// bytes keeps null, which means that nothing is stored, from becoming a text.
function bytes(value) {
  return { data: value === null ? null : new Uint8Array(value) };
}

// busy marks the error for a second write to a key within a second.
async function busy(promise) {
  try {
    await promise;
  } catch (error) {
    throw /\b429\b/.test(error.message) ? Object.assign(new Error(error.message), { code: "busy" }) : error;
  }
}
