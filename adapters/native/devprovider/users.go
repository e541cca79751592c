package devprovider

import (
	"crypto/subtle"
	"fmt"
	"strings"
)

// User can sign in with Username and Password.
type User struct {
	Username, Password, Subject, Name, GivenName, FamilyName, Email string
	Roles                                                           []string
}

// DefaultUsers returns alice, who has the role admin, and bob, who has none. Both
// have the password "password".
func DefaultUsers() []User {
	return []User{
		{Username: "alice", Password: "password", Subject: "100000000000000001", Name: "Alice Archer",
			GivenName: "Alice", FamilyName: "Archer", Email: "alice@example.com", Roles: []string{"admin"}},
		{Username: "bob", Password: "password", Subject: "100000000000000002", Name: "Bob Baker",
			GivenName: "Bob", FamilyName: "Baker", Email: "bob@example.com"},
	}
}

// users is not changed after newUsers, so it needs no lock.
type users []User

func newUsers(list []User) (users, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("devprovider: no users")
	}
	names, subjects := map[string]bool{}, map[string]bool{}
	for _, u := range list {
		if u.Username == "" || u.Subject == "" || names[u.Username] || subjects[u.Subject] {
			return nil, fmt.Errorf("devprovider: user %q needs a username and a subject of their own", u.Username)
		}
		// The library joins token id and subject with a colon in opaque tokens.
		if strings.Contains(u.Subject, ":") {
			return nil, fmt.Errorf("devprovider: subject of user %q contains a colon", u.Username)
		}
		names[u.Username], subjects[u.Subject] = true, true
	}
	return append(users(nil), list...), nil
}

// authenticate returns the user with these credentials.
func (us users) authenticate(username, password string) (User, bool) {
	for _, u := range us {
		if u.Username == username && subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1 {
			return u, true
		}
	}
	return User{}, false
}

func (us users) bySubject(subject string) (User, bool) {
	for _, u := range us {
		if u.Subject == subject {
			return u, true
		}
	}
	return User{}, false
}
