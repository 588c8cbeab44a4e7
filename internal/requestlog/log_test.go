package requestlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

var (
	start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)
	scope = tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}
)

type rig struct {
	*Log
	clock *clock.Fixed
	ids   *id.Source
}

func newRig(d db.DB) rig {
	c := clock.NewFixed(start)
	return rig{New(Options{DB: d, Clock: c, Logger: slog.New(slog.DiscardHandler)}), c, id.NewSource(c)}
}

func (r rig) entry(key string) *Entry {
	return &Entry{Scope: scope, CredentialID: key, ID: r.ids.New(id.RequestLog), RequestID: "req", Method: "POST", Path: "/v1/orders",
		Route: "POST /v1/orders", Status: 201, Latency: 1500 * time.Microsecond, CreatedAt: r.clock.Now(), ServedVersion: "2026-09-07"}
}

func list(t testing.TB, d db.DB, key string, f Filter) (out []Summary) {
	t.Helper()
	err := d.Read(t.Context(), func(tx db.Tx) error {
		var after *listing.Cursor
		for {
			page, next, err := List(tx, scope, key, f, after, 2)
			if out = append(out, page...); err != nil || next == nil {
				return err
			}
			after = next
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(d)
		order := r.ids.New(id.Order)
		created := r.entry("key_1")
		created.Response = []byte(`{"data":{"order_id":"` + order + `","x":1}}`)
		created.ResponseSize = len(created.Response)
		r.clock.Set(r.clock.Now().Add(time.Second))
		part := r.entry("key_1")
		part.Method, part.Path, part.Status, part.PathIDs = "DELETE", "/v1/orders/x/line-items/y", 409, []string{order, r.ids.New(id.OrderLineItem)}
		part.Fault = Fault{Code: "ORDER_CLOSED", Message: "No.", Retryable: true}
		r.clock.Set(r.clock.Now().Add(time.Second))
		broken := r.entry("key_1")
		broken.Status, broken.RequestID, broken.Method = 500, "second", "PUT"
		other := r.entry("key_2")
		for _, e := range []*Entry{created, part, broken, other} {
			r.Add(e)
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			f    Filter
			want []*Entry
		}{
			{Filter{}, []*Entry{broken, part, created}},
			{Filter{RequestID: "second"}, []*Entry{broken}},
			{Filter{Method: "DELETE"}, []*Entry{part}},
			{Filter{PathQuery: "LINE-items"}, []*Entry{part}},
			{Filter{PathQuery: "%"}, nil},
			{Filter{ResourceType: "order"}, []*Entry{created}},
			{Filter{ResourceID: order}, []*Entry{created}},
			{Filter{Bucket: "success"}, []*Entry{created}},
			{Filter{Bucket: "client_error"}, []*Entry{part}},
			{Filter{Bucket: "server_error"}, []*Entry{broken}},
			{Filter{CreatedAfter: start, CreatedBefore: start.Add(2 * time.Second)}, []*Entry{part}},
		} {
			var got, want []string
			for _, s := range list(t, d, "key_1", c.f) {
				got = append(got, s.ID)
			}
			for _, e := range c.want {
				want = append(want, e.ID)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v lists %v, want %v", c.f, got, want)
			}
		}
		if n := len(list(t, d, "key_2", Filter{})); n != 1 {
			t.Errorf("the other key sees %d", n)
		}
		err := d.Read(t.Context(), func(tx db.Tx) error {
			if _, err := Get(tx, scope, "key_2", created.ID); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("another key's log: %v", err)
			}
			got, err := Get(tx, scope, "key_1", part.ID)
			if err != nil || got.Fault != part.Fault || got.Latency != part.Latency || got.ResourceType != "order_line_item" {
				t.Errorf("read as %+v, %v", got, err)
			}
			about, err := OfResource(tx, scope, order, time.Time{}, time.Time{}, nil, 10)
			if len(about) != 2 {
				t.Errorf("%d requests about the order", len(about))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r.clock.Set(r.clock.Now().Add(Keep - time.Second))
		if n, err := r.Purge(t.Context(), 1); n != 1 || err != nil {
			t.Errorf("%d rows removed, %v", n, err)
		}
		if got := list(t, d, "key_1", Filter{}); len(got) != 2 {
			t.Errorf("%d rows left", len(got))
		}
	})
}

// A scanner plants every kind of secret in every part of a request and looks for it in the table.
func TestNoSecretIsStored(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(d)
		for _, secret := range secrets {
			e := r.entry("key_1")
			e.Path += "/" + secret
			e.RequestID, e.AskedVersion = secret, secret
			e.RawQuery = strings.NewReplacer(" ", "%20").Replace("a=" + secret + "&token=hunter2&" + secret + "=1&api_key=" + secret)
			e.Header = map[string][]string{"Authorization": {"Bearer " + secret}, "X-Api-Key": {secret}, "User-Agent": {"x " + secret}, "Cookie": {"a=" + secret},
				"X-Checkout-Session-Secret": {secret}, "Idempotency-Key": {secret}, "X-" + secret: {"1"}, "Content-Type": {"text/" + secret}, "X-Own": {"hunter2"}}
			e.Request = []byte(`{"a":"` + secret + `","secret":"hunter2","` + secret + `":[{"b":"x ` + secret + ` y"}],"c":"{\"pin\":\"hunter2\",\"d\":\"` + secret + `\"}"}`)
			e.Response = []byte(`{"data":{"webhook_endpoint_id":"` + secret + `","secret":"` + secret + `","client_secret":"hunter2"}}`)
			e.RequestSize, e.ResponseSize, e.ResponseType = len(e.Request), len(e.Response), secret
			e.Fault = Fault{Code: "X", Message: "about " + secret, Advice: secret}
			r.Add(e)
			plain := r.entry("key_1")
			plain.Request, plain.RequestSize = []byte(secret), len(secret)
			plain.Response = []byte(`{"data":{"shown":"` + random + `"}}`) // by nothing known for a secret but that it is shown once
			plain.ResponseSize, plain.OneTime = len(plain.Response), true
			r.Add(plain)
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows := 0
		err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.Query(func(row db.Row) error {
				rows++
				var all [11]string
				into := make([]any, len(all))
				for i := range all {
					into[i] = &all[i]
				}
				if err := row.Scan(into...); err != nil {
					return err
				}
				text := strings.Join(all[:], "\n")
				for _, secret := range append([]string{"hunter2"}, secrets...) {
					if strings.Contains(text, trace(secret)) {
						t.Errorf("%s is in\n%s", secret, text)
					}
				}
				return nil
			}, `SELECT request_id, path, query, headers, request_body, response_body, response_type, error_message, error_advice, asked_version, resource_id FROM request_logs`)
		})
		if err != nil || rows != 2*len(secrets) {
			t.Fatalf("%d rows, %v", rows, err)
		}
	})
}

