package server_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"flint/internal/doctor"
	"flint/internal/flinttest"
)

// promote makes a promotion and gives its id; more are members of its request.
func (p *partner) promote(t *testing.T, key, code, more string) string {
	t.Helper()
	status, out, err := p.racer("POST", "/v1/promotions", "application/json", `{"name":"race","application_method":{"type":"percent_off","percent_off":10},
		"codes":[{"code":"`+code+`"}]`+more+`}`, key)
	if err != nil || status != 201 {
		t.Fatalf("make a promotion: %d %v %v", status, out, err)
	}
	return out["data"].(map[string]any)["promotion_id"].(string)
}

func (p *partner) usesOf(t *testing.T, key, promotionID string) int64 {
	t.Helper()
	status, out, err := p.racer("GET", "/v1/promotions/"+promotionID, "", "", key)
	if err != nil || status != 200 {
		t.Fatalf("read the promotion: %d %v %v", status, out, err)
	}
	return int64(out["data"].(map[string]any)["uses_count"].(float64))
}

func (p *partner) healthy(t *testing.T) {
	t.Helper()
	report, err := doctor.Check(t.Context(), p.DB, doctor.Options{})
	if err != nil || !report.OK() {
		t.Errorf("the doctor: %v %+v", err, report.Findings)
	}
}

// buyers create so many orders at once that ask for a code, and gives how many got it.
func (p *partner) buyers(t *testing.T, n int, key, code, customerID string) int64 {
	t.Helper()
	var got atomic.Int64
	order := `{"line_items":[{"name":"Mug","unit_price_money":{"amount":3499,"currency":"USD"}}],"discounts":[{"promotion":{"promotion_code":"` + code + `"}}]`
	if customerID != "" {
		order += `,"customer_id":"` + customerID + `"`
	}
	for _, err := range flinttest.Race(n, func(int) error {
		status, out, err := p.racer("POST", "/v1/orders", "application/json", order+"}", key)
		switch {
		case err != nil:
			return err
		case status == 201:
			got.Add(1)
		case status != 409:
			return fmt.Errorf("an order with a code: %d %v", status, out)
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	return got.Load()
}

// TestRace8LastUse: many buyers come for the last use of a coupon. One of them gets it.
func TestRace8LastUse(t *testing.T) {
	eachRace(t, func(t *testing.T, p *partner) {
		key, _ := p.keyOf(t, p.owner.Live.Scope)
		round := 0
		flinttest.Rounds(t, func(width int) {
			round++
			code := fmt.Sprintf("LAST%d", round)
			promotionID := p.promote(t, key, code, `,"max_uses":1`)
			if got := p.buyers(t, width, key, code, ""); got != 1 {
				t.Errorf("%d buyers: %d got the last use", width, got)
			}
			if n := p.usesOf(t, key, promotionID); n != 1 {
				t.Errorf("uses_count %d", n)
			}
		})
		p.healthy(t)
	})
}

// TestRace9PerCustomer: one customer comes through many doors at once for a coupon that each customer
// gets once.
func TestRace9PerCustomer(t *testing.T) {
	eachRace(t, func(t *testing.T, p *partner) {
		key, _ := p.keyOf(t, p.owner.Live.Scope)
		round := 0
		flinttest.Rounds(t, func(width int) {
			round++
			status, out, err := p.racer("POST", "/v1/customers", "application/json", fmt.Sprintf(`{"email":"c%d@buyer.test"}`, round), key)
			if err != nil || status != 201 {
				t.Fatalf("make a customer: %d %v", status, err)
			}
			code := fmt.Sprintf("ONCE%d", round)
			p.promote(t, key, code, `,"max_uses_per_customer":1`)
			if got := p.buyers(t, width, key, code, out["data"].(map[string]any)["customer_id"].(string)); got != 1 {
				t.Errorf("%d orders of one customer: %d got the coupon", width, got)
			}
		})
		p.healthy(t)
	})
}

// TestPromotionLimitsWith64Buyers: the limit is reached and never passed, also while uses are given back.
func TestPromotionLimitsWith64Buyers(t *testing.T) {
	eachRace(t, func(t *testing.T, p *partner) {
		key, _ := p.keyOf(t, p.owner.Live.Scope)
		for round, limit := range []int64{1, 7, 20, 63, 64} {
			code := fmt.Sprintf("MANY%d", round)
			promotionID := p.promote(t, key, code, fmt.Sprintf(`,"max_uses":%d`, limit))
			if got := p.buyers(t, 64, key, code, ""); got != limit {
				t.Errorf("limit %d: %d buyers got it", limit, got)
			}
			if n := p.usesOf(t, key, promotionID); n != limit {
				t.Errorf("limit %d: uses_count %d", limit, n)
			}
		}
		p.healthy(t)
	})
}
