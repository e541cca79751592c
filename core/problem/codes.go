package problem

import (
	"net/http"
	"time"
)

// Requests that are wrong in themselves.
var (
	InvalidPath = &Problem{Status: http.StatusBadRequest, Code: "invalid_path",
		Title: "This address is not valid", Detail: "The path contains characters or sequences that are not accepted."}
	HeaderTooLarge = &Problem{Status: http.StatusRequestHeaderFieldsTooLarge, Code: "header_too_large",
		Title: "The request is too large", Detail: "The browser sent too many or too large headers. Removing this site's cookies usually helps."}
	MethodNotAllowed = &Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
		Title: "Method not allowed", Detail: "This address does not answer to this method."}
	RateLimited = &Problem{Status: http.StatusTooManyRequests, Code: "rate_limited",
		Title: "Too many attempts", Detail: "Please wait a moment and try again.", RetryAfter: time.Second}
	InvalidLogout = &Problem{Status: http.StatusBadRequest, Code: "invalid_logout",
		Title: "This logout is not valid", Detail: "It does not name the identity provider and one of its sessions."}
	CrossSite = &Problem{Status: http.StatusForbidden, Code: "cross_site_request",
		Title: "This request came from another site", Detail: "It was not carried out. Use the button on this site's own page."}
)

// Access.
var (
	LoginRequired = &Problem{Status: http.StatusUnauthorized, Code: "login_required", Challenge: "Bearer",
		Title: "Login required", Detail: "This address needs a login."}
	// StrongerLogin has a challenge that depends on what is demanded (RFC 9470, section 3).
	StrongerLogin = &Problem{Status: http.StatusUnauthorized, Code: "insufficient_user_authentication", Challenge: `Bearer error="insufficient_user_authentication"`,
		Title: "A stronger or more recent login is required", Detail: "You are logged in. This address needs a login by other means, or one that is not as long ago."}
	NotPermitted = &Problem{Status: http.StatusForbidden, Code: "not_permitted",
		Title: "Your account does not have access", Detail: "You are logged in, but this account may not do this. Use another account, or ask an administrator for access and name the reference below."}
	IdentityTooLarge = &Problem{Status: http.StatusForbidden, Code: "identity_too_large",
		Title: "Your account has too many groups", Detail: "What the identity provider says about your account does not fit into a request. An administrator can limit the groups that are sent."}
)

// Access tokens in the Authorization header (RFC 6750, section 3.1). Their challenges
// depend on what is wrong.
var (
	InvalidRequest = &Problem{Status: http.StatusBadRequest, Code: "invalid_request",
		Title: "The credentials are ambiguous", Detail: "Send one Authorization header."}
	InvalidToken = &Problem{Status: http.StatusUnauthorized, Code: "invalid_token", Challenge: `Bearer error="invalid_token"`,
		Title: "The access token is not valid", Detail: "It is malformed, expired, revoked or meant for something else."}
	InvalidProof = &Problem{Status: http.StatusUnauthorized, Code: "invalid_dpop_proof", Challenge: `DPoP error="invalid_dpop_proof"`,
		Title: "The proof for the access token is not valid", Detail: "The DPoP header is missing, malformed, too old, used before, or made for another request or key."}
	InsufficientScope = &Problem{Status: http.StatusForbidden, Code: "insufficient_scope",
		Title: "The access token does not reach far enough", Detail: "It lacks a scope that this address needs."}
	TokenUnverified = &Problem{Status: http.StatusServiceUnavailable, Code: "token_unverified", RetryAfter: 5 * time.Second,
		Title: "The access token cannot be verified", Detail: "The identity provider does not answer. Please try again in a moment."}
)

