package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"slices"

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

// List reads one page. fetch returns at most limit items behind after, nil for the start, and the place of
// the next page, nil on the last one. A token belongs to the route, the environment, the filters and the
// sort it was made for: CURSOR_MISMATCH otherwise, INVALID_PAGE_TOKEN for what we never made.
func List[T any](c *Caller, q PageQuery, fetch func(after *listing.Cursor, limit int) ([]T, *listing.Cursor, error)) (Page[T], error) {
	var after *listing.Cursor
	if q.PageToken != "" {
		at, err := c.cursors.open(q.PageToken, c.binding)
		if err != nil {
			return Page[T]{}, err
		}
		after = &at
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
	return Page[T]{Data: items, Next: c.cursors.seal(c.binding, *next)}, nil
}

// MapPage turns the items of a page into their wire form.
func MapPage[T, W any](p Page[T], f func(T) W) Page[W] {
	out := make([]W, len(p.Data))
	for i, v := range p.Data {
		out[i] = f(v)
	}
	return Page[W]{Data: out, Next: p.Next}
}

// wired turns what a domain returned into its wire form.
func wired[T, W any](f func(T) W) func(T, error) (W, error) {
	return func(v T, err error) (W, error) {
		if err != nil {
			var none W
			return none, err
		}
		return f(v), nil
	}
}

// wiredPart is wired for a part that is shown with what it belongs to.
func wiredPart[T, P, W any](f func(T, P) W) func(T, P, error) (W, error) {
	return func(v T, part P, err error) (W, error) {
		if err != nil {
			var none W
			return none, err
		}
		return f(v, part), nil
	}
}

const (
	bindingLen = 16
	macLen     = 16
)

// cursors makes and opens page tokens: binding hash, key and id of the place, authentication code.
type cursors struct{ key []byte }

func (c *cursors) seal(binding []byte, at listing.Cursor) string {
	b := slices.Clone(binding[:bindingLen])
	b = binary.AppendUvarint(b, uint64(len(at.Key)))
	b = append(append(b, at.Key...), at.ID...)
	return base64.RawURLEncoding.EncodeToString(append(b, c.mac(b)...))
}

func (c *cursors) open(token string, binding []byte) (listing.Cursor, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < bindingLen+macLen {
		return listing.Cursor{}, errPageToken()
	}
	b, mac := b[:len(b)-macLen], b[len(b)-macLen:]
	if !hmac.Equal(mac, c.mac(b)) {
		return listing.Cursor{}, errPageToken()
	}
	if !hmac.Equal(b[:bindingLen], binding[:bindingLen]) {
		return listing.Cursor{}, fault.Invalid("CURSOR_MISMATCH", "page_token", "This page token was made for another list, filter or order.").
			Then("Start again without page_token, or repeat the filters and the order of the first page.")
	}
	b = b[bindingLen:]
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return listing.Cursor{}, errPageToken()
	}
	b = b[n:]
	return listing.Cursor{Key: string(b[:size]), ID: string(b[size:])}, nil
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
