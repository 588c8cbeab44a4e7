package httpapi

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

type shapeKind uint8

const (
	shapeAny shapeKind = iota
	shapeObject
	shapeMap
	shapeArray
	shapeString
	shapeInteger
	shapeNumber
	shapeBoolean
)

// shape is a schema compiled for checking: what a value may look like, with the faults' names.
type shape struct {
	kind     shapeKind
	nullable bool
	fields   []shapeField
	index    map[string]int
	folded   map[string]string // lower case without underscores -> right name, for hints
	elem     *shape            // of arrays and maps
	minLen   int
	maxLen   int // -1 without limit
	minItems int
	maxItems int // -1 without limit
	min, max int64
	enum     map[string]struct{}
	pattern  *regexp.Regexp
	format   string
}

type shapeField struct {
	name     string
	shape    *shape
	required bool
	faults   fieldFaults
}

// fieldFaults names the faults of one field; empty ones fall back to the general codes.
// small is passed on to the members of an object, so that it can name a negative amount of money.
type fieldFaults struct{ required, long, small, invalid string }

func parseFieldFaults(tag string) (f fieldFaults) {
	for part := range strings.SplitSeq(tag, ",") {
		key, code, _ := strings.Cut(part, "=")
		switch key {
		case "":
		case "required":
			f.required = code
		case "long":
			f.long = code
		case "small":
			f.small = code
		case "invalid":
			f.invalid = code
		default:
			panic("httpapi: unknown key in fault tag: " + tag)
		}
	}
	return f
}

// shapes compiles the schemas of a registry, each named type once.
type shapes struct {
	registry huma.Registry
	byRef    map[string]*shape
}

// of compiles the schema of t.
func (c *shapes) of(t reflect.Type) *shape {
	return c.compile(c.registry.Schema(t, true, t.Name()), t)
}

// compile turns a schema into a shape. t is the Go type beside it and carries the tags that a schema
// has no place for; nil when the schema does not follow a Go type.
func (c *shapes) compile(s *huma.Schema, t reflect.Type) *shape {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil {
		if o, ok := reflect.TypeAssert[optional](reflect.Zero(t)); ok {
			t = o.inner()
		}
	}
	if s.Ref != "" {
		if known, ok := c.byRef[s.Ref]; ok {
			return known
		}
		out := new(shape)
		c.byRef[s.Ref] = out
		*out = *c.compile(c.registry.SchemaFromRef(s.Ref), t)
		return out
	}
	if len(s.AnyOf) == 2 && s.AnyOf[1].Type == "null" {
		out := *c.compile(s.AnyOf[0], t)
		out.nullable = true
		return &out
	}
	out := &shape{nullable: s.Nullable, maxItems: -1, maxLen: -1, format: s.Format,
		min: math.MinInt64, max: math.MaxInt64}
	switch s.Type {
	case huma.TypeString:
		out.kind = shapeString
		out.minLen, out.maxLen = deref(s.MinLength, 0), deref(s.MaxLength, -1)
		if s.Pattern != "" {
			out.pattern = regexp.MustCompile(s.Pattern)
		}
		if len(s.Enum) > 0 {
			out.enum = make(map[string]struct{}, len(s.Enum))
			for _, v := range s.Enum {
				out.enum[fmt.Sprint(v)] = struct{}{}
			}
		}
	case huma.TypeInteger:
		out.kind = shapeInteger
		if s.Minimum != nil {
			out.min = int64(*s.Minimum)
		}
		if s.Maximum != nil {
			out.max = int64(*s.Maximum)
		}
	case huma.TypeNumber:
		out.kind = shapeNumber
	case huma.TypeBoolean:
		out.kind = shapeBoolean
	case huma.TypeArray:
		out.kind = shapeArray
		out.minItems, out.maxItems = deref(s.MinItems, 0), deref(s.MaxItems, -1)
		out.elem = c.compile(s.Items, elemOf(t))
	case huma.TypeObject:
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			out.kind = shapeMap
			out.elem = c.compile(values, elemOf(t))
			return out
		}
		c.object(out, s, t)
	}
	return out
}

func (c *shapes) object(out *shape, s *huma.Schema, t reflect.Type) {
	out.kind = shapeObject
	out.index = make(map[string]int, len(s.Properties))
	out.folded = make(map[string]string, len(s.Properties))
	required := make(map[string]bool, len(s.Required))
	for _, n := range s.Required {
		required[n] = true
	}
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		prop := s.Properties[name]
		if name == "" || prop == nil || !f.IsExported() {
			continue
		}
		out.index[name] = len(out.fields)
		out.folded[fold(name)] = name
		out.fields = append(out.fields, shapeField{name: name, required: required[name],
			shape: c.compile(prop, f.Type), faults: parseFieldFaults(f.Tag.Get("fault"))})
	}
}

func elemOf(t reflect.Type) reflect.Type {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem()
	}
	return nil
}

func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

func deref[T any](p *T, or T) T {
	if p == nil {
		return or
	}
	return *p
}
