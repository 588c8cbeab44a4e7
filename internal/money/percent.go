package money

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Percent is a percentage in ten-thousandths of a percent: 8.25 % is 82500. On the wire it is a JSON
// number, read and written as decimal text, so no digit is ever lost to a float.
type Percent int64

// one is 1 %, whole is 100 %.
const (
	one   = 10_000
	whole = 100 * one
)

// Errors of a percentage in text. None of them repeats the text.
var (
	ErrPercentSyntax    = errors.New("a percentage must be a plain decimal number such as 8.25")
	ErrPercentNegative  = errors.New("a percentage must not be negative")
	ErrPercentPrecision = errors.New("a percentage has at most 4 decimals")
	ErrPercentRange     = errors.New("a percentage is too large")
)

// ParsePercent reads a plain decimal number as JSON writes one, without an exponent: "8", "8.25",
// "0.0001". Zeros after the fourth decimal are ignored, any other digit there is an error. The upper
// bound is the caller's to check.
func ParsePercent(s string) (Percent, error) {
	text, negative := strings.CutPrefix(s, "-")
	integer, fraction, point := strings.Cut(text, ".")
	if !allDigits(integer) || (point && !allDigits(fraction)) || (len(integer) > 1 && integer[0] == '0') {
		return 0, ErrPercentSyntax
	}
	if negative {
		return 0, ErrPercentNegative
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 4 {
		return 0, ErrPercentPrecision
	}
	v, err := strconv.ParseInt(integer+fraction+"0000"[len(fraction):], 10, 64)
	if err != nil { // only digits are left, so it can only be too large
		return 0, ErrPercentRange
	}
	return Percent(v), nil
}

// String is the shortest decimal text: "8.25", "100", "0.0001".
func (p Percent) String() string { return string(p.append(nil)) }

// Of is p percent of amount in minor units, rounded half away from zero, once.
func (p Percent) Of(amount int64) (int64, error) {
	q, err := mulDiv(magnitude(amount), magnitude(int64(p)), whole)
	if err != nil {
		return 0, err
	}
	return signed(q, (amount < 0) != (p < 0))
}

// Inclusive is the part of amount that is p percent of the rest: amount * p / (100 + p), rounded half
// away from zero, once. It is the tax inside a price. A negative p is ErrPercentNegative.
func (p Percent) Inclusive(amount int64) (int64, error) {
	if p < 0 {
		return 0, ErrPercentNegative
	}
	q, err := mulDiv(magnitude(amount), uint64(p), whole+uint64(p))
	if err != nil {
		return 0, err
	}
	return signed(q, amount < 0)
}

// MarshalJSONTo writes a JSON number.
func (p Percent) MarshalJSONTo(enc *jsontext.Encoder) error {
	var buf [24]byte
	return enc.WriteValue(p.append(buf[:0]))
}

// UnmarshalJSONFrom reads a JSON number; null and strings are ErrPercentSyntax.
func (p *Percent) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	return p.UnmarshalJSON(v)
}

// MarshalJSON is MarshalJSONTo for encoding/json.
func (p Percent) MarshalJSON() ([]byte, error) { return p.append(nil), nil }

// UnmarshalJSON is UnmarshalJSONFrom for encoding/json.
func (p *Percent) UnmarshalJSON(b []byte) error {
	v, err := ParsePercent(string(b))
	if err != nil {
		return err
	}
	*p = v
	return nil
}

func (p Percent) append(b []byte) []byte {
	if p < 0 {
		b = append(b, '-')
	}
	m := magnitude(int64(p))
	b = strconv.AppendUint(b, m/one, 10)
	rest := m % one
	if rest == 0 {
		return b
	}
	b = append(b, '.')
	for unit := uint64(one / 10); rest > 0; unit /= 10 {
		b = append(b, '0'+byte(rest/unit))
		rest %= unit
	}
	return b
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
