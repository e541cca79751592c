package modules

// misbehaviour is what a provider, or who speaks in its place, does beyond the
// certification modules, by where it happens.
var misbehaviour = []Plan{
	{
		Title: "The authorization response",
		Modes: []Mode{
			{"iss-missing-though-promised", "A response without iss is refused where the metadata promise it, before the token endpoint is asked."},
			{"iss-of-another-provider", "A response that names another issuer is refused before the token endpoint is asked."},
			{"parameters-twice", "A response that repeats a parameter is refused before the token endpoint is asked."},
			{"state-foreign", "A response with a state of no login of this browser is refused before the token endpoint is asked."},
			{"response-replayed", "A response counts once."},
			{"error-response", "An error ends the login on a page that shows fixed text and offers a new start."},
			{"error-without-login", "An error that belongs to no login is refused and nothing of it shown."},
			{"pkce-not-announced", "S256 is sent whatever the metadata list, and required of them where the configuration says so."},
		},
	},
	{
		Title: "The provider's documents",
		Modes: []Mode{
			{"duplicate-member-discovery", "Metadata that name a member twice are not used."},
			{"duplicate-member-jwks", "A set of keys that names a member twice is not used."},
			{"discovery-endpoint-elsewhere", "Endpoints on hosts that are not listed, by plain http or in no address at all make the metadata unusable."},
			{"discovery-redirect", "A redirect of a document is not followed."},
			{"discovery-failing", "Without usable metadata no login begins, and the next one asks anew."},
			{"discovery-failing-later", "A good copy serves for a day while the provider fails, and is asked for again only every 30 seconds."},
			{"keys-failing", "Without usable keys there is no login."},
			{"keys-malformed-among-good", "Malformed, weak and foreign keys are left out one by one, and good ones beside them count."},
			{"keys-of-other-use", "Keys for another use do not count."},
			{"keys-too-many", "More than a hundred keys are refused."},
			{"keys-withdrawn", "Keys that were withdrawn do not verify any more."},
			{"keys-rotated-mid-login", "Keys that change between the authorization request and the ID token are found by one more fetch."},
			{"unknown-kids", "However many unknown key ids arrive, a process asks for the keys once a minute, and none of them is believed."},
		},
	},
	{
		Title: "The token endpoint",
		Modes: []Mode{
			{"duplicate-member-token", "A token answer that names a member twice is no login."},
			{"token-refusal", "A refused code or client is no login, and the provider's words go to the log only."},
			{"token-error-with-200", "An error with status 200 is no login."},
			{"token-redirect", "A redirect is not followed, and the client's secret goes nowhere else."},
			{"token-failing", "A failing token endpoint is no login, and no lasting one."},
			{"token-malformed", "A token answer that lacks a token or has one of a wrong kind is no login."},
			{"token-lifetime-malformed", "A lifetime that makes no sense does not prevent the login."},
		},
	},
	{
		Title: "How answers come",
		Modes: []Mode{
			{"unreachable", "A provider that cannot be reached is no login, and no lasting one."},
			{"hanging", "An answer that does not come is given up."},
			{"drip-feeding", "An answer that comes a byte at a time is given up."},
			{"half-closed", "An answer that breaks off is not used."},
			{"oversized", "An answer of 10 MB is not used."},
			{"compressed-bomb", "An answer that is small only while it is compressed is not used."},
			{"content-type-wrong", "A page in place of JSON is not used, whatever it says inside."},
		},
	},
	{
		Title: "The ID token",
		Modes: []Mode{
			{"duplicate-member-idtoken", "An ID token that names a member twice, in its header or its claims, is refused."},
			{"idtoken-missing", "A token answer without a readable ID token is no login."},
			{"idtoken-alg-confusion", "Every spelling of none, HMAC with a public key and an algorithm that does not fit the key are refused."},
			{"idtoken-key-substituted", "A key that the token brings along, a foreign and a weak one are refused."},
			{"idtoken-header-critical", "Extensions in the header are refused."},
			{"idtoken-of-another-type", "A token of another type, or an encrypted one, is no ID token."},
			{"idtoken-aud-malformed", "An audience that is missing, malformed or does not hold the client exactly is refused."},
			{"idtoken-azp", "Further audiences need the client as authorized party."},
			{"idtoken-sub-malformed", "A subject that is empty, no text, oversized or has control characters is refused."},
			{"idtoken-times-malformed", "Times that are missing, past or no numbers are refused."},
			{"idtoken-of-another-login", "A nonce that is missing or another login's is refused."},
			{"idtoken-at-hash", "A hash that does not fit the access token beside it is refused."},
			{"clock-behind", "A provider's clock may be behind by what CLOCK_SKEW says, and no more."},
			{"clock-ahead", "A provider's clock may be ahead by what CLOCK_SKEW says, and no more."},
		},
	},
	{
		Title: "Userinfo",
		Modes: []Mode{
			{"duplicate-member-userinfo", "Userinfo that names a member twice ends the login."},
			{"userinfo-refused", "Userinfo that is refused ends the login."},
			{"userinfo-failing", "Userinfo that fails or makes no sense ends the login, and no lasting one."},
			{"userinfo-signed", "Signed userinfo is refused, and the log says what to change."},
			{"userinfo-overrides", "Userinfo adds claims and overrides none of the ID token's."},
		},
	},
	{
		Title: "Refreshing and logging out",
		Modes: []Mode{
			{"refresh-refused", "invalid_grant ends the session."},
			{"refresh-failing", "An outage does not end the session, and the access token serves while it lives."},
			{"refresh-other-login", "A refreshed ID token with a nonce of another login ends the session."},
			{"refresh-reuse-detected", "However many requests come at once, a refresh token is redeemed once where the store can tell."},
			{"refresh-not-rotated", "A refresh token that is not replaced is kept."},
			{"end-session-failing", "A provider that is down or offers no logout keeps nobody from logging out here."},
		},
	},
	{
		Title: "Introspection",
		Modes: []Mode{
			{"introspection-malformed", "An answer that is no plain statement about the token lets nothing through."},
			{"introspection-failing", "A provider that cannot be asked leaves the token unverified: 503, and nothing is let through."},
			{"introspection-redirect", "A redirect is not followed, and neither the token nor the client's secret goes elsewhere."},
		},
	},
	{
		Title: "Providers of the broker",
		Modes: []Mode{
			{"broker-error-with-200", "An error with status 200 is an error, in JSON and in a form."},
			{"broker-answer-malformed", "A page, an empty token and what is no JSON are no success."},
			{"broker-provider-failing", "A provider that fails, refuses or cannot be reached is told as one of few codes, without its words."},
			{"broker-redirect", "A redirect of a provider is neither followed nor passed on."},
			{"broker-token-forged", "A token of somebody else's in the callback leads nowhere."},
		},
	},
}
