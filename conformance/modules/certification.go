package modules

// certification is the plans for relying parties with response type "code" and a client
// that was registered by hand, in the plans' own order.
var certification = []Plan{
	{
		Name: "oidcc-client-basic-certification-test-plan", Title: "Basic",
		Note: "A module counts as passed there when userinfo was asked, or, where the ID token is bad, when it was not. " +
			"The ID tokens of its provider have no claims about the user, so the gateway asks userinfo in each happy case.",
		Modes: []Mode{
			{"oidcc-client-test", "The login succeeds: code, tokens, ID token, userinfo."},
			{"oidcc-client-test-invalid-iss", "An ID token of another issuer is refused, and userinfo is not asked."},
			{"oidcc-client-test-missing-sub", "An ID token without a subject is refused, and userinfo is not asked."},
			{"oidcc-client-test-invalid-aud", "An ID token for another client is refused, and userinfo is not asked."},
			{"oidcc-client-test-missing-iat", "An ID token that does not say when it was issued is refused, and userinfo is not asked."},
			{"oidcc-client-test-kid-absent-single-jwks", "An ID token without key id is verified with the one published key that fits its algorithm."},
			{"oidcc-client-test-kid-absent-multiple-jwks", "An ID token without key id is refused when several keys fit; the module allows that, or trying them all."},
			{"oidcc-client-test-idtoken-sig-rs256", "An ID token that is signed by RS256 is accepted."},
			{sigNone, sigNoneMust},
			{"oidcc-client-test-invalid-sig-rs256", "An ID token whose signature does not hold is refused, and userinfo is not asked."},
			{"oidcc-client-test-userinfo-invalid-sub", "Userinfo is asked, and its answer about another subject ends the login."},
			{"oidcc-client-test-nonce-invalid", "An ID token with another nonce is refused, and userinfo is not asked."},
			{"oidcc-client-test-scope-userinfo-claims", "profile and email are asked for by scope, and the claims come from userinfo."},
			{"oidcc-client-test-client-secret-basic", "The client authenticates at the token endpoint by HTTP Basic."},
		},
	},
	{
		Name: "oidcc-client-config-certification-test-plan", Title: "Configuration",
		Modes: []Mode{
			{"oidcc-client-test-discovery-openid-config", "The provider's metadata are fetched from its well-known address and used."},
			{"oidcc-client-test-discovery-jwks-uri-keys", "Keys are fetched from the address that the metadata name."},
			{"oidcc-client-test-discovery-issuer-mismatch", "Metadata of another issuer stop the login before the authorization request."},
			{sigNone, sigNoneMust},
			{"oidcc-client-test-signing-key-rotation-just-before-signing", "A key that is new when it signs is found by fetching the keys again."},
			{"oidcc-client-test-signing-key-rotation", "A key that is new at the second login is found by fetching the keys again."},
		},
	},
	{
		Name: "oidcc-client-rp-initiated-logout-rp-basic", Title: "RP-initiated logout",
		Note: "The plan wants a client with back-channel or front-channel logout as well.",
		Modes: []Mode{
			{"oidcc-client-test-rp-init-logout", "A logout here goes on at the provider, with the ID token as a hint and a registered address to return to, and returns."},
			{"oidcc-client-test-rp-init-logout-other-state", "A return with another state than was sent ends on a page and leads nowhere."},
			{"oidcc-client-test-rp-init-logout-no-state", "A return without the state that was sent ends on a page and leads nowhere."},
		},
	},
	{
		Name: "oidcc-client-back-channel-logout-rp-basic", Title: "Back-channel logout",
		Note: "In the plan the logout token comes while a logout that began here is at the provider, as in the cases `certification_*`; in their neighbours the session still lives, which shows what ends it.",
		Modes: []Mode{
			{"oidcc-client-test-rp-backchannel-rpinitlogout", "A good logout token is answered 200 and ends the session."},
			{"oidcc-client-test-rp-backchannel-rpinitlogout-alg-none", "A logout token without signature is 400 and ends nothing."},
			{"oidcc-client-test-rp-backchannel-rpinitlogout-no-event", "A logout token without events is 400 and ends nothing."},
			{"oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce", "A logout token with a nonce is 400 and ends nothing."},
			{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg", "A logout token by another algorithm than the configured one is 400 and ends nothing."},
			{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud", "A logout token for another client is 400 and ends nothing."},
			{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event", "A logout token about another event is 400 and ends nothing."},
			{"oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss", "A logout token of another issuer is 400 and ends nothing."},
		},
	},
	{
		Name: "oidcc-client-front-channel-logout-rp-basic", Title: "Front-channel logout",
		Note: "Likewise: the frame is loaded while a logout that began here is at the provider in the case `certification_*`, and while the session lives in its neighbour.",
		Modes: []Mode{
			{"oidcc-client-test-rp-frontchannel-rpinitlogout", "The logout address in the provider's frame ends the session that iss and sid name."},
		},
	},
	{
		Name: "oidcc-client-refreshtoken-test-plan", Title: "Refresh tokens",
		Note: "No certification profile; the suite offers the plan for tests.",
		Modes: []Mode{
			{"oidcc-client-test-refresh-token", "The refresh token is redeemed, and userinfo is asked with the new access token."},
			{"oidcc-client-test-refresh-token-invalid-issuer", "A refreshed ID token of another issuer ends the session, and userinfo is not asked."},
			{"oidcc-client-test-refresh-token-invalid-sub", "A refreshed ID token about another subject ends the session, and userinfo is not asked."},
		},
	},
	{
		Name: "oidcc-client-test-3rd-party-init-login-test-plan", Title: "Third-party-initiated login",
		Modes: []Mode{
			{"oidcc-client-test-3rd-party-init-login", "A browser that the provider sends to the gateway's initiate_login_uri is sent to log in."},
		},
	},
	{
		Name: "oidcc-client-formpost-basic-certification-test-plan", Title: "Form post",
		Note: "**Not offered.** The plan is the fourteen modules of the basic one with `response_mode=form_post`, of which each ends at once: " +
			"the answer is posted by a page of the provider, and browsers send no cookie with `SameSite=Lax` along, so that nothing binds it to the browser that began the login " +
			"([why](../DESIGN.md#why-is-form_post-not-offered)).",
		Modes: []Mode{
			{"form_post", "It is never asked for, and an answer that is posted is 405 and starts nothing."},
		},
	},
}

// The one module of two plans.
const (
	sigNone     = "oidcc-client-test-idtoken-sig-none"
	sigNoneMust = "An ID token without signature is refused, and userinfo is not asked; the module allows that."
)
