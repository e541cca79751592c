package rest

import (
	"errors"
	"net/url"

	"gatehouse/core/config"
	"gatehouse/core/secret"
)

// Name is the value of the setting STORE that chooses this store.
const Name = "rest"

// Config is what a driver needs of a platform's configuration.
type Config struct {
	// URL is absolute, https or on a loopback address, without user, query and
	// fragment.
	URL   *url.URL
	Token secret.Text
}

// Fields is the table of the driver's settings; parsing them fills c.
func Fields(c *Config, section string) []config.Field {
	return []config.Field{
		{Name: "STORE_URL", Section: section,
			Doc:  "Address of STORE=rest, a Redis service that is spoken to by its REST interface. Only this host is asked. https, or http on a loopback address.",
			Hint: "copy the REST URL from the Redis service, for example STORE_URL=https://name.example",
			Set:  config.Endpoint(&c.URL)},
		{Name: "STORE_TOKEN", Secret: true, Section: section,
			Doc:  "Token that the Redis service of STORE_URL accepts, for reading and writing.",
			Hint: "copy the REST token, not the read-only one, from the Redis service",
			Set: func(v string) error {
				for i := 0; i < len(v); i++ {
					if v[i] <= 0x20 || v[i] >= 0x7f {
						return errors.New("has a blank or a character that no token has")
					}
				}
				c.Token = secret.New(v)
				return nil
			}},
	}
}

// Check finds what is missing, or superfluous, where the setting STORE is store. known
// are the mistakes found so far.
func (c *Config) Check(store string, known config.Errors) (errs config.Errors) {
	for _, s := range []struct {
		name  string
		isSet bool
	}{{"STORE_URL", c.URL != nil}, {"STORE_TOKEN", !c.Token.Empty()}} {
		switch {
		case known.Has(s.name) || known.Has("STORE"):
		case store == Name && !s.isSet:
			errs = append(errs, &config.Error{Name: s.name, Problem: "is required with STORE=" + Name, Hint: "copy REST URL and REST token from the Redis service"})
		case store != Name && s.isSet:
			errs = append(errs, &config.Error{Name: s.name, Problem: "is set although STORE is " + store, Hint: "set STORE=rest, or remove it"})
		}
	}
	return errs
}
