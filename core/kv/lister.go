package kv

import "context"

// Lister is implemented by drivers whose store can enumerate keys. It serves
// sweeping and administration; nothing on the path of a request needs it.
type Lister interface {
	// List returns at most limit keys, at least 1, that begin with prefix, in no
	// particular order, and a cursor for the next page, empty when there is none. A page MAY
	// be empty although a further one is not. Keys written or deleted during the
	// enumeration MAY or may not appear; a key MAY occur on two pages.
	List(ctx context.Context, prefix, cursor string, limit int) (keys []string, next string, err error)
}
