package broker

import (
	"errors"
	"net/http"
	"time"

	"gatehouse/core/broker/grant"
	"gatehouse/core/broker/provider"
	"gatehouse/core/problem"
)

// What the broker refuses with. Titles are the messages of the envelope, and of pages.
var (
	notFound         = &problem.Problem{Status: http.StatusNotFound, Code: "not_found", Title: "Not Found"}
	methodNotAllowed = &problem.Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Title: "Method not allowed"}
	crossSite        = &problem.Problem{Status: http.StatusForbidden, Code: "cross_site_request", Title: "This request came from another site"}
	rateLimited      = &problem.Problem{Status: http.StatusTooManyRequests, Code: "rate_limited", Title: "Rate limit exceeded", RetryAfter: time.Second}
	invalidRequest   = &problem.Problem{Status: http.StatusBadRequest, Code: "invalid_request", Title: "The request is malformed"}
	tooLarge         = &problem.Problem{Status: http.StatusRequestEntityTooLarge, Code: "invalid_request", Title: "The request is too large"}
	unknownProvider  = &problem.Problem{Status: http.StatusBadRequest, Code: "unknown_provider", Title: "Unknown provider"}
	invalidRedirect  = &problem.Problem{Status: http.StatusBadRequest, Code: "invalid_redirect", Title: "The redirect URI is not allowed"}
	invalidScope     = &problem.Problem{Status: http.StatusBadRequest, Code: "invalid_scope", Title: "The scope is not allowed"}
	invalidGrant     = &problem.Problem{Status: http.StatusBadRequest, Code: "invalid_grant", Title: "The code or verifier is not valid"}
	pending          = &problem.Problem{Status: http.StatusBadRequest, Code: "authorization_pending", Title: "The login is not completed yet"}
	slowDown         = &problem.Problem{Status: http.StatusBadRequest, Code: "slow_down", Title: "Ask less often: wait five seconds longer", RetryAfter: pollInterval}
	expiredToken     = &problem.Problem{Status: http.StatusBadRequest, Code: "expired_token", Title: "The login took too long"}
	invalidToken     = &problem.Problem{Status: http.StatusUnauthorized, Code: "invalid_token", Title: "Invalid or expired token", Challenge: "Bearer"}
	sessionExpired   = &problem.Problem{Status: http.StatusUnauthorized, Code: "session_expired", Title: "The session has ended at the provider", Challenge: "Bearer"}
	invalidApp       = &problem.Problem{Status: http.StatusUnauthorized, Code: "invalid_app", Title: "The application's key is missing or not known"}
	accessDenied     = &problem.Problem{Status: http.StatusForbidden, Code: "access_denied", Title: "Access was denied"}
	callNotAllowed   = &problem.Problem{Status: http.StatusForbidden, Code: "call_not_allowed", Title: "This call is not allowed"}
	alreadyCollected = &problem.Problem{Status: http.StatusGone, Code: "already_collected", Title: "This login was collected already"}
	providerError    = &problem.Problem{Status: http.StatusBadGateway, Code: "provider_error", Title: "The provider's answer was not usable"}
	unavailable      = &problem.Problem{Status: http.StatusBadGateway, Code: "provider_unavailable", Title: "The provider does not answer", RetryAfter: 5 * time.Second}
	busy             = &problem.Problem{Status: http.StatusServiceUnavailable, Code: "provider_busy", Title: "The provider asks to wait", RetryAfter: 5 * time.Second}
	storeUnavailable = &problem.Problem{Status: http.StatusServiceUnavailable, Code: "store_unavailable", Title: "The service is not available", RetryAfter: 5 * time.Second}
	loginExpired     = &problem.Problem{Status: http.StatusBadRequest, Code: "login_expired", Title: "This login has expired",
		Detail: "It was started too long ago or in another browser, was completed already, or this browser refuses cookies. Start again in the program."}
	unknownCode = &problem.Problem{Status: http.StatusBadRequest, Code: "unknown_code", Title: "This code is not known",
		Detail: "It was mistyped, has expired or was used. A new code may take a minute until it is known everywhere."}
)

// missing refuses a request that lacks a parameter.
func missing(name string) *problem.Problem {
	return &problem.Problem{Status: http.StatusBadRequest, Code: "missing_parameter", Title: "Missing required parameter: " + name}
}

// notConfigured refuses what needs a setting that is not there.
func notConfigured(setting string) *problem.Problem {
	return &problem.Problem{Status: http.StatusInternalServerError, Code: "not_configured", Title: setting + " not configured",
		Cause: errors.New(setting + " is not set")}
}

// problemOf maps what went wrong to what is said about it.
func problemOf(err error) *problem.Problem {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p
	}
	p = problem.Internal
	switch {
	case errors.Is(err, grant.ErrStore):
		p = storeUnavailable
	case errors.Is(err, grant.ErrHandle), errors.Is(err, grant.ErrEnded):
		p = invalidToken
	case errors.Is(err, grant.ErrTaken):
		p = alreadyCollected
	case errors.Is(err, grant.ErrNotFound):
		p = invalidGrant
	}
	var e *provider.Error
	if !errors.As(err, &e) {
		return p.With(err)
	}
	switch e.Kind {
	case provider.Pending:
		p = pending
	case provider.Denied:
		p = accessDenied
	case provider.Invalid:
		p = invalidGrant
	case provider.Expired:
		p = expiredToken
	case provider.Ended, provider.Unauthorized:
		p = sessionExpired
	case provider.NotAllowed:
		p = callNotAllowed
	case provider.Request, provider.Unsupported:
		p = invalidRequest
	case provider.Scope:
		p = invalidScope
	case provider.Unavailable:
		p = unavailable
	case provider.Busy:
		p = busy
	default:
		p = providerError
	}
	if e.RetryAfter > 0 {
		p = p.After(e.RetryAfter)
	}
	return p.With(err)
}
