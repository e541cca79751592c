package rest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"gatehouse/core/kv"
)

// scanCount is how many keys, of any prefix, the service is asked to look at for one
// page. It is the same for every page: a cursor stands for a part of the keys together
// with it.
const scanCount = 500

// ErrCursor is returned for a cursor that no List returned.
var ErrCursor = errors.New("rest: not a cursor")

// List implements [kv.Lister]. Redis may return more keys than were asked for; a page
// that is too long is cut, and what is left of it asked for again. A cursor is that
// of SCAN, followed by a colon and the last key if its page was cut. While the number
// of keys in the database changes much, a key may occur in two pages.
func (d *Driver) List(ctx context.Context, prefix, cursor string, limit int) (keys []string, next string, err error) {
	if cursor == "" {
		cursor = "0"
	}
	at, last, _ := strings.Cut(cursor, ":")
	if !isCursor(at) {
		return nil, "", ErrCursor
	}
	result, err := d.command(ctx, "SCAN", at, "MATCH", glob.Replace(prefix)+"*", "COUNT", strconv.Itoa(scanCount))
	if err != nil {
		return nil, "", err
	}
	next, found, ok := result.page()
	if !ok {
		return nil, "", unexpected("SCAN")
	}
	slices.Sort(found)
	for _, key := range slices.Compact(found) {
		switch {
		case !kv.ValidKey(key) || !strings.HasPrefix(key, prefix) || key <= last:
		case len(keys) >= max(limit, 1):
			return keys, at + ":" + keys[len(keys)-1], nil
		default:
			keys = append(keys, key)
		}
	}
	if next == "0" {
		next = ""
	}
	return keys, next, nil
}

// page returns the two parts of SCAN's result.
func (r result) page() (next string, keys []string, ok bool) {
	parts, ok := r.list()
	if !ok || len(parts) != 2 {
		return "", nil, false
	}
	next, ok = parts[0].text()
	if !ok || !isCursor(next) {
		return "", nil, false
	}
	items, ok := parts[1].list()
	for _, item := range items {
		key, isText := item.text()
		if !isText {
			return "", nil, false
		}
		keys = append(keys, key)
	}
	return next, keys, ok
}

// isCursor reports whether s is an unsigned number of 64 bits.
func isCursor(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// glob quotes what has a meaning in a pattern of Redis.
var glob = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
