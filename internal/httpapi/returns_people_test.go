package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// ofReturns is what an app for returns asks for.
var ofReturns = []app.Permission{
	{ID: "returns", Title: "Returns", Description: "Ask for returns and decide.", Scopes: []string{"commerce.returns.read", "commerce.returns.write"}},
	{ID: "goods", Title: "Goods", Description: "Receive goods.", Scopes: []string{"commerce.returns.operations.write"}, Optional: true},
	{ID: "value", Title: "Value", Description: "Give value back.", Scopes: []string{"commerce.returns.resolutions.write"}, Optional: true},
}

// atTheCounter is the body of a process call: everything of one line at once, with a fee waived.
func (r *back) atTheCounter(now string) string {
	return `{"line_items":[{"return_line_item_id":"` + r.lines[0] + `","decision":{"decision_basis":"explicit","approved_quantity":1,"return_required_quantity":1,
		"allowed_resolution_types":["refund"],"resolution_mode":"manual","refund_timing":"after_inspection","receiving_location_id":"loc_main","is_inspection_required":true,
		"destination":{"address":{"line1":"1 Dock Road","city":"Town","country":"US"}}},
		"received_quantity":1,"inspection":{"acceptance_status":"accepted","condition":"used","inspected_at":"` + now + `","finding_codes":["used"]},
		"disposition":{"disposition_type":"sellable","occurred_at":"` + now + `","reason":"inspection_result"},
		"resolution":{"resolution_type":"refund","quantity":1}}],
		"receipt":{"received_at":"` + now + `","receiving_location_id":"loc_main"},"completion_behavior":"complete_when_ready"}`
}

