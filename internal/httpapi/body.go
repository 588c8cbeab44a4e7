package httpapi

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/fault"
	"flint/internal/fulfillment"
	"flint/internal/money"
	"flint/internal/text"
)

const (
	// MaxBody is the largest request body, in bytes.
	MaxBody = 1 << 20
	// maxDepth is how deep arrays and objects may nest in a body.
	maxDepth = 32
	// maxFaults ends the list of a hopeless body.
	maxFaults = 100
)

// errStop ends a walk that has nothing more to say; the fault is on the list.
var errStop = errors.New("httpapi: the body cannot be read further")

// checker walks a body once and collects what is wrong with it.
type checker struct {
	dec    *jsontext.Decoder
	path   []byte
	faults *fault.List
	count  int
	text   []byte // scratch for unescaped strings
}

// checkBody reports every fault of body against s. It returns false when the text is not usable
// JSON at all or deeper than allowed.
func checkBody(body []byte, s *shape, faults *fault.List) bool {
	c := &checker{dec: jsontext.NewDecoder(bytes.NewBuffer(body)), faults: faults, path: make([]byte, 0, 64)}
	err := c.value(s, fieldFaults{})
	if err == nil {
		if _, err = c.dec.ReadToken(); errors.Is(err, io.EOF) {
			return c.count == 0
		}
		if err == nil {
			c.add("INVALID_JSON", "The body goes on after its JSON value.")
			return false
		}
	}
	if !errors.Is(err, errStop) {
		c.syntax(err)
	}
	return false
}

func (c *checker) add(code, format string, args ...any) {
	if c.count++; c.count <= maxFaults {
		c.faults.Add(code, string(c.path), format, args...)
	}
}

// syntax reports text that is not JSON, by place and never by content.
func (c *checker) syntax(err error) {
	var se *jsontext.SyntacticError
	switch {
	case errors.As(err, &se) && errors.Is(se.Err, jsontext.ErrDuplicateName):
		c.path = appendPointer(c.path[:0], se.JSONPointer)
		c.add("DUPLICATE_FIELD", "This field is given twice.")
	case errors.As(err, &se):
		c.path = c.path[:0]
		c.add("INVALID_JSON", "The body is not valid JSON at byte %d.", se.ByteOffset)
	default:
		c.path = c.path[:0]
		c.add("INVALID_JSON", "The body is not complete JSON.")
	}
}

func (c *checker) value(s *shape, names fieldFaults) error {
	if c.dec.StackDepth() >= maxDepth {
		if k := c.dec.PeekKind(); k == '{' || k == '[' {
			c.add("INVALID_JSON", "The body nests deeper than %d levels.", maxDepth)
			return errStop
		}
	}
	k := c.dec.PeekKind()
	if k == 'n' && s.kind != shapeAny {
		if !s.nullable {
			c.add("NULL_NOT_ALLOWED", "This field cannot be null.")
		}
		return c.dec.SkipValue()
	}
	switch s.kind {
	case shapeObject:
		if k == '{' {
			return c.object(s, names)
		}
	case shapeMap:
		if k == '{' {
			return c.members(s.elem)
		}
	case shapeArray:
		if k == '[' {
			return c.array(s, names)
		}
	case shapeString:
		if k == '"' {
			return c.str(s, names)
		}
	case shapeInteger:
		if k == '0' {
			return c.integer(s, names)
		}
	case shapeNumber:
		if k == '0' {
			return c.number(s, names)
		}
	case shapeBoolean:
		if k == 't' || k == 'f' {
			return c.dec.SkipValue()
		}
	default:
		return c.anything(k)
	}
	if k == 0 {
		return c.dec.SkipValue() // lets the decoder say what is wrong with the text
	}
	c.add(or(names.invalid, "INVALID_FIELD_TYPE"), "This must be %s.", kindText[s.kind])
	return c.anything(k)
}

var kindText = [...]string{shapeAny: "a value", shapeObject: "an object", shapeMap: "an object", shapeArray: "an array",
	shapeString: "a string", shapeInteger: "an integer", shapeNumber: "a number", shapeBoolean: "true or false"}

// anything walks a value of no given form, for the rules that hold everywhere.
func (c *checker) anything(k jsontext.Kind) error {
	any := &shape{maxLen: -1, maxItems: -1}
	switch k {
	case '{':
		return c.members(any)
	case '[':
		return c.array(any.asArray(), fieldFaults{})
	case '"':
		any.kind = shapeString
		return c.str(any, fieldFaults{})
	default:
		return c.dec.SkipValue()
	}
}

func (s *shape) asArray() *shape { return &shape{kind: shapeArray, maxItems: -1, elem: s} }

