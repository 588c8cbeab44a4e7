package money

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAllocate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		total   int64
		weights []int64
		want    []int64
		err     error
	}{
		{"by largest remainder", 1000, []int64{9999, 3334}, []int64{750, 250}, nil},
		{"ties go to the earlier", 100, []int64{1, 1, 1}, []int64{34, 33, 33}, nil},
		{"two left, three tied", 101, []int64{1, 1, 1}, []int64{34, 34, 33}, nil},
		{"the larger remainder first", 10, []int64{1, 2, 4}, []int64{1, 3, 6}, nil},
		{"a row of nothing", 3, []int64{0, 1, 1}, []int64{0, 2, 1}, nil},
		{"nothing to split", 0, []int64{0, 0}, []int64{0, 0}, nil},
		{"nothing over nobody", 0, nil, []int64{}, nil},
		{"a negative total mirrors", -100, []int64{1, 1, 1}, []int64{-34, -33, -33}, nil},
		{"the whole range", math.MaxInt64, []int64{math.MaxInt64}, []int64{math.MaxInt64}, nil},
		{"the smallest total", math.MinInt64, []int64{1}, []int64{math.MinInt64}, nil},
		{"nobody to take it", 5, nil, nil, ErrWeights},
		{"only rows of nothing", 5, []int64{0, 0}, nil, ErrWeights},
		{"a negative row", 5, []int64{3, -1}, nil, ErrWeights},
		{"weights out of range", 5, []int64{math.MaxInt64, 1}, nil, ErrOverflow},
	}
	for _, tt := range tests {
		got, err := Allocate(tt.total, tt.weights)
		if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}

func TestAllocateProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, math.MaxInt64/40)), 0, 40).Draw(t, "weights")
		total := anyInt(t, "total")
		parts, err := Allocate(total, weights)
		var sum Calc
		w := sum.Sum(weights...)
		if w == 0 && total != 0 {
			if !errors.Is(err, ErrWeights) {
				t.Fatalf("no weight at all: %v, %v", parts, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		exact := new(big.Int)
		for i, p := range parts {
			exact.Add(exact, big.NewInt(p))
			if w == 0 {
				continue
			}
			// |part*w - total*weight| < w: less than one minor unit away
			off := new(big.Int).Mul(big.NewInt(p), big.NewInt(w))
			off.Sub(off, new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i])))
			if off.CmpAbs(big.NewInt(w)) >= 0 {
				t.Fatalf("row %d of %v is %d of %d", i, weights, p, total)
			}
			if total >= 0 && total <= w && p > weights[i] {
				t.Fatalf("row %d takes %d, more than its %d", i, p, weights[i])
			}
			for j := range i {
				if weights[j] == weights[i] && magnitude(parts[j]) < magnitude(p) {
					t.Fatalf("equal rows %d and %d: the later has more: %v", j, i, parts)
				}
			}
		}
		if !exact.IsInt64() || exact.Int64() != total {
			t.Fatalf("the parts sum to %s, want %d", exact, total)
		}
	})
}

func TestShare(t *testing.T) {
	t.Parallel()
	tests := []struct{ total, from, to, q, want int64 }{
		{763, 0, 1, 3, 254}, {763, 1, 2, 3, 255}, {763, 2, 3, 3, 254},
		{750, 0, 1, 3, 250}, {750, 1, 3, 3, 500},
		{1, 0, 1, 2, 1}, {1, 1, 2, 2, 0}, // a half rounds up
		{-1, 0, 1, 2, -1}, {-1, 1, 2, 2, 0},
		{100, 0, 0, 3, 0}, {100, 2, 9, 3, 33}, {100, -4, 1, 3, 33},
		{100, 0, 1, 0, 0}, {100, 0, 1, -1, 0},
		{math.MaxInt64, 0, math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 - 1},
		{math.MinInt64, 0, 1, 1, math.MinInt64},
	}
	for _, tt := range tests {
		if got := ShareRange(tt.total, tt.from, tt.to, tt.q); got != tt.want {
			t.Errorf("ShareRange(%d, %d, %d, %d) = %d, want %d", tt.total, tt.from, tt.to, tt.q, got, tt.want)
		}
	}
}

// TestSharesSum: units taken in any portions carry exactly the whole, each about its part.
func TestSharesSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total, q := anyInt(t, "total"), rapid.Int64Range(1, 1000).Draw(t, "units")
		var taken, sum int64
		for taken < q {
			n := rapid.Int64Range(1, q-taken).Draw(t, "portion")
			part := ShareRange(total, taken, taken+n, q)
			if part != 0 && (part < 0) != (total < 0) {
				t.Fatalf("a portion of %d is %d", total, part)
			}
			// |part*q - total*n| <= q
			off := new(big.Int).Mul(big.NewInt(part), big.NewInt(q))
			off.Sub(off, new(big.Int).Mul(big.NewInt(total), big.NewInt(n)))
			if off.CmpAbs(big.NewInt(q)) > 0 {
				t.Fatalf("%d of %d units of %d carry %d", n, q, total, part)
			}
			sum += part
			taken += n
		}
		if sum != total {
			t.Fatalf("the portions sum to %d, want %d", sum, total)
		}
	})
}

func TestShareNeverPanics(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := anyInt(t, "total")
		got := ShareRange(total, anyInt(t, "from"), anyInt(t, "to"), anyInt(t, "units"))
		if magnitude(got) > magnitude(total) {
			t.Fatalf("a share of %d is %d", total, got)
		}
	})
}

func BenchmarkAllocate(b *testing.B) {
	weights, parts := []int64{9999, 3334, 1250, 47}, make([]int64, 4)
	b.ReportAllocs()
	for b.Loop() {
		if err := AllocateInto(parts, 1000, weights); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShareRange(b *testing.B) {
	for b.Loop() {
		ShareRange(763, 1, 2, 3)
	}
}
