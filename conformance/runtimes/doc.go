// Package runtimes holds the tests that need more than Go: browsers, and providers,
// stores and hosts that are programs of their own. They are behind the build tag
// runtimes:
//
//	go test -tags runtimes ./conformance/runtimes
//
// With the tag a missing program is a failure, never a skip. What the repository pins
// the version of is installed once, into the user's cache directory, unless a variable
// says where it is:
//
//   - $GATEHOUSE_NODE_MODULES: the packages of testdata/oidc-provider; otherwise by npm
//   - $GATEHOUSE_DIFFERENTIAL_MODULES: those of testdata/differential; otherwise by npm
//   - $GATEHOUSE_WORKERD_MODULES: workerd, wrangler and their Node.js; otherwise by npm
//   - $GATEHOUSE_WASMTIME, $GATEHOUSE_WASM_TOOLS: the commands wasmtime and wasm-tools;
//     otherwise by pip
//   - $GATEHOUSE_KEYCLOAK: a directory that testdata/keycloak/install.sh made; otherwise
//     by that script, with mvn and java
//
// Other programs are found in $PATH, and Keycloak's Java in $JAVA_HOME, if that is set.
// Screenshots are written below $GATEHOUSE_OUTPUT, or output in the top directory.
//
// Everything listens on the loopback interface. Whatever the tests start ends with
// them, on Linux also when they are killed.
package runtimes
