package rest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/core/kv/rest"
)

func TestCount(t *testing.T) {
	d, s := open(t, answers(200, ` [{"result":3},{"result":1},{"result":"12"},{"result":null}] `))
	n, err := d.Count(t.Context(), "a", now.Add(time.Second+1), "b", "c")
	if err != nil || !slices.Equal(n, []int64{3, 12, 0}) {
		t.Errorf("got %d, %v", n, err)
	}
	if s.calls != 1 || s.body != `[["INCR","a"],["PEXPIRE","a","1001"],["GET","b"],["GET","c"]]` || s.seen.Method != "POST" ||
		s.seen.URL.String() != "https://store.example/redis/multi-exec" || s.seen.Header.Get("Authorization") != "Bearer "+token {
		t.Errorf("sent %s to %s", s.body, s.seen.URL)
	}
}

func TestCountOfOtherAnswers(t *testing.T) {
	for body, want := range map[string]error{
		`[]`:             rest.ErrProtocol,
		`[{"result":1}]`: rest.ErrProtocol,
		`[{"result":1},{"result":1},{"result":null},{"result":null}]`:                                   rest.ErrProtocol,
		`[{"result":"1"},{"result":1},{"result":null}]`:                                                 rest.ErrProtocol,
		`[{"result":1},{"result":null},{"result":null}]`:                                                rest.ErrProtocol,
		`[{"result":1},{"result":1},{"result":"x"}]`:                                                    rest.ErrProtocol,
		`[{"result":1},{"result":1},{"result":2}]`:                                                      rest.ErrProtocol,
		`[{"result":1},{"result":1},7]`:                                                                 rest.ErrProtocol,
		`[{"result":1},{"result":1},{"result":null}`:                                                    rest.ErrProtocol,
		`[{"error":"WRONGTYPE Operation against '` + key + `'"},{"result":1},{"result":null}]`:          rest.ErrRefused,
		`{"error":"EXECABORT Transaction discarded because of previous errors, was ` + key + ` 1 2 3"}`: rest.ErrRefused,
	} {
		d, _ := open(t, answers(200, body))
		n, err := d.Count(t.Context(), key, now.Add(time.Hour), "b")
		if n != nil || !errors.Is(err, want) || strings.Contains(err.Error(), "q7marker7q") {
			t.Errorf("%s: got %d, %v", body, n, err)
		}
	}
}
