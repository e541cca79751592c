package conformance

import (
	"context"
	"fmt"
	"io"
	"time"
)

// event is what happens between an answer's header and its body.
type event struct {
	advance time.Duration
	store   string   // profile that the store changes to
	request *request // sent by the same browser
}

func parseEvent(args []string) (event, error) {
	if len(args) != 2 {
		return event{}, fmt.Errorf("want advance DURATION, store PROFILE or METHOD TARGET")
	}
	switch args[0] {
	case "advance":
		d, err := time.ParseDuration(args[1])
		return event{advance: d}, err
	case "store":
		if profiles[args[1]] == nil {
			return event{}, fmt.Errorf("unknown profile")
		}
		return event{store: args[1]}, nil
	}
	target, err := parseText(args[1])
	return event{request: &request{method: args[0], target: target, kind: "navigate", site: "same-origin"}}, err
}

// meanwhile lets happen what the request says happens while its answer is under way.
func (p *play) meanwhile(ctx context.Context, instance Instance, r *request, s *scope) error {
	for _, e := range r.meanwhile {
		p.clock.advance(e.advance)
		if e.store != "" {
			p.recorder.use(profiles[e.store](p.store, p.clock.advance))
		}
		if e.request == nil {
			continue
		}
		req, err := e.request.build(ctx, s)
		if err != nil {
			return err
		}
		res, err := instance.RoundTrip(req)
		if err != nil {
			return fmt.Errorf("meanwhile: no answer: %w", err)
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode >= 400 {
			return fmt.Errorf("meanwhile: %s %s: status %d, %v", req.Method, req.RequestURI, res.StatusCode, err)
		}
	}
	return nil
}
