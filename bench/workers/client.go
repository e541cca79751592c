package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// client is one connection, with one request at a time.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
	cookie string
}

func (w *worker) connect() (*client, error) {
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReader(conn), w.cookie}, nil
}

// browser is what a browser sends with a page.
const browser = "User-Agent: bench/1.0 (X11; Linux x86_64)\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n" +
	"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"

// once makes a request, which has to succeed.
func (c *client) once(path string) error {
	c.conn.SetDeadline(time.Now().Add(2 * patience))
	if _, err := io.WriteString(c.conn, "GET "+path+" HTTP/1.1\r\nHost: "+appHost+"\r\n"+browser+"Cookie: "+c.cookie+"\r\n\r\n"); err != nil {
		return err
	}
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", path, res.Status, text)
	}
	return err
}
