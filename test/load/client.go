package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// client is one keep-alive connection. It writes requests and reads answers without net/http, whose
// own cost would be measured on the two processors that the server needs.
type client struct {
	addr, key string
	conn      net.Conn
	in        *bufio.Reader
	out, body []byte
}

func dial(addr, key string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	return &client{addr: addr, key: key, conn: c, in: bufio.NewReaderSize(c, 32<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// call sends one request and returns the status and the body, which is valid until the next call. The
// idempotency key may be empty.
func (c *client) call(method, path, idempotencyKey string, body []byte) (int, []byte, error) {
	b := append(c.out[:0], method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.addr...)
	b = append(b, "\r\nAuthorization: Bearer "...)
	b = append(b, c.key...)
	if idempotencyKey != "" {
		b = append(b, "\r\nIdempotency-Key: "...)
		b = append(b, idempotencyKey...)
	}
	if body != nil {
		b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
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
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first:
			if len(line) < 12 {
				return 0, nil, errors.New("the status line is too short")
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, nil, err
			}
		case len(line) == 0:
			if length < 0 {
				return 0, nil, errors.New("the answer has no Content-Length")
			}
			if cap(c.body) < length {
				c.body = make([]byte, length)
			}
			c.body = c.body[:length]
			_, err := io.ReadFull(c.in, c.body)
			return status, c.body, err
		case len(line) > 16 && bytes.EqualFold(line[:16], []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(line[16:])); err != nil {
				return 0, nil, err
			}
		}
	}
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
