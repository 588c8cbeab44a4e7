package httpapi_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/processor/simulator"
)

// TestTheStoryOfAnExchange: two units are sold, one is exchanged for something cheaper, and the buyer's bank takes money
// back, gives it back and takes it for good. Support reads both orders and the dispute.
func TestTheStoryOfAnExchange(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key, scope := s.a.test, s.a.Sandbox.Scope
		post := func(status int, path, body string) answer {
			t.Helper()
			s.clock.Set(s.clock.Now().Add(time.Minute))
			return s.want(t, status, s.call(t, "POST", "/v1/"+path, key, body))
		}
		get := func(path string) answer { t.Helper(); return s.want(t, 200, s.call(t, "GET", "/v1/"+path, key, "")) }
		first := func(m map[string]any, list string) map[string]any { return m[list].([]any)[0].(map[string]any) }

		sold := post(201, "orders", `{"line_items":[{"name":"Tea","quantity":2,"unit_price_money":`+usd(1000)+`}]}`).data()
		id, line := text(sold, "order_id"), text(first(sold, "line_items"), "order_line_item_id")
		post(200, "orders/"+id+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(2000)+`}`)
		given := text(post(201, "orders/"+id+"/fulfillments", `{"type":"pickup","line_items":[{"order_line_item_id":"`+line+`","quantity":2}]}`).data(), "fulfillment_id")
		post(200, "fulfillments/"+given+"/transitions", `{"action":"complete"}`)
		asked := post(201, "returns", `{"order_id":"`+id+`","line_items":[{"order_line_item_id":"`+line+`","requested_quantity":1,"return_reason_id":"rrsn_01K4GZ00000000000000000001"}]}`).data()
		back := text(asked, "return_id")
		post(200, "returns/"+back+"/decide", `{"line_items":[{"return_line_item_id":"`+text(first(asked, "line_items"), "return_line_item_id")+`","decision_basis":"explicit",
			"approved_quantity":1,"return_required_quantity":0,"allowed_resolution_types":["exchange"],"resolution_mode":"manual","refund_timing":"after_approval"}]}`)
		resolution := text(post(201, "returns/"+back+"/resolutions", `{"resolution_type":"exchange","pricing_basis":"merchant_agreed_price",
			"line_items":[{"return_line_item_id":"`+text(first(asked, "line_items"), "return_line_item_id")+`","quantity":1}],
			"replacement_line_items":[{"name":"Cup","quantity":1,"unit_price_money":`+usd(700)+`}]}`).data(), "return_resolution_id")
		made := text(post(200, "return-resolutions/"+resolution+"/confirm", `{}`).data(), "replacement_order_id")
		if made == "" {
			t.Fatal("the exchange made no order")
		}
		s.settle(t)
		old, fresh := get("orders/"+id).data(), get("orders/"+made).data()
		payment := text(get("payment-intents?order_id=" + id).list()[0].(map[string]any), "payment_intent_id")

		// The order that replaces goods says where it comes from, and the order of the goods where they lead.
		from := "return " + text(get("returns/"+back).data(), "return_number") + " of order " + text(old, "order_number")
		story := s.read(t, made)
		for _, want := range []string{"It was made for " + from + ".", "Exchange credit of $7.00 came from order " + text(old, "order_number") + " (payment " + payment + ")",
			"A return was asked for. It waits for a decision. This is " + from + ".", "What the buyer gets for a return moved on."} {
			if !strings.Contains(story, want) {
				t.Errorf("the order of the exchange does not say %q:\n%s", want, story)
			}
		}
		created := s.entry(t, made, "created")
		for _, want := range []string{id, back, resolution} {
			if !strings.Contains(created, want) {
				t.Errorf("the creation does not name %s: %s", want, created)
			}
		}
		story = s.read(t, id)
		for _, want := range []string{"Order " + text(fresh, "order_number") + " was made for it.", "Exchange credit of $7.00 went to order " + text(fresh, "order_number") + ", by return",
			"A refund takes the value of returned goods to order " + text(fresh, "order_number"),
			"It was done by the API key “test”."} {
			if !strings.Contains(story, want) {
				t.Errorf("the first order does not say %q:\n%s", want, story)
			}
		}
		if told := s.entry(t, id, "return_resolution.updated"); !strings.Contains(told, made) {
			t.Errorf("the resolution does not name the order: %s", told)
		}
		narrow, _ := s.keyOf(t, scope, "narrow", []string{"commerce.orders.read"}, time.Time{})
		if a := s.want(t, 200, s.call(t, "GET", "/v1/orders/"+made+"/timeline?page_size=100", narrow, "")); strings.Contains(string(a.body), `"kind":"return`) {
			t.Errorf("a key that reads no returns is told of them: %s", a.body)
		}

		x := get("orders/" + made + "/balance-explanation").data()
		moved := first(x, "exchange_credits")
		if moved["direction"] != "received" || moved["other_payment_intent_id"] != payment || minor(moved, "amount_money") != 700 || text(moved["return"].(map[string]any), "order_id") != id ||
			text(x["made_for"].(map[string]any), "return_id") != back {
			t.Errorf("the explanation says %v, %v", x["made_for"], moved)
		}
		if moved := first(get("orders/"+id+"/balance-explanation").data(), "exchange_credits"); moved["direction"] != "given" || text(moved["return"].(map[string]any), "order_id") != made {
			t.Errorf("the first order's explanation says %v", moved)
		}

		s.bank(t, id, payment)
	})
}

