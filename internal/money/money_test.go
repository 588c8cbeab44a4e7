package money

import (
	"math"
	"slices"
	"testing"
)

func TestCurrencies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c      Currency
		known  bool
		digits int
	}{
		{"USD", true, 2}, {"EUR", true, 2}, {"JPY", true, 0}, {"KWD", true, 3}, {"BHD", true, 3}, {"OMR", true, 3},
		{"JOD", true, 3}, {"TND", true, 3}, {"LYD", true, 3},
		{"SLE", true, 2}, {"VED", true, 2}, {"XCG", true, 2}, {"ZWG", true, 2}, {"UYW", true, 4}, {"CLF", true, 4},
		// ISO 4217 and price tags differ; the standard counts.
		{"IQD", true, 3}, {"HUF", true, 2}, {"IDR", true, 2}, {"COP", true, 2}, {"LBP", true, 2}, {"TWD", true, 2},
		{"UGX", true, 0}, {"ISK", true, 0}, {"LAK", true, 2},
		// replaced, metals, tests, not ISO, not a code
		{"SLL", false, 2}, {"ZWL", false, 2}, {"ANG", false, 2}, {"HRK", false, 2}, {"DEM", false, 2}, {"XAU", false, 2},
		{"XXX", false, 2}, {"XTS", false, 2}, {"CNH", false, 2}, {"usd", false, 2}, {"", false, 2},
	}
	for _, tt := range tests {
		if tt.c.Known() != tt.known || tt.c.Digits() != tt.digits {
			t.Errorf("%q: known %t with %d digits; want %t, %d", tt.c, tt.c.Known(), tt.c.Digits(), tt.known, tt.digits)
		}
	}
	all := Currencies()
	if len(all) < 150 || !slices.IsSorted(all) || slices.ContainsFunc(all, func(c Currency) bool { return !c.Known() }) {
		t.Errorf("the list of %d currencies is not the table", len(all))
	}
	all[0] = "???"
	if Currencies()[0] == "???" {
		t.Error("a caller can change the table")
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		minor    int64
		currency Currency
		locale   string
		want     string
	}{
		{3499, "USD", "en", "$34.99"},
		{3499, "USD", "", "$34.99"},
		{5, "USD", "en-US", "$0.05"},
		{0, "USD", "en", "$0.00"},
		{-123456789, "USD", "en", "-$1,234,567.89"},
		{100000, "USD", "en", "$1,000.00"},
		{99999, "USD", "en", "$999.99"},
		{1200, "JPY", "ja", "¥1,200"},
		{1200, "JPY", "en", "¥1,200"},
		{1234, "KWD", "en", "KWD 1.234"},
		{12345, "CLF", "en", "CLF 1.2345"},
		{3499, "EUR", "de-DE", "34,99\u00a0€"},
		{123456, "EUR", "de", "1.234,56\u00a0€"},
		{123456, "EUR", "fr_FR", "1\u202f234,56\u00a0€"},
		{-123456, "SEK", "sv", "-1\u00a0234,56\u00a0SEK"},
		{1234, "KWD", "de", "1,234\u00a0KWD"},
		{math.MinInt64, "JPY", "en", "-¥9,223,372,036,854,775,808"},
	}
	for _, tt := range tests {
		if got := Format(Amount{tt.minor, tt.currency}, tt.locale); got != tt.want {
			t.Errorf("%d %s in %q: %q, want %q", tt.minor, tt.currency, tt.locale, got, tt.want)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Format(Amount{123456789, "EUR"}, "de")
	}
}
