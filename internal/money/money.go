// Package money is exact arithmetic on minor units.
//
// An amount is a whole number of a currency's smallest unit: 3499 with "USD" is 34.99 dollars, 3499
// with "JPY" is 3499 yen. Nothing here uses a float, nothing wraps around silently, and nothing
// panics: what does not fit into 64 bits is ErrOverflow. Products are formed in 128 bits, so an
// intermediate result never overflows when the final one fits.
//
// Three ways to divide, each for its own purpose: Percent.Of rounds one amount once, Allocate splits
// an amount over weights at one moment, and Share splits it over units that are taken one after
// another. The last two always add up to exactly what was split.
package money

import "slices"

//go:generate go run ./gen -package cldr-core@48.2.0 -out currencies_gen.go

// Currency is an ISO 4217 code in upper case.
type Currency string

// Known reports whether c is legal tender somewhere today, or one of the units of account that ISO
// 4217 lists beside a country's tender (CLF, UYW, …). Codes in lower case are not known.
func (c Currency) Known() bool {
	_, ok := digits(c)
	return ok
}

// Digits is the number of decimals of the currency in ISO 4217: 0, 2, 3 or 4. It is 2 for a currency
// that is not Known.
func (c Currency) Digits() int {
	if n, ok := digits(c); ok {
		return n
	}
	return 2
}

// Currencies lists all known currencies in alphabetical order. The caller owns the slice.
func Currencies() []Currency { return slices.Clone(codes[:]) }

// Amount is money: minor units of one currency.
type Amount struct {
	Minor    int64
	Currency Currency
}
