package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// client is one keep-alive connection. It writes requests and reads answers without net/http, whose
// own cost would be measured on the two processors that the server needs.
type client struct {
	addr, key string
	conn      net.Conn
	in        *bufio.Reader
	out, body []byte
	cookies   map[string]string // of the browser that browse stands for
}

func dial(addr, key string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	return &client{addr: addr, key: key, conn: c, in: bufio.NewReaderSize(c, 32<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// call sends one request of a merchant and returns the status and the body, which is valid until the next
// call. The idempotency key may be empty.
func (c *client) call(method, path, idempotencyKey string, body []byte) (int, []byte, error) {
	b := append(c.begin(method, path), "\r\nAuthorization: Bearer "...)
	b = append(b, c.key...)
	if idempotencyKey != "" {
		b = append(b, "\r\nIdempotency-Key: "...)
		b = append(b, idempotencyKey...)
	}
	if body != nil {
		b = append(b, "\r\nContent-Type: application/json"...)
	}
	return c.send(method, path, b, body)
}

// browse sends one request of a browser with the cookies it has, and keeps those it is given. A form may be
// nil. Redirects are not followed.
func (c *client) browse(method, path string, form url.Values) (int, []byte, error) {
	b := append(c.begin(method, path), "\r\nAccept: text/html"...)
	sep := "\r\nCookie: "
	for name, value := range c.cookies {
		b, sep = append(append(append(append(b, sep...), name...), '='), value...), "; "
	}
	var body []byte
	if form != nil {
		body = []byte(form.Encode())
		b = append(b, "\r\nContent-Type: application/x-www-form-urlencoded"...)
	}
	return c.send(method, path, b, body)
}

func (c *client) begin(method, path string) []byte {
	b := append(c.out[:0], method...)
	b = append(append(b, ' '), path...)
	return append(append(b, " HTTP/1.1\r\nHost: "...), c.addr...)
}

func (c *client) send(method, path string, b, body []byte) (int, []byte, error) {
	if body != nil {
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
	}
	b = append(b, "\r\n\r\n"...)
	b = append(b, body...)
	c.out = b
	if err := c.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(b); err != nil {
		return 0, nil, fmt.Errorf("send %s %s: %w", method, path, err)
	}
	status, answer, err := c.read()
	if err != nil {
		return 0, nil, fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return status, answer, nil
}

func (c *client) read() (status int, body []byte, err error) {
	length, chunked := -1, false
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			if len(line) < 12 {
				return 0, nil, errors.New("the status line is too short")
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, nil, err
			}
			continue
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, nil, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		case bytes.EqualFold(name, []byte("Set-Cookie")) && c.cookies != nil:
			c.keep(string(value))
		}
	}
	switch {
	case chunked:
		c.body, err = io.ReadAll(httputil.NewChunkedReader(c.in))
		if err == nil {
			_, err = c.in.Discard(len("\r\n")) // the end of the trailer, which is empty
		}
	case length < 0:
		err = errors.New("the answer does not say how long it is")
	default:
		if cap(c.body) < length {
			c.body = make([]byte, length)
		}
		c.body = c.body[:length]
		_, err = io.ReadFull(c.in, c.body)
	}
	return status, c.body, err
}

// keep takes a cookie into the browser's jar, or out of it. Paths are not looked at: a jar serves one page.
func (c *client) keep(header string) {
	pair, attributes, _ := strings.Cut(header, ";")
	name, value, _ := strings.Cut(pair, "=")
	if value == "" || strings.Contains(attributes, "Max-Age=0") {
		delete(c.cookies, name)
		return
	}
	c.cookies[name] = value
}

// field is the first string member of that name in a JSON text. It is enough for ids, which need no
// escapes.
func field(body []byte, name string) string {
	mark := []byte(`"` + name + `":"`)
	_, rest, _ := bytes.Cut(body, mark)
	value, _, found := bytes.Cut(rest, []byte{'"'})
	if !found {
		return ""
	}
	return string(value)
}
