// Package flint is the client of Flint's HTTP API.
//
// Types and methods are generated from the API's OpenAPI document. A call is tried again when its
// connection breaks, and after 429 and 5xx; writes carry an idempotency key that stays the same over the
// tries, so that nothing happens twice. Amounts are whole numbers of the currency's minor unit.
//
//	c := flint.New("http://127.0.0.1:8080", os.Getenv("FLINT_API_KEY"))
//	order, err := c.CreateOrder(ctx, &flint.CreateOrderRequest{LineItems: …})
package flint

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Client calls one installation with one credential. Safe for concurrent use.
type Client struct {
	base    string
	headers http.Header
	// HTTP carries the requests; one try may take 30 seconds unless its Timeout says otherwise.
	HTTP *http.Client
	// Retries is how many further tries a call has; 2 of New.
	Retries int
}

// New returns a client with an API key, or with the access token of an installed app. base is the
// installation's address without a path.
func New(base, token string) *Client {
	c := &Client{base: strings.TrimRight(base, "/"), headers: http.Header{}, HTTP: &http.Client{Timeout: 30 * time.Second}, Retries: 2}
	if token != "" {
		c.headers.Set("Authorization", "Bearer "+token)
	}
	return c
}

// NewCheckout returns a client with the credential of one checkout session, which reaches that session
// and its order.
func NewCheckout(base, sessionID, secret string) *Client {
	c := New(base, "")
	c.headers.Set("X-Checkout-Session-ID", sessionID)
	c.headers.Set("X-Checkout-Session-Secret", secret)
	return c
}

// CallOption changes one call.
type CallOption func(http.Header)

// IdempotencyKey gives a write a key of the caller's own; the same key gets the same answer for a day.
func IdempotencyKey(key string) CallOption {
	return func(h http.Header) { h.Set("Idempotency-Key", key) }
}

// Header sends one header more.
func Header(name, value string) CallOption { return func(h http.Header) { h.Set(name, value) } }

// Error is an answer that is no success.
type Error struct {
	ErrorObject
	Status int    // of HTTP
	Body   []byte // as it came
}

func (e *Error) Error() string {
	text := fmt.Sprintf("flint: %d %s: %s", e.Status, e.Code, e.Message)
	if e.Param != "" {
		text += " (" + e.Param + ")"
	}
	return text
}

// CodeOf is the code of an Error in err's chain, empty without one.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// Page is one page of a list.
type Page[T any] struct {
	Items         []T    `json:"data"`
	NextPageToken string `json:"next_page_token"`
	RequestID     string `json:"request_id"`
}

type call struct {
	method, path string
	query        url.Values
	body         any
	keyed        bool
}

// given is nil for a body that is a nil pointer.
func given(body any) any {
	if v := reflect.ValueOf(body); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	return body
}

func do[T any](ctx context.Context, c *Client, in call, options []CallOption) (*T, error) {
	raw, err := c.raw(ctx, in, options)
	if err != nil {
		return nil, err
	}
	var out struct {
		Data *T `json:"data"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("flint: read the answer of %s %s: %w", in.method, in.path, err)
	}
	return out.Data, nil
}

func list[T any](ctx context.Context, c *Client, in call, options []CallOption) (*Page[T], error) {
	raw, err := c.raw(ctx, in, options)
	if err != nil {
		return nil, err
	}
	out := &Page[T]{}
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, fmt.Errorf("flint: read the answer of %s %s: %w", in.method, in.path, err)
	}
	return out, nil
}

func all[T any](read func(token string) (*Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for token := ""; ; {
			page, err := read(token)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if token = page.NextPageToken; token == "" {
				return
			}
		}
	}
}

// raw sends a request until it has an answer that stays, and gives the body of a success.
func (c *Client) raw(ctx context.Context, in call, options []CallOption) ([]byte, error) {
	var body []byte
	if in.body != nil {
		var err error
		if body, err = json.Marshal(in.body); err != nil {
			return nil, fmt.Errorf("flint: write the body of %s %s: %w", in.method, in.path, err)
		}
	}
	headers := c.headers.Clone()
	headers.Set("Flint-Version", Version)
	if in.keyed {
		headers.Set("Idempotency-Key", rand.Text())
	}
	if body != nil {
		headers.Set("Content-Type", "application/json")
	}
	for _, option := range options {
		option(headers)
	}
	repeatable := in.method == http.MethodGet || in.keyed
	for try := 0; ; try++ {
		answer, wait, err := c.once(ctx, in, body, headers)
		if err == nil || wait < 0 || try >= c.Retries || !repeatable {
			return answer, err
		}
		if wait == 0 {
			wait = time.Duration(1<<try) * 250 * time.Millisecond
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}

// once is one try. wait tells how long to wait before the next one: 0 for the client to choose,
// negative for not at all.
func (c *Client) once(ctx context.Context, in call, body []byte, headers http.Header) (answer []byte, wait time.Duration, err error) {
	address := c.base + in.path
	if len(in.query) > 0 {
		address += "?" + in.query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, in.method, address, bytes.NewReader(body))
	if err != nil {
		return nil, -1, fmt.Errorf("flint: %w", err)
	}
	request.Header = headers
	response, err := c.HTTP.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			wait = -1
		}
		return nil, wait, fmt.Errorf("flint: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("flint: read the answer of %s %s: %w", in.method, in.path, err)
	}
	if response.StatusCode < 300 {
		return answer, 0, nil
	}
	var envelope ErrorEnvelope
	if json.Unmarshal(answer, &envelope) != nil || envelope.Error.Code == "" {
		envelope.Error.Code, envelope.Error.Message = strconv.Itoa(response.StatusCode), http.StatusText(response.StatusCode)
	}
	e := &Error{ErrorObject: envelope.Error, Status: response.StatusCode, Body: answer}
	if e.Status != http.StatusTooManyRequests && e.Status < 500 {
		return nil, -1, e
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		wait = time.Duration(seconds) * time.Second
	}
	return nil, wait, e
}

func addString(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func addStrings(v url.Values, name string, values []string) {
	for _, value := range values {
		v.Add(name, value)
	}
}

func addInt(v url.Values, name string, value *int64) {
	if value != nil {
		v.Set(name, strconv.FormatInt(*value, 10))
	}
}

func addBool(v url.Values, name string, value *bool) {
	if value != nil {
		v.Set(name, strconv.FormatBool(*value))
	}
}

func addTime(v url.Values, name string, value time.Time) {
	if !value.IsZero() {
		v.Set(name, value.UTC().Format(time.RFC3339Nano))
	}
}
