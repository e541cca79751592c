package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

func runTokens(c *call, args []string) error {
	var configFile, socket string
	rest, err := flags{"config": &configFile, "socket": &socket}.parse(args)
	if errors.Is(err, errHelp) {
		return runHelp(c, nil)
	}
	if err != nil {
		return err
	}
	switch {
	case configFile != "" && socket != "":
		return usagef("", "options --config and --socket exclude each other")
	case len(rest) == 0:
		return usagef("gatehouse tokens clear", "tokens needs clear")
	case rest[0] != "clear":
		return usagef(didYouMean(rest[0], []string{"clear"}, "it is clear"), "unknown command %q of tokens", rest[0])
	case len(rest) > 1:
		return usagef("", "unexpected argument %q", rest[1])
	}
	admin, err := c.admin(socket, configFile)
	if err != nil {
		return err
	}
	return admin.clearTokens(c)
}

// clearTokens prints how many of the store's records were removed.
func (a *adminClient) clearTokens(c *call) error {
	body, err := a.call(http.MethodDelete, "/tokens")
	if err != nil {
		return err
	}
	var done clearing
	if err := json.Unmarshal(body, &done); err != nil {
		return fmt.Errorf("ask %s: %w", a.socket, err)
	}
	_, err = fmt.Fprintf(c.stdout, "cleared %d\n", done.Removed)
	return err
}
