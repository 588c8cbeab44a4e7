package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/server"
	"flint/internal/tenant"
)

// installation is a server with one merchant and a key for each of its environments.
type installation struct {
	handler       http.Handler
	live, sandbox string
}

func install(t *testing.T, development bool) installation {
	t.Helper()
	dir := t.TempDir()
	s, err := server.Open(t.Context(), server.Config{
		Database: filepath.Join(dir, "flint.db"), DataDir: dir, Development: development, BaseURL: "https://pay.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var out installation
	err = s.DB.Write(t.Context(), func(tx db.Tx) error {
		m, err := s.Merchants.Create(t.Context(), tx, merchant.CreateInput{
			Email: "owner@northwind.example", BusinessName: "Northwind", APIVersion: httpapi.Version, Now: s.Clock.Now(),
		})
		if err != nil {
			return err
		}
		for _, k := range []struct {
			scope tenant.Scope
			key   *string
		}{{m.Live.Scope, &out.live}, {m.Sandbox.Scope, &out.sandbox}} {
			_, text, err := s.Keys.CreateKey(context.WithoutCancel(t.Context()), tx, auth.CreateKeyInput{
				Scope: k.scope, Name: "Test", Scopes: auth.AllScopes().Names(), Now: s.Clock.Now(),
			})
			if err != nil {
				return err
			}
			*k.key = text.Reveal()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out.handler = s.Handler()
	return out
}

// call sends a request and returns the status and the body.
func (i installation) call(key, method, path, body string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	i.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// order creates one over 34.99 and returns its id.
func (i installation) order(t *testing.T, key string) string {
	t.Helper()
	status, body := i.call(key, "POST", "/v1/orders", `{"line_items":[{"name":"Mug","unit_price_money":{"amount":3499,"currency":"USD"}}]}`)
	var out struct {
		Data struct {
			ID string `json:"order_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != http.StatusCreated {
		t.Fatal(status, body, err)
	}
	return out.Data.ID
}

func TestTheSimulatorTakesNoLiveMoneyInProduction(t *testing.T) {
	t.Parallel()
	i := install(t, false)
	id := i.order(t, i.live)
	for _, c := range []struct{ path, body, code string }{
		{"/v1/orders/" + id + "/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"}}`, "PAYMENT_OPTION_NOT_READY"},
		{"/v1/orders/" + id + "/payment-intents", `{}`, "PAYMENT_OPTION_NOT_READY"},
		{"/v1/checkout-sessions", `{"order_id":"` + id + `"}`, "PAYMENT_OPTION_UNAVAILABLE"},
	} {
		status, body := i.call(i.live, "POST", c.path, c.body)
		if status != http.StatusConflict || !strings.Contains(body, c.code) {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
	_, body := i.call(i.live, "GET", "/v1/orders/"+id, "")
	if !strings.Contains(body, `"payment_status":"unpaid"`) || strings.Contains(body, "payment_intent_ids") || strings.Contains(body, "payment_collection") {
		t.Error("something was put on record:", body)
	}
}

func TestTheSimulatorServesSandboxesAndDevelopment(t *testing.T) {
	t.Parallel()
	production, development := install(t, false), install(t, true)
	for _, c := range []struct {
		name string
		at   installation
		key  string
	}{
		{"sandbox in production", production, production.sandbox},
		{"sandbox in development", development, development.sandbox},
		{"live in development", development, development.live},
	} {
		id := c.at.order(t, c.key)
		status, body := c.at.call(c.key, "POST", "/v1/orders/"+id+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"}}`)
		if status != http.StatusOK || !strings.Contains(body, `"payment_status":"paid"`) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestDevelopmentRoutesAreNotServed(t *testing.T) {
	t.Parallel()
	i := install(t, false)
	for _, path := range []string{"/dev/clock", "/dev/mail", "/dev/mailbox", "/dev/simulator/faults", "/dev/simulator/books", "/"} {
		for _, method := range []string{"GET", "POST", "PUT"} {
			if status, _ := i.call(i.live, method, path, "{}"); status != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, status)
			}
		}
	}
}
