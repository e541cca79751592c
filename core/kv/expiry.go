package kv

import (
	"encoding/binary"
	"time"
)

// Expiry reads the expiry of a stored envelope without opening it, for sweepers of
// stores that expire nothing by themselves. Nothing may be decided by it but whether to
// keep the value: who can write to the store can write any time. ok is false when raw is
// no envelope.
func Expiry(raw []byte) (expiry time.Time, ok bool) {
	if len(raw) < headerSize || raw[0] != envelopeVersion {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw[1:]))), true
}
