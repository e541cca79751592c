package revocation_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"testing"

	"gatehouse/core/revocation"
	"gatehouse/core/secret"
)

func TestTheRefreshTokenGoesFirst(t *testing.T) {
	failed := errors.New("failed")
	ended, end := context.WithCancel(context.Background())
	end()
	for _, c := range []struct {
		name            string
		ctx             context.Context
		refresh, access string
		err             error
		want            []string
		wantErr         error
	}{
		{"both", context.Background(), "r", "a", nil, []string{"token=r&token_type_hint=refresh_token", "token=a&token_type_hint=access_token"}, nil},
		{"both, and the endpoint fails", context.Background(), "r", "a", failed, []string{"token=r&token_type_hint=refresh_token", "token=a&token_type_hint=access_token"}, failed},
		{"no refresh token", context.Background(), "", "a", nil, []string{"token=a&token_type_hint=access_token"}, nil},
		{"no token", context.Background(), "", "", failed, nil, nil},
		{"too late", ended, "r", "a", nil, nil, context.Canceled},
	} {
		var asked []string
		err := revocation.Tokens(c.ctx, secret.New(c.refresh), secret.New(c.access), func(_ context.Context, form url.Values) error {
			asked = append(asked, form.Encode())
			return c.err
		})
		if !slices.Equal(asked, c.want) || !errors.Is(err, c.wantErr) || (err == nil) != (c.wantErr == nil) {
			t.Errorf("%s: asked %q, %v", c.name, asked, err)
		}
	}
}

func TestWhichAnswersEndIt(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   bool
	}{
		{200, "", true}, {204, "", true}, {400, "unsupported_token_type", true}, {400, "invalid_token", true},
		{400, "invalid_request", false}, {400, "", false}, {401, "invalid_client", false}, {302, "", false}, {503, "", false},
		{500, "unsupported_token_type", false},
	} {
		if got := revocation.Done(c.status, c.code); got != c.want {
			t.Errorf("%d %q: %v", c.status, c.code, got)
		}
	}
}