// An app returns goods with the scopes that it was granted and no others, and everything it did carries its name; the
// merchant does the same in one call.
func TestReturnsByAnApp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := newCounter(t, d, "")
		its, grant := c.installOf(t, c.b.Live.Scope, c.a.Sandbox.Scope, ofReturns, "returns", "goods", "value")
		_, narrow := c.installOf(t, c.b.Live.Scope, c.a.Sandbox.Scope, ofReturns, "returns")
		now := c.clock.Now().Format(time.RFC3339)

		o := c.sell(t, item("Mug", 3, 1000), "")
		robot := c.as(tokenOf(grant))
		r := robot.ask(t, o, 1)
		it := "returns/" + r.id
		wants(t, "asked by an app", c.get(t, it), map[string]string{"initiated_by": "integration"})
		for path, missing := range map[string]string{
			it + "/process": "commerce.returns.operations.write commerce.returns.resolutions.write", it + "/receipts": "commerce.returns.operations.write",
			it + "/resolutions": "commerce.returns.resolutions.write",
		} {
			body := r.atTheCounter(now)
			if !strings.HasSuffix(path, "process") {
				body = `{}`
			}
			a := c.call(t, "POST", "/v1/"+path, tokenOf(narrow), body, "Idempotency-Key: narrow")
			if got := strings.Trim(fmt.Sprint(a.fault()["missing_scopes"]), "[]"); a.status != 403 || a.code() != "INSUFFICIENT_SCOPE" || got != missing {
				t.Errorf("%s with a narrow token: missing %q, want %q: %s", path, got, missing, a.body)
			}
		}
		if a := c.as(tokenOf(narrow)).do(t, 403, "GET", it+"?expand=line_items.fulfillment", ""); strings.Trim(fmt.Sprint(a.fault()["missing_scopes"]), "[]") != "commerce.orders.read" {
			t.Errorf("a fulfilment for who may read no orders: %s", a.body)
		}

		done := robot.do(t, 200, "POST", it+"/process", r.atTheCounter(now), "Idempotency-Key: desk-1").data()
		wants(t, "processed", done, map[string]string{
			"idempotency_key": "desk-1", "return.status": "open", "return_receipts.0.line_items.0.quantity": "1", "return_inspections.0.line_items.0.acceptance_status": "accepted",
			"return_dispositions.0.created_by.actor_type": "integration", "return_resolutions.0.confirmed_by.actor_id": its.ID, "return.line_items.0.decided_by.actor_id": its.ID,
			"return.line_items.0.decided_by.actor_type": "integration", "return_resolutions.0.status": "pending",
		})
		again := robot.do(t, 200, "POST", it+"/process", r.atTheCounter(now), "Idempotency-Key: desk-1")
		if again.header.Get("Idempotency-Replayed") != "true" || at(again.data(), "return_resolutions.0.return_resolution_id") != at(done, "return_resolutions.0.return_resolution_id") {
			t.Errorf("a repeat: %s", again.body)
		}
		c.settle(t)
		wants(t, "completed", c.get(t, it), map[string]string{"status": "completed", "financial_summary.refunded_money.amount": "1000"})
		told := map[string]bool{}
		for _, e := range c.rows(t, "orders/"+o.id+"/timeline?page_size=100&kind=return&kind=return_receipt&kind=return_inspection&kind=return_disposition&kind=return_resolution&kind=refund") {
			told[text(e, "type")] = true
			wants(t, text(e, "type"), e, map[string]string{"actor.type": "app", "actor.id": its.ID, "actor.name": its.Name})
		}
		for _, typ := range []string{"return.created", "return_receipt.created", "return_inspection.created", "return_disposition.created", "return_resolution.created", "refund.created", "return.completed"} {
			if !told[typ] {
				t.Errorf("the history has no %s: %v", typ, told)
			}
		}

		// The merchant does the same, and what is wrong with one part undoes the others.
		r = c.ask(t, o, 1)
		it = "returns/" + r.id
		if a := c.call(t, "POST", "/v1/"+it+"/process", c.key, r.atTheCounter(now)); !hasFault(a, "IDEMPOTENCY_KEY_REQUIRED", "Idempotency-Key") {
			t.Errorf("without a key: %s", a.body)
		}
		bad := c.do(t, 400, "POST", it+"/process", strings.Replace(r.atTheCounter(now), `"quantity":1}`, `"quantity":2}`, 1), "Idempotency-Key: desk-2")
		if bad.code() != "RETURN_VALUE_EXCEEDED" || bad.param() != "line_items[0].resolution.line_items[0].quantity" && bad.param() != "line_items[0].resolution.quantity" {
			t.Errorf("more units than there are: %s", bad.body)
		}
		wants(t, "untouched", c.get(t, it), map[string]string{"status": "requested", "version": "1", "receipt_count": "0"})
		done = c.do(t, 200, "POST", it+"/process", r.atTheCounter(now), "Idempotency-Key: desk-3").data()
		wants(t, "by the merchant", done, map[string]string{"return_resolutions.0.confirmed_by.actor_type": "merchant", "return_resolutions.0.confirmed_by.actor_id": c.a.testKey.ID})
	})
}