// bank lets a bank dispute 500 of the payment of an order, and looks at what is told of it.
func (s *shop) bank(t *testing.T, id, payment string) {
	t.Helper()
	ctx, key, scope := context.Background(), s.a.test, s.a.Sandbox.Scope
	get := func(path string) answer { t.Helper(); return s.want(t, 200, s.call(t, "GET", "/v1/"+path, key, "")) }
	move := func(err error) {
		t.Helper()
		if err == nil {
			_, err = s.simulator.DeliverDue(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Set(s.clock.Now().Add(time.Minute))
	}
	// figures are disputed and lost money of the order's settlement, and the explanation must say the same.
	figures := func(disputed, lost, returned float64, said string) {
		t.Helper()
		o := get("orders/" + id).data()["settlement_amounts"].(map[string]any)
		x := get("orders/" + id + "/balance-explanation").data()
		for name, want := range map[string]float64{"disputed": disputed, "dispute_lost": lost, "dispute_returned": returned} {
			if name != "dispute_returned" && minor(o, name+"_money") != want {
				t.Errorf("%s of the order: %v, want %v", name, o, want)
			}
			for _, v := range x["figures"].([]any) {
				if f := v.(map[string]any); f["figure"] == name && minor(f, "amount_money") != want {
					t.Errorf("%s is explained as %v, want %v", name, f, want)
				}
			}
		}
		if minor(o, "net_collected_money") != 1000 || minor(o, "outstanding_money") != 0 {
			t.Errorf("a dispute changed what was collected or is owed: %v", o)
		}
		if all := s.call(t, "GET", "/v1/orders/"+id+"/balance-explanation", key, ""); !strings.Contains(string(all.body), said) {
			t.Errorf("%q is not in %v", said, x["summary"])
		}
	}
	figures(0, 0, 0, "was given back.")
	opened, err := s.simulator.OpenDispute(ctx, simulator.OpenInput{Scope: scope, PaymentID: payment, Amount: 500})
	move(err)
	figures(500, 0, 0, "Buyers' banks hold $5.00 until disputes are decided.")
	decide := func(to string) {
		t.Helper()
		_, err := s.simulator.MoveDispute(ctx, simulator.MoveInput{Scope: scope, Ref: opened.Ref, Status: to})
		move(err)
	}
	decide("won")
	figures(0, 0, 500, "Buyers' banks had taken $5.00 and gave it back.")
	decide("lost")
	figures(0, 500, 500, "Buyers' banks took back $5.00 for good.")
	if story := s.read(t, id); !strings.Contains(story, "The buyer's bank opened a dispute. The bank has taken the money back and waits for an answer. The amount is $5.00. It was done by the payment processor “simulator”.") {
		t.Errorf("the dispute is told as\n%s", story)
	}

	s.timelineOfDispute(t, id)
}

// timelineOfDispute: the dispute's own timeline has its events and the requests about it, for who may read disputes.
func (s *shop) timelineOfDispute(t *testing.T, id string) {
	t.Helper()
	key, scope := s.a.test, s.a.Sandbox.Scope
	get := func(path string) answer { t.Helper(); return s.want(t, 200, s.call(t, "GET", "/v1/"+path, key, "")) }
	dispute := text(get("disputes?order_id=" + id).list()[0].(map[string]any), "dispute_id")
	get("disputes/" + dispute)
	path := "developer/resource-timelines/" + dispute
	all := get(path + "?page_size=100").data()
	if all["resource_type"] != "dispute" || all["resource_id"] != dispute {
		t.Errorf("the timeline is of %v", all)
	}
	var told []string
	asked := 0
	for _, v := range all["entries"].([]any) {
		switch e := v.(map[string]any); e["entry_type"] {
		case "webhook_event":
			told = append(told, text(e, "event_type"))
		case "api_request":
			asked++
			if text(e, "path") != "/v1/disputes/"+dispute && !strings.HasPrefix(text(e, "path"), "/v1/"+path) {
				t.Errorf("a request about something else: %v", e)
			}
		default:
			t.Errorf("nothing was delivered: %v", e)
		}
	}
	want := "dispute.closed dispute.lost dispute.updated dispute.closed dispute.won dispute.updated dispute.needs_response dispute.created"
	if got := strings.Join(told, " "); got != want || asked == 0 {
		t.Errorf("%d requests and the events\n%s, want\n%s", asked, got, want)
	}
	if a := get(path + "?include=webhooks&page_size=3"); len(a.data()["entries"].([]any)) != 3 || a.json["next_page_token"] == "" {
		t.Errorf("a page of three events: %s", a.body)
	}
	if a := s.want(t, 400, s.call(t, "GET", "/v1/"+path+"?resource_type=refund", key, "")); a.code() != "UNSUPPORTED_RESOURCE_TYPE" {
		t.Errorf("%s", a.body)
	}
	if a := s.want(t, 404, s.call(t, "GET", "/v1/"+path, s.b.test, "")); a.code() != "RESOURCE_NOT_FOUND" {
		t.Errorf("another merchant's dispute: %s", a.body)
	}
	narrow, _ := s.keyOf(t, scope, "no disputes", []string{"developer.resource_timelines.read", "commerce.orders.read"}, time.Time{})
	if a := s.want(t, 403, s.call(t, "GET", "/v1/"+path, narrow, "")); a.code() != "INSUFFICIENT_SCOPE" {
		t.Errorf("%s", a.body)
	}
}

// english is what every entry of a timeline looks like: sentences without codes. Ids of payments are no codes.
var english = regexp.MustCompile(`^[A-Z][^_]*\.$`)

// read reads a timeline out, oldest first, and fails when an entry is no sentence.
func (s *shop) read(t *testing.T, orderID string) string {
	t.Helper()
	var out strings.Builder
	for _, v := range s.want(t, 200, s.call(t, "GET", "/v1/orders/"+orderID+"/timeline?page_size=100&sort_direction=asc", s.a.test, "")).list() {
		said := text(v.(map[string]any), "text")
		if !english.MatchString(regexp.MustCompile(`\bpi_\w+`).ReplaceAllString(said, "it")) {
			t.Errorf("this is no English: %q", said)
		}
		out.WriteString(said + "\n")
	}
	return out.String()
}

// entry is the last entry of a type in an order's timeline, as it is sent.
func (s *shop) entry(t *testing.T, orderID, typ string) string {
	t.Helper()
	for _, v := range s.want(t, 200, s.call(t, "GET", "/v1/orders/"+orderID+"/timeline?page_size=100", s.a.test, "")).list() {
		if e := v.(map[string]any); e["type"] == typ {
			return strings.Join(ids(e), " ")
		}
	}
	t.Fatalf("order %s has no entry of type %s", orderID, typ)
	return ""
}

func ids(entry map[string]any) (out []string) {
	for _, v := range entry["objects"].([]any) {
		out = append(out, text(v.(map[string]any), "id"))
	}
	return out
}

// minor is an amount in an answer, nothing when there is none.
func minor(m map[string]any, name string) float64 {
	money, _ := m[name].(map[string]any)
	v, _ := money["amount"].(float64)
	return v
}
