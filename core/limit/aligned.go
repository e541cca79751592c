package limit

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"time"

	"gatehouse/core/platform"
)

// prefix begins every key of this package in a store.
const prefix = "l:v1:"

// aligned returns the number of the window that covers now, and what is left of it:
// windows that every instance finds by the clock alone.
func aligned(now time.Time, per time.Duration) (number int64, left time.Duration) {
	since := now.UnixNano()
	return since / int64(per), per - time.Duration(since%int64(per))
}

// judge decides about the event that is the current one of its window, when the window
// before had previous and left is left of this one. A part of an earlier event counts
// whole, so that the edge between two windows lets no event more pass.
func judge(l platform.Limit, left time.Duration, current, previous int64) (wait time.Duration, ok bool) {
	count, per := int64(l.Count), int64(l.Per)
	if count < 1 {
		return max(l.Per, time.Second), false
	}
	// Refused events may have been counted; they weigh no more than a full window.
	previous = min(previous, count)
	carried := (previous*int64(left) + per - 1) / per
	if carried+current <= count {
		return 0, true
	}
	current = min(current, count)
	if room := count - current - 1; room >= 0 && previous > 0 {
		wait = left - time.Duration(room*per/previous)
	} else {
		wait = left + l.Per - time.Duration((count-1)*per/current)
	}
	return max(wait, time.Second), false
}

// Options configure the limiters whose counts are in a store. All are required.
type Options struct {
	// Secret is the deployment's: the names of clients are not in the store.
	Secret []byte
	Now    func() time.Time
	// Log learns of a store that fails.
	Log *slog.Logger
}

// names gives clients names that nobody can read who has not the secret.
type names struct{ key []byte }

func newNames(secret []byte) names {
	key, err := hkdf.Key(sha256.New, secret, nil, "gatehouse limits", sha256.Size)
	if err != nil {
		panic("limit: " + err.Error()) // lengths that SHA-256 does not have
	}
	return names{key}
}

// of returns a pseudonym of a client under a limit, with a number; keys of l.Name have no
// zero byte.
func (n names) of(l platform.Limit, client string, number int64) []byte {
	mac := hmac.New(sha256.New, n.key)
	mac.Write([]byte(l.Name + "\x00" + client + "\x00"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(number)))
	return mac.Sum(nil)[:16]
}

// patience is how long an event waits for a store.
const patience = time.Second

// bounded is ctx with no more than patience.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}

// key is a store's key for a pseudonym.
func key(pseudonym []byte) string { return prefix + base64.RawURLEncoding.EncodeToString(pseudonym) }
