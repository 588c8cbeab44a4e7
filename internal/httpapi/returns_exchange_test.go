package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

const day = 24 * time.Hour

// dearer is a confirmed exchange of a mug of 10.00 for a pot of 15.00, of which the buyer owes 5.00.
func (c *counter) dearer(t *testing.T) (r *back, resolution map[string]any) {
	t.Helper()
	r = c.ask(t, c.sell(t, item("Mug", 2, 1000), ""), 1)
	c.keep(t, r)
	id := text(c.post(t, 201, "returns/"+r.id+"/resolutions", `{"resolution_type":"exchange","pricing_basis":"merchant_agreed_price",`+r.units(1)+`,"replacement_line_items":[{"name":"Pot","quantity":1,"unit_price_money":`+
		usd(1500)+`}]}`), "return_resolution_id")
	x := c.post(t, 200, "return-resolutions/"+id+"/confirm", ``)
	wants(t, "the exchange", x, map[string]string{
		"status": "requires_action", "action_required_by": "buyer", "action_reason": "buyer_payment", "buyer_payment_amount_money.amount": "500", "buyer_refund_amount_money.amount": "0",
		"execution_blockers.0.code": "buyer_payment_pending", "returned_total_money.amount": "1000", "replacement_total_money.amount": "1500",
	})
	wants(t, "the return", c.get(t, "returns/"+r.id), map[string]string{
		"status": "open", "resolution_status": "requires_action", "completion_blockers.0.code": "resolution_requires_action", "completion_blockers.0.return_resolution_id": id,
		"financial_summary.due_from_buyer_money.amount": "500",
	})
	wants(t, "its order", c.get(t, "orders/"+text(x, "replacement_order_id")), map[string]string{
		"settlement_amounts.paid_money.amount": "1000", "return_credit_settlements.0.return_id": r.id, "return_credit_settlements.0.return_resolution_id": id,
		"return_credit_settlements.0.amount_money.amount": "1000", "return_credit_settlements.0.amount_money.currency": "USD", "return_credit_settlements.1": "",
	})
	wants(t, "the order it came from", c.get(t, "orders/"+r.sold.id), map[string]string{"return_credit_settlements": ""})
	return r, x
}

// ship hands the goods of an order over; it is refused with a code unless that is empty.
func (c *counter) ship(t *testing.T, orderID, code string) map[string]any {
	t.Helper()
	line := at(c.get(t, "orders/"+orderID), "line_items.0.order_line_item_id")
	body := `{"type":"shipment","line_items":[{"order_line_item_id":"` + line + `","quantity":1}]}`
	if code != "" {
		return c.refused(t, 409, "orders/"+orderID+"/fulfillments", body, code).fault()
	}
	made := c.post(t, 201, "orders/"+orderID+"/fulfillments", body)
	return c.post(t, 200, "fulfillments/"+text(made, "fulfillment_id")+"/transitions", `{"action":"complete"}`)
}

