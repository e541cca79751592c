package login

import (
	"runtime"

	"gatehouse/client"
)

// flow is the one to use where none was asked for: the one that completes by itself,
// if a browser on this machine can be opened.
func (c *Command) flow(noBrowser bool) client.Flow {
	if noBrowser || !c.display() {
		return client.Poll
	}
	return client.Loopback
}

// display reports whether a browser that is opened here shows before the person's eyes:
// not in a session over the network, and not without a display where there has to be one.
func (c *Command) display() bool {
	if c.Getenv("SSH_CONNECTION") != "" || c.Getenv("SSH_TTY") != "" {
		return false
	}
	switch runtime.GOOS {
	case "windows", "darwin":
		return true
	}
	return c.Getenv("DISPLAY") != "" || c.Getenv("WAYLAND_DISPLAY") != "" || c.Getenv("WSL_DISTRO_NAME") != ""
}
