package money

import (
	"errors"
	"math"
	"math/bits"
)

// ErrOverflow says that a result does not fit into 64 bits of minor units.
var ErrOverflow = errors.New("money: amount out of range")

// Add is a + b, or ErrOverflow.
func Add(a, b int64) (int64, error) {
	s := a + b
	if (s > a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return s, nil
}

// Sub is a - b, or ErrOverflow.
func Sub(a, b int64) (int64, error) {
	d := a - b
	if (d < a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return d, nil
}

// Mul is a * b, or ErrOverflow.
func Mul(a, b int64) (int64, error) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 {
		return 0, ErrOverflow
	}
	return signed(lo, (a < 0) != (b < 0))
}

// Neg is -a, or ErrOverflow for the smallest int64.
func Neg(a int64) (int64, error) {
	if a == math.MinInt64 {
		return 0, ErrOverflow
	}
	return -a, nil
}

// Calc does a chain of checked operations and remembers the first error. After an error every result
// is 0, so only Err needs to be looked at, once, at the end. The zero value is ready to use.
type Calc struct{ err error }

// Err is the first error of the chain, nil when every result so far is exact.
func (c *Calc) Err() error { return c.err }

// Add is a + b.
func (c *Calc) Add(a, b int64) int64 { return c.keep(Add(a, b)) }

// Sub is a - b.
func (c *Calc) Sub(a, b int64) int64 { return c.keep(Sub(a, b)) }

// Mul is a * b.
func (c *Calc) Mul(a, b int64) int64 { return c.keep(Mul(a, b)) }

// Percent is p of amount, rounded once as Percent.Of does.
func (c *Calc) Percent(amount int64, p Percent) int64 { return c.keep(p.Of(amount)) }

// Sum adds all amounts in order.
func (c *Calc) Sum(amounts ...int64) int64 {
	var s int64
	for _, a := range amounts {
		s = c.Add(s, a)
	}
	return s
}

func (c *Calc) keep(v int64, err error) int64 {
	if c.err == nil {
		c.err = err
	}
	if c.err != nil {
		return 0
	}
	return v
}

// magnitude is |v|; it is exact for the smallest int64 too.
func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// signed gives a magnitude its sign back.
func signed(m uint64, negative bool) (int64, error) {
	switch {
	case negative && m <= 1<<63:
		return int64(-m), nil
	case !negative && m <= math.MaxInt64:
		return int64(m), nil
	default:
		return 0, ErrOverflow
	}
}

// mulDiv is a * b / d rounded half up, with a 128-bit product; d must not be 0.
func mulDiv(a, b, d uint64) (uint64, error) {
	hi, lo := bits.Mul64(a, b)
	if hi >= d {
		return 0, ErrOverflow
	}
	q, r := bits.Div64(hi, lo, d)
	if r >= d-r { // the half, without forming 2r
		if q == math.MaxUint64 {
			return 0, ErrOverflow
		}
		q++
	}
	return q, nil
}
