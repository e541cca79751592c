package conformance

const (
	ok200     = "-- response --\n200\n"
	upstreamA = "fetch=http://upstream.internal/a"
	fetchA    = "-- fetch --\nGET {upstream}/a\n"
	answerOK  = "-- answer --\n200\n\nfine\n"
)

// assertions are cases and what their report must contain; those without a want
// must pass.
var assertions = []struct{ name, text, want string }{
	{"passing case", do("body=hello") + "-- response --\n200\nContent-Type: text/plain\n\nhello\n", ""},
	{"status", do("status=404") + ok200, "status: want 200, got 404"},

	{"header missing", do("") + ok200 + "X-A: 1\n", "header X-A: 1 is missing"},
	{"header differs", do("h=X-A:2") + ok200 + "X-A: 1\n", `header X-A: want "1"`},
	{"header has another value", do("add=X-A:1&add=X-A:2") + ok200 + "X-A: 1\n", "header X-A has 2 values, want 1"},
	{"header present", do("h=X-A:2") + ok200 + "!X-A\n", "header X-A is there"},
	{"header present under an alias", do("h=X_A:2") + ok200 + "!X-A\n", "header X-A is there"},
	{"header expression", do("h=X-A:2") + ok200 + "X-A: ~^1$\n", "want a match of ~^1$"},

	{"body", do("body=hello") + ok200 + "\nhallo\n", `body: want "hallo"`},
	{"body contains", do("body=hello") + ok200 + "\ncontains ell\ncontains x\n", `want "x" somewhere`},
	{"body must not contain", do("body=hello") + ok200 + "\n!contains ell\n", "!contains ell"},
	{"body empty", do("body=hello") + ok200 + "\nempty\n", "want nothing"},
	{"body match", do("body=hello") + ok200 + "\nmatch ^h.l$\n", "want a match"},
	{"body form", do("body="+q("a=1&b=2")) + ok200 + "\nform a=1\n", "unexpected parameter b"},
	{"body is not JSON", do("body=hello") + ok200 + "\njson a\n", "not JSON"},
	{"json", do("body="+q(`{"a":{"b":[1,"x"]}}`)) + ok200 + "\njson a.b.1 == \"x\"\njson a.b.0 == 2\n", "json a.b.0: want 2"},
	{"json string is no number", do("body="+q(`{"a":"1"}`)) + ok200 + "\njson a == 1\n", "json a: want 1"},
	{"json missing", do("body={}") + ok200 + "\njson a\n", "json a is missing"},
	{"json present", do("body="+q(`{"a":null}`)) + ok200 + "\n!json a\n", "!json a"},
	{"json expression", do("body="+q(`{"a":"xyz"}`)) + ok200 + "\njson a ~ ^z\n", "want a match of ~^z"},
	{"body breaks off", do("body=hel&break") + ok200, "ends early is true, want false"},
	{"body does not break off", do("body=hel") + ok200 + "\nbroken\n", "ends early is false, want true"},
	{"body breaks off as expected", do("body=hel&break") + ok200 + "\nbroken\ncontains hel\n", ""},

	{"unannounced fetch", do(upstreamA) + ok200, "unannounced outbound request: GET http://upstream.internal/a"},
	{"second fetch is unannounced", do(upstreamA+"&"+upstreamA) + fetchA + answerOK + ok200, "unannounced outbound request"},
	{"announced fetch did not happen", do("") + fetchA + answerOK + ok200, "did not happen: GET {upstream}/a (0 of 1)"},
	{"fetch too few times", do(upstreamA) + "-- fetch --\n@times 2\nGET {upstream}/a\n" + answerOK + ok200, "(1 of 2)"},
	{"fetch as often as allowed", do(upstreamA) + "-- fetch --\n@times 0-2\nGET {upstream}/a\n" + answerOK + ok200 + "X-Fetched: fine\n", ""},
	{"fetch method", do(upstreamA) + "-- fetch --\nPUT {upstream}/a\n" + answerOK + ok200, "unannounced"},
	{"fetch query", do("fetch="+q("http://upstream.internal/a?x=1&y=2")) + "-- fetch --\nGET {upstream}/a ? y=2 & x=3\n" + answerOK + ok200, "parameter x: want \"3\""},
	{"fetch header", do(upstreamA) + fetchA + "X-User: alice\n" + answerOK + ok200, "header X-User: alice is missing"},
	{"fetch header twice", do(upstreamA+"&fh=X-User:a&fh=X-User:b") + fetchA + "X-User: a\n" + answerOK + ok200, "has 2 values"},
	{"fetch header alias", do(upstreamA+"&fh=x_user:a") + fetchA + "!X-User\n" + answerOK + ok200, "header X-User is there"},
	{"fetch form", do("fetch=https://issuer.example/token&form="+q("a=1&b=2&b=3")) + "-- fetch --\nPOST {issuer}/token\n\nform a=1 & b=2\n" + answerOK + ok200, "unexpected parameter b"},
	{"fetch form repeated", do("fetch=https://issuer.example/token&form="+q("a=1&b=2&b=3")) + "-- fetch --\nPOST {issuer}/token\n\nform a=1 & b=2 & ...\n" + answerOK + ok200, "unexpected parameter b"},
	{"fetch form parameter present", do("fetch=https://issuer.example/token&form=a=1") + "-- fetch --\nPOST {issuer}/token\n\nform !a & ...\n" + answerOK + ok200, "parameter a is there"},
	{"standing documents", do("fetch=https://issuer.example/jwks") + ok200 + "X-Fetched: ~k1\n", ""},
	{"late documents", "provider: late\n" + do("fetch=https://issuer.example/jwks") + ok200 + "X-Fetched: ~k1\n", ""},
	{"no standing documents", "provider: none\n" + do("fetch=https://issuer.example/jwks") + ok200, "unannounced"},
	{"other methods are no documents", do("fetch=https://issuer.example/jwks&form=a=1") + ok200, "unannounced"},

	{"count fetch", do("fetch=https://issuer.example/jwks") + ok200 + "-- count --\nfetch 0\n", "fetch 0: got 1"},
	{"count fetch by address", do("fetch=https://issuer.example/jwks") + ok200 + "-- count --\nfetch {issuer}/jwks == 2\n", "got 1"},
	{"count kv", do("get=a&put=b=1") + ok200 + "-- count --\nkv.get 1\nkv.put <= 1\nkv 3\n", "kv 3: got 2"},
	{"count header", do("add=X-A:1&add=X-A:2") + ok200 + "-- count --\nheader X-A 1\n", "header X-A 1: got 2"},
	{"log contains", do("log=abc") + ok200 + "-- count --\nlog contains abd\n", "log contains abd"},
	{"log must not contain", do("log=abc") + ok200 + "-- count --\nlog !contains abc\n", "log !contains abc"},
	{"equal", do("h=X-A:1&add=X-B:2") + ok200 + "X-A: {a}\nX-B: {b}\n-- count --\n!equal {a} {b}\nequal {a} {b}\n", "equal {a} {b}: \"1\" and \"2\""},

	{"capture", do("h=X-A:1&add=X-B:2") + ok200 + "X-A: {a}\nX-B: {a}\n", "header X-B: want \"1\""},
	{"capture twice in a line", do("h=X-A:1-2") + ok200 + "X-A: {a}-{a}\n", "{a} is both"},
	{"capture pattern", do("h=X-A:xyz") + ok200 + "X-A: {a:[0-9]{3}}\n", "want \"{a:[0-9]{3}}\""},
	{"unbound", do("h=X-A:{a}") + ok200, "{a} is not bound"},
	{"unbound cookie", "-- request --\nGET /?h=X-A:{cookie.a}\n" + ok200, "the browser has no such cookie"},
	{"token outside an answer", do("body={idtoken}") + ok200, "{idtoken} stands outside an answer"},
	{"unbound in an answer", do(upstreamA) + fetchA + "-- answer --\n200\n\n{a}\n" + ok200 + "X-Fetched: error\n", "answer of the case: {a} is not bound"},

	{"secret in the body", do("body={config CLIENT_SECRET}") + ok200, "the secret client_secret is in the response's body"},
	{"secret in a header", do("h=X-A:{new token}") + ok200, "the secret token is in the response: header X-A"},
	{"secret in a cookie in plain", do("h="+q("Set-Cookie:__Host-gatehouse=")+"{new token}"+q("; Path=/; HttpOnly; Secure; SameSite=Lax")) + ok200, "the secret token/cookie __Host-gatehouse is in the response: header Set-Cookie"},
	{"secret in the log", do("log={new token}") + ok200, "the secret token is in the log"},
	{"secret in a store key", do("put={new token}=1") + ok200, "the secret token is in the store key"},
	{"secret in a store value", do("put=a={new token}") + ok200, "the secret token is in the value stored under a"},
	{"secret in a URL", do("fetch=http://upstream.internal/a?{new token}") + "-- fetch --\nGET {upstream}/a ? ...\n" + answerOK + ok200, "the secret token is in the URL"},
	{"secret to the application", do(upstreamA+"&fh=X-A:{new token}") + fetchA + answerOK + ok200, "the secret token is in the application's request: header X-A"},
	{"secret revealed", "reveal: token application\n" + do(upstreamA+"&fh=X-A:{new token}") + fetchA + answerOK + ok200, ""},
	{"secret revealed elsewhere", "reveal: token log\n" + do(upstreamA+"&fh=X-A:{new token}") + fetchA + answerOK + ok200, "the secret token is in the application's"},
	{"token of an answer", do("fetch=https://issuer.example/token") + "-- fetch --\nGET {issuer}/token\n-- answer --\n200\n\n{\"access_token\":\"0123456789abcdef\"}\n" + ok200 + "X-Fetched: ~access_token\n", "the secret access_token is in the response: header X-Fetched"},
	{"secret that turns out later", do("log=0123456789abcdef&fetch=https://issuer.example/token&form=code_verifier=0123456789abcdef") + "-- fetch --\nPOST {issuer}/token\n" + answerOK + ok200, "the secret code_verifier is in the log"},
	{"code in the log", "-- request --\nGET /login/callback?code=0123456789abcdef&log=0123456789abcdef\n" + ok200, "the secret code is in the log"},
	{"cookie in the log", do("log=0123456789abcdef0&h="+q("Set-Cookie:__Host-a=0123456789abcdef0; Path=/; HttpOnly; Secure; SameSite=Lax")) + ok200, "the secret cookie __Host-a is in the log"},

	{"500", do("status=500") + "-- response --\n500\n", "500 is never one"},
	{"nosniff", do("h=X-Content-Type-Options:") + ok200, "nosniff is missing"},
	{"framing", do("h=X-Frame-Options:") + ok200, "framing is not denied"},
	{"no-store", do("h=Cache-Control:") + ok200, "no-store is missing"},
	{"no-store of the application", do("h=Cache-Control:&"+upstreamA) + fetchA + answerOK + ok200, ""},
	{"page without policy", do("h=Content-Type:text/html") + ok200, "a page without Content-Security-Policy"},
	{"body without type", do("body=x&h=Content-Type:") + ok200 + "Content-Type: ~.\n", ""},
	{"cross-origin access", do("h=Access-Control-Allow-Origin:*") + ok200, "Access-Control-Allow-Origin is set"},
	{"open redirect", do("h=Location://evil.example/") + ok200, "leads away"},
	{"open redirect, backslash", do("h="+q(`Location:/\evil.example`)) + ok200, "malformed Location"},
	{"open redirect, user info", do("h=Location:https://app.example.com@evil.example/") + ok200, "leads away"},
	{"redirect to the provider", do("h=Location:https://issuer.example/authorize") + ok200, ""},
	{"cookie without HttpOnly", do("h="+q("Set-Cookie:__Host-a=1; Path=/; Secure; SameSite=Lax")) + ok200, "without HttpOnly"},
	{"cookie without SameSite", do("h="+q("Set-Cookie:__Host-a=1; Path=/; Secure; HttpOnly")) + ok200, "without SameSite"},
	{"cookie without prefix", do("h="+q("Set-Cookie:a=1; Path=/; Secure; HttpOnly; SameSite=Lax")) + ok200, "the prefix __Host-"},
	{"cookie that browsers refuse", do("h="+q("Set-Cookie:__Host-a=1; Path=/x; Secure; HttpOnly; SameSite=Lax")) + ok200, "a browser refuses"},

	{"cookie not set", do("") + ok200 + "Set-Cookie: __Host-a={a}\n", "no such cookie is set"},
	{"cookie set", do("h="+q("Set-Cookie:__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax")) + ok200 + "Set-Cookie: !__Host-a\n", "it is set"},
	{"cookie attribute", do("h="+q("Set-Cookie:__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax")) + ok200 + "Set-Cookie: __Host-a=1; SameSite=Strict\n", "attribute SameSite: want"},
	{"cookie attribute present", do("h="+q("Set-Cookie:__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax")) + ok200 + "Set-Cookie: __Host-a=1; !Secure\n", "attribute Secure"},
	{"cookie comes back and expires", do("h="+q("Set-Cookie:__Host-a=1; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax")) + ok200 +
		"-- request --\n@navigate\nGET /?echo=Cookie\n" + ok200 + "X-Echo: __Host-a=1\n" +
		"-- request --\n@fetch cross-site\nGET /?echo=Cookie\n" + ok200 + "X-Echo: ~^$\n" +
		"-- request --\n@browser two\n@navigate\nGET /?echo=Cookie\n" + ok200 + "X-Echo: ~^$\n" +
		"-- request --\n@navigate\n@advance 2m\nGET /?echo=Cookie\n" + ok200 + "X-Echo: __Host-a=1\n", "step 5: header X-Echo: want \"__Host-a=1\""},

	{"store key", do("put="+q("a b=1")) + ok200, `put of the key "a b"`},
	{"store expiry", do("put=a=1&eternal") + ok200, "put without expiry under a"},
	{"store value", do("put=a=") + ok200, "put of 0 bytes under a"},

	{"one of parallel answers", "-- request --\n@parallel 5\nGET /?" + upstreamA + "\n-- fetch --\n@times 4\nGET {upstream}/a\n" + answerOK +
		"-- fetch --\nGET {upstream}/a\n-- answer --\nfail\n" + ok200 + "X-Fetched: fine\n", `header X-Fetched: want "fine"`},
	{"parallel", "-- request --\n@parallel 5\nGET /?" + upstreamA + "\n-- fetch --\n@times each\nGET {upstream}/a\n" + answerOK + ok200 + "X-Fetched: fine\n", ""},
	{"client goes away unnoticed", "-- request --\n@abort fetch\nGET /?deaf&" + upstreamA + "\n" + fetchA + "-- answer --\nhang\n", "the outbound request goes on"},
	{"client goes away", "-- request --\n@abort fetch\nGET /?" + upstreamA + "\n" + fetchA + "-- answer --\nhang\n", ""},
	{"answer held back", do(upstreamA) + fetchA + "-- answer --\n@stream\n200\n\none\ntwo\n" + ok200, "the answer is held back"},
	{"request held back", "-- request --\n@stream\nPOST /?eat&" + upstreamA + "\n\none\ntwo\n" + fetchA + answerOK + ok200, "the request is held back"},
	{"big answer", do("fetch=https://issuer.example/a&h=X-Fetched:") + "-- fetch --\nGET {issuer}/a\n-- answer --\nbig 1MB\n" + ok200, ""},
}
