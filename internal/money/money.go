// Package money is exact arithmetic on minor units.
package money

// Currency is an ISO 4217 code in upper case.
type Currency string

// Percent is a percentage in ten-thousandths of a percent: 8.25 % is 82500.
type Percent int64
