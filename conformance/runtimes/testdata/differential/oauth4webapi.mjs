// The npm package oauth4webapi, used as its documentation says for a confidential client
// with code, PKCE, state and nonce, and with the signatures of ID tokens verified.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const library = await import(
  pathToFileURL(join(process.env.GATEHOUSE_DIFFERENTIAL_MODULES, 'oauth4webapi', 'build', 'index.js')));

const authentications = {
  client_secret_basic: library.ClientSecretBasic,
  client_secret_post: library.ClientSecretPost,
  none: library.None,
};

export async function connect(settings) {
  const options = () => ({
    [library.customFetch]: settings.fetch,
    signal: AbortSignal.timeout(1000 * settings.timeout),
  });
  const issuer = new URL(settings.issuer);
  const server = await library.processDiscoveryResponse(issuer, await library.discoveryRequest(issuer, options()));
  const client = { client_id: settings.clientID, [library.clockTolerance]: settings.clockTolerance };
  if (settings.idTokenAlg !== undefined) client.id_token_signed_response_alg = settings.idTokenAlg;
  const authentication = authentications[settings.clientAuth](settings.clientSecret);
  return {
    hasUserinfo: server.userinfo_endpoint !== undefined,
    verifier: library.generateRandomCodeVerifier,
    async authorize(parameters, verifier) {
      const location = new URL(server.authorization_endpoint);
      const challenge = await library.calculatePKCECodeChallenge(verifier);
      for (const [name, value] of Object.entries({
        ...parameters, client_id: client.client_id, response_type: 'code', code_challenge: challenge,
      })) location.searchParams.set(name, value);
      return location;
    },
    async redeem(current, { state, nonce, verifier }, redirectURI) {
      const parameters = library.validateAuthResponse(server, client, current, state);
      const response = await library.authorizationCodeGrantRequest(
        server, client, authentication, parameters, redirectURI, verifier, options());
      const tokens = await library.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: nonce, requireIdToken: true,
      });
      await library.validateApplicationLevelSignature(server, response, options());
      return { tokens, claims: library.getValidatedIdTokenClaims(tokens) };
    },
    async userinfo(accessToken, subject) {
      const response = await library.userInfoRequest(server, client, accessToken, options());
      return library.processUserInfoResponse(server, client, subject, response);
    },
    async refresh(refreshToken) {
      const response = await library.refreshTokenGrantRequest(server, client, authentication, refreshToken, options());
      const tokens = await library.processRefreshTokenResponse(server, client, response);
      if (tokens.id_token !== undefined) await library.validateApplicationLevelSignature(server, response, options());
      return tokens;
    },
  };
}
