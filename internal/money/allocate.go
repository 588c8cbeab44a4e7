package money

import (
	"cmp"
	"errors"
	"math/bits"
	"slices"
)

// ErrWeights says that an amount cannot be split: a weight is negative, or none is positive while
// there is something to split.
var ErrWeights = errors.New("money: nothing to allocate over")

// Allocate splits total over weights in proportion by largest remainder, ties going to the earlier
// row. The parts sum to exactly total, each is within one minor unit of its exact proportion, a row
// of weight 0 gets nothing, and no part exceeds its weight while total does not exceed their sum.
// A negative total is split as its positive twin. It fails with ErrWeights, and with ErrOverflow when
// the weights sum to more than an int64.
func Allocate(total int64, weights []int64) ([]int64, error) {
	parts := make([]int64, len(weights))
	if err := AllocateInto(parts, total, weights); err != nil {
		return nil, err
	}
	return parts, nil
}

// AllocateInto is Allocate into dst, which has the length of weights; it does not allocate for up to
// 16 rows. dst is undefined after an error.
func AllocateInto(dst []int64, total int64, weights []int64) error {
	var sum int64
	for _, w := range weights {
		if w < 0 {
			return ErrWeights
		}
		var err error
		if sum, err = Add(sum, w); err != nil {
			return err
		}
	}
	clear(dst)
	if total == 0 {
		return nil
	}
	if sum == 0 {
		return ErrWeights
	}
	type remainder struct {
		of  int
		rem uint64
	}
	var buf [16]remainder
	rems := buf[:0]
	left := magnitude(total)
	for i, w := range weights {
		hi, lo := bits.Mul64(magnitude(total), uint64(w))
		q, r := bits.Div64(hi, lo, uint64(sum)) // w <= sum, so the quotient is at most |total|
		left -= q
		if r > 0 {
			rems = append(rems, remainder{i, r})
		}
		if total < 0 {
			q = -q
		}
		dst[i] = int64(q)
	}
	if left == 0 {
		return nil
	}
	slices.SortStableFunc(rems, func(a, b remainder) int { return cmp.Compare(b.rem, a.rem) })
	for _, r := range rems[:left] { // the remainders sum to left*sum and each is below sum
		if total < 0 {
			dst[r.of]--
		} else {
			dst[r.of]++
		}
	}
	return nil
}

// Share is what the first n of q units carry of total: total*n/q rounded half up (away from zero for
// a negative total). It is 0 for n <= 0 or q <= 0 and total for n >= q, so it cannot overflow.
func Share(total, n, q int64) int64 {
	switch {
	case n <= 0 || q <= 0:
		return 0
	case n >= q:
		return total
	}
	m, _ := mulDiv(magnitude(total), uint64(n), uint64(q)) // n < q, so it is at most |total|
	if total < 0 {
		return int64(-m)
	}
	return int64(m)
}

// ShareRange is what the units after from up to and including to carry of total, where q units carry
// all of it: Share(to) - Share(from). Consecutive ranges sum to exactly what one range over all of
// them gives, and one unit is never more than one minor unit away from its exact part.
func ShareRange(total, from, to, q int64) int64 {
	// Both shares have the sign of total, so their difference fits.
	return Share(total, to, q) - Share(total, from, q)
}
