package app_test

import (
	"testing"

	"pgregory.net/rapid"

	"flint/internal/app"
	"flint/internal/fault"
	"flint/internal/money"
)

func usd(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
func jpy(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "JPY"} }

func TestLimits(t *testing.T) {
	t.Parallel()
	order := app.Limits{RefundPerOrder: []money.Amount{usd(1000)}}
	day := app.Limits{RefundPerDay: []money.Amount{usd(1000), jpy(500)}}
	above := app.Limits{RefundApprovalAbove: []money.Amount{usd(100)}}
	for name, c := range map[string]struct {
		limits    app.Limits
		requested money.Amount
		used      app.Use
		own       bool
		code      string
		approval  bool
	}{
		"no limit":               {app.Limits{}, usd(1 << 62), app.Use{Order: 1 << 62, Day: 1 << 62}, false, "", false},
		"all of the order":       {order, usd(1000), app.Use{}, false, "", false},
		"one over":               {order, usd(1001), app.Use{}, false, "APP_REFUND_LIMIT_EXCEEDED", false},
		"the rest":               {order, usd(400), app.Use{Order: 600}, false, "", false},
		"one over the rest":      {order, usd(401), app.Use{Order: 600}, false, "APP_REFUND_LIMIT_EXCEEDED", false},
		"used on other orders":   {order, usd(1000), app.Use{Day: 5000}, false, "", false},
		"a limit lowered since":  {order, usd(1), app.Use{Order: 5000}, false, "APP_REFUND_LIMIT_EXCEEDED", false},
		"the day":                {day, usd(1), app.Use{Day: 1000}, false, "APP_REFUND_LIMIT_EXCEEDED", false},
		"another currency's":     {day, jpy(500), app.Use{}, false, "", false},
		"a currency not named":   {day, money.Amount{Minor: 1, Currency: "EUR"}, app.Use{}, false, "APP_REFUND_LIMIT_EXCEEDED", false},
		"a limit of nothing":     {app.Limits{RefundPerDay: []money.Amount{usd(0)}}, usd(1), app.Use{}, false, "APP_REFUND_LIMIT_EXCEEDED", false},
		"an order of others":     {app.Limits{OwnOrdersOnly: true}, usd(1), app.Use{}, false, "APP_OWN_ORDERS_ONLY", false},
		"an own order":           {app.Limits{OwnOrdersOnly: true}, usd(1), app.Use{}, true, "", false},
		"below approval":         {above, usd(100), app.Use{}, false, "", false},
		"above approval":         {above, usd(101), app.Use{}, false, "", true},
		"approval, not named":    {above, jpy(1), app.Use{}, false, "", true},
		"no overflow at the top": {app.Limits{RefundPerDay: []money.Amount{usd(1<<63 - 1)}}, usd(1<<63 - 1), app.Use{Day: 1}, false, "APP_REFUND_LIMIT_EXCEEDED", false},
	} {
		err := c.limits.Check(c.requested, c.used, c.own)
		if c.code == "" && err != nil || c.code != "" && !fault.Is(err, c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if got := c.limits.NeedsApproval(c.requested); got != c.approval {
			t.Errorf("%s: needs approval %v", name, got)
		}
	}
	f := fault.Of(day.Check(usd(300), app.Use{Day: 800}, false))
	if f.Extra["limit_window"] != "day" || f.Extra["limit_money"] != usd(1000) || f.Extra["used_money"] != usd(800) || f.Extra["requested_money"] != usd(300) {
		t.Errorf("the details are %v", f.Extra)
	}
}

// TestNoOrderOfRefundsPassesALimit: whatever is asked in whatever order, what is let through stays within.
func TestNoOrderOfRefundsPassesALimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perOrder, perDay := rapid.Int64Range(0, 1000).Draw(t, "order"), rapid.Int64Range(0, 2000).Draw(t, "day")
		limits := app.Limits{RefundPerOrder: []money.Amount{usd(perOrder)}, RefundPerDay: []money.Amount{usd(perDay)}}
		used, day := map[int]int64{}, int64(0)
		for range rapid.IntRange(1, 30).Draw(t, "refunds") {
			o, asked := rapid.IntRange(0, 2).Draw(t, "of"), rapid.Int64Range(1, 600).Draw(t, "asked")
			if limits.Check(usd(asked), app.Use{Order: used[o], Day: day}, false) == nil {
				used[o] += asked
				day += asked
			} else if used[o]+asked <= perOrder && day+asked <= perDay {
				t.Fatalf("%d was refused with %d and %d used of %d and %d", asked, used[o], day, perOrder, perDay)
			}
			if used[o] > perOrder || day > perDay {
				t.Fatalf("%d of %d per order, %d of %d per day", used[o], perOrder, day, perDay)
			}
		}
	})
}

func TestLimitsRefuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits app.Limits
		code   string
	}{
		"an unknown currency": {app.Limits{RefundPerDay: []money.Amount{{Minor: 1, Currency: "XXQ"}}}, "INVALID_CURRENCY"},
		"a currency twice":    {app.Limits{RefundPerOrder: []money.Amount{usd(1), usd(2)}}, "INVALID_CURRENCY"},
		"a negative limit":    {app.Limits{RefundApprovalAbove: []money.Amount{usd(-1)}}, "INVALID_AMOUNT"},
	} {
		if err := c.limits.Validate(); !fault.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
