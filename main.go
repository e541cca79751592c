// Command gatehouse puts OpenID Connect logins in front of an application.
package main

import (
	"os"

	"gatehouse/adapters/native"
)

func main() {
	os.Exit(native.Main(os.Args[1:], os.Stdout, os.Stderr))
}
