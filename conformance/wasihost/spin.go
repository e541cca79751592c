package wasihost

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"gatehouse/core/kv"
)

// kvStore is a resource of fermyon:spin/key-value.
type kvStore struct{ driver kv.Driver }

// Cases of the error of fermyon:spin/key-value.
const (
	noSuchStore  = 1
	otherKVError = 3
)

func kvFailure(err error) choice { return failed(choice{otherKVError, err.Error()}) }

// forEver is how long a value is kept: the interface knows no expiry.
const forEver = 100 * 365 * 24 * time.Hour

// value returns what is under a key; found is false if nothing is.
func (s *kvStore) value(in *instance, key string) (v []byte, found bool, err error) {
	v, err = s.driver.Get(in.ctx, key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, false, nil
	}
	return v, err == nil, err
}

// done is the result of a write.
func done(err error) any {
	if err != nil {
		return kvFailure(err)
	}
	return ok(nil)
}

var _ = implement("fermyon:spin/key-value", map[string]func(in *instance, args []any) any{
	"[static]store.open": func(in *instance, args []any) any {
		if args[0].(string) != "default" || in.env.Store == nil {
			return failed(choice{number: noSuchStore})
		}
		return ok(&kvStore{in.env.Store})
	},
	"[method]store.get": func(in *instance, args []any) any {
		v, found, err := args[0].(*kvStore).value(in, args[1].(string))
		switch {
		case err != nil:
			return kvFailure(err)
		case !found:
			return ok(none)
		}
		return ok(some(v))
	},
	"[method]store.set": func(in *instance, args []any) any {
		return done(args[0].(*kvStore).driver.Put(in.ctx, args[1].(string), args[2].([]byte), in.env.Now().Add(forEver)))
	},
	"[method]store.delete": func(in *instance, args []any) any {
		return done(args[0].(*kvStore).driver.Delete(in.ctx, args[1].(string)))
	},
	"[method]store.exists": func(in *instance, args []any) any {
		_, found, err := args[0].(*kvStore).value(in, args[1].(string))
		if err != nil {
			return kvFailure(err)
		}
		return ok(found)
	},
	"[method]store.get-keys": func(in *instance, args []any) any {
		lister, can := args[0].(*kvStore).driver.(kv.Lister)
		if !can {
			return kvFailure(errors.New("the store cannot list its keys"))
		}
		all, cursor := []any{}, ""
		for {
			keys, next, err := lister.List(in.ctx, "", cursor, 1000)
			if err != nil {
				return kvFailure(err)
			}
			for _, k := range keys {
				all = append(all, k)
			}
			if cursor = next; cursor == "" {
				return ok(all)
			}
		}
	},
})

var variableName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

var _ = implement("fermyon:spin/variables", map[string]func(in *instance, args []any) any{
	"get": func(in *instance, args []any) any {
		name := args[0].(string)
		if !variableName.MatchString(name) {
			return failed(choice{0, name})
		}
		v, defined := in.env.Variables[name]
		if !defined {
			return failed(choice{1, name})
		}
		return ok(v)
	},
})

// SpinVariables are settings under the names that Spin requires: small letters.
func SpinVariables(settings map[string]string) map[string]string {
	variables := map[string]string{}
	for name, value := range settings {
		variables[strings.ToLower(name)] = value
	}
	return variables
}