func (c *checker) object(s *shape, names fieldFaults) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	var seen [4]uint64 // 256 fields an object, which compile-time tests hold
	base := len(c.path)
	for c.dec.PeekKind() != '}' {
		raw, err := c.dec.ReadValue()
		if err != nil {
			return err
		}
		c.text, err = jsontext.AppendUnquote(c.text[:0], raw)
		if err != nil {
			return err
		}
		i, known := s.index[string(c.text)]
		c.enter(base, c.text)
		if !known {
			c.unknown(s, string(c.text))
			if err := c.anything(c.dec.PeekKind()); err != nil {
				return err
			}
			continue
		}
		seen[i/64] |= 1 << (i % 64)
		member := s.fields[i].faults
		member.small = or(member.small, names.small)
		if err := c.value(s.fields[i].shape, member); err != nil {
			return err
		}
	}
	c.path = c.path[:base]
	for i, f := range s.fields {
		if f.required && seen[i/64]&(1<<(i%64)) == 0 {
			c.enter(base, []byte(f.name))
			c.add(or(f.faults.required, "FIELD_REQUIRED"), "This field is required.")
		}
	}
	c.path = c.path[:base]
	_, err := c.dec.ReadToken()
	return err
}

func (c *checker) unknown(s *shape, name string) {
	if right, ok := s.folded[fold(name)]; ok {
		c.add("UNKNOWN_FIELD", "There is no such field; it is written %s.", right)
		return
	}
	c.add("UNKNOWN_FIELD", "There is no such field.")
}

// members walks an object whose names are free.
func (c *checker) members(values *shape) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	base := len(c.path)
	for c.dec.PeekKind() != '}' {
		raw, err := c.dec.ReadValue()
		if err != nil {
			return err
		}
		c.text, err = jsontext.AppendUnquote(c.text[:0], raw)
		if err != nil {
			return err
		}
		c.enter(base, c.text)
		switch {
		case hasControl(c.text, false):
			c.add("INVALID_FIELD_VALUE", "The name holds control characters.")
		case text.HoldsCard(string(c.text)):
			c.path = c.path[:base] // which would repeat it
			c.add("CARD_NUMBER_NOT_ALLOWED", "A name looks like a card number, which is never stored.")
		}
		if err := c.value(values, fieldFaults{}); err != nil {
			return err
		}
	}
	c.path = c.path[:base]
	_, err := c.dec.ReadToken()
	return err
}

func (c *checker) array(s *shape, names fieldFaults) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	base, n := len(c.path), 0
	for ; c.dec.PeekKind() != ']'; n++ {
		c.path = append(strconv.AppendInt(append(c.path[:base], '['), int64(n), 10), ']')
		if err := c.value(s.elem, fieldFaults{invalid: names.invalid}); err != nil {
			return err
		}
	}
	c.path = c.path[:base]
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	switch {
	case n < s.minItems && n == 0:
		c.add(or(names.required, "VALUE_REQUIRED"), "At least %d must be given.", s.minItems)
	case n < s.minItems:
		c.add(or(names.invalid, "TOO_FEW_ITEMS"), "At least %d must be given.", s.minItems)
	case s.maxItems >= 0 && n > s.maxItems:
		c.add(or(names.long, "TOO_MANY_ITEMS"), "At most %d may be given.", s.maxItems)
	}
	return nil
}

func (c *checker) str(s *shape, names fieldFaults) error {
	raw, err := c.dec.ReadValue()
	if err != nil {
		return err
	}
	value := []byte(raw[1 : len(raw)-1])
	if bytes.IndexByte(value, '\\') >= 0 {
		if value, err = jsontext.AppendUnquote(c.text[:0], raw); err != nil {
			return err
		}
		c.text = value
	}
	n := utf8.RuneCount(value)
	switch {
	case hasControl(value, true):
		c.add(or(names.invalid, "INVALID_FIELD_VALUE"), "The text holds control characters.")
	case n == 0 && s.minLen > 0:
		c.add(or(names.required, "VALUE_REQUIRED"), "This field cannot be empty.")
	case n < s.minLen:
		c.add(or(names.invalid, "VALUE_TOO_SHORT"), "At least %d characters are needed.", s.minLen)
	case s.maxLen >= 0 && n > s.maxLen:
		c.add(or(names.long, "VALUE_TOO_LONG"), "At most %d characters are allowed.", s.maxLen)
	case s.enum != nil && !inSet(s.enum, value):
		c.add(or(names.invalid, "INVALID_FIELD_VALUE"), "This is none of the values the field allows.")
	case s.pattern != nil && !s.pattern.Match(value):
		c.add(or(names.invalid, "INVALID_FIELD_VALUE"), "The text does not have the form the field asks for.")
	case s.format == "date-time" && !isTime(string(value)):
		c.add(or(names.invalid, "INVALID_TIMESTAMP"), "This must be an RFC 3339 date and time with its zone.")
	case n >= 13 && !c.numbersOfItsOwn() && text.HoldsCard(string(value)):
		c.add("CARD_NUMBER_NOT_ALLOWED", "The text holds what looks like a card number, which is never stored.")
	}
	return nil
}

