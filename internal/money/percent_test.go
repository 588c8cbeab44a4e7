package money

import (
	stdjson "encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"
)

func TestParsePercent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want Percent
		err  error
	}{
		{"0", 0, nil},
		{"8.25", 82500, nil},
		{"8.2500", 82500, nil},
		{"8.250000", 82500, nil},
		{"100", 1000000, nil},
		{"0.0001", 1, nil},
		{"922337203685477.5807", math.MaxInt64, nil},
		{"922337203685477.5808", 0, ErrPercentRange},
		{"99999999999999999999", 0, ErrPercentRange},
		{"8.25001", 0, ErrPercentPrecision},
		{"0.00001", 0, ErrPercentPrecision},
		{"-1", 0, ErrPercentNegative},
		{"-0", 0, ErrPercentNegative},
		{"-1.00001", 0, ErrPercentNegative},
		{"", 0, ErrPercentSyntax},
		{"-", 0, ErrPercentSyntax},
		{"--1", 0, ErrPercentSyntax},
		{"+1", 0, ErrPercentSyntax},
		{"08", 0, ErrPercentSyntax},
		{".5", 0, ErrPercentSyntax},
		{"5.", 0, ErrPercentSyntax},
		{"1e1", 0, ErrPercentSyntax},
		{"1.2.3", 0, ErrPercentSyntax},
		{"1,5", 0, ErrPercentSyntax},
		{" 1", 0, ErrPercentSyntax},
		{"٣", 0, ErrPercentSyntax},
		{"null", 0, ErrPercentSyntax},
		{`"5"`, 0, ErrPercentSyntax},
	}
	for _, tt := range tests {
		got, err := ParsePercent(tt.in)
		if got != tt.want || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
			t.Errorf("ParsePercent(%q) = %d, %v; want %d, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

func TestPercentJSON(t *testing.T) {
	t.Parallel()
	type row struct {
		Rate  Percent  `json:"rate"`
		Maybe *Percent `json:"maybe"`
	}
	in := `{"rate":8.0825,"maybe":100}`
	var a, b row
	if err := json.Unmarshal([]byte(in), &a); err != nil || a.Rate != 80825 || *a.Maybe != 1000000 {
		t.Fatalf("json: %+v, %v", a, err)
	}
	if err := stdjson.Unmarshal([]byte(in), &b); err != nil || b.Rate != 80825 || *b.Maybe != 1000000 {
		t.Fatalf("encoding/json: %+v, %v", b, err)
	}
	if out, err := json.Marshal(a); err != nil || string(out) != in {
		t.Fatalf("json: %s, %v", out, err)
	}
	if out, err := stdjson.Marshal(b); err != nil || string(out) != in {
		t.Fatalf("encoding/json: %s, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"rate":1,"maybe":null}`), &a); err != nil || a.Maybe != nil {
		t.Fatalf("a null pointer: %+v, %v", a, err)
	}
	for _, bad := range []string{`{"rate":"8"}`, `{"rate":null}`, `{"rate":8.00001}`, `{"rate":-1}`, `{"rate":1e2}`, `{"rate":[1]}`, `{"rate":true}`} {
		if json.Unmarshal([]byte(bad), new(row)) == nil {
			t.Errorf("json takes %s", bad)
		}
		if stdjson.Unmarshal([]byte(bad), new(row)) == nil {
			t.Errorf("encoding/json takes %s", bad)
		}
	}
}

func TestPercentErrorsKeepTheValueToThemselves(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"-4711", "4711.47114", "4711x", "4711471147114711471147"} {
		if _, err := ParsePercent(in); err == nil || strings.Contains(err.Error(), "4711") {
			t.Errorf("ParsePercent(%q): %v", in, err)
		}
	}
}

func TestPercentOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		amount     int64
		p          Percent
		of, inside int64
	}{
		{9249, 82500, 763, 705},
		{3084, 5000, 15, 15},
		{12333, 25000, 308, 301},
		{50, 10000, 1, 0},   // 0.5 goes away from zero; 0.495 does not
		{-50, 10000, -1, 0}, // the same on the other side
		{49, 10000, 0, 0},
		{11900, 190000, 2261, 1900},
		{1, 1000000, 1, 1}, // half of 1 rounds up
		{0, 82500, 0, 0},
		{100, 0, 0, 0},
		{math.MaxInt64, 1000000, math.MaxInt64, 1 << 62},
	}
	for _, tt := range tests {
		if got, err := tt.p.Of(tt.amount); got != tt.of || err != nil {
			t.Errorf("%s %% of %d = %d, %v; want %d", tt.p, tt.amount, got, err, tt.of)
		}
		if got, err := tt.p.Inclusive(tt.amount); got != tt.inside || err != nil {
			t.Errorf("%s %% inside %d = %d, %v; want %d", tt.p, tt.amount, got, err, tt.inside)
		}
	}
	if _, err := Percent(1000001).Of(math.MaxInt64); !errors.Is(err, ErrOverflow) {
		t.Errorf("just above the range: %v", err)
	}
	if _, err := Percent(-1).Inclusive(100); !errors.Is(err, ErrPercentNegative) {
		t.Errorf("a negative tax inside a price: %v", err)
	}
}

func TestPercentAgreesWithBig(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, p := anyInt(t, "amount"), Percent(anyInt(t, "percent"))
		num := new(big.Int).Mul(big.NewInt(a), big.NewInt(int64(p)))
		got, err := p.Of(a)
		sameAsBig(t, "of", got, err, halfAway(num, big.NewInt(whole)))
		if p >= 0 {
			got, err = p.Inclusive(a)
			den := new(big.Int).Add(big.NewInt(int64(p)), big.NewInt(whole))
			sameAsBig(t, "inclusive", got, err, halfAway(num, den))
		}
	})
}

func TestPercentTextReturns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Percent(rapid.Int64Min(0).Draw(t, "percent"))
		if back, err := ParsePercent(p.String()); back != p || err != nil {
			t.Fatalf("%q comes back as %d, %v; want %d", p.String(), back, err, p)
		}
	})
	if got := Percent(-82500).String(); got != "-8.25" {
		t.Errorf("a negative percentage is %q", got)
	}
	if got := Percent(math.MinInt64).String(); got != "-922337203685477.5808" {
		t.Errorf("the smallest percentage is %q", got)
	}
}

// FuzzParsePercent: whatever is accepted is a JSON number and means the same there, and its text is
// a fixed point.
func FuzzParsePercent(f *testing.F) {
	for _, s := range []string{"8.25", "0", "-1", "1e3", "08", "100.0000", "0.00010", "9223372036854775807", "1.", ".1", "null"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePercent(s)
		if err != nil {
			if p != 0 {
				t.Fatalf("%q: an error and %d", s, p)
			}
			return
		}
		if !stdjson.Valid([]byte(s)) {
			t.Fatalf("%q is no JSON number", s)
		}
		want, _ := new(big.Rat).SetString(s)
		if got := big.NewRat(int64(p), one); p < 0 || got.Cmp(want) != 0 {
			t.Fatalf("%q is %d", s, p)
		}
		if back, err := ParsePercent(p.String()); back != p || err != nil {
			t.Fatalf("%q comes back as %d, %v", p.String(), back, err)
		}
	})
}

func BenchmarkPercentOf(b *testing.B) {
	for b.Loop() {
		if _, err := Percent(82500).Of(123456789); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePercent(b *testing.B) {
	for b.Loop() {
		if _, err := ParsePercent("8.25"); err != nil {
			b.Fatal(err)
		}
	}
}
