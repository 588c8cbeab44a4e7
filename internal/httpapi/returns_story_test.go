package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// taxed is a line with a sales tax of 8.25 percent on top.
func taxed(name string, quantity, price int64) string {
	return strings.TrimSuffix(item(name, quantity, price), "}") +
		`,"tax":{"taxable":true,"calculation":{"mode":"external","price_mode":"additive","components":[{"tax_type":"sales_tax","percent":8.25,` + county + `}]}}}`
}

// welcome is a discount of 10.01 on an order whose lines say their taxes.
const welcome = `,"discounts":[{"manual":{"name":"Welcome","amount_money":{"amount":1001,"currency":"USD"}}}],"tax":{"enabled":true,"calculation":{"mode":"external","price_mode":"additive"}}`

// Two lines of an order come back, travel, are looked at and put away, and are refunded less a fee. What was shown is
// what is paid, and support and bookkeeping find all of it again.
func TestAReturnFromRequestToMoney(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := newCounter(t, d, rules)
		o := c.sell(t, taxed(`Tea, \"green\"`, 4, 3333)+","+taxed("=Cup", 2, 900)+","+taxed("Kettle", 1, 5000), welcome)

		seen := c.post(t, 200, "return-previews", `{"mode":"eligibility","eligibility":{"order_id":"`+o.id+`","selection":{"selection_type":"all_remaining_fulfilled"}}}`)
		wants(t, "what may come back", seen, map[string]string{
			"eligibility.status": "eligible", "eligibility.policy_evaluation.return_policy_id": c.policy, "eligibility.line_items.0.eligibility.eligible_quantity": "4",
			"eligibility.line_items.1.eligibility.eligible_quantity": "2", "eligibility.line_items.2.eligibility.eligible_quantity": "1",
			"eligibility.line_items.0.fulfillment_id": o.fulfillment, "eligibility.line_items.0.eligibility.policy_adjustment_proposals.0.calculated_amount_money.amount": "1267",
		})

		asked := c.post(t, 201, "returns", `{"order_id":"`+o.id+`","external_reference_id":"@desk","line_items":[
			{"order_line_item_id":"`+o.lines[0]+`","requested_quantity":2,"return_reason_id":"`+c.reason+`","buyer_note":"=HYPERLINK(\"http://x.test\"), said \"she\""},
			{"order_line_item_id":"`+o.lines[1]+`","requested_quantity":1,"return_reason_id":"`+c.reason+`"}]}`)
		r := backOf(o, asked)
		it := "returns/" + r.id
		wants(t, "asked", asked, map[string]string{
			"status": "requested", "initiated_by": "merchant", "completion_blockers.0.code": "decision_pending", "line_items.0.fulfillment_id": o.fulfillment,
			"line_items.0.eligibility.decision_proposal.based_on_quantity": "2", "line_items.1.name": "=Cup",
		})
		wants(t, "expanded", c.get(t, it+"?expand=line_items.fulfillment,line_items.return_reason,order,customer"), map[string]string{
			"line_items.0.fulfillment.fulfillment_id": o.fulfillment, "line_items.0.fulfillment.status": "completed", "line_items.1.fulfillment.order_id": o.id,
			"line_items.1.fulfillment.line_items.2.quantity": "1", "line_items.0.return_reason.return_reason_id": c.reason, "order.order_id": o.id, "customer.customer_id": c.customerID,
		})
		wants(t, "not expanded", c.get(t, it), map[string]string{"line_items.0.fulfillment": "", "order": ""})
		if a := c.do(t, 400, "GET", "orders/"+o.id+"?expand=line_items.fulfillment", ""); a.code() != "INVALID_EXPAND" || a.param() != "expand" {
			t.Errorf("an order's lines have no fulfilment of their own: %s", a.body)
		}

		c.pass()
		wants(t, "decided", c.post(t, 200, it+"/decide", fmt.Sprintf(`{"line_items":[
			{"return_line_item_id":"%s","decision_basis":"policy_evaluation","approved_quantity":2},{"return_line_item_id":"%s","decision_basis":"policy_evaluation","approved_quantity":1}]}`,
			r.lines[0], r.lines[1])), map[string]string{
			"status": "open", "decision_status": "approved", "merchandise_status": "awaiting_handoff", "line_items.0.decided_by.actor_type": "merchant",
			"line_items.0.decided_by.actor_id": c.a.testKey.ID, "handoff_requirements.0.destination.name": "Returns desk", "line_items.0.return_required_quantity": "2",
		})
		c.goods(t, r)
		c.money(t, r)
		c.told(t, r)
		c.exported(t, r)
	})
}

