package identity_test

import (
	"context"
	"testing"

	"gatehouse/core/identity"
)

func TestContext(t *testing.T) {
	alice := &identity.Identity{Subject: "alice"}
	for _, test := range []struct {
		name string
		ctx  context.Context
		want *identity.Identity
	}{
		{"nobody", t.Context(), nil},
		{"alice", identity.WithContext(t.Context(), alice), alice},
		{"nil is nobody", identity.WithContext(t.Context(), nil), nil},
		{"nil hides alice", identity.WithContext(identity.WithContext(t.Context(), alice), nil), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := identity.FromContext(test.ctx); got != test.want || ok != (test.want != nil) {
				t.Errorf("got %v, %v", got, ok)
			}
		})
	}
}
