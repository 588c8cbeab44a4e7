package account

import (
	"testing"

	"flint/internal/merchant"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/web/ui"
)

// An order whose value moved to another order was exchanged, and only what a buyer has again was refunded.
func TestStateOfWhatWasGivenBack(t *testing.T) {
	t.Parallel()
	given := func(method, status string, amount int64) *refund.Refund {
		return &refund.Refund{Status: status, Amount: amount, Detail: refund.Detail{Method: method}}
	}
	credit := func(amount int64) *refund.Refund {
		return given(refund.MethodExchangeCredit, refund.StatusSucceeded, amount)
	}
	money := func(amount int64) *refund.Refund { return given("", refund.StatusSucceeded, amount) }
	for _, c := range []struct {
		name        string
		refunds     []*refund.Refund
		more        bool
		back        int64
		state, kind string
		moved       int64
	}{
		{"nothing", nil, false, 0, "paid", "refunded", 0},
		{"money", []*refund.Refund{money(1000)}, false, 1000, "refunded", "refunded", 0},
		{"exchange", []*refund.Refund{credit(400), credit(600)}, false, 1000, "exchanged", "exchanged", 1000},
		{"part exchanged", []*refund.Refund{credit(400)}, false, 400, "partexchanged", "exchanged", 400},
		{"both", []*refund.Refund{credit(400), money(600)}, false, 1000, "refunded", "both", 400},
		{"by hand", []*refund.Refund{credit(400), given(refund.MethodManual, refund.StatusSucceeded, 100)}, false, 500, "partrefunded", "both", 400},
		{"failed money", []*refund.Refund{credit(1000), given("", refund.StatusFailed, 1000), given("", refund.StatusCanceled, 1)}, false, 1000, "exchanged", "exchanged", 1000},
		{"more than listed", []*refund.Refund{credit(400)}, true, 1000, "refunded", "refunded", 0},
	} {
		o := &order.Order{Status: order.StatusOpen}
		o.Pricing.Total, o.Settlement.Paid, o.Settlement.Refunded = 1000, 1000, c.back
		s := shareOf(c.refunds, c.more)
		if state, _ := stateOf(o, s); state != c.state || s.kind() != c.kind || s.moved != c.moved {
			t.Errorf("%s: %s %s %d, want %s %s %d", c.name, state, s.kind(), s.moved, c.state, c.kind, c.moved)
		}
	}
}

// The list of countries chooses what was saved or sent before the merchant's own.
func TestCountryOfAnAddress(t *testing.T) {
	t.Parallel()
	all := ui.Countries()
	for _, c := range []struct {
		saved, merchants, want string
		choices                int
	}{
		{"", "", "US", len(all)}, {"", "DE", "DE", len(all)}, {"CA", "DE", "CA", len(all)}, {"ZZ", "DE", "ZZ", len(all) + 1},
	} {
		v := &visit{}
		if c.merchants != "" {
			v.merchant.Address = &merchant.Address{Country: c.merchants}
		}
		code, choices := country(v, c.saved, all)
		if code != c.want || len(choices) != c.choices {
			t.Errorf("%q of a merchant in %q: %q of %d, want %q of %d", c.saved, c.merchants, code, len(choices), c.want, c.choices)
		}
	}
}