// pass lets a second pass in which nothing is due.
func (c *counter) pass() { c.clock.Set(c.clock.Now().Add(time.Second)) }

// goods lets the two lines travel, arrive, be looked at and be put away.
func (c *counter) goods(t *testing.T, r *back) {
	t.Helper()
	it, now := "returns/"+r.id, c.clock.Now().Format(time.RFC3339)
	announce := func() string {
		t.Helper()
		sent := c.post(t, 201, "fulfillments/"+r.fulfillment+"/shipments", fmt.Sprintf(`{"direction":"return","return_id":"%s","return_line_items":[
			{"return_line_item_id":"%s","quantity":2},{"return_line_item_id":"%s","quantity":1}]}`, r.id, r.lines[0], r.lines[1]))
		wants(t, "announced", c.get(t, it), map[string]string{
			"shipment_count": "1", "merchandise_status": "awaiting_handoff", "handoff_requirements.0.status": "in_progress", "handoff_requirements.0.shipment_count": "1",
		})
		return at(sent, "shipment.shipment_id")
	}
	c.post(t, 200, "shipments/"+announce()+"/void", `{}`)
	wants(t, "the label was thrown away", c.get(t, it), map[string]string{
		"shipment_count": "", "handoff_requirements.0.status": "pending", "handoff_requirements.0.shipment_count": "",
	})
	shipment := announce()
	parcel := at(c.post(t, 201, "shipments/"+shipment+"/packages", fmt.Sprintf(`{"carrier":"UPS","tracking_number":"1ZBACK","return_line_items":[
		{"return_line_item_id":"%s","quantity":2},{"return_line_item_id":"%s","quantity":1}]}`, r.lines[0], r.lines[1])), "package.package_id")
	wants(t, "packed", c.get(t, it), map[string]string{"merchandise_status": "awaiting_handoff", "shipment_count": "1"})
	c.pass()
	c.post(t, 200, "packages/"+parcel+"/transitions", `{"action":"mark_shipped"}`)
	wants(t, "on its way", c.get(t, it), map[string]string{"merchandise_status": "in_transit", "shipment_count": "1", "line_items.0.handed_off_quantity": "2", "line_items.1.handed_off_quantity": "1"})

	c.pass()
	got := c.post(t, 201, it+"/receipts", fmt.Sprintf(`{"received_at":"%s","receiving_location_id":"loc_main","shipment_id":"%s","line_items":[
		{"return_line_item_id":"%s","quantity":2},{"return_line_item_id":"%s","quantity":1}]}`, now, shipment, r.lines[0], r.lines[1]))
	wants(t, "arrived", c.get(t, it), map[string]string{"merchandise_status": "inspection_required", "line_items.0.received_quantity": "2", "receipt_count": "1"})
	c.pass()
	looked := c.post(t, 201, it+"/inspections", fmt.Sprintf(`{"return_receipt_id":"%s","inspected_at":"%s","location_id":"loc_main","line_items":[
		{"return_receipt_line_item_id":"%s","quantity":2,"condition":"opened","acceptance_status":"accepted","internal_note":"smells of smoke"},
		{"return_receipt_line_item_id":"%s","quantity":1,"condition":"new","acceptance_status":"accepted"}]}`,
		text(got, "return_receipt_id"), now, at(got, "line_items.0.return_receipt_line_item_id"), at(got, "line_items.1.return_receipt_line_item_id")))
	wants(t, "looked at", c.get(t, it), map[string]string{"merchandise_status": "disposition_required", "line_items.0.accepted_quantity": "2"})
	for k, kind := range []string{"liquidate", "sellable"} {
		c.pass()
		wants(t, kind, c.post(t, 201, it+"/dispositions", fmt.Sprintf(`{"disposition_type":"%s","quantity":%d,"occurred_at":"%s","reason":"inspection_result",
			"return_inspection_line_item_id":"%s"}`, kind, 2-k, now, at(looked, fmt.Sprintf("line_items.%d.return_inspection_line_item_id", k)))), map[string]string{
			"status": "succeeded", "created_by.actor_type": "merchant", "return_line_item_id": r.lines[k],
		})
	}
	wants(t, "put away", c.get(t, it), map[string]string{"merchandise_status": "resolved", "completion_blockers.0.code": "resolution_not_selected", "line_items.0.dispositioned_quantity": "2"})
}

