package export

import (
	"math"
	"testing"

	"flint/internal/money"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "tea": "tea", "12.50": "12.50", "-12.50": "-12.50", "-": "'-", "-1+2": "'-1+2", "=1+1": "'=1+1", "+1": "'+1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1", "a=1": "a=1", "'=1": "'=1",
	} {
		if got := harmless(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{0, "USD", "0.00"}, {5, "USD", "0.05"}, {-5, "USD", "-0.05"}, {3499, "USD", "34.99"}, {1200, "JPY", "1200"}, {-7, "JPY", "-7"},
		{1234, "KWD", "1.234"}, {12, "KWD", "0.012"}, {math.MaxInt64, "USD", "92233720368547758.07"}, {math.MinInt64, "USD", "-92233720368547758.08"},
	} {
		if got := decimal(c.minor, money.Currency(c.currency)); got != c.want {
			t.Errorf("%d %s is %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
}
