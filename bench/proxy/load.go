package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"sync"
	"time"
)

// turn is one server's part of a round.
type turn struct {
	requests  int
	elapsed   time.Duration
	processor time.Duration // of the server's process
}

func (t turn) perSecond() float64 { return float64(t.requests) / t.elapsed.Seconds() }

// cost is processor time per request in microseconds.
func (t turn) cost() float64 {
	return t.processor.Seconds() * 1e6 / float64(t.requests)
}

// client is one connection, with one request at a time. It reads answers with as
// little as will tell that they are right, to leave the machine to the servers.
type client struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	done    int
	err     error
}

func (s *server) connect(o options) error {
	for range o.conns {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			return err
		}
		s.clients = append(s.clients, &client{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10), request: s.request(o)})
	}
	return nil
}

func (s *server) disconnect() {
	for _, c := range s.clients {
		c.conn.Close()
	}
}

// browserHeaders are what a current browser sends with a page.
const browserHeaders = "Cache-Control: max-age=0\r\n" +
	"Sec-Ch-Ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nSec-Ch-Ua-Mobile: ?0\r\nSec-Ch-Ua-Platform: \"Linux\"\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n"

func (s *server) request(o options) []byte {
	headers := "Accept: */*\r\n"
	if o.browser {
		headers = browserHeaders
	}
	return []byte("GET /some/page HTTP/1.1\r\nHost: " + s.address + "\r\nUser-Agent: bench/1.0 (X11; Linux x86_64)\r\n" +
		headers + "Cookie: " + s.cookie + "\r\n\r\n")
}

// load keeps every connection busy for length. The error is the first of any
// connection: an answer other than 200 is one.
func (s *server) load(length time.Duration) (turn, error) {
	before, err := processorTime(s.pid)
	if err != nil {
		return turn{}, fmt.Errorf("%s: %w", s.name, err)
	}
	start := time.Now()
	end := start.Add(length)
	var all sync.WaitGroup
	for _, c := range s.clients {
		all.Go(func() { c.work(end) })
	}
	all.Wait()
	t := turn{elapsed: time.Since(start)}
	after, err := processorTime(s.pid)
	t.processor = after - before
	for _, c := range s.clients {
		t.requests += c.done
		if err == nil {
			err = c.err
		}
	}
	if err != nil {
		return t, fmt.Errorf("%s: %w", s.name, err)
	}
	return t, nil
}

func (c *client) work(end time.Time) {
	c.done = 0
	for c.err == nil && time.Now().Before(end) {
		c.err = c.once()
		c.done++
	}
}

var contentLength = []byte("Content-Length: ")

// once makes one request and reads its answer to the end.
func (c *client) once() error {
	c.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	status, err := c.reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered %q", textproto.TrimBytes(status))
	}
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = textproto.TrimBytes(line)
		if len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, contentLength); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("answered without a length")
	}
	_, err = c.reader.Discard(length)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