// money shows what the units are worth, loses one of them to a plain refund, and pays what is worth paying then.
func (c *counter) money(t *testing.T, r *back) {
	t.Helper()
	it := "returns/" + r.id
	terms := `"resolution_type":"refund",` + r.units(2, 1) + `,"adjustments":[{"adjustment_type":"restocking_fee","value_effect":"deduction","assessed_amount_money":` + usd(633) +
		`,"applied_amount_money":` + usd(600) + `,"reason":"return_policy","reason_message":"+10 %, rounded down","return_line_item_id":"` + r.lines[0] + `"}]`
	c.pass()
	shown := c.post(t, 200, "return-previews", `{"mode":"resolution","resolution":{"return_id":"`+r.id+`",`+terms+`}}`)["resolution"].(map[string]any)
	wants(t, "shown", shown, map[string]string{"returned_total_money.amount": "7783", "deduction_money.amount": "600", "buyer_refund_amount_money.amount": "7183", "warnings.0": ""})
	hash := text(shown, "quote_hash")
	x := c.post(t, 201, it+"/resolutions", `{`+terms+`,"expected_quote_hash":"`+hash+`"}`)
	id := text(x, "return_resolution_id")
	wants(t, "proposed", x, map[string]string{"status": "proposed", "quote_hash": hash, "buyer_refund_amount_money.amount": "7183"})

	// One tea is refunded beside the return: the two that come back are others now, and one of them is worth a cent more or less.
	c.pass()
	c.post(t, 201, "refunds", `{"order_id":"`+r.sold.id+`","line_items":[{"order_line_item_id":"`+r.sold.lines[0]+`","quantity":1}],"reason_message":"-1+2, \"broken\""}`)
	stale := c.refused(t, 409, "return-resolutions/"+id+"/confirm", `{"expected_quote_hash":"`+hash+`"}`, "RETURN_QUOTE_STALE").fault()
	wants(t, "stale", stale, map[string]string{"returned_total_money.amount": "7784", "buyer_refund_amount_money.amount": "7184", "buyer_payment_amount_money.amount": "0"})
	if c.refused(t, 409, "return-resolutions/"+id+"/confirm", ``, "RETURN_QUOTE_STALE"); text(stale, "quote_hash") == hash {
		t.Error("other amounts have the same hash")
	}
	wants(t, "untouched", c.get(t, "return-resolutions/"+id), map[string]string{"status": "proposed", "buyer_refund_amount_money.amount": "7183"})
	c.pass()
	paid := c.post(t, 200, "return-resolutions/"+id+"/confirm", `{"expected_quote_hash":"`+text(stale, "quote_hash")+`"}`)
	wants(t, "confirmed", paid, map[string]string{
		"status": "pending", "buyer_refund_amount_money.amount": "7184", "confirmed_by.actor_id": c.a.testKey.ID, "execution_blockers.0.code": "refund_pending",
		"execution_blockers.0.linked_resource_id": at(paid, "refund_ids.0"),
	})
	wants(t, "under way", c.get(t, it), map[string]string{"status": "open", "resolution_status": "pending", "completion_blockers.0.code": "resolution_pending", "financial_summary.due_to_buyer_money.amount": "7184"})
	c.settle(t) // the processor tells; nothing swept
	rf := c.get(t, "refunds/"+at(paid, "refund_ids.0"))
	wants(t, "the refund", rf, map[string]string{"status": "succeeded", "return_id": r.id, "return_resolution_id": id, "amount_money.amount": "7184"})
	wants(t, "carried out", c.get(t, "return-resolutions/"+id), map[string]string{"status": "fulfilled", "execution_blockers.0": ""})
	wants(t, "completed", c.get(t, it), map[string]string{
		"status": "completed", "resolution_status": "fulfilled", "completed_by.actor_type": "system", "financial_summary.refunded_money.amount": "7184",
		"financial_summary.due_to_buyer_money.amount": "0", "completion_blockers.0": "", "line_items.0.resolved_quantity": "2",
	})
	c.refused(t, 409, "return-resolutions/"+id+"/confirm", ``, "RETURN_ACTION_NOT_ALLOWED")
}

