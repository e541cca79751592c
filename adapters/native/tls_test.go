package native

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeCertificate makes a certificate for 127.0.0.1 and returns its files.
func writeCertificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private)
}

// With a certificate the server speaks https, HTTP/2 included, and nothing older than
// TLS 1.2.
func TestServerTLS(t *testing.T) {
	c := &Config{}
	c.TLSCertFile, c.TLSKeyFile = writeCertificate(t)
	certificate, err := c.loadCertificate()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &parts{
		handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }),
		forward: NewForward(time.Second, discard), fetch: newFetch(), background: newBackground(discard),
	}
	graceful, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- p.run(stop{graceful, t.Context()}, []net.Listener{l}, certificate, time.Second, discard)
	}()

	roots := x509.NewCertPool()
	chain, _ := os.ReadFile(c.TLSCertFile)
	roots.AppendCertsFromPEM(chain)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	res, err := transport.RoundTrip(get(t, "https://"+l.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, res.Body); got != "HTTP/2.0" {
		t.Errorf("protocol %s", got)
	}
	res.Body.Close()
	transport.CloseIdleConnections()
	old := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", l.Addr().String(), old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
