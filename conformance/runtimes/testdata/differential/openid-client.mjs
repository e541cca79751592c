// The npm package openid-client, used as its documentation says for a confidential client
// with code, PKCE, state and nonce. Signatures of ID tokens, which it does not verify
// when they come from the token endpoint itself, are verified.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const library = await import(
  pathToFileURL(join(process.env.GATEHOUSE_DIFFERENTIAL_MODULES, 'openid-client', 'build', 'index.js')));

const authentications = {
  client_secret_basic: library.ClientSecretBasic,
  client_secret_post: library.ClientSecretPost,
  none: library.None,
};

export async function connect(settings) {
  const config = await library.discovery(new URL(settings.issuer), settings.clientID, {
    id_token_signed_response_alg: settings.idTokenAlg,
    [library.clockTolerance]: settings.clockTolerance,
  }, authentications[settings.clientAuth](settings.clientSecret), {
    [library.customFetch]: settings.fetch,
    timeout: settings.timeout,
    execute: [library.enableNonRepudiationChecks],
  });
  return {
    hasUserinfo: config.serverMetadata().userinfo_endpoint !== undefined,
    verifier: library.randomPKCECodeVerifier,
    authorize: async (parameters, verifier) => library.buildAuthorizationUrl(config, {
      ...parameters, code_challenge: await library.calculatePKCECodeChallenge(verifier),
    }),
    async redeem(current, { state, nonce, verifier }) {
      const tokens = await library.authorizationCodeGrant(config, current, {
        expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true,
      });
      return { tokens, claims: tokens.claims() };
    },
    userinfo: (accessToken, subject) => library.fetchUserInfo(config, accessToken, subject),
    refresh: (refreshToken) => library.refreshTokenGrant(config, refreshToken),
  };
}
