package requestlog

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/text"
)

// maxDepth bounds how deep JSON inside a text of JSON is looked at.
const maxDepth = 3

// JSON is a body without what stands under secret names and without what Text takes out. What is not JSON
// ends the result there, so a broken or cut body shows as far as it could be understood; whole tells
// whether all of it was. redacted tells whether something was taken out.
func (r Redactor) JSON(body []byte) (out []byte, redacted, whole bool) {
	s := scanner{r: r, in: body, out: make([]byte, 0, len(body))}
	return s.run()
}

// scanner copies JSON from in to out. Its steps give false at the first byte that does not belong.
type scanner struct {
	r        Redactor
	in, out  []byte
	at       int
	nested   int             // of texts that hold JSON
	levels   int             // of objects and arrays
	names    map[string]bool // what secret has told of harmless names, bounded
	opaque   bool            // every text that could be a secret is taken out
	redacted bool            // something was taken out
}

// minToken is the length, with quotes, of the shortest text that Text changes.
const minToken = 10

// maxNames bounds how many names are remembered: some come from callers.
const maxNames = 4096

// secret is SecretName of a name in quotes; plain tells that nothing has to be taken out of the name
// itself. Both are remembered, because the same names come again and again.
func (s *scanner) secret(raw []byte) (secret, plain bool) {
	if known, ok := s.names[string(raw)]; ok {
		return known, true
	}
	name := string(raw)
	if b, err := jsontext.AppendUnquote(nil, raw); err == nil {
		name = string(b)
	}
	secret, plain = SecretName(name), !strings.Contains(string(raw), `\`) && s.r.Text(name) == name
	if plain && s.names != nil && len(s.names) < maxNames {
		s.names[string(raw)] = secret
	}
	return secret, plain
}

func (s *scanner) run() (out []byte, redacted, whole bool) {
	whole = s.value() && s.space() && s.at == len(s.in)
	return s.out, s.redacted, whole
}

func (s *scanner) space() bool {
	for s.at < len(s.in) && (s.in[s.at] == ' ' || s.in[s.at] == '\t' || s.in[s.at] == '\n' || s.in[s.at] == '\r') {
		s.at++
	}
	return true
}

func (s *scanner) value() bool {
	s.space()
	if s.at == len(s.in) {
		return false
	}
	switch c := s.in[s.at]; c {
	case '{', '[':
		return s.composite(c)
	case '"':
		raw, ok := s.text()
		if ok {
			s.write(raw)
		}
		return ok
	default:
		return s.word(false)
	}
}

// composite copies an object or an array.
func (s *scanner) composite(open byte) bool {
	if s.levels++; s.levels > 100 {
		return false
	}
	defer func() { s.levels-- }()
	closing := open + 2 // '[' and ']', '{' and '}' lie two apart
	s.put(open)
	for first := true; ; first = false {
		s.space()
		if s.at == len(s.in) {
			return false
		}
		if s.in[s.at] == closing && first {
			s.put(closing)
			return true
		}
		if !first {
			switch s.in[s.at] {
			case closing:
				s.put(closing)
				return true
			case ',':
				s.put(',')
			default:
				return false
			}
		}
		if open == '{' {
			if !s.member() {
				return false
			}
		} else if !s.value() {
			return false
		}
	}
}

// member copies a name and its value, or hides the value.
func (s *scanner) member() bool {
	s.space()
	raw, ok := s.text()
	if !ok {
		return false
	}
	secret, plain := s.secret(raw)
	if plain {
		s.out = append(s.out, raw...)
	} else {
		s.write(raw) // a name may be a secret itself
	}
	s.space()
	if s.at == len(s.in) || s.in[s.at] != ':' {
		return false
	}
	s.put(':')
	if !secret {
		return s.value()
	}
	s.space()
	if s.at == len(s.in) {
		return false
	}
	switch c := s.in[s.at]; {
	case c == '{' && string(raw) == `"api_key"`: // the object about a key; its secret has a name of its own
		return s.value()
	case c == '{' || c == '[' || c == '"':
		return s.hide()
	default:
		return s.word(true)
	}
}

// hide skips a value and writes a mark in its place. An unfinished value counts as hidden.
func (s *scanner) hide() bool {
	inner := scanner{r: s.r, in: s.in, at: s.at, nested: maxDepth, levels: s.levels, names: s.names}
	ok := inner.value()
	s.at = inner.at
	s.out = append(append(append(s.out, '"'), Hidden...), '"')
	s.redacted = true
	return ok
}

// put copies one byte that is here.
func (s *scanner) put(c byte) {
	s.out = append(s.out, c)
	s.at++
}

// text reads a string with its quotes. Its end must be there: half a secret would not be known for one.
func (s *scanner) text() ([]byte, bool) {
	if s.at == len(s.in) || s.in[s.at] != '"' {
		return nil, false
	}
	for i := s.at + 1; i < len(s.in); i++ {
		switch c := s.in[i]; {
		case c == '\\':
			i++
		case c == '"':
			raw := s.in[s.at : i+1]
			s.at = i + 1
			return raw, utf8.Valid(raw)
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// write copies a string without what must not be read in it.
func (s *scanner) write(raw []byte) {
	escaped := bytes.IndexByte(raw, '\\') >= 0
	if len(raw) < minToken && !escaped {
		s.out = append(s.out, raw...)
		return
	}
	plain := string(raw[1 : len(raw)-1])
	if escaped {
		b, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			plain = "" // nothing that anybody could read
		} else {
			plain = string(b)
		}
	}
	clean := plain
	if start := strings.TrimLeft(plain, " \t\r\n"); start != "" && strings.IndexByte(`{["`, start[0]) >= 0 && s.nested < maxDepth {
		below := scanner{r: s.r, in: []byte(plain), nested: s.nested + 1, names: s.names}
		if below.value() && below.space() && below.at == len(below.in) && below.redacted {
			clean = string(below.out)
		}
	}
	if s.opaque && opaque(clean) {
		clean = Hidden
	}
	if clean = s.r.Text(clean); clean == plain && (!escaped || plain != "") {
		s.out = append(s.out, raw...)
		return
	}
	s.redacted = s.redacted || clean != plain
	if quoted, err := jsontext.AppendQuote(s.out, clean); err == nil {
		s.out = quoted
	}
}

// word copies a number or a literal, or hides a number.
func (s *scanner) word(secret bool) bool {
	from, digits := s.at, 0
	for s.at < len(s.in) {
		c := s.in[s.at]
		if c >= '0' && c <= '9' {
			digits++
		} else if c != '-' && c != '+' && c != '.' && (c < 'a' || c > 'z') && c != 'E' {
			break
		}
		s.at++
	}
	w := s.in[from:s.at]
	if s.at == len(s.in) && s.levels > 0 { // cut off: half a card number would not be known for one
		return false
	}
	if digits == 0 && string(w) != "true" && string(w) != "false" && string(w) != "null" || digits > 0 && !number(w) {
		s.at = from
		return false
	}
	if digits > 0 && (secret || digits >= 13 && text.MaskCards(string(w), "") != string(w)) {
		s.out = append(append(append(s.out, '"'), Hidden...), '"')
		s.redacted = true
		return true
	}
	s.out = append(s.out, w...)
	return true
}

// number reports whether w, of the bytes that numbers have, is one of JSON.
func number(w []byte) bool {
	w = bytes.TrimPrefix(w, []byte("-"))
	if len(w) == 0 || w[0] < '0' || w[0] > '9' {
		return false
	}
	if !bytes.ContainsAny(w, ".eE") { // nearly all are whole
		return (w[0] != '0' || len(w) == 1) && bytes.IndexFunc(w, func(c rune) bool { return c < '0' || c > '9' }) < 0
	}
	return jsontext.Value(w).IsValid()
}

// opaque reports whether a text could be a secret: long, of one word, of letters and digits, and no id.
func opaque(v string) bool {
	letters, digits := false, false
	for i := range len(v) {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
			digits = true
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letters = true
		case strings.IndexByte("_-.+/=~", c) < 0:
			return false
		}
	}
	return len(v) >= 20 && letters && digits && ResourceType(v) == ""
}
