package server_test

import (
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/payment"
)

// shopkeeper is the shop with a key of its sandbox.
type shopkeeper struct {
	*partner
	key string
}

func (s *shopkeeper) call(t *testing.T, method, path, body string, want int) map[string]any {
	t.Helper()
	status, out, err := s.racer(method, path, jsonMedia, body, s.key)
	if err != nil || status != want {
		t.Fatalf("%s %s: %d %v %v, want %d", method, path, status, out, err, want)
	}
	if data, ok := out["data"].(map[string]any); ok {
		return data
	}
	if f, ok := out["error"].(map[string]any); ok {
		return f
	}
	return out
}

func eachShop(t *testing.T, test func(t *testing.T, s *shopkeeper)) {
	eachRace(t, func(t *testing.T, p *partner) {
		key, _ := p.keyOf(t, p.shop.Sandbox.Scope)
		s := &shopkeeper{p, key}
		s.call(t, "PATCH", "/v1/settings", `{"invoices":{"timezone":"Europe/Berlin"}}`, 200)
		test(t, s)
	})
}

// left is an order with an open session.
func (s *shopkeeper) left(t *testing.T) (orderID, sessionID string) {
	t.Helper()
	orderID = s.call(t, "POST", "/v1/orders", anOrder, 201)["order_id"].(string)
	made := s.call(t, "POST", "/v1/checkout-sessions", `{"order_id":"`+orderID+`"}`, 201)
	return orderID, made["checkout_session"].(map[string]any)["checkout_session_id"].(string)
}

// A merchant puts a payment link or an invoice in the place of a session that its buyer has left.
func TestRecoveryOpensOtherDoors(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shopkeeper) {
		orderID, sessionID := s.left(t)
		action := s.call(t, "POST", "/v1/checkout-sessions/"+sessionID+"/recovery-actions", `{"type":"payment_link"}`, 201)
		url, _ := action["url"].(string)
		_, linkID, found := strings.Cut(url, "/pay/")
		if !found {
			t.Fatalf("the door is %v", action)
		}
		if old := s.call(t, "GET", "/v1/checkout-sessions/"+sessionID, "", 200); old["status"] != "invalidated" {
			t.Errorf("the old session is %v", old["status"])
		}
		status, public, err := s.racer("GET", "/v1/payment-links/"+linkID+"/public", "", "", "")
		if err != nil || status != 200 {
			t.Fatalf("read the link: %d %v %v", status, public, err)
		}
		resolution, _ := public["data"].(map[string]any)["resolution_context"].(string)
		status, opened, err := s.keyed("POST", "/v1/payment-links/"+linkID+"/resolve", `{"resolution_context":"`+resolution+`"}`, "", "open")
		if err != nil || status > 201 {
			t.Fatalf("open the link: %d %v %v", status, opened, err)
		}
		session := opened["data"].(map[string]any)["checkout_session"].(map[string]any)["checkout_session_id"].(string)
		read := s.call(t, "GET", "/v1/checkout-sessions/"+session+"?expand=payment_link", "", 200)
		if link, _ := read["payment_link"].(map[string]any); read["order_id"] != orderID || link["payment_link_id"] != linkID || link["url"] != url {
			t.Errorf("the link opens %v", read)
		}

		billed := s.call(t, "POST", "/v1/orders/"+orderID+"/recovery-actions", `{"type":"invoice"}`, 201)
		if url, _ := billed["url"].(string); !strings.Contains(url, "/i/ivat_") {
			t.Errorf("the door is %v", billed)
		}
		if old := s.call(t, "GET", "/v1/checkout-sessions/"+session, "", 200); old["status"] != "invalidated" {
			t.Errorf("the link's session is %v", old["status"])
		}
		if f := s.call(t, "POST", "/v1/orders/"+orderID+"/recovery-actions", `{"type":"payment_link"}`, 409); f["code"] != "ORDER_COLLECTION_ALREADY_ACTIVE" {
			t.Errorf("an order with an invoice gets a link: %v", f)
		}
		for _, kind := range []string{"recovery_link", "checkout_session"} {
			if f := s.call(t, "POST", "/v1/orders/"+orderID+"/recovery-actions", `{"type":"`+kind+`","cancel_open_payment":true}`, 409); f["code"] != "ORDER_COLLECTION_ALREADY_ACTIVE" || f["invoice_id"] == nil {
				t.Errorf("an order with an invoice gets a %s: %v", kind, f)
			}
		}
		s.healthy(t)
	})
}

