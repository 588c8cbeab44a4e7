package ui

import (
	"errors"
	"fmt"
	"html/template"
	"unicode"
)

// Language is the texts of one language. Texts with values use fmt verbs, by index where a language
// needs another order.
type Language struct {
	Tag    string // BCP 47: "en"
	RTL    bool
	Plural func(n int) string // plural category of a whole number: "one", "other", …
	Texts  map[string]string
}

// T is the text of a key with values put in. The key itself comes back when there is no text, so that
// a ready sentence can be passed where a key is expected.
func (l Language) T(key string, values ...any) string {
	text, ok := l.Texts[key]
	if !ok {
		return key
	}
	if len(values) == 0 {
		return text
	}
	return fmt.Sprintf(text, values...)
}

// N is the text of key for a number of things: key + "." + the plural category.
func (l Language) N(key string, n int) string { return l.T(key+"."+l.Plural(n), n) }

// Decline says in plain words why a payment did not work, for a failure code of the contract. Codes
// that would teach a thief something share one text.
func (l Language) Decline(code string) string {
	if _, ok := l.Texts["decline."+code]; !ok {
		code = "other"
	}
	return l.T("decline." + code)
}

func (l Language) dir() string {
	if l.RTL {
		return "rtl"
	}
	return "ltr"
}

func (l Language) funcs() template.FuncMap {
	return template.FuncMap{
		"n":       l.N,
		"decline": l.Decline,
		"initial": initial,
		// t insists on a known key; msg also takes a ready sentence.
		"msg": l.T,
		"t": func(key string, values ...any) (string, error) {
			if _, ok := l.Texts[key]; !ok {
				return "", errors.New("ui: no text for " + key)
			}
			return l.T(key, values...), nil
		},
	}
}

// initial is the first letter of a name, in capitals, for where a picture is missing.
func initial(name string) string {
	for _, c := range name {
		return string(unicode.ToUpper(c))
	}
	return "·"
}