// told wants the order's history and the explanation of its balance to name what happened, and who did it.
func (c *counter) told(t *testing.T, r *back) {
	t.Helper()
	happened := map[string]int{}
	for _, e := range c.rows(t, "orders/"+r.sold.id+"/timeline?page_size=100&sort_direction=asc") {
		happened[text(e, "type")]++
		if kind := text(e, "kind"); strings.HasPrefix(kind, "return") || kind == "refund" {
			wants(t, text(e, "type"), e, map[string]string{"actor.type": "api_key", "actor.id": c.a.testKey.ID, "actor.name": "test"})
		}
		if text(e, "type") == "return_resolution.updated" && at(e, "amount_money.amount") != "7184" {
			t.Errorf("the resolution is told without its amount: %v", e)
		}
		if text(e, "type") == "refund.created" && at(e, "amount_money.amount") == "7184" && !slices.ContainsFunc(each(e["objects"]), func(o map[string]any) bool { return o["id"] == r.id }) {
			t.Errorf("the refund does not name its return: %v", e["objects"])
		}
	}
	for typ, n := range map[string]int{"return.created": 1, "return.decision_recorded": 1, "return_receipt.created": 1, "return_inspection.created": 1, "return_disposition.created": 2,
		"return_resolution.created": 1, "refund.created": 2, "return.completed": 1} {
		if happened[typ] != n {
			t.Errorf("the history has %s %d times, want %d: %v", typ, happened[typ], n, happened)
		}
	}
	x := c.get(t, "orders/"+r.sold.id+"/balance-explanation")
	figures := map[string]string{}
	for _, f := range each(x["figures"]) {
		figures[text(f, "figure")] = at(f, "amount_money.amount")
	}
	for name, want := range map[string]string{"balance": "0", "outstanding": "0", "total": "20709", "paid": "20709", "refunded": "10612", "net_collected": "10097", "refunded_sales": "10612"} {
		if figures[name] != want {
			t.Errorf("%s is %s, want %s", name, figures[name], want)
		}
	}
	var sent []string
	for _, e := range each(x["journal_entries"]) {
		if text(e, "what") == "Refund sent to the buyer." {
			sent = append(sent, at(e, "cause.id"))
			wants(t, "booked", e, map[string]string{"actor.name": "test", "cause.type": "refund"})
		}
	}
	if len(sent) != 2 {
		t.Errorf("refunds %v were booked", sent)
	}
	if a := c.get(t, "developer/resource-timelines/"+r.id); at(a, "resource_id") != r.id && at(a, "resource_type") == "" {
		t.Errorf("the timeline of the return: %v", a)
	}
}