// An app gives back no more through returns than by refunds: what the merchant limits, it can only propose.
func TestAppsReturnWithinTheirLimits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := newCounter(t, d, "")
		_, grant := c.installOf(t, c.b.Live.Scope, c.a.Sandbox.Scope, ofReturns, "returns", "goods", "value")
		robot := c.as(tokenOf(grant))
		o := c.sell(t, item("Mug", 5, 1000), "")
		c.limit(t, grant, `{"refund_per_order_money":[`+usd(2500)+`],"refund_approval_above_money":[`+usd(1500)+`]}`)
		propose := func(units int64) (r *back, path string) {
			r = robot.ask(t, o, units)
			robot.keep(t, r)
			return r, "return-resolutions/" + text(robot.post(t, 201, "returns/"+r.id+"/resolutions", `{"resolution_type":"refund",`+r.units(units)+`}`), "return_resolution_id")
		}
		_, two := propose(2)
		if f := robot.refused(t, 409, two+"/confirm", ``, "APP_REFUND_APPROVAL_REQUIRED").fault(); f["app_approval_id"] != nil {
			t.Errorf("the merchant confirms, and approves nothing beside: %v", f)
		}
		wants(t, "only proposed", c.get(t, two), map[string]string{"status": "proposed"})
		c.post(t, 200, two+"/confirm", ``)
		_, one := propose(1)
		robot.post(t, 200, one+"/confirm", ``)
		_, next := propose(1)
		robot.post(t, 200, next+"/confirm", ``)
		c.settle(t)
		c.limit(t, grant, `{"refund_per_order_money":[`+usd(2500)+`]}`)
		last, over := propose(1)
		f := robot.refused(t, 403, over+"/confirm", ``, "APP_REFUND_LIMIT_EXCEEDED").fault()
		wants(t, "above the limit", f, map[string]string{"limit_window": "order", "limit_money.amount": "2500", "used_money.amount": "2000", "requested_money.amount": "1000"})
		wants(t, "nothing moved", c.get(t, "orders/"+o.id), map[string]string{"settlement_amounts.refunded_money.amount": "4000"})
		c.post(t, 200, over+"/confirm", ``)
		c.settle(t)
		wants(t, "the merchant may", c.get(t, "returns/"+last.id), map[string]string{"status": "completed"})
	})
}

// limit sets what an app may refund.
func (c *counter) limit(t *testing.T, g *app.Grant, limits string) {
	t.Helper()
	c.as(c.a.live).patch(t, 200, "installed-apps/"+g.InstallID+"/limits", limits)
}

