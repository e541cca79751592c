package refresh

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/secret"
)

// state is what a record says besides its tokens.
type state struct {
	// holder and until are the lease; holder is empty when there is none.
	holder string
	until  time.Time
	// failed is the last attempt that failed, or zero.
	failed time.Time
}

// recordVersion is the format in the store; other versions are no record.
const recordVersion = 1

// stored is the record's format. Times are milliseconds since 1970.
type stored struct {
	Version    int             `json:"v"`
	Ended      bool            `json:"ended,omitempty"`
	Generation int             `json:"generation,omitempty"`
	Access     string          `json:"access_token,omitempty"`
	Refresh    string          `json:"refresh_token,omitempty"`
	Expiry     int64           `json:"expiry,omitempty"`
	Obtained   int64           `json:"obtained,omitempty"`
	End        int64           `json:"end,omitempty"`
	Owner      json.RawMessage `json:"owner,omitempty"`
	Holder     string          `json:"lease,omitempty"`
	Until      int64           `json:"lease_until,omitempty"`
	Failed     int64           `json:"failed,omitempty"`
}

func (r *Record) encode() ([]byte, error) {
	return json.Marshal(stored{
		Version: recordVersion, Generation: r.Generation, Access: r.Access.Reveal(), Refresh: r.Refresh.Reveal(),
		Expiry: milli(r.Expiry), Obtained: milli(r.Obtained), End: milli(r.End), Owner: r.Owner,
		Holder: r.state.holder, Until: milli(r.state.until), Failed: milli(r.state.failed),
	})
}

// mark is a record that ended.
var mark = []byte(`{"v":` + strconv.Itoa(recordVersion) + `,"ended":true}`)

var errRecord = errors.New("refresh: not a record")

// decode reads a record. The error is ErrEnded for a mark, else errRecord.
func decode(ref string, found *kv.Found) (*Record, error) {
	var s stored
	if json.Unmarshal(found.Value, &s) != nil || s.Version != recordVersion {
		return nil, errRecord
	}
	if s.Ended {
		return nil, ErrEnded
	}
	if s.Access == "" {
		return nil, errRecord
	}
	return &Record{
		Tokens:     Tokens{Access: secret.New(s.Access), Refresh: secret.New(s.Refresh), Expiry: instant(s.Expiry), Owner: s.Owner},
		Generation: s.Generation, Obtained: instant(s.Obtained), End: instant(s.End), ref: ref, found: found,
		state: state{holder: s.Holder, until: instant(s.Until), failed: instant(s.Failed)},
	}, nil
}

func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(milli int64) time.Time {
	if milli == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milli)
}
