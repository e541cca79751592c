package provider

// google gives a refresh token only for offline access, and then only with consent.
var google = Definition{
	Name: "google", Title: "Google",
	Issuer:                "https://accounts.google.com",
	AuthorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth",
	TokenEndpoint:         "https://oauth2.googleapis.com/token",
	UserinfoEndpoint:      "https://openidconnect.googleapis.com/v1/userinfo",
	RevocationEndpoint:    "https://oauth2.googleapis.com/revoke",
	API:                   "https://www.googleapis.com",
	ClientAuth:            "client_secret_post",
	Scopes:                []string{"openid", "email", "profile"},
	Calls:                 []string{"GET /oauth2/v3/userinfo"},
	Parameters:            map[string]string{"access_type": "offline", "prompt": "consent"},
	NameMembers:           []string{"email", "name"},
	NeedsSecret:           true,
}
