package fulfillment

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Measure is a length or weight in thousandths of its unit: 2.5 is 2500. On the wire it is a JSON number with at
// most three decimals, zero excluded.
type Measure int64

var errMeasure = errors.New("fulfillment: a measure is a plain number above zero with at most three decimals, below a million")

// ParseMeasure reads a plain decimal number without an exponent.
func ParseMeasure(s string) (Measure, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 3 || len(whole) > 6 || strings.HasSuffix(s, ".") || !digits(whole) || fraction != "" && !digits(fraction) {
		return 0, errMeasure
	}
	v, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", 3-len(fraction)), 10, 64)
	if err != nil || v == 0 {
		return 0, errMeasure
	}
	return Measure(v), nil
}

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}

// String is the number as JSON writes it.
func (m Measure) String() string {
	s := strconv.FormatInt(int64(m)/1000, 10)
	if rest := int64(m) % 1000; rest != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(1000+rest, 10)[1:], "0")
	}
	return s
}

// MarshalJSONTo writes a JSON number.
func (m Measure) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteValue(jsontext.Value(m.String()))
}

// UnmarshalJSONFrom reads a JSON number.
func (m *Measure) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*m, err = ParseMeasure(string(v))
	return err
}
