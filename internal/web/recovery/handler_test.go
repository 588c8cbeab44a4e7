package recovery_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/flinttest"
	"flint/internal/merchant"
	"flint/internal/order"
	"flint/internal/payment"
	domain "flint/internal/recovery"
	"flint/internal/secret"
	"flint/internal/settings"
	webcheckout "flint/internal/web/checkout"
	"flint/internal/web/recovery"
	"flint/internal/web/ui"
)

// site is a shop's platform behind a real HTTP server.
type site struct {
	*flinttest.Bench
	rec    *domain.Service
	server *httptest.Server
	logs   *bytes.Buffer
}

func each(t *testing.T, fn func(t *testing.T, s *site)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := &site{Bench: flinttest.New(t, d), logs: &bytes.Buffer{}}
		log := slog.New(slog.NewTextHandler(s.logs, nil))
		merchants := merchant.NewService(s.IDs)
		s.Write(t, func(tx db.Tx) error {
			made, err := merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: "owner@northwind.test", BusinessName: "Northwind Coffee", APIVersion: "2026-09-07", Now: s.Clock.Now()})
			s.Scope = made.Sandbox.Scope
			return err
		})
		renderer, err := ui.New(ui.Config{Log: log, Languages: []ui.Language{ui.English()}}, webcheckout.Part(), recovery.Part())
		if err != nil {
			t.Fatal(err)
		}
		box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
		if err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		s.server = httptest.NewServer(mux)
		t.Cleanup(s.server.Close)
		s.rec = &domain.Service{
			Clock: s.Clock, IDs: s.IDs, Events: &event.Log{IDs: s.IDs}, Orders: s.Orders, Payments: s.Payments, Checkouts: s.Checkouts,
			Logger: log, Key: []byte("0123456789abcdef0123456789abcdef"), Address: (&settings.Service{BaseURL: s.server.URL}).Address,
		}
		domain.Wire(s.rec)
		pages := webcheckout.NewHandler(webcheckout.Config{
			DB: d, Clock: s.Clock, IDs: s.IDs, Log: log, Box: box, Checkouts: s.Checkouts, Orders: s.Orders, Payments: s.Payments,
			Merchants: merchants, Settings: (&settings.Service{}).Effective, Simulator: s.Simulator, Pages: webcheckout.New(renderer), BaseURL: s.server.URL, Here: (&settings.Service{BaseURL: s.server.URL}).Here,
		})
		pages.Routes(mux)
		recovery.NewHandler(recovery.Config{
			DB: d, Log: log, Recovery: s.rec, Payments: s.Payments, Merchants: merchants, UI: renderer, BaseURL: s.server.URL, Enter: pages.Enter,
		}).Routes(mux)
		fn(t, s)
		s.Check(t)
	})
}

// left is a session at which a buyer was, with a link back to it.
func (s *site) left(t *testing.T, lives int64) (session *checkout.Session, path string) {
	t.Helper()
	o := s.Order(t, "USD", []flinttest.Line{{Price: 3499, Quantity: 2}})
	s.Write(t, func(tx db.Tx) error {
		l, err := s.Checkouts.Create(tx.Context(), tx, checkout.CreateInput{Scope: s.Scope, OrderID: o.ID, Detail: checkout.Detail{ExpiresIn: lives}, Cause: s.Cause})
		session = l.Session
		return err
	})
	s.Write(t, func(tx db.Tx) error { return s.Checkouts.NoteOpened(tx, s.Scope, session.ID) })
	return session, s.link(t, o.ID)
}

func (s *site) link(t *testing.T, orderID string) string {
	t.Helper()
	var url string
	s.Write(t, func(tx db.Tx) error {
		a, _, err := s.rec.Start(tx, domain.StartInput{Scope: s.Scope, OrderID: orderID, Type: domain.TypeRecoveryLink, Cause: s.Cause})
		if err != nil {
			return err
		}
		_, door, err := s.rec.Finish(tx.Context(), tx, s.Scope, a.ID, s.Cause)
		url = door.URL
		return err
	})
	return strings.TrimPrefix(url, s.server.URL)
}

