package native

import (
	"errors"
	"io"
	"slices"
	"strings"

	"gatehouse/adapters/native/completion"
)

// vocabulary is every word of the command line, for shells.
func vocabulary() []completion.Command {
	config := completion.Option{Name: "--config", About: "File with settings", Value: completion.File}
	socket := completion.Option{Name: "--socket", About: "Admin socket of the running gateway", Value: completion.File}
	json := completion.Option{Name: "--json", About: "Print JSON"}
	broker := completion.Option{Name: "--broker", About: "Address of the broker", Value: completion.Text}
	provider := completion.Option{Name: "--provider", About: "Name of the provider", Value: completion.Text}
	return []completion.Command{
		{Name: "dev", About: "Start everything on this machine", Options: []completion.Option{{Name: "--addr", About: "Where dev is opened", Value: completion.Text}}},
		{Name: "serve", About: "Run the gateway", Options: []completion.Option{config}},
		{Name: "check", About: "Validate the configuration", Options: []completion.Option{config}},
		{Name: "keygen", About: "Print a key", Options: []completion.Option{{Name: "--assertion", About: "A private key for ASSERTION_KEY"}}},
		{Name: "sessions", About: "List or end sessions of a running gateway", Words: []string{"list", "revoke"}, Options: []completion.Option{json, config, socket,
			{Name: "--subject", About: "End all sessions of this subject", Value: completion.Text}}},
		{Name: "tokens", About: "Forget answers about access tokens", Words: []string{"clear"}, Options: []completion.Option{config, socket}},
		{Name: "login", About: "Log in at a provider through a broker", Options: []completion.Option{
			broker, provider,
			{Name: "--flow", About: "How the login comes back", Value: completion.Choice, Choices: []string{"loopback", "poll", "paste", "desktop"}},
			{Name: "--scope", About: "What to ask the provider for", Value: completion.Text},
			{Name: "--no-browser", About: "Show the address only"},
			{Name: "--app-key-file", About: "File with the key of the app", Value: completion.File},
			{Name: "--keep", About: "Where the session is kept", Value: completion.Choice, Choices: []string{"keyring", "file"}},
			json,
		}},
		{Name: "call", About: "Call the provider through the broker", Words: methods, Options: []completion.Option{
			{Name: "-d", About: "A parameter as NAME=VALUE", Value: completion.Text, Repeats: true},
			{Name: "--body", About: "File with a JSON body", Value: completion.File}, broker, provider, json,
		}},
		{Name: "whoami", About: "Print who is logged in", Options: []completion.Option{broker, provider, json}},
		{Name: "logout", About: "End the session", Options: []completion.Option{broker, provider, {Name: "--local", About: "Forget it on this machine only"}, json}},
		{Name: "completion", About: "Print a script that completes words", Words: completion.Shells},
		{Name: "version", About: "Print the version"},
		{Name: "help", About: "Print the usage text"},
	}
}

func runCompletion(c *call, args []string) error {
	rest, err := flags{}.parse(args)
	if errors.Is(err, errHelp) {
		return runHelp(c, nil)
	}
	if err != nil {
		return err
	}
	shells := strings.Join(completion.Shells, ", ")
	switch {
	case len(rest) != 1:
		return usagef("for example: source <(gatehouse completion bash)", "completion needs one of %s", shells)
	case !slices.Contains(completion.Shells, rest[0]):
		return usagef(didYouMean(rest[0], slices.Clone(completion.Shells), "it is one of "+shells), "no completion for %q", rest[0])
	}
	_, err = io.WriteString(c.stdout, completion.Script(rest[0], "gatehouse", vocabulary()))
	return err
}
