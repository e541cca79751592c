package native

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"gatehouse/core/config"
	"gatehouse/core/kv"
)

func runCheck(c *call, args []string) error {
	var file string
	if help, err := c.options(flags{"config": &file}, args); help || err != nil {
		return err
	}
	gateway, server, err := c.load(file)
	if err != nil {
		return err
	}
	if _, err := server.loadCertificate(); err != nil {
		return err
	}
	if _, err := assemble(gateway, &kv.Memory{}, slog.New(slog.DiscardHandler)); err != nil {
		var mistakes config.Errors
		if errors.As(err, &mistakes) {
			return append(mistakes, missingCredentials(gateway)...)
		}
		return err
	}
	if _, err = fmt.Fprint(c.stdout, describe(gateway, server)); err != nil {
		return err
	}
	if missing := missingCredentials(gateway); len(missing) > 0 {
		return missing
	}
	return nil
}

// missingCredentials names, for each of the broker's providers, the credentials that
// are not there. serve starts without: the broker's other providers work.
func missingCredentials(gateway *config.Config) (errs config.Errors) {
	for _, p := range gateway.Providers {
		for _, missing := range gateway.Missing(p) {
			errs = append(errs, &config.Error{Name: missing, Problem: "is required for " + p.Name,
				Hint: "serve starts without it, and answers logins at " + p.Name + " with 500"})
		}
	}
	return errs
}

// describe says what serve would run; no secret is in it.
func describe(gateway *config.Config, server *Config) string {
	var b strings.Builder
	row := func(name, value string) { fmt.Fprintf(&b, "%-12s %s\n", name, printable(value)) }
	var origins []string
	for _, o := range gateway.Origins {
		origins = append(origins, o.String())
	}
	row("jobs", strings.Join(gateway.Jobs(), " "))
	if gateway.Environment != "" {
		row("environment", gateway.Environment)
	}
	row("origin", strings.Join(origins, " ")+gateway.BasePath)
	if gateway.Gateway {
		row("issuer", gateway.IssuerText)
		for _, o := range gateway.Origins {
			row("redirect", o.String()+gateway.BasePath+"/login/callback")
			row("post-logout", o.String()+gateway.BasePath+"/logout/done")
		}
		row("client", gateway.ClientID+" ("+gateway.ClientAuth+")")
		row("application", gateway.Upstream.String())
	}
	for _, p := range gateway.Providers {
		row("provider", p.Name+" "+gateway.AppURL.String()+gateway.BasePath+"/auth/callback/"+p.Name)
	}
	switch server.Store {
	case storeBolt:
		row("store", "bolt "+server.StorePath)
	case storeRest:
		row("store", "rest "+server.Rest.URL.String())
	default:
		row("store", server.Store)
	}
	if server.AdminSocket != "" {
		row("admin", server.AdminSocket)
	} else {
		row("admin", "none")
	}
	scheme := "http"
	if server.TLSCertFile != "" {
		scheme = "https"
	}
	row("listen", server.ListenAddr+" ("+scheme+")")
	return b.String()
}
