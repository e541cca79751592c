package platform_test

import (
	"context"
	"net/http"
	"testing"

	"gatehouse/core/platform"
)

func TestWhatLasts(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		length string
		want   bool
	}{
		{"GET", 200, "", true}, {"GET", 200, "1048576", false}, {"GET", 200, "1048577", true}, {"GET", 200, "0", false},
		{"GET", 200, "many", true}, {"HEAD", 200, "", false}, {"GET", 101, "", true}, {"POST", 204, "", false}, {"GET", 304, "", false},
		{"GET", 205, "", false}, {"GET", 500, "", true},
	} {
		header := http.Header{}
		if c.length != "" {
			header.Set("Content-Length", c.length)
		}
		out := &http.Request{Method: c.method}
		if platform.Lasts(out, c.status, header) {
			t.Errorf("%v lasts though nobody asks", c)
		}
		if got := platform.Lasts(out.WithContext(platform.Bind(context.Background())), c.status, header); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
}
