// An OpenID provider for the tests: PKCE required, one confidential client, any user
// name and password. Everything it needs is in the environment. It prints "ready"
// once it answers.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { GATEHOUSE_NODE_MODULES, ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, POST_LOGOUT_REDIRECT_URI } = process.env;
const { default: Provider } = await import(
  pathToFileURL(join(GATEHOUSE_NODE_MODULES, 'oidc-provider', 'lib', 'index.js')));

const provider = new Provider(ISSUER, {
  clients: [{
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: [POST_LOGOUT_REDIRECT_URI],
  }],
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'given_name', 'family_name', 'preferred_username', 'locale'],
  },
  cookies: { keys: [CLIENT_SECRET] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: true,
      name: `${id[0].toUpperCase()}${id.slice(1)} Example`,
      preferred_username: id,
    }),
  }),
});
const { hostname, port } = new URL(ISSUER);
provider.listen(Number(port), hostname, () => console.log('ready'));