// Logins that did not succeed.
var (
	InvalidInitiation = &Problem{Status: http.StatusBadRequest, Code: "invalid_initiation", Restart: true,
		Title: "This login could not be started", Detail: "The site that sent you here named another identity provider, or its request was malformed. You can start the login here."}
	LoginExpired = &Problem{Status: http.StatusBadRequest, Code: "login_expired", Restart: true,
		Title: "This login has expired", Detail: "It was started too long ago or in another browser, was completed already, or this browser refuses cookies. Please start again."}
	InvalidResponse = &Problem{Status: http.StatusBadRequest, Code: "invalid_response", Restart: true,
		Title: "This login could not be completed", Detail: "The answer of the identity provider was incomplete or malformed. Please start again."}
	IssuerMismatch = &Problem{Status: http.StatusBadRequest, Code: "issuer_mismatch", Restart: true,
		Title: "This login could not be completed", Detail: "The answer came from another identity provider than the one that was asked. Please start again."}
	AccessDenied = &Problem{Status: http.StatusForbidden, Code: "access_denied", Restart: true,
		Title: "Access was denied", Detail: "The identity provider did not let this login through, or it was cancelled."}
	ProviderRefused = &Problem{Status: http.StatusBadRequest, Code: "provider_error", Restart: true,
		Title: "This login could not be completed", Detail: "The identity provider reported an error. Please start again."}
	CodeRefused = &Problem{Status: http.StatusBadRequest, Code: "code_refused", Restart: true,
		Title: "This login could not be completed", Detail: "The identity provider did not accept the answer of this browser. Please start again."}
	TokenUnusable = &Problem{Status: http.StatusBadGateway, Code: "token_unusable", Restart: true,
		Title: "This login could not be completed", Detail: "The access token that the identity provider gave for this login is not one that this service accepts. An administrator has to look at its configuration."}
	TokenRefused = &Problem{Status: http.StatusBadGateway, Code: "token_refused", Restart: true,
		Title: "This login could not be completed", Detail: "The identity provider refused this service. An administrator has to look at its configuration."}
	LoginTooWeak = &Problem{Status: http.StatusForbidden, Code: "login_too_weak", Restart: true,
		Title: "This login is not enough", Detail: "The address that you asked for needs a stronger or more recent login than the identity provider vouches for. Start again and use the means that it offers, or ask an administrator and name the reference below."}
	IDTokenInvalid = &Problem{Status: http.StatusBadGateway, Code: "id_token_invalid", Restart: true,
		Title: "This login could not be completed", Detail: "The identity provider's statement about your account could not be verified."}
)

// Parts that Gatehouse needs and did not get.
var (
	ProviderUnavailable = &Problem{Status: http.StatusBadGateway, Code: "provider_unavailable", RetryAfter: 5 * time.Second,
		Title: "The identity provider does not answer", Detail: "Please try again in a moment."}
	StoreUnavailable = &Problem{Status: http.StatusServiceUnavailable, Code: "store_unavailable", RetryAfter: 5 * time.Second,
		Title: "The service is not available", Detail: "Sessions cannot be read or written at the moment. Please try again."}
	UpstreamUnreachable = &Problem{Status: http.StatusBadGateway, Code: "upstream_unreachable", RetryAfter: 5 * time.Second,
		Title: "The application does not answer", Detail: "Please try again in a moment."}
	UpstreamTimeout = &Problem{Status: http.StatusGatewayTimeout, Code: "upstream_timeout",
		Title: "The application took too long", Detail: "Please try again in a moment."}
	UpgradeUnsupported = &Problem{Status: http.StatusNotImplemented, Code: "upgrade_unsupported",
		Title: "Connection upgrades are not available", Detail: "This deployment cannot pass on WebSocket connections."}
	RequestBody = &Problem{Status: http.StatusBadRequest, Code: "request_body",
		Title: "The request's content could not be read", Detail: "It ended early or was malformed."}
	Internal = &Problem{Status: http.StatusInternalServerError, Code: "internal_error",
		Title: "Something went wrong", Detail: "The reference below helps to find the cause."}
)
