package requestlog

import (
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// BenchmarkWrite is all that one logged request costs beside the request, with bodies like an order's.
func BenchmarkWrite(b *testing.B) {
	r := newRig(dbtest.Open(b, db.SQLite))
	line := `{"order_line_item_id":"li_01M80RHJETAG0CGF69PG98WP3H","version":1,"name":"Mug","quantity":1,"unit_price_money":{"amount":1400,"currency":"USD"}}`
	response := []byte(`{"data":{"order_id":"ord_01M80RHJETAG0CGF69PF1EM3JD","line_items":[` + strings.Repeat(line+",", 11) + line + `],"created_at":"2026-11-22T04:34:31.257117Z"}}`)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		e := r.entry("key_1")
		e.Header = map[string][]string{"Authorization": {"Bearer flint_test_" + random}, "Content-Type": {"application/json"}, "User-Agent": {"curl/8"}}
		e.Request, e.RequestSize, e.Response, e.ResponseSize = []byte(line), len(line), response, len(response)
		r.Add(e)
		if n%batch == batch-1 {
			if err := r.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkAdd is what a request itself waits for.
func BenchmarkAdd(b *testing.B) {
	r := newRig(nil)
	e := r.entry("key_1")
	for b.Loop() {
		r.Add(e)
	}
}
