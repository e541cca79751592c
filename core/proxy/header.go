package proxy

import (
	"net/http"
	"strings"
	"sync"
)

// Servers and frameworks fold header names: CGI and WSGI turn "-" into "_", others
// drop or replace what they do not know. Names are therefore compared reduced to
// lower-case letters and digits, under which all spellings of a name are one.

// maxReduced bounds reduced names; longer ones are compared by their beginning.
const maxReduced = 64

type nameBuffer [maxReduced]byte

// reduce writes the reduced form of name to buf. ok is false when name is not a
// token (RFC 9110 section 5.6.2) and so not a header name at all.
func reduce(name string, buf *nameBuffer) (reduced []byte, ok bool) {
	n := 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case strings.IndexByte("-_.!#$%&'*+^`|~", c) >= 0:
			continue
		default:
			return nil, false
		}
		if n < maxReduced {
			buf[n] = c
			n++
		}
	}
	return buf[:n], len(name) > 0
}

// reservedPrefixes begin the reduced names that proxies and platforms use to tell
// an application who is calling, from where, and for which URL. Applications
// commonly believe them, so a client's are never forwarded.
var reservedPrefixes = []string{
	// Forwarding and the gateway's own.
	"xforwarded", "xgatehouse", "xoriginal", "xrewriteurl",
	// Generic identity, as set by oauth2-proxy, gatekeeper, Authelia, nginx recipes.
	"xauthrequest", "xauthuser", "xauthemail", "xauthgroup", "xauthrole", "xauthname", "xauthtoken",
	"xauthsub", "xauthpreferred", "xauthgiven", "xauthfamily", "xauthaudience", "xauthexpires",
	"xauthid", "xauthenticated", "xremote", "xwebauth", "xproxyuser",
	"remoteuser", "remoteemail", "remotegroup", "remotename", "remoterole", "remoteaddr", "remotehost",
	// Products.
	"cfaccess", "cfconnectingip", "xamznoidc", "xamznmtls", "xappengine", "xgoogauthenticateduser", "xgoogiap", "xmsclientprincipal",
	"xmstoken", "xpomerium", "xvouch", "xauthentik", "xconsumer", "xcredential", "tailscaleuser",
	"teleportjwt", "xazureclientip", "xazuresocketip", "xendpointapiuser", "xapigatewayapiuser", "xuserinfo",
	"xtokenuser", "xtokensub", "xidtoken", "xjwtassertion", "xjwtclaim", "xjwtpayload",
	"xoidc", "oidc", "mellon", "shib",
	// Client certificates (RFC 9440 and its predecessors).
	"clientcert", "sslclient", "xsslclient", "xclientcert", "xarrclientcert",
}

// reservedNames are reserved as a whole: their beginnings are too common.
var reservedNames = []string{
	"forwarded", "xrealip", "xrealport", "clientip", "xclientip", "trueclientip", "fastlyclientip", "flyclientip",
	"xclusterclientip", "xnfclientconnectionip", "doconnectingip", "xoriginatingip", "xforwardfor",
	"xenvoyexternaladdress", "xvercelforwardedfor", "xscheme", "xurlscheme", "frontendhttps", "xrequestid",
	"xuser", "xuserid", "xusername", "xuseremail", "xusergroup", "xusergroups", "xuserrole", "xuserroles",
	"xemail", "xgroups", "xroles", "xanonymousconsumer",
	"ivuser", "ivgroups", "ivcreds", "smuser", "smuniversalid",
	"proxy", // read as the HTTP_PROXY setting by CGI programs
}

// prefixesByFirst lists reservedPrefixes by their first letter, which is cut off. It is
// made when the first request is forwarded.
var prefixesByFirst = sync.OnceValue(func() *[256][]string {
	t := new([256][]string)
	for _, p := range reservedPrefixes {
		t[p[0]] = append(t[p[0]], p[1:])
	}
	return t
})

// nameSet is a set of reduced names and of the reserved family.
type nameSet struct{ names map[string]struct{} }

func newNameSet(further []string) *nameSet {
	s := &nameSet{names: make(map[string]struct{}, len(reservedNames)+len(further))}
	for _, name := range reservedNames {
		s.names[name] = struct{}{}
	}
	var buf nameBuffer
	for _, name := range further {
		if reduced, ok := reduce(name, &buf); ok {
			s.names[string(reduced)] = struct{}{}
		}
	}
	return s
}

func (s *nameSet) has(reduced []byte) bool {
	if len(reduced) == 0 {
		return false
	}
	for _, p := range prefixesByFirst()[reduced[0]] {
		if len(reduced) > len(p) && string(reduced[1:1+len(p)]) == p {
			return true
		}
	}
	_, ok := s.names[string(reduced)]
	return ok
}

// isHopByHop reports headers that concern one connection (RFC 9110 section 7.6.1
// and its predecessors). Other spellings of Transfer-Encoding are how requests are
// smuggled.
func isHopByHop(reduced []byte) bool {
	switch string(reduced) {
	case "connection", "keepalive", "proxyconnection", "proxyauthenticate", "proxyauthorization",
		"proxyauthenticationinfo", "te", "trailer", "transferencoding", "upgrade", "http2settings":
		return true
	}
	return false
}

// removeListed deletes from h what Connection lists. It looks at every listed name and
// at every header once, since a client may send thousands of both.
func removeListed(h http.Header, connection []string) {
	var listed map[string]struct{}
	for _, line := range connection {
		for more := true; more; {
			var name string
			name, line, more = strings.Cut(line, ",")
			name = strings.Trim(name, " \t")
			switch {
			case name == "" || strings.EqualFold(name, "close") || strings.EqualFold(name, "keep-alive") || strings.EqualFold(name, "upgrade"):
				continue
			}
			if listed == nil {
				listed = map[string]struct{}{}
			}
			listed[strings.ToLower(name)] = struct{}{}
		}
	}
	if listed == nil {
		return
	}
	for key := range h {
		if _, ok := listed[strings.ToLower(key)]; ok {
			delete(h, key)
		}
	}
}

// IsUpgrade reports a WebSocket handshake (RFC 6455 section 4.1).
func IsUpgrade(in *http.Request) bool {
	return in.Method == http.MethodGet && lists(in.Header["Connection"], "upgrade") &&
		len(in.Header["Upgrade"]) == 1 && strings.EqualFold(in.Header["Upgrade"][0], "websocket")
}

// lists reports whether a comma-separated header has token as an element.
func lists(lines []string, token string) bool {
	for _, line := range lines {
		for more := true; more; {
			var item string
			item, line, more = strings.Cut(line, ",")
			if strings.EqualFold(strings.Trim(item, " \t"), token) {
				return true
			}
		}
	}
	return false
}
