// A relying party that is an application around a library, for the tests: its routes are
// those that conformance.Reference asks for. Of its own it keeps the logins that have
// begun, by the browser's cookies, and the sessions; whether an answer of the provider is
// good is for the library alone. It prints "listens HOST:PORT" once it answers.
//
// POST /differential/start makes one of the settings in the body and answers with what
// the header Differential-Instance of its requests is. Differential-Now is the time in
// them, in seconds, for the library too.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const { LIBRARY } = process.env;
const { connect } = await import(`./${LIBRARY}.mjs`);

const clock = new AsyncLocalStorage();
const machine = Date.now;
Date.now = () => clock.getStore() ?? machine();

const parties = new Map();
const logins = new Map();
const sessions = new Map();
const random = (bytes = 32) => randomBytes(bytes).toString('base64url');

// authentications are the ways to authenticate a client that the programs around the
// libraries have.
const authentications = ['client_secret_basic', 'client_secret_post', 'none'];

// metadataLives is for how many milliseconds a provider is taken to be what it was.
const metadataLives = 3600_000;

// outside reaches every host at one address, which is told who was meant.
const outside = (network) => (address, options) => {
  const { origin, pathname, search } = new URL(address);
  return fetch(network + pathname + search, {
    ...options, headers: { ...options.headers, 'differential-origin': origin },
  });
};

// discovered is the library at work for settings, connected to the provider.
async function discovered(party) {
  if (!authentications.includes(party.settings.clientAuth)) throw new Unasked('client authentication');
  if (!party.provider || Date.now() - party.since >= metadataLives) {
    party.provider = await connect({ ...party.settings, fetch: outside(party.settings.network) });
    party.since = Date.now();
  }
  return party.provider;
}

const cookiesOf = (request) => (request.headers.cookie ?? '').split(/; */).map((pair) => {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
});

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

const deeds = {
  async begin(party) {
    const provider = await discovered(party);
    const login = { state: random(), nonce: random(), verifier: provider.verifier() };
    const location = await provider.authorize({
      redirect_uri: party.settings.redirectURI, scope: party.settings.scope,
      state: login.state, nonce: login.nonce, code_challenge_method: 'S256',
    }, login.verifier);
    const handle = random(180);
    logins.set(handle, login);
    return { location: location.href, cookies: [`__Host-gatehouse-login-${random(8)}=${handle}; ${attributes}; Max-Age=600`] };
  },

  async complete(party, request) {
    if (request.method !== 'GET') throw new Unasked('method');
    let current;
    try {
      current = new URL(request.url, party.settings.redirectURI);
    } catch {
      throw new Unasked('address');
    }
    const begun = cookiesOf(request).filter(([name, handle]) => name.startsWith('__Host-gatehouse-login-') && logins.has(handle));
    const state = current.searchParams.get('state');
    const [, handle] = begun.find(([, h]) => logins.get(h).state === state) ?? begun[0] ?? [];
    if (!handle) throw new Unasked('no login has begun');
    const login = logins.get(handle);
    logins.delete(handle);
    const provider = await discovered(party);
    const { tokens, claims } = await provider.redeem(current, login, party.settings.redirectURI);
    if (provider.hasUserinfo && party.settings.userinfoClaims.some((name) => claims[name] === undefined)) {
      await provider.userinfo(tokens.access_token, claims.sub);
    }
    const session = random();
    sessions.set(session, { refreshToken: tokens.refresh_token });
    return { location: '/', cookies: [`__Host-gatehouse=${session}; ${attributes}`, `__Host-gatehouse-handover=${random()}; ${attributes}; Max-Age=60`] };
  },

  async refresh(party, request) {
    const [, session] = cookiesOf(request).find(([name, value]) => name === '__Host-gatehouse' && sessions.has(value)) ?? [];
    const known = sessions.get(session);
    if (!known?.refreshToken) throw new Unasked('no refresh token');
    const tokens = await (await discovered(party)).refresh(known.refreshToken);
    known.refreshToken = tokens.refresh_token ?? known.refreshToken;
    return { status: 200 };
  },
};

// Unasked is thrown where the library is not asked.
class Unasked extends Error {}

// why is the library's reason, codes and messages from the outside in.
const why = (error) => {
  const parts = [];
  for (let e = error; e instanceof Error && parts.length < 4; e = e.cause) {
    parts.push([e.code, e.error, e.message].filter((part) => typeof part === 'string').join(' '));
  }
  return parts.join(': ');
};

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.url === '/differential/start') {
    const id = random();
    parties.set(id, { settings: JSON.parse(Buffer.concat(chunks)) });
    response.end(id);
    return;
  }
  const party = parties.get(request.headers['differential-instance']);
  const deed = deeds[request.headers['differential-deed']];
  try {
    const done = await clock.run(1000 * Number(request.headers['differential-now']), () => deed(party, request));
    const header = { 'differential-decided': 'library', 'set-cookie': done.cookies ?? [] };
    if (done.location) header.location = done.location;
    response.writeHead(done.status ?? 303, header).end();
  } catch (error) {
    const header = error instanceof Unasked ? {} : { 'differential-decided': 'library' };
    response.writeHead(400, header).end(why(error));
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(why(error)));
});
server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`listens ${address}:${port}`);
});