// exported wants the files of refunds and of returns to hold exactly what happened.
func (c *counter) exported(t *testing.T, r *back) {
	t.Helper()
	file := func(name string) (header []string, rows []map[string]string, raw string) {
		a := c.call(t, "GET", "/v1/exports/"+name, c.key, "")
		all, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
		if err != nil || a.status != 200 {
			t.Fatalf("%s: %v %s", name, err, a.body)
		}
		for _, cells := range all[1:] {
			row := map[string]string{}
			for n, v := range cells {
				row[all[0][n]] = v
			}
			rows = append(rows, row)
		}
		return all[0], rows, string(a.body)
	}
	header, rows, raw := file("refunds.csv")
	if got, want := strings.Join(header, " "), "refund_id created_at updated_at status order_id order_number customer_id reason reason_message external_reference_id currency "+
		"refund_amount_minor refund_amount refund_tip_minor refund_tip refund_allocation_id payment_intent_id allocation_status allocation_amount_minor allocation_amount "+
		"allocation_tip_minor allocation_tip failure_reason actor_type actor_id return_id return_resolution_id invoice_id credit_note_id"; got != want || len(rows) != 2 {
		t.Fatalf("%d refunds with %s", len(rows), got)
	}
	x := c.rows(t, "return-resolutions?return_id="+r.id)[0]
	both := c.rows(t, "refunds?order_id="+r.sold.id+"&sort_direction=asc")
	intent := text(c.rows(t, "payment-intents?order_id="+r.sold.id)[0], "payment_intent_id")
	same(t, "the plain refund", rows[0], map[string]string{
		"refund_id": text(both[0], "refund_id"), "created_at": text(both[0], "created_at"), "updated_at": text(both[0], "updated_at"), "status": "succeeded", "order_id": r.sold.id,
		"order_number": r.number, "customer_id": c.customerID, "reason": "", "reason_message": `'-1+2, "broken"`, "external_reference_id": "", "currency": "USD",
		"refund_amount_minor": "3428", "refund_amount": "34.28", "refund_tip_minor": "0", "refund_tip": "0.00", "refund_allocation_id": rows[0]["refund_allocation_id"],
		"payment_intent_id": intent, "allocation_status": "succeeded", "allocation_amount_minor": "3428", "allocation_amount": "34.28", "allocation_tip_minor": "0",
		"allocation_tip": "0.00", "failure_reason": "", "actor_type": "api_key", "actor_id": c.a.testKey.ID, "return_id": "", "return_resolution_id": "", "invoice_id": "",
		"credit_note_id": "",
	})
	same(t, "the refund of the return", rows[1], map[string]string{
		"refund_id": at(x, "refund_ids.0"), "created_at": text(both[1], "created_at"), "updated_at": text(both[1], "updated_at"), "status": "succeeded", "order_id": r.sold.id,
		"order_number": r.number, "customer_id": c.customerID, "reason": "other", "reason_message": "Return " + at(c.get(t, "returns/"+r.id), "return_number"),
		"external_reference_id": "", "currency": "USD", "refund_amount_minor": "7184", "refund_amount": "71.84", "refund_tip_minor": "0", "refund_tip": "0.00",
		"refund_allocation_id": rows[1]["refund_allocation_id"], "payment_intent_id": intent, "allocation_status": "succeeded", "allocation_amount_minor": "7184",
		"allocation_amount": "71.84", "allocation_tip_minor": "0", "allocation_tip": "0.00", "failure_reason": "", "actor_type": "api_key", "actor_id": c.a.testKey.ID,
		"return_id": r.id, "return_resolution_id": text(x, "return_resolution_id"), "invoice_id": "", "credit_note_id": "",
	})
	if !strings.Contains(raw, `,"'-1+2, ""broken""",`) {
		t.Errorf("the reason is written as %q", raw)
	}

	header, rows, raw = file("returns.csv")
	if got, want := strings.Join(header, " "), "return_id return_number created_at completed_at canceled_at status decision_status merchandise_status resolution_status order_id "+
		"order_number customer_id initiated_by external_reference_id return_line_item_id order_line_item_id fulfillment_id item_name sku return_reason buyer_note line_status "+
		"requested_quantity approved_quantity declined_quantity canceled_quantity received_quantity accepted_quantity rejected_quantity resolved_quantity refund_timing currency "+
		"unit_price_minor unit_price line_value_minor line_value resolved_value_minor resolved_value return_resolution_ids resolution_types refund_ids replacement_order_ids"; got != want || len(rows) != 2 {
		t.Fatalf("%d lines of returns with %s", len(rows), got)
	}
	now := c.get(t, "returns/"+r.id)
	for k, own := range []map[string]string{
		{"item_name": `Tea, "green"`, "buyer_note": `'=HYPERLINK("http://x.test"), said "she"`, "requested_quantity": "2", "approved_quantity": "2", "received_quantity": "2",
			"accepted_quantity": "2", "resolved_quantity": "2", "unit_price_minor": "3333", "unit_price": "33.33", "line_value_minor": "6857", "line_value": "68.57",
			"resolved_value_minor": "6858", "resolved_value": "68.58"},
		{"item_name": "'=Cup", "buyer_note": "", "requested_quantity": "1", "approved_quantity": "1", "received_quantity": "1", "accepted_quantity": "1", "resolved_quantity": "1",
			"unit_price_minor": "900", "unit_price": "9.00", "line_value_minor": "926", "line_value": "9.26", "resolved_value_minor": "926", "resolved_value": "9.26"},
	} {
		maps.Copy(own, map[string]string{
			"return_id": r.id, "return_number": text(now, "return_number"), "created_at": text(now, "created_at"), "completed_at": text(now, "completed_at"), "canceled_at": "",
			"status": "completed", "decision_status": "approved", "merchandise_status": "resolved", "resolution_status": "fulfilled", "order_id": r.sold.id, "order_number": r.number,
			"customer_id": c.customerID, "initiated_by": "merchant", "external_reference_id": "'@desk", "return_line_item_id": r.lines[k], "order_line_item_id": r.sold.lines[k],
			"fulfillment_id": r.fulfillment, "sku": "", "return_reason": at(now, "line_items.0.return_reason_name"), "line_status": "completed", "declined_quantity": "0",
			"canceled_quantity": "0", "rejected_quantity": "0", "refund_timing": "after_inspection", "currency": "USD", "return_resolution_ids": text(x, "return_resolution_id"),
			"resolution_types": "refund", "refund_ids": at(x, "refund_ids.0"), "replacement_order_ids": "",
		})
		same(t, fmt.Sprintf("line %d of the return", k), rows[k], own)
	}
	if !strings.Contains(raw, `,"Tea, ""green""",`) || strings.Count(raw, "\r\n") != 3 {
		t.Errorf("the file is %q", raw)
	}
}

// same compares a row with all that it should hold.
func same(t *testing.T, what string, row, want map[string]string) {
	t.Helper()
	for name, v := range row {
		if w, ok := want[name]; !ok || v != w {
			t.Errorf("%s: %s is %q, want %q", what, name, v, w)
		}
	}
	if len(row) != len(want) {
		t.Errorf("%s has %d cells, want %d", what, len(row), len(want))
	}
}
