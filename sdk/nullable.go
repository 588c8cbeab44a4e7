package flint

import "encoding/json"

// Nullable is a field of a request that may be left out, null, or a value. The zero Nullable leaves the
// field out, which changes nothing; Null takes the value away.
type Nullable[T any] struct {
	value *T
	sent  bool
}

// Value sends v.
func Value[T any](v T) Nullable[T] { return Nullable[T]{value: &v, sent: true} }

// Null sends null.
func Null[T any]() Nullable[T] { return Nullable[T]{sent: true} }

// Get is the value, nil for null and for what was left out.
func (n Nullable[T]) Get() *T { return n.value }

// IsZero reports that the field is left out.
func (n Nullable[T]) IsZero() bool { return !n.sent }

// MarshalJSON writes the value or null.
func (n Nullable[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

// UnmarshalJSON reads the value or null.
func (n *Nullable[T]) UnmarshalJSON(b []byte) error {
	n.sent = true
	return json.Unmarshal(b, &n.value)
}
