package db

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind is what a Value holds.
type Kind uint8

// The kinds a column can have.
const (
	Null Kind = iota
	Int
	Text
	Bytes
)

// Value is one argument or column between an engine and Go. Engines convert through it, so both take
// and give exactly the same Go types. Exactly one of the fields belongs to the kind; a Text that came
// from the wire may be in Raw instead of Str.
type Value struct {
	Kind Kind
	Int  int64
	Str  string
	Raw  []byte
}

var errText = errors.New("db: text must be UTF-8 without NUL")

// ValueOf converts an argument of a statement. It fails for types the package comment does not list
// and for text that one of the engines cannot keep.
func ValueOf(arg any) (Value, error) {
	switch v := arg.(type) {
	case nil:
		return Value{}, nil
	case string:
		return textValue(v)
	case int64:
		return Value{Kind: Int, Int: v}, nil
	case int:
		return Value{Kind: Int, Int: int64(v)}, nil
	case bool:
		return boolValue(v), nil
	case []byte:
		return bytesValue(v), nil
	case time.Time:
		return timeValue(v), nil
	case *string:
		if v == nil {
			return Value{}, nil
		}
		return textValue(*v)
	case *int64:
		if v == nil {
			return Value{}, nil
		}
		return Value{Kind: Int, Int: *v}, nil
	case *time.Time:
		if v == nil {
			return Value{}, nil
		}
		return timeValue(*v), nil
	}
	return namedValue(reflect.ValueOf(arg))
}

// namedValue serves the named kinds (type Currency string) and pointers to them.
func namedValue(v reflect.Value) (Value, error) {
	switch v.Kind() {
	case reflect.String:
		return textValue(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Value{Kind: Int, Int: v.Int()}, nil
	case reflect.Bool:
		return boolValue(v.Bool()), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return bytesValue(v.Bytes()), nil
		}
	case reflect.Pointer:
		if v.IsNil() {
			return Value{}, nil
		}
		return ValueOf(v.Elem().Interface())
	case reflect.Struct:
		if v.CanConvert(timeType) {
			return timeValue(v.Convert(timeType).Interface().(time.Time)), nil //nolint:errcheck,forcetypeassert // converted to timeType
		}
	}
	return Value{}, fmt.Errorf("db: a %s cannot be an argument", v.Type())
}

func textValue(s string) (Value, error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return Value{}, errText
	}
	return Value{Kind: Text, Str: s}, nil
}

func boolValue(b bool) Value {
	if b {
		return Value{Kind: Int, Int: 1}
	}
	return Value{Kind: Int}
}

func bytesValue(b []byte) Value {
	if b == nil {
		return Value{}
	}
	return Value{Kind: Bytes, Raw: b}
}

func timeValue(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Value{Kind: Int, Int: t.UnixMicro()}
}

func (v Value) text() string {
	if v.Raw != nil {
		return string(v.Raw)
	}
	return v.Str
}

var timeType = reflect.TypeFor[time.Time]()

// Into copies a column into a scan target. NULL goes into pointers to pointers as nil, into
// *time.Time as the zero time and into *[]byte as nil; every other target refuses it.
func (v Value) Into(dest any) error {
	switch d := dest.(type) {
	case *string:
		if v.Kind == Text {
			*d = v.text()
			return nil
		}
	case *int64:
		if v.Kind == Int {
			*d = v.Int
			return nil
		}
	case *int:
		if v.Kind == Int {
			*d = int(v.Int)
			return nil
		}
	case *bool:
		if v.Kind == Int && v.Int>>1 == 0 {
			*d = v.Int == 1
			return nil
		}
	case *time.Time:
		switch v.Kind {
		case Null:
			*d = time.Time{}
			return nil
		case Int:
			*d = time.UnixMicro(v.Int).UTC()
			return nil
		}
	case *[]byte:
		switch v.Kind {
		case Null:
			*d = nil
			return nil
		case Bytes:
			*d = append(make([]byte, 0, len(v.Raw)), v.Raw...)
			return nil
		case Text:
			*d = []byte(v.text())
			return nil
		}
	case **string:
		switch v.Kind {
		case Null:
			*d = nil
			return nil
		case Text:
			s := v.text()
			*d = &s
			return nil
		}
	case **int64:
		switch v.Kind {
		case Null:
			*d = nil
			return nil
		case Int:
			n := v.Int
			*d = &n
			return nil
		}
	case **time.Time:
		switch v.Kind {
		case Null:
			*d = nil
			return nil
		case Int:
			t := time.UnixMicro(v.Int).UTC()
			*d = &t
			return nil
		}
	default:
		return v.intoNamed(dest)
	}
	return v.mismatch(dest)
}

func (v Value) intoNamed(dest any) error {
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("db: scan needs a pointer, not %T", dest)
	}
	e := p.Elem()
	switch e.Kind() {
	case reflect.String:
		if v.Kind == Text {
			e.SetString(v.text())
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Kind == Int && !e.OverflowInt(v.Int) {
			e.SetInt(v.Int)
			return nil
		}
	case reflect.Bool:
		if v.Kind == Int && v.Int>>1 == 0 {
			e.SetBool(v.Int == 1)
			return nil
		}
	case reflect.Slice:
		if e.Type().Elem().Kind() == reflect.Uint8 && v.Kind != Int {
			var b []byte
			if err := v.Into(&b); err != nil {
				return err
			}
			e.SetBytes(b)
			return nil
		}
	case reflect.Pointer:
		if v.Kind == Null {
			e.SetZero()
			return nil
		}
		fresh := reflect.New(e.Type().Elem())
		if err := v.Into(fresh.Interface()); err != nil {
			return err
		}
		e.Set(fresh)
		return nil
	}
	return v.mismatch(dest)
}

func (v Value) mismatch(dest any) error {
	what := [...]string{Null: "NULL", Int: "an integer", Text: "text", Bytes: "bytes"}[v.Kind]
	return fmt.Errorf("db: %s cannot be scanned into %T", what, dest)
}

// Excerpt is the start of an SQL text on one line, for error messages.
func Excerpt(sql string) string {
	s := strings.Join(strings.Fields(sql), " ")
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return s
}
