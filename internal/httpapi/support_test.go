package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// TestOrderTimelineAndBalance: an app gives a part back on a paid order; support reads who did what, and why the
// balance is what it is.
func TestOrderTimelineAndBalance(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		its, grant := s.install(t, s.b.Live.Scope, s.a.Sandbox.Scope)
		id := s.order(t, `{"line_items":[{"name":"Tea","quantity":2,"unit_price_money":`+usd(500)+`}]}`)
		o := "/v1/orders/" + id
		s.want(t, 201, s.call(t, "POST", "/v1/checkout-sessions", s.a.test, `{"order_id":"`+id+`"}`))
		s.want(t, 200, s.call(t, "POST", o+"/pay", s.a.test, `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(1000)+`}`))
		s.clock.Set(s.clock.Now().Add(time.Minute))
		given := s.want(t, 201, s.call(t, "POST", "/v1/refunds", tokenOf(grant), `{"order_id":"`+id+`","amount_money":`+usd(300)+`,"reason_message":"arrived broken"}`)).data()
		s.settle(t)

		get := func(path, key string) answer { t.Helper(); return s.want(t, 200, s.call(t, "GET", path, key, "")) }
		find := func(list []any, is func(map[string]any) bool) map[string]any {
			for _, v := range list {
				if m := v.(map[string]any); is(m) {
					return m
				}
			}
			return nil
		}
		all := get(o+"/timeline?page_size=100", s.a.test)
		refund := find(all.list(), func(m map[string]any) bool { return m["type"] == "refund.created" })
		if refund == nil {
			t.Fatalf("no refund in %s", all.body)
		}
		actor := refund["actor"].(map[string]any)
		if actor["type"] != "app" || actor["id"] != its.ID || actor["name"] != its.Name || refund["reason"] != "arrived broken" ||
			refund["amount_money"].(map[string]any)["amount"] != 300.0 || refund["objects"].([]any)[0].(map[string]any)["id"] != given["refund_id"] {
			t.Errorf("the refund is told as %v", refund)
		}
		made := find(all.list(), func(m map[string]any) bool { return m["type"] == "created" })
		if made == nil || made["actor"].(map[string]any)["name"] != "test" || len(made["webhook_event_ids"].([]any)) != 1 || made["api_request_log_id"] == "" {
			t.Errorf("the creation is told as %v", made)
		}
		var pages []any
		for next := "?page_size=3"; next != ""; {
			page := get(o+"/timeline"+next, s.a.test)
			pages = append(pages, page.list()...)
			token, _ := page.json["next_page_token"].(string)
			if next = ""; token != "" {
				next = "?page_size=3&page_token=" + token
			}
		}
		if len(pages) != len(all.list()) || len(pages) < 7 {
			t.Errorf("%d entries in pages of three, %d at once", len(pages), len(all.list()))
		}
		for _, v := range get(o+"/timeline?kind=refund&kind=payment_intent&sort_direction=asc", s.a.test).list() {
			if k := v.(map[string]any)["kind"]; k != "refund" && k != "payment_intent" {
				t.Errorf("a %v among refunds and payments", k)
			}
		}
		if a := s.want(t, 400, s.call(t, "GET", o+"/timeline?kind=nothing", s.a.test, "")); a.code() != "INVALID_QUERY_PARAMETER" || a.param() != "kind" {
			t.Errorf("an unknown kind: %s", a.body)
		}
		narrow, _ := s.keyOf(t, s.a.Sandbox.Scope, "narrow", []string{"commerce.orders.read"}, time.Time{})
		some := get(o+"/timeline?page_size=100", narrow)
		if e := find(some.list(), func(m map[string]any) bool { return m["kind"] == "refund" || m["reason"] == "arrived broken" }); e != nil {
			t.Errorf("a key that may read no refunds is told %v", e)
		}
		if !strings.Contains(string(some.body), "TIMELINE_KINDS_WITHHELD") || strings.Contains(string(all.body), `"refund, `) {
			t.Errorf("what is withheld is not said: %s", some.body)
		}
		if a := get(o+"/timeline?kind=refund", narrow); len(a.list()) != 0 {
			t.Errorf("asked for refunds: %s", a.body)
		}

		x := get(o+"/balance-explanation", s.a.test)
		want := map[string]float64{"balance": 0, "outstanding": 0, "credit": 0, "total": 1000, "owed": 1000, "paid": 1000, "refunded": 300, "net_collected": 700, "kept": 700, "refunded_sales": 300}
		for _, v := range x.data()["figures"].([]any) {
			f := v.(map[string]any)
			var sum float64
			for _, r := range f["rows"].([]any) {
				sum += r.(map[string]any)["amount_money"].(map[string]any)["amount"].(float64)
			}
			if amount := f["amount_money"].(map[string]any)["amount"].(float64); amount != want[f["figure"].(string)] || amount != sum {
				t.Errorf("%v", f)
			}
		}
		if text := string(x.body); !strings.Contains(text, "Nobody owes anything.") || !strings.Contains(text, "Of that, $3.00 took back a sale and is not owed again.") {
			t.Errorf("the summary is %v", x.data()["summary"])
		}
		entries := x.data()["journal_entries"].([]any)
		last := find(entries, func(m map[string]any) bool { return m["what"] == "Refund sent to the buyer." })
		if last == nil || last["cause"].(map[string]any)["id"] != given["refund_id"] || last["actor"].(map[string]any)["name"] != its.Name {
			t.Errorf("the entry of the refund is %v", last)
		}
		if err := s.db.Write(context.Background(), func(tx db.Tx) error {
			_, err := tx.Exec(`UPDATE postings SET amount = amount - 1 WHERE order_id = $1 AND account = 'receivable' AND amount < 0`, id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if a := s.want(t, 500, s.call(t, "GET", o+"/balance-explanation", s.a.test, "")); a.code() != "BALANCE_NOT_PROVED" {
			t.Errorf("broken books: %s", a.body)
		}
	})
}

// TestExports: the files of refunds and returns are there for who may read them, and for nobody else.
func TestExports(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		id := s.order(t, `{"line_items":[{"name":"Tea","quantity":2,"unit_price_money":`+usd(500)+`}]}`)
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/pay", s.a.test, `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(1000)+`}`))
		given := s.want(t, 201, s.call(t, "POST", "/v1/refunds", s.a.test, `{"order_id":"`+id+`","amount_money":`+usd(300)+`,"reason_message":"=cmd()"}`)).data()
		a := s.want(t, 200, s.call(t, "GET", "/v1/exports/refunds.csv", s.a.test, ""))
		if a.header.Get("Content-Type") != "text/csv; charset=utf-8" || a.header.Get("Content-Disposition") != `attachment; filename="refunds.csv"` {
			t.Errorf("headers: %v", a.header)
		}
		if text := string(a.body); !strings.Contains(text, given["refund_id"].(string)) || !strings.Contains(text, ",300,3.00,") ||
			!strings.Contains(text, ",'=cmd(),") || strings.Count(text, "\r\n") != 2 {
			t.Errorf("the file is %q", text)
		}
		for path, rows := range map[string]int{
			"refunds.csv?created_after=2026-09-06T00:00:00Z": 2, "refunds.csv?created_after=2026-09-08T00:00:00Z": 1,
			"refunds.csv?created_before=2026-09-06T00:00:00Z": 1, "returns.csv": 1,
		} {
			if a := s.want(t, 200, s.call(t, "GET", "/v1/exports/"+path, s.a.test, "")); strings.Count(string(a.body), "\r\n") != rows {
				t.Errorf("%s: %q", path, a.body)
			}
		}
		if a := s.want(t, 200, s.call(t, "GET", "/v1/exports/refunds.csv", s.b.test, "")); strings.Count(string(a.body), "\r\n") != 1 {
			t.Errorf("another merchant's file: %q", a.body)
		}
		if a := s.want(t, 400, s.call(t, "GET", "/v1/exports/refunds.csv?created_after=2026-09-08T00:00:00Z&created_before=2026-09-07T00:00:00Z", s.a.test, "")); a.code() != "INVALID_CREATED_RANGE" {
			t.Errorf("a range that cannot be: %s", a.body)
		}
		narrow, _ := s.keyOf(t, s.a.Sandbox.Scope, "narrow", []string{"commerce.orders.read"}, time.Time{})
		for _, name := range []string{"refunds.csv", "returns.csv"} {
			s.want(t, 403, s.call(t, "GET", "/v1/exports/"+name, narrow, ""))
		}
	})
}

// TestTimelinesOfReturns: returns, their parts and credit notes are types of resources that have a timeline.
func TestTimelinesOfReturns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		for _, prefix := range []string{"ret", "rrec", "rins", "rdis", "rres", "cn", "ref"} {
			a := s.want(t, 404, s.call(t, "GET", "/v1/developer/resource-timelines/"+prefix+"_01J00000000000000000000000", s.a.test, ""))
			if a.code() != "RESOURCE_NOT_FOUND" {
				t.Errorf("%s: %s", prefix, a.body)
			}
		}
	})
}
