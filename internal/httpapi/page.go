package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json"

	"flint/internal/db/listing"
	"flint/internal/fault"
)

// Page is the answer of a list operation: some items and the token of the next page, empty on the last.
type Page[T any] = Paged[[]T]

// Paged is any data with a page token beside it.
type Paged[D any] struct {
	Data D
	Next string
}

func (p Paged[D]) parts() (any, string) { return p.Data, p.Next }

type paged interface {
	parts() (data any, next string)
}

// PageQuery is embedded by the input of every list operation.
type PageQuery struct {
	PageSize  int    `query:"page_size" minimum:"1" maximum:"100" default:"20" doc:"How many items a page holds."`
	PageToken string `query:"page_token" maxLength:"2048" doc:"Token of the page to read, from the page before."`
}

// Position is a place in a list sorted by At or Text, then ID. The zero Position is the start.
type Position struct {
	At   int64  `json:"a,omitzero"` // microseconds since 1970, or any number sorted by
	Text string `json:"t,omitzero"`
	ID   string `json:"i,omitzero"`
}

// List reads one page. fetch returns at most limit items after the position, in the list's order; at
// gives the position of an item. A token belongs to the route, the environment, the filters and the
// sort it was made for: CURSOR_MISMATCH otherwise, INVALID_PAGE_TOKEN for what we never made.
func List[T any](c *Caller, q PageQuery, fetch func(after Position, limit int) ([]T, error), at func(T) Position) (Page[T], error) {
	var after Position
	if q.PageToken != "" {
		if err := c.cursors.open(q.PageToken, c.binding, &after); err != nil {
			return Page[T]{}, err
		}
	}
	items, err := fetch(after, q.PageSize+1)
	if err != nil {
		return Page[T]{}, err
	}
	if len(items) <= q.PageSize {
		return Page[T]{Data: items}, nil
	}
	items = items[:q.PageSize]
	next, err := c.cursors.seal(c.binding, at(items[len(items)-1]))
	return Page[T]{Data: items, Next: next}, err
}

// MapPage turns the items of a page into their wire form.
func MapPage[T, W any](p Page[T], f func(T) W) Page[W] {
	out := make([]W, len(p.Data))
	for i, v := range p.Data {
		out[i] = f(v)
	}
	return Page[W]{Data: out, Next: p.Next}
}

const (
	bindingLen = 16
	macLen     = 16
)

// cursors makes and opens page tokens: binding hash, position, authentication code.
type cursors struct{ key []byte }

func (c *cursors) seal(binding []byte, p Position) (string, error) {
	at, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	b := append(slices.Clone(binding[:bindingLen]), at...)
	return base64.RawURLEncoding.EncodeToString(append(b, c.mac(b)...)), nil
}

func (c *cursors) open(token string, binding []byte, into *Position) error {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < bindingLen+macLen {
		return errPageToken()
	}
	b, mac := b[:len(b)-macLen], b[len(b)-macLen:]
	if !hmac.Equal(mac, c.mac(b)) {
		return errPageToken()
	}
	if !hmac.Equal(b[:bindingLen], binding[:bindingLen]) {
		return fault.Invalid("CURSOR_MISMATCH", "page_token", "This page token was made for another list, filter or order.").
			Then("Start again without page_token, or repeat the filters and the order of the first page.")
	}
	*into = Position{}
	if err := json.Unmarshal(b[bindingLen:], into); err != nil {
		return errPageToken()
	}
	return nil
}

func (c *cursors) mac(b []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write(b)
	return h.Sum(nil)[:macLen]
}

func errPageToken() error {
	return fault.Invalid("INVALID_PAGE_TOKEN", "page_token", "This is not a page token of ours.")
}

// bindingOf hashes what a page token is bound to: operation, path, environment and every query
// parameter but the size, the token itself and what is expanded.
func bindingOf(route *Route, path, environment string, query url.Values) []byte {
	h := sha256.New()
	h.Write([]byte(route.ID + "\x00" + path + "\x00" + environment))
	names := make([]string, 0, len(query))
	for name := range query {
		if name != "page_size" && name != "page_token" && name != "expand" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range query[name] {
			h.Write([]byte("\x00" + name + "\x01" + v))
		}
	}
	return h.Sum(nil)
}

// listBy reads one page of a list whose domain pages by itself.
func listBy[T any](c *Caller, q PageQuery, fetch func(after *listing.Cursor, limit int) ([]T, *listing.Cursor, error)) (Page[T], error) {
	var after *listing.Cursor
	if q.PageToken != "" {
		var p Position
		if err := c.cursors.open(q.PageToken, c.binding, &p); err != nil {
			return Page[T]{}, err
		}
		after = &listing.Cursor{Key: p.Text, ID: p.ID}
	}
	items, next, err := fetch(after, q.PageSize)
	if err != nil {
		return Page[T]{}, err
	}
	if items == nil {
		items = []T{}
	}
	if next == nil {
		return Page[T]{Data: items}, nil
	}
	token, err := c.cursors.seal(c.binding, Position{Text: next.Key, ID: next.ID})
	return Page[T]{Data: items, Next: token}, err
}
