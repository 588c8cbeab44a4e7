package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/returnpolicy"
)

// counter is a shop with a customer who is signed in, and calls about what the customer returns.
type counter struct {
	*shop
	key        string // the calls are made with it
	customerID string
	me         string // of the customer's session
	reason     string // a built-in reason that needs no note
	policy     string
}

// sold is an order that was paid and handed over.
type sold struct {
	id, number, fulfillment string
	lines                   []string
}

// back is a return of such an order.
type back struct {
	*sold
	id    string
	lines []string
}

// rules are those of the policy of a counter: a person decides, goods are looked at before money moves.
const rules = `{"scope":{},"priority":1,"eligibility_result":"eligible","approval_mode":"manual","is_merchandise_return_required":true,"is_inspection_required":true,
	"receiving_location_id":"loc_main","receiving_destination":{"name":"Returns desk","address":{"line1":"1 Dock Road","city":"Town","country":"US"}},
	"allowed_resolution_types":["refund","exchange"],"resolution_mode":"manual","refund_timing":"after_inspection","receipt_disposition_mode":"manual",
	"completion_mode":"automatic","return_window":{"starts_at_event":"fulfilled","duration_seconds":2592000},"restocking_fee":{"calculation_type":"percent","percent":10}}`

func newCounter(t *testing.T, d db.DB, policy string) *counter {
	t.Helper()
	c := &counter{shop: newShop(t, d), reason: returnpolicy.BuiltIn()[0].ID}
	c.key = c.a.test
	customerID, session := c.signedIn(t, "ann@buyer.test")
	c.customerID, c.me = customerID, text(session, "secret")
	if policy != "" {
		c.policy = text(c.post(t, 201, "return-policies", `{"name":"House rules","revision":`+policy+`}`), "return_policy_id")
		c.patch(t, 200, "return-policies/"+c.policy, `{"status":"active"}`)
	}
	return c
}

func (c *counter) do(t *testing.T, status int, method, path, body string, headers ...string) answer {
	t.Helper()
	a := c.call(t, method, "/v1/"+path, c.key, body, headers...)
	if a.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.status, status, a.body)
	}
	return a
}

func (c *counter) post(t *testing.T, status int, path, body string) map[string]any {
	t.Helper()
	return c.do(t, status, "POST", path, body).data()
}

func (c *counter) patch(t *testing.T, status int, path, body string) map[string]any {
	t.Helper()
	return c.do(t, status, "PATCH", path, body).data()
}

func (c *counter) get(t *testing.T, path string) map[string]any {
	t.Helper()
	return c.do(t, 200, "GET", path, "").data()
}

func (c *counter) rows(t *testing.T, path string) []map[string]any {
	t.Helper()
	return each(c.do(t, 200, "GET", path, "").json["data"])
}

// refused is the answer to a call that the server does not do.
func (c *counter) refused(t *testing.T, status int, path, body, code string) answer {
	t.Helper()
	a := c.do(t, status, "POST", path, body)
	if a.code() != code {
		t.Fatalf("POST %s: %s, want %s", path, a.body, code)
	}
	return a
}

// as makes the same calls with another key.
func (c *counter) as(key string) *counter {
	other := *c
	other.key = key
	return &other
}

// later lets time pass and whatever is due happen.
func (c *counter) later(t *testing.T, d time.Duration) {
	t.Helper()
	c.clock.Set(c.clock.Now().Add(d))
	for range 3 {
		if _, err := c.services.Returns.Sweep(context.Background(), c.db, 50); err != nil {
			t.Fatal(err)
		}
		c.settle(t)
	}
}