func (c *checker) integer(s *shape, names fieldFaults) error {
	raw, err := c.dec.ReadValue()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		c.add(or(names.long, or(names.invalid, "VALUE_OUT_OF_RANGE")), "The number is too large.")
	case err != nil:
		c.add(or(names.invalid, "INVALID_FIELD_TYPE"), "This must be an integer, written without fraction or exponent.")
	case n < s.min:
		c.add(or(names.small, or(names.invalid, "VALUE_OUT_OF_RANGE")), "The least value is %d.", s.min)
	case n > s.max:
		c.add(or(names.long, or(names.invalid, "VALUE_OUT_OF_RANGE")), "The greatest value is %d.", s.max)
	}
	return nil
}

// measureFormat marks numbers that are lengths and weights.
const measureFormat = "measure"

// number reads a percentage or a measure: every number of the contract that is no integer is one of them.
func (c *checker) number(s *shape, names fieldFaults) error {
	raw, err := c.dec.ReadValue()
	if err != nil {
		return err
	}
	if s.format == measureFormat {
		if _, err := fulfillment.ParseMeasure(string(raw)); err != nil {
			c.add(or(names.invalid, "INVALID_FIELD_VALUE"), "This must be a number above zero and below a million, with at most 3 decimals and no exponent.")
		}
		return nil
	}
	if _, err := money.ParsePercent(string(raw)); err != nil {
		c.add(or(names.invalid, "INVALID_FIELD_VALUE"), "This must be a percentage: not negative, with at most 4 decimals and no exponent.")
	}
	return nil
}

// numbersOfItsOwn tells fields whose values are long numbers by nature, one in ten of which would pass for
// a card number: telephone numbers, references of other systems, addresses on the web.
func (c *checker) numbersOfItsOwn() bool {
	if bytes.HasPrefix(c.path, []byte("metadata")) || bytes.Contains(c.path, []byte(".metadata.")) {
		return false // whatever the pair is called
	}
	return slices.ContainsFunc([]string{"phone", "_id", "_ids", "_number", "url", "sku", "gtin"}, func(suffix string) bool {
		return bytes.HasSuffix(c.path, []byte(suffix))
	})
}

// enter sets the path to a member of the object at base. Names of our own schemas are short; a
// caller's are cut and cleaned, because the path goes back to the caller and to the log.
func (c *checker) enter(base int, name []byte) {
	c.path = c.path[:base]
	if base > 0 {
		c.path = append(c.path, '.')
	}
	c.path = appendName(c.path, string(name))
}

func appendName(path []byte, name string) []byte {
	n := 0
	for _, r := range name {
		if n++; n > 64 {
			return append(path, "…"...)
		}
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			r = '?'
		}
		path = utf8.AppendRune(path, r)
	}
	return path
}

// appendPointer writes an RFC 6901 pointer the way params are written: a.b[2].c.
func appendPointer(path []byte, p jsontext.Pointer) []byte {
	for tok := range p.Tokens() {
		if _, err := strconv.ParseUint(tok, 10, 31); err == nil {
			path = append(append(append(path, '['), tok...), ']')
			continue
		}
		if len(path) > 0 {
			path = append(path, '.')
		}
		path = appendName(path, tok)
	}
	return path
}

// hasControl reports characters no text of ours may hold; tab and line ends are allowed in values.
func hasControl(b []byte, lines bool) bool {
	for _, ch := range b {
		if ch < ' ' && (!lines || ch != '\n' && ch != '\t' && ch != '\r') || ch == 0x7f {
			return true
		}
	}
	return false
}

func isTime(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil }

func inSet(set map[string]struct{}, text []byte) bool { _, ok := set[string(text)]; return ok }

func or(code, general string) string {
	if code != "" {
		return code
	}
	return general
}

// decodeBody fills into from a body that passed its check. What a type's own decoder refuses is a
// fault of the field.
func decodeBody(body []byte, into any, faults *fault.List) error {
	err := json.Unmarshal(body, into, jsontext.AllowDuplicateNames(true))
	if err == nil {
		return nil
	}
	var se *json.SemanticError
	if !errors.As(err, &se) {
		return err
	}
	path := string(appendPointer(nil, se.JSONPointer))
	if f := fault.Of(se.Err); f != nil {
		faults.AddError(path, f)
		return nil
	}
	faults.Add("INVALID_FIELD_VALUE", strings.TrimPrefix(path, "."), "This value cannot be used.")
	return nil
}
