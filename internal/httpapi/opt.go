package httpapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Opt is a field of a PATCH body that may be left out, null or a value. Declare it with
// `json:"name,omitzero"`. Use *T instead where null has no meaning.
type Opt[T any] struct {
	Value T
	Sent  bool // the field was in the body
	Null  bool // it was null
}

// Set reports whether the field carries a value.
func (o Opt[T]) Set() bool { return o.Sent && !o.Null }

// Ptr is nil when the field was left out, and otherwise points at the value, which is T's zero for null.
func (o Opt[T]) Ptr() *T {
	if !o.Sent {
		return nil
	}
	return &o.Value
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (o *Opt[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = Opt[T]{Sent: true}
	if dec.PeekKind() == 'n' {
		o.Null = true
		return dec.SkipValue()
	}
	return json.UnmarshalDecode(dec, &o.Value)
}

// MarshalJSONTo implements json.MarshalerTo.
func (o Opt[T]) MarshalJSONTo(enc *jsontext.Encoder) error {
	if !o.Set() {
		return enc.WriteToken(jsontext.Null)
	}
	return json.MarshalEncode(enc, o.Value)
}

// Schema implements huma.SchemaProvider: the schema of T, or null.
func (o Opt[T]) Schema(r huma.Registry) *huma.Schema {
	s := r.Schema(o.inner(), true, "")
	if s.Ref != "" || s.Type == "" {
		return &huma.Schema{AnyOf: []*huma.Schema{s, {Type: "null"}}}
	}
	s.Nullable = true
	return s
}

func (Opt[T]) inner() reflect.Type { return reflect.TypeFor[T]() }

type optional interface{ inner() reflect.Type }