// sell makes an order of the customer, has it paid with one card, and hands all of it over. more are fields of the order.
func (c *counter) sell(t *testing.T, lines, more string) *sold {
	t.Helper()
	made := c.as(c.a.test).post(t, 201, "orders", `{"customer_id":"`+c.customerID+`","line_items":[`+lines+`]`+more+`}`)
	o := &sold{id: text(made, "order_id"), number: text(made, "order_number")}
	var units []string
	for _, l := range each(made["line_items"]) {
		o.lines = append(o.lines, text(l, "order_line_item_id"))
		units = append(units, fmt.Sprintf(`{"order_line_item_id":"%s","quantity":%s}`, text(l, "order_line_item_id"), number(l["quantity"])))
	}
	house := c.as(c.a.test)
	house.post(t, 200, "orders/"+o.id+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"}}`)
	o.fulfillment = text(house.post(t, 201, "orders/"+o.id+"/fulfillments", `{"type":"shipment","line_items":[`+strings.Join(units, ",")+`]}`), "fulfillment_id")
	house.post(t, 200, "fulfillments/"+o.fulfillment+"/transitions", `{"action":"complete"}`)
	return o
}

// item is a line of an order.
func item(name string, quantity, price int64) string {
	return fmt.Sprintf(`{"name":"%s","quantity":%d,"unit_price_money":%s}`, name, quantity, usd(price))
}

// ask asks units of lines of an order back, by the index of the line.
func (c *counter) ask(t *testing.T, o *sold, units ...int64) *back {
	t.Helper()
	var lines []string
	for k, n := range units {
		if n > 0 {
			lines = append(lines, fmt.Sprintf(`{"order_line_item_id":"%s","requested_quantity":%d,"return_reason_id":"%s"}`, o.lines[k], n, c.reason))
		}
	}
	return backOf(o, c.post(t, 201, "returns", `{"order_id":"`+o.id+`","line_items":[`+strings.Join(lines, ",")+`]}`))
}

func backOf(o *sold, made map[string]any) *back {
	r := &back{sold: o, id: text(made, "return_id")}
	for _, l := range each(made["line_items"]) {
		r.lines = append(r.lines, text(l, "return_line_item_id"))
	}
	return r
}

// keep approves everything that was asked for; the buyer keeps the goods, and value may move at once.
func (c *counter) keep(t *testing.T, r *back) {
	t.Helper()
	var lines []string
	for _, l := range each(c.get(t, "returns/"+r.id)["line_items"]) {
		lines = append(lines, `{"return_line_item_id":"`+text(l, "return_line_item_id")+`","decision_basis":"explicit","approved_quantity":`+number(l["requested_quantity"])+
			`,"return_required_quantity":0,"allowed_resolution_types":["refund","exchange"],"resolution_mode":"manual"}`)
	}
	c.post(t, 200, "returns/"+r.id+"/decide", `{"completion_mode":"automatic","line_items":[`+strings.Join(lines, ",")+`]}`)
}

// units are units of lines of a return as a resolution names them.
func (r *back) units(of ...int64) string {
	var out []string
	for k, n := range of {
		if n > 0 {
			out = append(out, fmt.Sprintf(`{"return_line_item_id":"%s","quantity":%d}`, r.lines[k], n))
		}
	}
	return `"line_items":[` + strings.Join(out, ",") + `]`
}

// each is a list of objects.
func each(v any) (out []map[string]any) {
	list, _ := v.([]any)
	for _, x := range list {
		m, _ := x.(map[string]any)
		out = append(out, m)
	}
	return out
}

// at follows names and indexes into an answer, as in "line_items.0.status"; it is what is there as text.
func at(v any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var k int
			if _, err := fmt.Sscan(name, &k); err != nil || k >= len(x) {
				return ""
			}
			v = x[k]
		}
	}
	switch x := v.(type) {
	case nil:
		return ""
	case float64:
		return number(x)
	}
	return fmt.Sprint(v)
}

// wants compares what lies at paths of an object with what is wanted there.
func wants(t *testing.T, what string, v map[string]any, want map[string]string) {
	t.Helper()
	for path, w := range want {
		if got := at(v, path); got != w {
			t.Errorf("%s: %s is %q, want %q", what, path, got, w)
		}
	}
	if t.Failed() {
		t.Logf("%s: %v", what, v)
	}
}
