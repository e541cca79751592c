// An OpenID provider for the tests. Everything it needs is in the environment. It prints
// "ready" once it answers, "introspection TOKEN" before it answers a question about one, and
// "pushed MAX_AGE" before it answers a pushed authorization request.
//
// Any user name and password will do. Clients, all confidential and with one secret:
//   CLIENT_ID  the gateway, PKCE required; told of logouts at BACKCHANNEL_LOGOUT_URI
//   program    acts for a user and may refresh
//   machine    acts for itself
// Access tokens are opaque and, as is this provider's default, have no audience, unless
// a resource is asked for: urn:jwt:NAME gets JWTs and urn:opaque:NAME opaque tokens that
// are meant for it. With PAR=required authorization requests must be pushed.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { GATEHOUSE_NODE_MODULES, ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, POST_LOGOUT_REDIRECT_URI, BACKCHANNEL_LOGOUT_URI, PAR } = process.env;
const { default: Provider, errors } = await import(
  pathToFileURL(join(GATEHOUSE_NODE_MODULES, 'oidc-provider', 'lib', 'index.js')));

const confidential = { client_secret: CLIENT_SECRET, token_endpoint_auth_method: 'client_secret_basic' };
const scopes = ['read', 'write'];
const claimsOf = (id) => ({
  sub: id,
  email: `${id}@example.com`,
  email_verified: true,
  name: `${id[0].toUpperCase()}${id.slice(1)} Example`,
  preferred_username: id,
});

const provider = new Provider(ISSUER, {
  clients: [{
    ...confidential,
    client_id: CLIENT_ID,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: [POST_LOGOUT_REDIRECT_URI],
    backchannel_logout_uri: BACKCHANNEL_LOGOUT_URI,
    backchannel_logout_session_required: true,
  }, {
    ...confidential,
    client_id: 'program',
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  }, {
    ...confidential,
    client_id: 'machine',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope: scopes.join(' '),
  }],
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access', ...scopes],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'given_name', 'family_name', 'preferred_username', 'locale'],
  },
  cookies: { keys: [CLIENT_SECRET] },
  features: {
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    dPoP: { enabled: true },
    introspection: { enabled: true },
    // For whoever asks with Accept: application/token-introspection+jwt (RFC 9701).
    jwtIntrospection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, indicator) => {
        const kind = /^urn:(jwt|opaque):/.exec(indicator);
        if (!kind) throw new errors.InvalidTarget();
        return { scope: scopes.join(' '), audience: indicator, accessTokenFormat: kind[1] };
      },
    },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: PAR === 'required' },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // By itself it calls no loopback address, and the gateway is at one.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
  // In answers about opaque tokens and in JWTs.
  extraTokenClaims: (_ctx, token) => {
    if (!token.accountId) return undefined;
    const { sub, ...claims } = claimsOf(token.accountId);
    return claims;
  },
  ttl: { AccessToken: 3600, ClientCredentials: 3600, Grant: 7200, IdToken: 3600, Interaction: 3600, RefreshToken: 7200, Session: 7200 },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => claimsOf(id) }),
});
provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === 'pushed_authorization_request') console.log(`pushed ${ctx.oidc.params?.max_age}`);
  if (ctx.oidc?.route === 'introspection') console.log(`introspection ${ctx.oidc.params?.token}`);
});
provider.on('backchannel.error', (_ctx, err) => console.error(`back-channel logout: ${err.message}: ${err.cause}`));
const { hostname, port } = new URL(ISSUER);
provider.listen(Number(port), hostname, () => console.log('ready'));
