package login_test

import (
	"strings"
	"testing"

	"gatehouse/core/login"
	"gatehouse/core/seal"
	"gatehouse/core/stepup"
)

func TestAStateTellsItsReturnPathWithoutTheCookie(t *testing.T) {
	r := newRig(t, false)
	for path, want := range map[string]string{
		"/": "/", "/a": "/a", "/reports?year=2&x=%2F": "/reports?year=2&x=%2F",
		"/" + strings.Repeat("a", 113): "/" + strings.Repeat("a", 113),
		"/" + strings.Repeat("a", 114): "/", // the state would have more than 255 bytes
	} {
		x, _ := r.Start(nil, origin, path, stepup.Demand{})
		if x.ReturnPath != path || len(x.State) > 255 || want == "/" && len(x.State) != 43 {
			t.Errorf("%s: %+v, %d bytes", path, x, len(x.State))
		}
		if strings.Contains(x.State, "reports") {
			t.Errorf("%s is readable", x.State)
		}
		if got := r.ReturnPath(x.State); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Nobody but this deployment writes a path into a state, and each belongs to one state.
func TestStatesThatTellNothing(t *testing.T) {
	r := newRig(t, false)
	x, _ := r.Start(nil, origin, "/a", stepup.Demand{})
	y, _ := r.Start(nil, origin, "/b", stepup.Demand{})
	drawn, other := x.State[:43], y.State[:43]
	states := map[string]string{
		"none": "", "drawn only": drawn, "cut off": x.State[:len(x.State)-1], "longer": x.State + "A", "line break": x.State + "\n",
		"path in clear": drawn + "/evil", "path of another state": other + x.State[43:], "another purpose": drawn + r.keys.SealText(seal.LoginCookie, drawn, []byte("/evil")),
		"too long": drawn + r.keys.SealText(seal.LoginState, drawn, []byte("/"+strings.Repeat("a", 200))),
	}
	foreign, err := seal.NewKeyring([]byte("test only: another secret of 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	states["another deployment's"] = drawn + foreign.SealText(seal.LoginState, drawn, []byte("/evil"))
	for i := range x.State {
		changed := []byte(x.State)
		changed[i] ^= 1
		states["changed at "+string(rune('0'+i%10))+x.State[i:]] = string(changed)
	}
	for name, state := range states {
		if got := r.ReturnPath(state); got != "/" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A cookie opens with the whole state only.
func TestTheSealedPartOfAStateIsPartOfIt(t *testing.T) {
	r, b := newRig(t, false), &browser{}
	x := r.start(b, "/a")
	y, _ := r.Start(nil, origin, "/b", stepup.Demand{})
	r.has(t, b, y, false)
	for _, state := range []string{x.State[:43], x.State[:43] + y.State[43:], x.State[:len(x.State)-1]} {
		if _, err := r.Find(b.lines(), state); err != login.ErrNone {
			t.Errorf("%s: %v", state, err)
		}
	}
	if got, err := r.Find(b.lines(), x.State); err != nil || got.State != x.State {
		t.Errorf("%+v, %v", got, err)
	}
}