func TestLargeBodiesAreCut(t *testing.T) {
	t.Parallel()
	r := newRig(nil)
	e := r.entry("key_1")
	e.Request = []byte(`{"a":"` + strings.Repeat("x", MaxBody/2) + `","b":"` + strings.Repeat("y", MaxBody) + `"}`)
	e.RequestSize = len(e.Request)
	row := Redactor{}.prepare(e, nil)
	if len(row.request) > MaxBody || !strings.Contains(row.request, "xxx") || strings.Contains(row.request, "yyy") || row.cut&partRequest == 0 {
		t.Errorf("%d bytes, cut %d", len(row.request), row.cut)
	}
}

// A full queue drops the log and never the request, and what it holds is written all the same.
func TestAFullQueue(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	r := newRig(d)
	taken := 0
	for range maxQueued + 100 {
		if r.Add(r.entry("key_1")) {
			taken++
		}
	}
	if taken != maxQueued || r.Dropped() != 100 {
		t.Errorf("%d taken, %d dropped", taken, r.Dropped())
	}
	large := newRig(d)
	body := bytes.Repeat([]byte("x"), MaxBody)
	for large.Dropped() == 0 {
		e := large.entry("key_1")
		e.Response = body
		large.Add(e)
	}
	if large.bytes > maxBytes || large.bytes < maxBytes/2 {
		t.Errorf("%d bytes held", large.bytes)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop() // a server that stops writes what it holds
	r.Run(ctx)
	var n int
	err := d.Read(t.Context(), func(tx db.Tx) error { return tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM request_logs") })
	if n != maxQueued || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

// broken is a database that takes no writes.
type broken struct{ db.DB }

func (broken) Write(context.Context, func(db.Tx) error) error { return errors.New("disk on fire") }

func TestWhatCannotBeWrittenIsDropped(t *testing.T) {
	t.Parallel()
	r := newRig(broken{})
	r.Add(r.entry("key_1"))
	for n := range maxTries {
		if r.Dropped() != 0 {
			t.Errorf("dropped after %d tries", n)
		}
		if err := r.Flush(t.Context()); err == nil {
			t.Error("no error")
		}
	}
	if r.Dropped() != 1 || len(r.queue) != 0 || r.bytes != 0 {
		t.Errorf("%d dropped, %d held", r.Dropped(), len(r.queue))
	}
}
