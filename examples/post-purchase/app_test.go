package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRefusalsInTheMerchantsWords(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"code":"APP_REFUND_LIMIT_EXCEEDED","message":"No.","limit_window":"order","limit_money":{"amount":2000,"currency":"USD"},"used_money":{"amount":1400,"currency":"USD"}}`: "2000 USD per order, and it has given 1400 USD",
		`{"code":"APP_REFUND_LIMIT_EXCEEDED","message":"Too much."}`:                   "Too much.",
		`{"code":"APP_OWN_ORDERS_ONLY","message":"Only orders that the app created."}`: "Only orders that the app created.",
	} {
		e := &apiError{Whole: json.RawMessage(body)}
		if err := json.Unmarshal(e.Whole, e); err != nil {
			t.Fatal(err)
		}
		if got := explain(e); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestWhatBecameOfARefund(t *testing.T) {
	t.Parallel()
	l := line{Problem: "An old one."}
	l.note(refund{ID: "ref_1", Status: "pending"})
	if l.Status != "pending" || l.Problem != "" {
		t.Errorf("on its way: %+v", l)
	}
	for range 2 { // events come more than once
		l.note(refund{ID: "ref_1", Status: "failed"})
	}
	if l.Status != "" || l.Problem == "" || l.Tries != 1 {
		t.Errorf("a refund that failed can be tried again: %+v", l)
	}
}
