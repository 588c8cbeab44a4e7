package httpapi

import (
	"time"

	"flint/internal/fault"
	"flint/internal/money"
)

// Money is an amount that is not negative.
type Money struct {
	Amount   int64  `json:"amount" minimum:"0" doc:"Minor units of the currency: 3499 with USD is 34.99 dollars."`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" fault:"invalid=INVALID_CURRENCY" doc:"ISO 4217 code."`
}

// SignedMoney is an amount that may be negative.
type SignedMoney struct {
	Amount   int64  `json:"amount" doc:"Minor units of the currency; may be negative."`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217 code."`
}

func wireMoney(minor int64, c money.Currency) Money { return Money{minor, string(c)} }

// wireMoneyIf is nil for nothing.
func wireMoneyIf(minor int64, c money.Currency) *Money {
	if minor == 0 {
		return nil
	}
	return &Money{minor, string(c)}
}

// amount is the domain's form of money in a request, nil when it was left out.
func (m *Money) amount() *money.Amount {
	if m == nil {
		return nil
	}
	return &money.Amount{Minor: m.Amount, Currency: money.Currency(m.Currency)}
}

// timeIf is nil for no time.
func timeIf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// refuseReserved notes a field of the contract whose feature is not part of this version.
func refuseReserved(f *fault.List, sent bool, param string) {
	if sent {
		f.Add("RESERVED_FIELD_NOT_YET_SUPPORTED", param, "This field is reserved and cannot be used yet; leave it out.")
	}
}

// EmptyBody is the body of a request that has nothing to say; it may be left out.
type EmptyBody struct{}

// Done is the answer of an action that has nothing else to say.
type Done struct {
	Success bool `json:"success" doc:"Always true."`
}
