package provider

// spotify has no revocation endpoint; with a secret it may leave out the refresh token
// when refreshing, and the old one stays.
var spotify = Definition{
	Name: "spotify", Title: "Spotify",
	AuthorizationEndpoint: "https://accounts.spotify.com/authorize",
	TokenEndpoint:         "https://accounts.spotify.com/api/token",
	UserinfoEndpoint:      "https://api.spotify.com/v1/me",
	API:                   "https://api.spotify.com",
	Calls:                 []string{"GET /v1/*"},
	NameMembers:           []string{"display_name", "id"},
	LoopbackIP:            true,
}
