// Package stepup is what may be demanded of a login besides who it is of: how the user
// was authenticated (acr) and how recently (auth_time); OpenID Connect Core 1.0, section
// 3.1.2.1, and RFC 9470.
//
// It guarantees that the zero [Login], and one that the provider said nothing about, meets
// no demand but the empty one.
package stepup

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reasons why a login does not meet a demand.
const (
	ReasonACR    = "acr is none of those that were asked for"
	ReasonNoTime = "auth_time is missing, malformed or in the future although max_age was asked for"
	ReasonAge    = "the user was authenticated longer ago than max_age"
)

// Demand is what a login must be. The zero Demand is met by every login.
type Demand struct {
	// ACR are the authentication context class references, one of which is wanted; each
	// is a [ValidACR]. Empty means any.
	ACR []string
	// MaxAge is how long ago the user may have been authenticated, in whole seconds; 0
	// means any time.
	MaxAge time.Duration
}

// Login is how a user was authenticated, as the provider said.
type Login struct {
	ACR string // "" when it did not say
	// Time is auth_time, zero when it did not say.
	Time time.Time
}

// Empty reports whether every login meets d.
func (d Demand) Empty() bool { return len(d.ACR) == 0 && d.MaxAge == 0 }

// Unmet returns the reason why l does not meet d at now, or "". skew is how far the
// provider's clock may be from ours. It allocates nothing.
func (d Demand) Unmet(l Login, now time.Time, skew time.Duration) string {
	if len(d.ACR) > 0 && (l.ACR == "" || !slices.Contains(d.ACR, l.ACR)) {
		return ReasonACR
	}
	if d.MaxAge == 0 {
		return ""
	}
	switch {
	case l.Time.IsZero() || l.Time.After(now.Add(skew)):
		return ReasonNoTime
	case now.Sub(l.Time) > d.MaxAge+skew:
		return ReasonAge
	}
	return ""
}

// And returns the demand that is met by what meets both. ok is false when nothing can.
func (d Demand) And(e Demand) (both Demand, ok bool) {
	both = Demand{ACR: d.ACR, MaxAge: d.MaxAge}
	if d.MaxAge == 0 || e.MaxAge != 0 && e.MaxAge < d.MaxAge {
		both.MaxAge = e.MaxAge
	}
	switch {
	case len(d.ACR) == 0:
		both.ACR = e.ACR
	case len(e.ACR) > 0:
		both.ACR = nil
		for _, v := range d.ACR {
			if slices.Contains(e.ACR, v) {
				both.ACR = append(both.ACR, v)
			}
		}
		if len(both.ACR) == 0 {
			return Demand{}, false
		}
	}
	return both, true
}

// ACRValues is the parameter acr_values, "" for none.
func (d Demand) ACRValues() string { return strings.Join(d.ACR, " ") }

// MaxAgeSeconds is the parameter max_age, "" for none.
func (d Demand) MaxAgeSeconds() string {
	if d.MaxAge == 0 {
		return ""
	}
	return strconv.FormatInt(int64(d.MaxAge/time.Second), 10)
}

// Challenge is the WWW-Authenticate value of RFC 9470, section 3.
func (d Demand) Challenge() string {
	s := `Bearer error="insufficient_user_authentication"`
	if v := d.ACRValues(); v != "" {
		s += `, acr_values="` + v + `"`
	}
	if v := d.MaxAgeSeconds(); v != "" {
		s += `, max_age="` + v + `"`
	}
	return s
}

// ValidACR reports whether s can be one of acr_values: visible ASCII that needs no
// escape in a challenge.
func ValidACR(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// MaxText is the longest [Demand.Text] that is parsed.
const MaxText = 256

// Text is d in one line, for a sealed place: max_age, then acr_values, divided by a blank.
// It is "" for the empty demand.
func (d Demand) Text() string {
	if d.Empty() {
		return ""
	}
	age := d.MaxAgeSeconds()
	if age == "" {
		age = "0"
	}
	return strings.TrimSuffix(age+" "+d.ACRValues(), " ")
}

// Parse reads [Demand.Text]. ok is false for what that does not return.
func Parse(text string) (d Demand, ok bool) {
	if text == "" {
		return Demand{}, true
	}
	age, values, several := strings.Cut(text, " ")
	seconds, err := strconv.ParseUint(age, 10, 31)
	if err != nil || len(text) > MaxText {
		return Demand{}, false
	}
	d.MaxAge = time.Duration(seconds) * time.Second
	if several {
		d.ACR = strings.Split(values, " ")
	}
	for _, v := range d.ACR {
		if !ValidACR(v) {
			return Demand{}, false
		}
	}
	if d.Text() != text {
		return Demand{}, false
	}
	return d, true
}
