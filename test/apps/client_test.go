package apps

import (
	"encoding/json"
	"testing"

	flint "flint/sdk"
)

// The Go client takes an order to money and back, and says what was refused.
func TestTheGoClientTakesAnOrderToMoneyAndBack(t *testing.T) {
	t.Parallel()
	p := startFlint(t)
	c, ctx := flint.New(p.BaseURL, p.APIKey), t.Context()
	order, err := c.CreateOrder(ctx, &flint.CreateOrderRequest{LineItems: []flint.CreateLineInput{{
		Name: new("Enamel mug"), Quantity: new(int64(2)), UnitPriceMoney: &flint.Money{Amount: 2500, Currency: "USD"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	paid, err := c.PayOrder(ctx, order.OrderID, payBody(t, `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":{"amount":5000,"currency":"USD"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if paid.Order.PaymentStatus != "paid" {
		t.Fatalf("the order is %s", paid.Order.PaymentStatus)
	}
	if _, err := c.PayOrder(ctx, order.OrderID, payBody(t, `{"action":"pay","payment_source":{"token":"simtok_approve"}}`)); flint.CodeOf(err) != "ORDER_ALREADY_PAID" {
		t.Errorf("paying twice: %v", err)
	}
	seen := 0
	for o, err := range c.AllListOrders(ctx, &flint.ListOrdersParams{PageSize: new(int64(1))}) {
		if err != nil {
			t.Fatal(err)
		}
		if o.OrderID == order.OrderID {
			seen++
		}
	}
	if seen != 1 {
		t.Errorf("the list holds the order %d times", seen)
	}
}

func payBody(t testing.TB, text string) *flint.PayOrderRequest {
	t.Helper()
	body := &flint.PayOrderRequest{}
	if err := json.Unmarshal([]byte(text), body); err != nil {
		t.Fatal(err)
	}
	return body
}
