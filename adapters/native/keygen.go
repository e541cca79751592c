package native

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
)

func runKeygen(c *call, args []string) error {
	var assertion bool
	if help, err := c.options(flags{"assertion": &assertion}, args); help || err != nil {
		return err
	}
	text := cookieKey() + "\n"
	if assertion {
		var err error
		if text, err = assertionKey(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(c.stdout, text)
	return err
}

// cookieKey is one key of COOKIE_SECRET: 32 random bytes in base64url.
func cookieKey() string {
	var key [32]byte
	rand.Read(key[:])
	return base64.RawURLEncoding.EncodeToString(key[:])
}

// assertionKey is a private key for ASSERTION_KEY: P-256, PKCS#8, PEM.
func assertionKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("native: generate key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("native: encode key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
