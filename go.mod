module gatehouse

go 1.26.0

// What the core links, on every runtime.
require (
	// JOSE: signatures of ID tokens and assertions; cryptography is not ours to write.
	github.com/golang-jwt/jwt/v5 v5.3.1
	// XChaCha20-Poly1305: constant time in portable code, which wasm needs. DER of private keys.
	golang.org/x/crypto v0.58.0
	// The authorization request and PKCE; its HTTP client is not linked.
	golang.org/x/oauth2 v0.37.0
)

// The native server and its development mode.
require (
	// WebSocket echo of the demo application.
	github.com/coder/websocket v1.8.15
	// Keys of the development provider, types of its interface. Tests hold the core's
	// signatures and keys to this second implementation.
	github.com/go-jose/go-jose/v4 v4.1.8
	// OpenID provider of gatehouse dev; the library that ZITADEL runs on.
	github.com/zitadel/oidc/v3 v3.49.2
	// The file that sessions survive restarts in.
	go.etcd.io/bbolt v1.5.0
	// Language tags of the development provider's users, a type of its interface.
	golang.org/x/text v0.43.0
)

// The command's side of a broker: gatehouse login and what follows it.
require (
	// Opens the person's browser by the platform's own opener; what GitHub's command uses.
	github.com/cli/browser v1.3.0
	// The QR code that a phone reads a login's address from.
	github.com/mdp/qrterminal/v3 v3.2.1
	// Keychain of macOS, Credential Manager of Windows, Secret Service elsewhere; no cgo.
	github.com/zalando/go-keyring v0.2.8
	// Whether somebody looks at the output, and how wide it is.
	golang.org/x/term v0.47.0
)

// The binding for Workers that are built with it.
require github.com/syumai/workers v0.33.0

// Tests and benchmarks only.
require (
	// The pseudo-terminal that the command is tested in.
	github.com/creack/pty v1.1.24
	// Drives Chromium through a login.
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	// The Worker in plain tests: its JavaScript, and making one script of its modules.
	github.com/dop251/goja v0.0.0-20260917113740-793a2a65c13b
	github.com/evanw/esbuild v0.28.2
	// Scripts against the command (testscript).
	github.com/rogpeppe/go-internal v1.16.0
	// WebAssembly in pure Go: runs the modules of those platforms, and wasm-tools for
	// the build of components.
	github.com/tetratelabs/wazero v1.12.0
	// CPU clocks of the processes that a benchmark compares.
	golang.org/x/sys v0.49.0
	// The archive format of conformance cases (txtar).
	golang.org/x/tools v0.52.0
)

// Required by those.
require (
	github.com/bmatcuk/doublestar/v4 v4.10.0 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/dlclark/regexp2/v2 v2.5.2 // indirect
	github.com/go-chi/chi/v5 v5.3.1 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/go-logr/logr v1.4.3 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	github.com/go-sourcemap/sourcemap v2.1.3+incompatible // indirect
	github.com/godbus/dbus/v5 v5.2.2 // indirect
	github.com/google/pprof v0.0.0-20230207041349-798e818bf904 // indirect
	github.com/gorilla/securecookie v1.1.2 // indirect
	github.com/muhlemmer/gu v0.3.1 // indirect
	github.com/muhlemmer/httpforwarded v0.1.0 // indirect
	github.com/rs/cors v1.11.1 // indirect
	github.com/zitadel/schema v1.3.2 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/otel v1.44.0 // indirect
	go.opentelemetry.io/otel/metric v1.44.0 // indirect
	go.opentelemetry.io/otel/trace v1.44.0 // indirect
	rsc.io/qr v0.2.0 // indirect
)

// Writes the scripts of a Worker that is built with that library.
tool github.com/syumai/workers/cmd/workers-assets-gen