// A door that cannot be opened leaves the old one open: both happen in one transaction.
func TestARefusedDoorLeavesTheOldOne(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shopkeeper) {
		_, sessionID := s.left(t)
		s.call(t, "PATCH", "/v1/settings", `{"invoices":{"default_collection_mode":"automatic"}}`, 200)
		if f := s.call(t, "POST", "/v1/checkout-sessions/"+sessionID+"/recovery-actions", `{"type":"invoice"}`, 409); f["code"] != "INVOICE_AUTOPAY_PAYMENT_METHOD_REQUIRED" {
			t.Errorf("refused with %v", f)
		}
		if old := s.call(t, "GET", "/v1/checkout-sessions/"+sessionID, "", 200); old["status"] != "open" {
			t.Errorf("the old session is %v", old["status"])
		}
		if list := s.call(t, "GET", "/v1/invoices", "", 200); len(list["data"].([]any)) != 0 {
			t.Errorf("an invoice is left: %v", list)
		}
	})
}

// savedCard saves a card that may be charged without its owner.
func (s *shopkeeper) savedCard(t *testing.T, customerID, token string) (methodID string) {
	t.Helper()
	s.write(t, func(tx db.Tx) error {
		m, plain, err := s.Services.Payments.BeginSetup(tx, payment.SetupInput{Scope: s.shop.Sandbox.Scope, CustomerID: customerID})
		if err != nil {
			return err
		}
		methodID = m.ID
		_, err = s.Services.Payments.CompleteSetup(tx, plain.Reveal(), token, payment.Source{Type: "card", Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2099}, event.Cause{ActorType: "buyer"})
		return err
	})
	return methodID
}

// billed is an issued invoice of a customer.
func (s *shopkeeper) billed(t *testing.T, customerID, more string) (invoiceID, orderID string) {
	t.Helper()
	v := s.call(t, "POST", "/v1/invoices", `{"quick_pay":{"customer_id":"`+customerID+`","line_items":[{"name":"Work","unit_price_money":{"amount":5000,"currency":"USD"}}]}`+more+`}`, 201)
	invoiceID = v["invoice_id"].(string)
	s.call(t, "POST", "/v1/invoices/"+invoiceID+"/issue", `{"delivery_mode":"caller_managed"}`, 200)
	return invoiceID, v["order_id"].(string)
}