// payAs pays what is left of an order with the credential of a checkout.
func (c *counter) payAs(t *testing.T, orderID string, buyer []string) {
	t.Helper()
	a := c.call(t, "POST", "/v1/orders/"+orderID+"/pay", "", `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(500)+`}`, buyer...)
	if a.status != 200 || at(a.data(), "payment_attempt.status") != "succeeded" {
		t.Fatalf("pay the difference: %s", a.body)
	}
}

// settled wants an exchange to be paid, ships its goods, and wants it and its return to end by that.
func (c *counter) settled(t *testing.T, r *back, x map[string]any) {
	t.Helper()
	id, made := text(x, "return_resolution_id"), text(x, "replacement_order_id")
	c.later(t, time.Second)
	wants(t, "paid", c.get(t, "return-resolutions/"+id), map[string]string{"status": "partially_fulfilled", "execution_blockers.0.code": "fulfillment_pending", "payment_expires_at": ""})
	wants(t, "its order when paid", c.get(t, "orders/"+made), map[string]string{
		"payment_status": "paid", "return_credit_settlements.0.amount_money.amount": "1000", "return_credit_settlements.1": "",
	})
	wants(t, "the return when paid", c.get(t, "returns/"+r.id), map[string]string{"financial_summary.collected_money.amount": "500", "financial_summary.due_from_buyer_money.amount": "0"})
	c.ship(t, made, "")
	c.later(t, time.Second)
	wants(t, "shipped", c.get(t, "return-resolutions/"+id), map[string]string{"status": "fulfilled", "execution_blockers.0": ""})
	wants(t, "the return when shipped", c.get(t, "returns/"+r.id), map[string]string{"status": "completed", "resolution_status": "fulfilled"})
	wants(t, "the old order", c.get(t, "orders/"+r.sold.id), map[string]string{"payment_status": "paid", "line_items.0.refunded_quantity": "1"})
}

// An exchange for something dearer: the buyer owes the difference, which one door at a time collects; goods go out when
// it is paid, or before where the merchant says so; and when nobody pays everything is as it was.
func TestExchangesThatCostMore(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := newCounter(t, d, "")
		t.Run("the catalogue's price changes", c.changedPrice)
		t.Run("paid by checkout", c.paidByCheckout)
		t.Run("paid by link", c.paidByLink)
		t.Run("paid by invoice", c.paidByInvoice)
		t.Run("never paid", c.neverPaid)
		t.Run("shipped unpaid", c.shippedUnpaid)
	})
}

func (c *counter) changedPrice(t *testing.T) {
	product := c.post(t, 201, "products", `{"name":"Pot","product_type":"physical","default_variant":{"unit_price_money":`+usd(1500)+`}}`)
	variant := text(product, "default_variant_id")
	r := c.ask(t, c.sell(t, item("Mug", 2, 1000), ""), 1)
	c.keep(t, r)
	terms := `"resolution_type":"exchange","pricing_basis":"current_price",` + r.units(1) + `,"replacement_line_items":[{"variant_id":"` + variant + `","quantity":1}]`
	shown := c.post(t, 200, "return-previews", `{"mode":"resolution","resolution":{"return_id":"`+r.id+`",`+terms+`}}`)["resolution"].(map[string]any)
	wants(t, "shown", shown, map[string]string{"buyer_payment_amount_money.amount": "500", "replacement_line_items.0.name": "Pot", "warnings.0.code": "buyer_owes_difference"})
	x := c.post(t, 201, "returns/"+r.id+"/resolutions", `{`+terms+`,"expected_quote_hash":"`+text(shown, "quote_hash")+`"}`)
	path := "return-resolutions/" + text(x, "return_resolution_id")
	c.patch(t, 200, "products/"+text(product, "product_id")+"/variants/"+variant, `{"unit_price_money":`+usd(1650)+`}`)
	stale := c.refused(t, 409, path+"/confirm", `{"expected_quote_hash":"`+text(shown, "quote_hash")+`"}`, "RETURN_QUOTE_STALE").fault()
	wants(t, "stale", stale, map[string]string{"replacement_total_money.amount": "1650", "buyer_payment_amount_money.amount": "650", "returned_total_money.amount": "1000"})
	confirmed := c.post(t, 200, path+"/confirm", `{"expected_quote_hash":"`+text(stale, "quote_hash")+`"}`)
	wants(t, "confirmed", confirmed, map[string]string{"buyer_payment_amount_money.amount": "650", "quote_hash": text(stale, "quote_hash"), "replacement_line_items.0.unit_price_money.amount": "1650"})
	wants(t, "its order", c.get(t, "orders/"+text(confirmed, "replacement_order_id")), map[string]string{"pricing_amounts.total_money.amount": "1650", "settlement_amounts.outstanding_money.amount": "650"})
	c.post(t, 200, path+"/cancel", `{"reason":"merchant_request"}`)
	wants(t, "given up", c.get(t, "orders/"+text(confirmed, "replacement_order_id")), map[string]string{"status": "closed", "return_credit_settlements": ""})
}

func (c *counter) paidByCheckout(t *testing.T) {
	r, x := c.dearer(t)
	id, made := text(x, "return_resolution_id"), text(x, "replacement_order_id")
	for path, body := range map[string]string{
		"checkout-sessions": `{"order_id":"` + made + `"}`, "payment-links": `{"order_id":"` + made + `","name":"Pay"}`, "invoices": `{"order_id":"` + made + `"}`,
		"orders/" + made + "/pay": `{"action":"pay","payment_source":{"token":"simtok_approve"}}`,
	} {
		if f := c.refused(t, 409, path, body, "RETURN_CHECKOUT_REQUIRED").fault(); f["return_resolution_id"] != id {
			t.Errorf("%s does not name the resolution: %v", path, f)
		}
	}
	if f := c.ship(t, made, "RETURN_CHECKOUT_REQUIRED"); f["return_resolution_id"] != id || f["return_id"] != r.id {
		t.Errorf("the refusal does not name the resolution: %v", f)
	}
	first := c.post(t, 201, "return-resolutions/"+id+"/checkout-session", `{"redirects":{"success_redirect_url":"https://shop.test/thanks"}}`)
	again := c.post(t, 201, "return-resolutions/"+id+"/checkout-session", ``)
	if a, b := textIn(first, byName("checkout_session_id")), textIn(again, byName("checkout_session_id")); a != b || a == "" {
		t.Errorf("two sessions: %s and %s", a, b)
	}
	c.payAs(t, made, credentialIn(t, again))
	c.settled(t, r, x)
	c.refused(t, 409, "return-resolutions/"+id+"/checkout-session", ``, "RETURN_ACTION_NOT_ALLOWED")
}

func (c *counter) paidByLink(t *testing.T) {
	r, x := c.dearer(t)
	collect := "return-resolutions/" + text(x, "return_resolution_id") + "/collect"
	if a := c.refused(t, 400, collect, `{"door":"window"}`, "INVALID_FIELD_VALUE"); a.param() != "door" {
		t.Errorf("no such door: %s", a.body)
	}
	bill := text(c.post(t, 201, collect, `{"door":"invoice"}`), "invoice_id")
	door := c.post(t, 201, collect, `{"door":"payment_link"}`)
	link := text(door, "payment_link_id")
	wants(t, "the link", door, map[string]string{"door": "payment_link", "url": "https://pay.test/pay/" + link, "return_resolution.return_id": r.id, "invoice_id": ""})
	wants(t, "the same link", c.post(t, 201, collect, `{"door":"payment_link"}`), map[string]string{"payment_link_id": link})
	wants(t, "the invoice that it replaced", c.get(t, "invoices/"+bill), map[string]string{"status": "void"})
	shown := c.call(t, "GET", "/v1/payment-links/"+link+"/public", "", "").data()
	opened := c.want(t, 201, c.call(t, "POST", "/v1/payment-links/"+link+"/resolve", "", `{"resolution_context":"`+text(shown, "resolution_context")+`"}`, "Idempotency-Key: "+link)).data()
	if got := textIn(opened, byName("order_id")); got != text(x, "replacement_order_id") {
		t.Errorf("the link opens order %s", got)
	}
	c.payAs(t, text(x, "replacement_order_id"), credentialIn(t, opened))
	c.settled(t, r, x)
}

func (c *counter) paidByInvoice(t *testing.T) {
	r, x := c.dearer(t)
	collect := "return-resolutions/" + text(x, "return_resolution_id") + "/collect"
	link := text(c.post(t, 201, collect, `{"door":"payment_link"}`), "payment_link_id")
	door := c.post(t, 201, collect, `{"door":"invoice"}`)
	wants(t, "the link that it replaced", c.get(t, "payment-links/"+link), map[string]string{"status": "inactive"})
	bill := text(door, "invoice_id")
	wants(t, "the invoice", c.get(t, "invoices/"+bill), map[string]string{"status": "partially_paid", "outstanding_money.amount": "500", "order_id": text(x, "replacement_order_id")})
	_, token, _ := strings.Cut(text(door, "url"), "#invoice_token=")
	opened := c.want(t, 201, c.call(t, "POST", "/v1/me/invoices/"+bill+"/checkout-session", token, `{}`)).data()
	c.payAs(t, text(x, "replacement_order_id"), credentialIn(t, opened))
	wants(t, "the invoice when paid", c.get(t, "invoices/"+bill), map[string]string{"status": "paid", "outstanding_money.amount": "0"})
	c.settled(t, r, x)
}

func (c *counter) neverPaid(t *testing.T) {
	c.patch(t, 200, "settings", `{"returns":{"exchange_payment_days":3}}`)
	r, x := c.dearer(t)
	id, made := text(x, "return_resolution_id"), text(x, "replacement_order_id")
	if got, want := text(x, "payment_expires_at"), c.clock.Now().Add(3*day).Format(time.RFC3339); got[:19] != want[:19] {
		t.Errorf("to be paid until %s, want %s", got, want)
	}
	link := text(c.post(t, 201, "return-resolutions/"+id+"/collect", `{"door":"payment_link"}`), "payment_link_id")
	c.patch(t, 200, "settings", `{"returns":{"exchange_payment_days":30}}`) // for those that are confirmed from now on
	c.later(t, 3*day-2*time.Minute)
	wants(t, "still open", c.get(t, "return-resolutions/"+id), map[string]string{"status": "requires_action"})
	c.ship(t, made, "RETURN_CHECKOUT_REQUIRED")
	c.later(t, 2*time.Minute)
	wants(t, "expired", c.get(t, "return-resolutions/"+id), map[string]string{"status": "failed", "failure_code": "buyer_payment_expired", "payment_expires_at": "", "refund_ids.1": ""})
	wants(t, "the return", c.get(t, "returns/"+r.id), map[string]string{
		"status": "open", "resolution_status": "failed", "completion_blockers.0.code": "resolution_failed", "completion_blockers.0.return_resolution_id": id,
		"financial_summary.due_from_buyer_money.amount": "0", "financial_summary.refunded_money.amount": "0",
	})
	wants(t, "the order that replaced it", c.get(t, "orders/"+made), map[string]string{"status": "closed", "settlement_amounts.net_collected_money.amount": "0"})
	wants(t, "the old order", c.get(t, "orders/"+r.sold.id), map[string]string{"payment_status": "paid", "refund_status": "none", "line_items.0.refunded_quantity": "0", "settlement_amounts.refunded_money.amount": "0"})
	wants(t, "the link", c.get(t, "payment-links/"+link), map[string]string{"status": "inactive"})
	c.refused(t, 409, "return-resolutions/"+id+"/collect", `{"door":"payment_link"}`, "RETURN_ACTION_NOT_ALLOWED")
	c.ship(t, made, "ORDER_NOT_FULFILLABLE")
	for _, order := range []string{made, r.sold.id} {
		c.get(t, "orders/"+order+"/balance-explanation") // proves itself
	}
	// What was undone can be given back another way.
	c.post(t, 200, "return-resolutions/"+id+"/cancel", `{"reason":"expired"}`)
	plain := text(c.post(t, 201, "returns/"+r.id+"/resolutions", `{"resolution_type":"refund",`+r.units(1)+`}`), "return_resolution_id")
	c.post(t, 200, "return-resolutions/"+plain+"/confirm", ``)
	c.settle(t)
	wants(t, "refunded instead", c.get(t, "returns/"+r.id), map[string]string{"status": "completed", "financial_summary.refunded_money.amount": "1000"})
}

func (c *counter) shippedUnpaid(t *testing.T) {
	_, x := c.dearer(t)
	made := text(x, "replacement_order_id")
	c.ship(t, made, "RETURN_CHECKOUT_REQUIRED")
	c.patch(t, 200, "settings", `{"returns":{"ship_unpaid_exchanges":true}}`)
	c.ship(t, made, "")
	c.patch(t, 200, "settings", `{"returns":{"ship_unpaid_exchanges":false}}`)
	wants(t, "shipped and not paid", c.get(t, "orders/"+made), map[string]string{"fulfillment_status": "fulfilled", "settlement_amounts.outstanding_money.amount": "500"})
	c.later(t, time.Second)
	wants(t, "the exchange", c.get(t, fmt.Sprint("return-resolutions/", x["return_resolution_id"])), map[string]string{"status": "requires_action", "action_reason": "buyer_payment"})
}