// visitor is a browser without scripts.
type visitor struct {
	t      *testing.T
	client *http.Client
	base   string
}

func (s *site) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, &http.Client{Jar: jar}, s.server.URL}
}

// see opens a page, or sends a form to it, and checks where that leads and what it says.
func (v *visitor) see(method, path, page string, status int, words ...string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		v.t.Fatal(err)
	}
	if got := res.Header.Get("Flint-Page"); res.StatusCode != status || got != page {
		v.t.Fatalf("%s %s: %d %s, want %d %s", method, path, res.StatusCode, got, status, page)
	}
	for _, w := range words {
		if !strings.Contains(string(body), w) {
			v.t.Errorf("%s %s does not say %q", method, path, w)
		}
	}
}

func TestALinkLeadsBackToWhatWasLeft(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		session, path := s.left(t, 3600)
		b := s.visitor(t)
		b.see("GET", path, "recovery/link", 200, "Your order at Northwind Coffee", "$69.98", "Continue to checkout")
		b.see("POST", path+"/open", "checkout/payment", 200, "Pay Northwind Coffee", "$69.98")
		b.see("GET", "/checkout/"+session.ID, "checkout/payment", 200)
		s.Advance(2 * time.Hour)
		b.see("GET", path, "recovery/link", 200, "Continue to checkout")
		b.see("POST", path+"/open", "checkout/payment", 200, "$69.98")
		b.see("GET", "/checkout/"+session.ID, "checkout/end", 410)
		s.Paid(t, session.OrderID, "simtok_approve")
		b.see("GET", path, "recovery/link", 200, "already bought", "Northwind Coffee")
		b.see("POST", path+"/open", "recovery/link", 200, "already bought")
		s.visitor(t).see("GET", "/r/nonsense", "recovery/link", 404, "leads nowhere")
		if token := strings.TrimPrefix(path, "/r/"); strings.Contains(s.logs.String(), token) {
			t.Error("the log holds the link's token")
		}
	})
}

func TestALinkToWhatIsGone(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		session, path := s.left(t, 3600)
		s.Write(t, func(tx db.Tx) error {
			_, err := s.Orders.Close(tx.Context(), tx, order.CloseInput{Scope: s.Scope, OrderID: session.OrderID, Cause: s.Cause})
			return err
		})
		b := s.visitor(t)
		b.see("GET", path, "recovery/link", 410, "no longer available")
		b.see("POST", path+"/open", "recovery/link", 410, "no longer available")
		b.see("POST", path+"/restart", "recovery/link", 410)
	})
}

func TestALinkWhileTheBankAsks(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, restart := range []bool{false, true} {
			session, path := s.left(t, 600)
			err := s.Pay(session.OrderID, "simtok_3ds", func(in *payment.PayInput) { in.CheckoutSessionID = session.ID })
			if err != nil {
				t.Fatal(err)
			}
			s.Advance(11 * time.Minute)
			if _, err := s.Checkouts.Expire(s.Context(), s.DB, 10); err != nil {
				t.Fatal(err)
			}
			b := s.visitor(t)
			b.see("GET", path, "recovery/link", 200, "Your bank is waiting", "Cancel it and start again")
			if !restart {
				b.see("POST", path+"/open", "checkout/action", 200)
				continue
			}
			b.see("POST", path+"/restart", "checkout/payment", 200, "$69.98")
			b.see("POST", path+"/restart", "recovery/link", 200, "Continue to checkout")
			if a := s.State(t, session.OrderID).Attempt; a.Status != payment.AttemptCanceled {
				t.Errorf("the payment is %s", a.Status)
			}
		}
	})
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		_, path := s.left(t, 600)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+path+"/open", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://evil.test")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("%d, %v", res.StatusCode, err)
		}
	})
}