// A saved card pays an invoice without its owner, or says why not.
func TestCollect(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shopkeeper) {
		customer := s.call(t, "POST", "/v1/customers", `{"name":"Ada","email":"ada@buyer.test"}`, 201)["customer_id"].(string)
		good := s.savedCard(t, customer, "simtok_approve")
		collect := func(invoiceID, methodID, key string) (int, map[string]any) {
			status, out, err := s.keyed("POST", "/v1/invoices/"+invoiceID+"/collect", `{"payment_method_id":"`+methodID+`"}`, s.key, key)
			if err != nil {
				t.Fatal(err)
			}
			return status, out
		}
		code := func(out map[string]any) any {
			f, _ := out["error"].(map[string]any)
			return f["code"]
		}

		invoiceID, orderID := s.billed(t, customer, "")
		checkout := s.call(t, "POST", "/v1/invoices/"+invoiceID+"/checkout-session", `{}`, 201)
		status, out := collect(invoiceID, good, "first")
		if status != 200 || out["data"].(map[string]any)["invoice"].(map[string]any)["status"] != "paid" {
			t.Fatalf("collected: %d %v", status, out)
		}
		if again, same := collect(invoiceID, good, "first"); again != 200 || same["data"].(map[string]any)["invoice_payment_attempt"].(map[string]any)["invoice_payment_attempt_id"] !=
			out["data"].(map[string]any)["invoice_payment_attempt"].(map[string]any)["invoice_payment_attempt_id"] {
			t.Errorf("one key, one charge: %d %v", again, same)
		}
		found := s.call(t, "GET", "/v1/invoices/"+invoiceID+"/payment-attempts?idempotency_key=first", "", 200)["data"].([]any)
		if len(found) != 1 || found[0].(map[string]any)["status"] != "settled" {
			t.Errorf("by its key: %v", found)
		}
		idle := checkout["checkout_session"].(map[string]any)["checkout_session_id"].(string)
		if end := s.call(t, "GET", "/v1/checkout-sessions/"+idle+"?expand=invoice", "", 200); end["status"] == "open" || end["invoice"].(map[string]any)["status"] != "paid" {
			t.Errorf("the idle checkout: %v", end)
		}
		legs := s.call(t, "GET", "/v1/payment-intents?invoice_id="+invoiceID, "", 200)["data"].([]any)
		if len(legs) != 1 || legs[0].(map[string]any)["invoice_id"] != invoiceID || legs[0].(map[string]any)["order_id"] != orderID || legs[0].(map[string]any)["payment_flow"] != "invoice" {
			t.Errorf("its payment intents: %v", legs)
		}
		leg := s.call(t, "GET", "/v1/payment-intents/"+legs[0].(map[string]any)["payment_intent_id"].(string)+"?expand=invoice", "", 200)
		if v, _ := leg["invoice"].(map[string]any); v["invoice_id"] != invoiceID {
			t.Errorf("expanded: %v", leg)
		}

		for token, failure := range map[string]string{"simtok_decline_card_declined": "card_declined", "simtok_3ds": "authentication_required"} {
			invoiceID, orderID = s.billed(t, customer, "")
			status, out = collect(invoiceID, s.savedCard(t, customer, token), "try-"+token)
			if f, _ := out["error"].(map[string]any); status != 402 || f["code"] != "INVOICE_PAYMENT_FAILED" || f["failure_code"] != failure {
				t.Errorf("%s: %d %v", token, status, out)
			}
			if o := s.call(t, "GET", "/v1/orders/"+orderID, "", 200); o["active_payment_attempt"] != nil {
				t.Errorf("%s holds the order: %v", token, o)
			}
			if status, out = collect(invoiceID, good, "after-"+token); status != 200 {
				t.Errorf("another card after %s: %d %v", token, status, out)
			}
		}

		invoiceID, _ = s.billed(t, customer, "")
		other := s.call(t, "POST", "/v1/customers", `{"name":"Bob","email":"bob@buyer.test"}`, 201)["customer_id"].(string)
		if _, out = collect(invoiceID, s.savedCard(t, other, "simtok_approve"), "other"); code(out) != "PAYMENT_METHOD_CUSTOMER_MISMATCH" {
			t.Errorf("a stranger's card: %v", out)
		}
		s.call(t, "DELETE", "/v1/payment-methods/"+good, "", 200)
		if _, out = collect(invoiceID, good, "gone"); code(out) != "PAYMENT_METHOD_NOT_ACTIVE" {
			t.Errorf("a removed card: %v", out)
		}
		s.healthy(t)
	})
}

// Pages that the merchant has not allowed show no checkout.
func TestOnlyAllowedPagesShowCheckouts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shopkeeper) {
		embed := func(origin string, want int) map[string]any {
			t.Helper()
			orderID := s.call(t, "POST", "/v1/orders", anOrder, 201)["order_id"].(string)
			return s.call(t, "POST", "/v1/checkout-sessions", `{"order_id":"`+orderID+`","surface":"embedded","page_origin":"`+origin+`"}`, want)
		}
		embed("https://any.example", 201)
		embed("http://localhost:3000", 201)
		s.call(t, "PATCH", "/v1/settings", `{"checkout":{"allowed_origins":["https://shop.example"]}}`, 200)
		embed("https://shop.example", 201)
		for _, origin := range []string{"https://any.example", "http://localhost:3000", "https://shop.example.evil.example"} {
			if f := embed(origin, 400); f["code"] != "CHECKOUT_PAGE_ORIGIN_NOT_ALLOWED" || f["param"] != "page_origin" {
				t.Errorf("%s: %v", origin, f)
			}
		}
	})
}

// The default payment term is one that exists and is not archived.
func TestTheDefaultTermExists(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shopkeeper) {
		term := s.call(t, "POST", "/v1/invoice-payment-terms", `{"name":"Net 30","calculation":{"type":"net_days","days":30}}`, 201)["invoice_payment_term_id"].(string)
		set := func(want int) map[string]any {
			t.Helper()
			return s.call(t, "PATCH", "/v1/settings", `{"invoices":{"default_invoice_payment_term_id":"`+term+`"}}`, want)
		}
		set(200)
		s.call(t, "PATCH", "/v1/settings", `{"invoices":{"default_invoice_payment_term_id":null}}`, 200)
		s.call(t, "DELETE", "/v1/invoice-payment-terms/"+term, "", 200)
		if f := set(400); f["code"] != "INVOICE_PAYMENT_TERM_UNAVAILABLE" {
			t.Errorf("an archived term: %v", f)
		}
	})
}