// A buyer returns what is theirs: asks what it costs, asks for it, withdraws it, and pays the difference of an exchange.
// Other buyers see nothing of it.
func TestReturnsByTheirBuyer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := newCounter(t, d, rules)
		_, session := c.signedIn(t, "bob@buyer.test")
		ann, bob := c.as(c.me), c.as(text(session, "secret"))
		o := c.sell(t, item("Mug", 2, 1000), "")
		preview := `{"mode":"eligibility","eligibility":{"order_id":"` + o.id + `","selection":{"selection_type":"line_items","line_items":[{"order_line_item_id":"` + o.lines[0] +
			`","requested_quantity":1,"return_reason_id":"` + c.reason + `"}]}}}`
		wants(t, "what it costs", ann.post(t, 200, "me/return-previews", preview), map[string]string{
			"eligibility.status": "eligible", "eligibility.line_items.0.is_self_service_enabled": "true", "eligibility.line_items.0.return_value.total_money.amount": "1000",
			"eligibility.line_items.0.eligibility.policy_adjustment_proposals.0.adjustment_type":                "restocking_fee",
			"eligibility.line_items.0.eligibility.policy_adjustment_proposals.0.calculated_amount_money.amount": "100", "eligibility.line_items.0.net_money.amount": "900",
		})
		body := func(line string, n int) string {
			return fmt.Sprintf(`{"order_id":"%s","line_items":[{"order_line_item_id":"%s","requested_quantity":%d,"return_reason_id":"%s","buyer_note":"Too small."}]}`, o.id, line, n, c.reason)
		}
		asked := ann.post(t, 201, "me/returns", body(o.lines[0], 1))
		r := backOf(o, asked)
		wants(t, "asked", asked, map[string]string{
			"status": "requested", "initiated_by": "buyer", "supported_actions.0": "", "buyer_actions.0.kind": "withdraw", "buyer_actions.0.is_available": "true",
			"buyer_actions.1.kind": "ship_items", "buyer_actions.1.is_available": "false", "buyer_actions.2.kind": "pay_balance", "buyer_actions.2.is_available": "false",
		})
		for path, sent := range map[string]string{
			"me/return-previews": preview, "me/returns": body(o.lines[0], 1), "me/returns/" + r.id + "/cancel": `{"reason":"buyer_request"}`,
		} {
			bob.refused(t, 404, path, sent, "RESOURCE_NOT_FOUND")
		}
		bob.do(t, 404, "GET", "me/returns/"+r.id, "")
		if n := len(bob.rows(t, "me/returns?order_id="+o.id)); n != 0 {
			t.Errorf("another buyer lists %d", n)
		}
		for _, path := range []string{"returns/" + r.id + "/decide", "returns/" + r.id + "/resolutions", "return-previews"} {
			if a := ann.do(t, 403, "POST", path, `{}`); a.code() == "" {
				t.Errorf("%s by a buyer: %s", path, a.body)
			}
		}
		if a := ann.refused(t, 400, "me/returns", body(o.lines[0], 2), "RETURN_INVALID"); a.param() != "line_items[0].requested_quantity" || at(a.fault(), "details.0.available_quantity") != "1" {
			t.Errorf("more than is left: %s", a.body)
		}
		wants(t, "withdrawn", ann.post(t, 200, "me/returns/"+r.id+"/cancel", `{"reason":"buyer_request","reason_message":"It fits."}`), map[string]string{
			"status": "canceled", "buyer_actions.0.is_available": "false",
		})
		acts := 0
		for _, e := range c.rows(t, "orders/"+o.id+"/timeline?kind=return") {
			if at(e, "actor.type") != "buyer" || at(e, "actor.id") != c.customerID {
				t.Errorf("%s was done by %v", text(e, "type"), e["actor"])
			}
			acts++
		}
		if acts < 2 {
			t.Errorf("the timeline tells of %d acts", acts)
		}
		ann.refused(t, 409, "me/returns/"+r.id+"/cancel", `{"reason":"buyer_request"}`, "RETURN_ACTION_NOT_ALLOWED")

		// The next one becomes an exchange that costs more, and the buyer pays.
		r = backOf(o, ann.post(t, 201, "me/returns", body(o.lines[0], 1)))
		c.post(t, 200, "returns/"+r.id+"/decide", `{"line_items":[{"return_line_item_id":"`+r.lines[0]+`","decision_basis":"explicit","approved_quantity":1,"return_required_quantity":0,
			"allowed_resolution_types":["exchange"],"resolution_mode":"manual","override_reason":"customer_service_exception"}],"completion_mode":"automatic"}`)
		x := c.post(t, 201, "returns/"+r.id+"/resolutions", `{"resolution_type":"exchange","pricing_basis":"merchant_agreed_price",`+r.units(1)+
			`,"replacement_line_items":[{"name":"Pot","quantity":1,"unit_price_money":`+usd(1500)+`}]}`)
		id := text(x, "return_resolution_id")
		ann.refused(t, 409, "me/return-resolutions/"+id+"/checkout-session", ``, "RETURN_ACTION_NOT_ALLOWED")
		x = c.post(t, 200, "return-resolutions/"+id+"/confirm", ``)
		wants(t, "to be paid", ann.get(t, "me/returns/"+r.id), map[string]string{
			"buyer_actions.2.kind": "pay_balance", "buyer_actions.2.is_available": "true", "buyer_actions.2.is_required": "true", "buyer_actions.2.due_at": text(x, "payment_expires_at"),
			"financial_summary.due_from_buyer_money.amount": "500", "completion_blockers.0.return_resolution_id": id,
		})
		bob.refused(t, 404, "me/return-resolutions/"+id+"/checkout-session", ``, "RESOURCE_NOT_FOUND")
		opened := ann.post(t, 201, "me/return-resolutions/"+id+"/checkout-session", `{"redirects":{"success_redirect_url":"https://shop.test/thanks"}}`)
		c.payAs(t, text(x, "replacement_order_id"), credentialIn(t, opened))
		c.settled(t, r, x)
		wants(t, "the buyer reads", ann.get(t, "me/returns/"+r.id), map[string]string{"status": "completed", "financial_summary.collected_money.amount": "500", "buyer_actions.2.is_available": "false"})
	})
}
