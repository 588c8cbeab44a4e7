package flint_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	flint "flint/sdk"
)

func TestAWriteIsTriedAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	var keys []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		if len(keys) == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"data":{"order_id":"ord_1"},"meta":{},"request_id":"req_1"}`)
	}))
	defer server.Close()
	order, err := flint.New(server.URL, "key").CreateOrder(t.Context(), &flint.CreateOrderRequest{})
	if err != nil || order.OrderID != "ord_1" {
		t.Fatalf("got %+v, %v", order, err)
	}
	if len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] {
		t.Errorf("the tries carried the keys %q", keys)
	}
}

func TestARefusalIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	tries := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries++
		w.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprint(w, `{"error":{"code":"ORDER_CLOSED","message":"It is closed.","param":"order_id","request_id":"req_2"}}`)
	}))
	defer server.Close()
	_, err := flint.New(server.URL, "key").GetOrder(t.Context(), "ord_1", nil)
	var e *flint.Error
	if !errors.As(err, &e) || e.Status != 409 || e.Code != "ORDER_CLOSED" || e.Param != "order_id" || e.RequestID != "req_2" || flint.CodeOf(err) != "ORDER_CLOSED" {
		t.Fatalf("got %+v", err)
	}
	if tries != 1 {
		t.Errorf("%d tries", tries)
	}
}

func TestAllReadsEveryPage(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("status"); got != "open" {
			t.Errorf("status %q", got)
		}
		switch r.URL.Query().Get("page_token") {
		case "":
			_, _ = fmt.Fprint(w, `{"data":[{"order_id":"ord_1"},{"order_id":"ord_2"}],"next_page_token":"two","meta":{},"request_id":"r"}`)
		case "two":
			_, _ = fmt.Fprint(w, `{"data":[{"order_id":"ord_3"}],"meta":{},"request_id":"r"}`)
		}
	}))
	defer server.Close()
	var got []string
	for o, err := range flint.New(server.URL, "key").AllListOrders(t.Context(), &flint.ListOrdersParams{Status: "open"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, o.OrderID)
	}
	if fmt.Sprint(got) != "[ord_1 ord_2 ord_3]" {
		t.Errorf("read %v", got)
	}
}

func TestLeftOutNullAndValueDiffer(t *testing.T) {
	t.Parallel()
	for want, field := range map[string]flint.Nullable[flint.TipInput]{
		`{}`: {}, `{"requested_tip":null}`: flint.Null[flint.TipInput](), `{"requested_tip":{"percent":10}}`: flint.Value(flint.TipInput{Percent: new(json.Number("10"))}),
	} {
		got, err := json.Marshal(flint.UpdateOrderRequest{RequestedTip: field})
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestWebhooksAreVerifiedAsOthersSignThem(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now, body := time.Now(), []byte(`{"webhook_event_id":"whev_1","event_type":"order.paid","data":{"order_id":"ord_1"}}`)
	signature, err := signer.Sign("whev_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("Webhook-Id", "whev_1")
	h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	h.Set("Webhook-Signature", "v1,bm90IHRoaXMgb25l "+signature)
	e, err := flint.VerifyWebhook(body, h, secret, now)
	if err != nil || e.Type != "order.paid" || e.ID != "whev_1" {
		t.Fatalf("got %+v, %v", e, err)
	}
	for name, verify := range map[string]func() error{
		"changed body": func() error { _, err := flint.VerifyWebhook(append(body, ' '), h, secret, now); return err },
		"late":         func() error { _, err := flint.VerifyWebhook(body, h, secret, now.Add(6*time.Minute)); return err },
		"early":        func() error { _, err := flint.VerifyWebhook(body, h, secret, now.Add(-6*time.Minute)); return err },
		"other secret": func() error { _, err := flint.VerifyWebhook(body, h, "whsec_AAAA", now); return err },
		"no signature": func() error {
			_, err := flint.VerifyWebhook(body, http.Header{"Webhook-Timestamp": h["Webhook-Timestamp"]}, secret, now)
			return err
		},
		"no time at all": func() error { _, err := flint.VerifyWebhook(body, http.Header{}, secret, now); return err },
	} {
		if err := verify(); !errors.Is(err, flint.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
