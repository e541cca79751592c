// Package runtimes holds the tests that need more than Go: browsers, and providers,
// stores and hosts that are programs of their own. They are behind the build tag
// runtimes:
//
//	go test -tags runtimes ./conformance/runtimes
//
// With the tag a missing program is a failure, never a skip. The npm packages are in
// $GATEHOUSE_NODE_MODULES, those of workerd and wrangler in $GATEHOUSE_WORKERD_MODULES,
// and Keycloak is in $GATEHOUSE_KEYCLOAK; where these are not set, all are fetched once,
// by npm and mvn, into the user's cache directory.
// Everything listens on the loopback interface. Screenshots are written below
// $GATEHOUSE_OUTPUT, or output in the top directory.
package runtimes
