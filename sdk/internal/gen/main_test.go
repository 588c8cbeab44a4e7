package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestTheClientsFitTheDocument(t *testing.T) {
	t.Parallel()
	files, err := Generate("../../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf(`sdk/%s is not what docs/openapi.json says: run "make openapi"`, name)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for wire, want := range map[string]string{"order_id": "OrderID", "checkoutSessions.create": "CheckoutSessionsCreate", "url": "URL", "tax_ids": "TaxIDs"} {
		if got := goName(wire); got != want {
			t.Errorf("goName(%q) = %q, want %q", wire, got, want)
		}
	}
	if got := goArg("partner_app_id"); got != "partnerAppID" {
		t.Errorf("goArg gives %q", got)
	}
}
