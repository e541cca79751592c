// Package native runs a gateway as a server on a machine of one's own: the gatehouse
// command, its settings, the listener, the transports to the provider and to the
// application, a store in a file, development mode, and the options of what the command
// does at a broker.
//
// It decides nothing about logins: that is package core. What it promises is that a
// process which was asked to stop finishes the requests in flight, that no secret is
// printed, and that results go to standard output and everything else to standard
// error.
package native

import (
	"io"
	"os"
)

// Exit codes of [Main].
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitConfig  = 3
)

// command is one word of the command line.
type command struct {
	name string
	run  func(c *call, args []string) error
}

// call is one invocation: what the process gives to a command.
type call struct {
	stdin   io.Reader
	stdout  io.Writer
	say     messages
	environ []string
}

func commands() []command {
	return []command{
		{"dev", runDev},
		{"serve", runServe},
		{"check", runCheck},
		{"keygen", runKeygen},
		{"sessions", runSessions},
		{"tokens", runTokens},
		{"login", runLogin},
		{"call", runCall},
		{"whoami", runWhoAmI},
		{"logout", runLogout},
		{"completion", runCompletion},
		{"version", runVersion},
		{"help", runHelp},
	}
}

// Main runs the gatehouse command with the arguments that follow its name and
// returns the exit code. Settings come from the process's environment and what a person
// types from its standard input; serve and dev stop at SIGINT or SIGTERM. On failure
// nothing is written to stdout.
func Main(args []string, stdout, stderr io.Writer) int {
	c := &call{stdin: os.Stdin, stdout: stdout, say: messages{w: stderr}, environ: os.Environ()}
	err := c.dispatch(args)
	return c.say.report(err)
}

func (c *call) dispatch(args []string) error {
	if len(args) == 0 {
		return usagef("run: gatehouse help", "no command given")
	}
	name, rest := args[0], args[1:]
	if name == "-h" || name == "--help" {
		name = "help"
	}
	if name == "--version" {
		name = "version"
	}
	var names []string
	for _, cmd := range commands() {
		if cmd.name == name {
			return cmd.run(c, rest)
		}
		names = append(names, cmd.name)
	}
	return usagef(didYouMean(name, names, "run: gatehouse help"), "unknown command %q", name)
}
