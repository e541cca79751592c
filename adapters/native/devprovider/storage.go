package devprovider

import (
	"context"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	requestLifetime      = 10 * time.Minute
	codeLifetime         = time.Minute
	idTokenLifetime      = time.Hour
	accessTokenLifetime  = 5 * time.Minute
	refreshTokenLifetime = 24 * time.Hour
	sessionLifetime      = 12 * time.Hour

	maxRequests = 1000
	maxCodes    = 1000
	maxTokens   = 5000
	maxSessions = 1000
)

var authMethods = []string{"pwd"}

// storage implements op.Storage in memory. Its methods are beside the concept that
// they are about.
type storage struct {
	client       *client
	users        users
	key          *signingKey
	backChannel  *backChannel  // nil: nobody is told of sessions that end
	accessTokens time.Duration // lifetime

	mu       sync.Mutex // guards what follows
	requests *expiring[authRequest]
	codes    *expiring[code]
	access   *expiring[token] // by token id
	refresh  *expiring[token] // by the token itself
	sessions *expiring[session]
}

var (
	_ op.Storage                        = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
	_ op.CanTerminateSessionFromRequest = (*storage)(nil)
)

func newStorage(c *client, u users, key *signingKey, told *backChannel, accessTokens time.Duration) *storage {
	return &storage{
		client: c, users: u, key: key, backChannel: told, accessTokens: accessTokens,
		requests: newExpiring[authRequest](maxRequests),
		codes:    newExpiring[code](maxCodes),
		access:   newExpiring[token](maxTokens),
		refresh:  newExpiring[token](maxTokens),
		sessions: newExpiring[session](maxSessions),
	}
}

// Health implements op.Storage.
func (s *storage) Health(context.Context) error { return nil }
