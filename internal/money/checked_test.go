package money

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestCheckedAgreesWithBig holds every operation against integers without bounds.
func TestCheckedAgreesWithBig(t *testing.T) {
	t.Parallel()
	ops := []struct {
		name  string
		do    func(a, b int64) (int64, error)
		exact func(z, a, b *big.Int) *big.Int
	}{
		{"add", Add, (*big.Int).Add},
		{"sub", Sub, (*big.Int).Sub},
		{"mul", Mul, (*big.Int).Mul},
		{"neg", func(a, _ int64) (int64, error) { return Neg(a) }, func(z, a, _ *big.Int) *big.Int { return z.Neg(a) }},
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyInt(t, "a"), anyInt(t, "b")
		for _, op := range ops {
			got, err := op.do(a, b)
			want := op.exact(new(big.Int), big.NewInt(a), big.NewInt(b))
			sameAsBig(t, op.name, got, err, want)
		}
	})
}

func TestCalcKeepsTheFirstError(t *testing.T) {
	t.Parallel()
	var c Calc
	if got := c.Sum(1, c.Mul(2, 3), c.Percent(1000, 82500), c.Sub(5, 6)); got != 89 || c.Err() != nil {
		t.Fatalf("got %d, %v; want 89", got, c.Err())
	}
	if got := c.Add(math.MaxInt64, 1); got != 0 || !errors.Is(c.Err(), ErrOverflow) {
		t.Fatalf("got %d, %v; want an overflow", got, c.Err())
	}
	if got := c.Add(1, 1); got != 0 || !errors.Is(c.Err(), ErrOverflow) {
		t.Fatalf("after an error: %d, %v", got, c.Err())
	}
}

// anyInt favours the edges of the range, where mistakes live.
func anyInt(t *rapid.T, label string) int64 {
	return rapid.OneOf(
		rapid.Int64(),
		rapid.Int64Range(-1000, 1000),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64 - 1, math.MaxInt64, 1 << 32, -1 << 31}),
	).Draw(t, label)
}

func sameAsBig(t *rapid.T, what string, got int64, err error, want *big.Int) {
	t.Helper()
	switch {
	case !want.IsInt64():
		if !errors.Is(err, ErrOverflow) || got != 0 {
			t.Fatalf("%s: got %d, %v; want an overflow, the result is %s", what, got, err, want)
		}
	case err != nil || got != want.Int64():
		t.Fatalf("%s: got %d, %v; want %s", what, got, err, want)
	}
}

// halfAway is num/den rounded half away from zero, den > 0.
func halfAway(num, den *big.Int) *big.Int {
	abs := new(big.Int).Abs(num)
	q := abs.Add(abs.Lsh(abs, 1), den)
	q.Quo(q, new(big.Int).Lsh(den, 1))
	if num.Sign() < 0 {
		q.Neg(q)
	}
	return q
}
