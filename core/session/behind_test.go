package session_test

import (
	"context"
	"testing"
	"time"

	"gatehouse/core/kv"
	"gatehouse/core/session"
)

// behind is a store whose reads see what stood there a minute ago, a miss included.
type behind struct {
	kv.Memory
	written map[string][]version
}

type version struct {
	at    time.Time
	value []byte
}

func (b *behind) Put(_ context.Context, key string, value []byte, _ time.Time) error {
	b.written[key] = append(b.written[key], version{b.Now(), value})
	return nil
}

func (b *behind) Get(_ context.Context, key string) (value []byte, err error) {
	err = kv.ErrNotFound
	for _, v := range b.written[key] {
		if !v.at.After(b.Now().Add(-time.Minute)) {
			value, err = v.value, nil
		}
	}
	return value, err
}

// A store that is 60 seconds behind, and the memory of another process: a logout in one
// process is what the other goes by after 65 seconds, if it read the session just before the
// store showed the end.
func TestAnotherProcessOnAStoreThatIsBehindForgetsWithin65Seconds(t *testing.T) {
	for name, end := range map[string]func(r *rig, s *session.Sessions, ref string) error{
		"logout": func(_ *rig, s *session.Sessions, ref string) error { _, err := s.End(t.Context(), ref); return err },
		"back-channel": func(r *rig, s *session.Sessions, _ string) error {
			return s.EndAll(t.Context(), session.Ending{SessionID: "sid-1", Issued: r.now(), Token: "j"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, session.Browser, false)
			store := &behind{Memory: kv.Memory{Now: r.now}, written: map[string][]version{}}
			all := r.marked(2, plain{store})
			b, begun := logsIn(t, all[0], "sid-1", start)
			r.pass(10 * time.Minute) // the hand-over cookie is over, the store shows the session
			if err := end(r, all[0], begun.Ref); err != nil {
				t.Fatal(err)
			}
			if lives(t, all[0], b) {
				t.Error("the process that ended it accepts it")
			}
			r.pass(time.Minute - time.Millisecond)
			if !lives(t, all[1], b) {
				t.Error("refused before the store shows the end: the store is not behind")
			}
			r.pass(5*time.Second - time.Millisecond)
			if !lives(t, all[1], b) {
				t.Error("refused before five seconds: memory does not take part")
			}
			r.pass(2 * time.Millisecond)
			if lives(t, all[1], b) {
				t.Error("accepted after 65 seconds")
			}
		})
	}
}
