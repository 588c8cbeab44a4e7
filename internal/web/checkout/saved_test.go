package checkout_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/payment"
)

// mails lets the site mail codes, and keeps them.
func (s *site) mails() *[]domain.CodeLetter {
	sent := &[]domain.CodeLetter{}
	s.Checkouts.SendCode = func(_ context.Context, _ db.Tx, l domain.CodeLetter) error {
		*sent = append(*sent, l)
		return nil
	}
	return sent
}

// prove asks for a code and types it.
func (v *view) prove(email, purpose string) *view {
	v.b.t.Helper()
	return v.fill("code_to", email, "purpose", purpose).submit("code").want("payment", 200, "We sent it to "+email).
		fill("code", "123 456").submit("confirm").want("payment", 200, email)
}

// cardsOf are the payment methods of whoever has an address.
func (s *site) cardsOf(t *testing.T, status string) []*payment.Method {
	t.Helper()
	var out []*payment.Method
	s.Read(t, func(tx db.Tx) (err error) {
		out, _, err = payment.ListMethods(tx, payment.MethodList{Scope: s.Scope, Status: status, Now: s.Clock.Now(), Limit: 10})
		return err
	})
	return out
}

// saveCard buys once and saves the card.
func (s *site) saveCard(t *testing.T, email, number string) *payment.Method {
	t.Helper()
	l := s.launch(t)
	b, v := s.enter(t, l)
	v.prove(email, domain.PurposeUse)
	b.card(l.Session.ID, number).want("payment", 200, "Save this card for next time").fill("save_card", "yes").submit("pay").want("success", 200)
	return s.cardsOf(t, payment.MethodActive)[0]
}

func TestACardIsSavedAndPaidWithNextTime(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sent := s.mails()
		l := s.launch(t)
		b, v := s.enter(t, l)
		if strings.Contains(v.want("payment", 200, "Use or save a card").text(), "for next time") {
			t.Error("a card can be saved for nobody")
		}
		v.prove("ada@buyer.test", domain.PurposeSave).want("payment", 200, "No cards are saved yet for ada@buyer.test")
		if len(*sent) != 1 || (*sent)[0].To != "ada@buyer.test" {
			t.Fatalf("mailed %+v", *sent)
		}
		v = b.card(l.Session.ID, approves)
		if _, form := v.form("pay"); form.Get("save_card") != "yes" || form.Get("email") != "ada@buyer.test" {
			t.Errorf("the form is %v", form)
		}
		v.submit("pay").want("success", 200)
		s.wantCharged(t, l.Order, 3499, 1)
		saved := s.cardsOf(t, payment.MethodActive)
		if len(saved) != 1 || saved[0].Usage != payment.UsageOnSession || saved[0].CustomerID != s.State(t, l.Order.ID).Order.CustomerID {
			t.Fatalf("saved %+v", saved)
		}

		next := s.launch(t)
		_, v = s.enter(t, next)
		if strings.Contains(v.text(), "4242") {
			t.Error("a card is shown to somebody who has proven nothing")
		}
		v = v.prove("ada@buyer.test", domain.PurposeUse).want("payment", 200, "Visa ending 4242, 12/34", "Another card", "Pay $34.99")
		if _, form := v.form("pay"); form.Get("payment_option") != saved[0].ID {
			t.Errorf("the form is %v", form)
		}
		v.submit("pay").want("success", 200, "You paid $34.99", "Visa ending 4242")
		s.wantCharged(t, next.Order, 3499, 1)

		other := s.launch(t) // another card can be typed
		b, v = s.enter(t, other)
		v.prove("ada@buyer.test", domain.PurposeUse)
		b.card(other.Session.ID, approves).want("payment", 200, "Save this card").submit("pay").want("success", 200)
		if len(s.cardsOf(t, payment.MethodActive)) != 1 {
			t.Error("a card was saved unasked")
		}
		s.CheckQuiet(t)
	})
}

func TestACodeThatIsWrongOrOldOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sent := s.mails()
		s.saveCard(t, "ada@buyer.test", approves)
		l := s.launch(t)
		b, v := s.enter(t, l)
		v.fill("code_to", "no address", "purpose", domain.PurposeUse).submit("code").want("payment", 422, "Enter an email address")
		v = v.fill("code_to", "ada@buyer.test").submit("code").want("payment", 200, "We sent it to ada@buyer.test")
		v.fill("code", "12 34").submit("confirm").want("payment", 422, "Type the six digits")
		v = v.fill("code", "000000").submit("confirm").want("payment", 422, "This code is wrong")
		s.Advance(16 * time.Minute)
		v = v.fill("code", "123456").submit("confirm").want("payment", 422, "has expired")
		if strings.Contains(v.text(), "4242") {
			t.Error("the card is shown without a code")
		}
		v = v.fill("again", "yes").submit("code").want("payment", 200, "We sent it to")
		if len(*sent) != 3 {
			t.Errorf("%d codes were mailed", len(*sent))
		}
		delete(v.typed, "again")
		b.get("/checkout/"+l.Session.ID).fill("code", "123456").submit("confirm").want("payment", 200, "Visa ending 4242, 12/34")
		b.get("/checkout/"+l.Session.ID).fill("forget", "yes").submit("code").want("payment", 200, "Use or save a card")
		if strings.Contains(b.get("/checkout/"+l.Session.ID).text(), "4242") {
			t.Error("the card is shown to nobody in particular")
		}
		s.wantCharged(t, l.Order, 0, 0)
	})
}

func TestTooManyCodesAreRefusedInWords(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.mails()
		l := s.launch(t)
		_, v := s.enter(t, l)
		v = v.fill("code_to", "ada@buyer.test").submit("code")
		for range 2 {
			v = v.fill("again", "yes").submit("code").want("payment", 200)
		}
		v = v.fill("again", "yes").submit("code").want("payment", 422, "Too many codes were asked for")
		for range 2 {
			s.Advance(16 * time.Minute)
			v = v.fill("again", "yes").submit("code").want("payment", 200)
		}
		v.fill("again", "yes").submit("code").want("payment", 422, "sends no more codes")
	})
}

func TestAnotherCustomersCardIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.mails()
		hers := s.saveCard(t, "ada@buyer.test", approves)
		l := s.launch(t)
		b, v := s.enter(t, l)
		v.fill("payment_option", hers.ID).submit("pay").want("payment", 422, "This saved card cannot be used")
		v = v.prove("eve@buyer.test", domain.PurposeUse)
		v.fill("payment_option", hers.ID).submit("pay").want("payment", 422, "This saved card cannot be used")
		s.wantCharged(t, l.Order, 0, 0)

		// What one session has proven opens no other one.
		mine := s.launch(t)
		proven, page := s.enter(t, mine)
		page.prove("ada@buyer.test", domain.PurposeUse)
		from, _ := url.Parse(s.server.URL + "/checkout/" + mine.Session.ID)
		to, _ := url.Parse(s.server.URL + "/checkout/" + l.Session.ID)
		for _, c := range proven.client.Jar.Cookies(from) {
			if c.Name == "flint_customer" {
				if strings.Contains(c.Value, "csauth") {
					t.Error("the cookie tells the credential")
				}
				b.client.Jar.SetCookies(to, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/checkout/" + l.Session.ID}})
			}
		}
		if strings.Contains(b.get("/checkout/"+l.Session.ID).text(), "4242") {
			t.Error("a cookie of another session shows the card")
		}
	})
}

func TestADeclinedCardIsNotSavedAndTheNextOneIs(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.mails()
		l := s.launch(t)
		b, v := s.enter(t, l)
		v.prove("ada@buyer.test", domain.PurposeSave)
		b.card(l.Session.ID, tooPoor).submit("pay").want("payment", 200, "The payment did not go through")
		if failed := s.cardsOf(t, payment.MethodFailed); len(failed) != 1 {
			t.Errorf("%d cards have failed", len(failed))
		}
		b.card(l.Session.ID, approves).submit("pay").want("success", 200)
		if saved := s.cardsOf(t, payment.MethodActive); len(saved) != 1 || saved[0].Detail.Card.Last4 != "4242" {
			t.Errorf("saved %+v", saved)
		}
		s.wantCharged(t, l.Order, 3499, 2)
		s.CheckQuiet(t)
	})
}

func TestASavedCardPaysTheAmountThatWasShown(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.mails()
		saved := s.saveCard(t, "ada@buyer.test", approves)
		l := s.launch(t, func(in *domain.CreateInput) { in.Detail.Tip = domain.Tip{Enabled: true} })
		b, v := s.enter(t, l)
		old := v.prove("ada@buyer.test", domain.PurposeUse)
		b.post("/checkout/"+l.Session.ID+"/tip", url.Values{"tip": {"percent:20"}}).want("payment", 200, "$41.99")
		v = old.submit("pay").want("changed", 409, "$34.99", "$41.99", "Visa ending 4242")
		s.wantCharged(t, l.Order, 0, 0)
		if _, form := v.form("pay"); form.Get("payment_option") != saved.ID {
			t.Errorf("the form is %v", form)
		}
		v.submit("pay").want("success", 200, "$41.99")
		s.wantCharged(t, l.Order, 4199, 1)
	})
}

func TestWithoutMailNoCardIsSaved(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, v := s.enter(t, l)
		if strings.Contains(v.text(), "Use or save a card") {
			t.Error("a code is offered that nobody mails")
		}
		b.post("/checkout/"+l.Session.ID+"/code", url.Values{"code_to": {"ada@buyer.test"}}).want("payment", 200)
		v.fill("save_card", "yes")
		b.card(l.Session.ID, approves).fill("save_card", "yes").submit("pay").want("payment", 422, "Confirm your address again")
		s.wantCharged(t, l.Order, 0, 0)
	})
}

func TestSavedCardsInAFrame(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.mails()
		s.saveCard(t, "ada@buyer.test", approves)
		l := s.launch(t, func(in *domain.CreateInput) {
			in.Surface, in.Detail.PageOrigin = domain.SurfaceEmbedded, "https://shop.example"
		})
		b := s.browser(t)
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		kept := map[string]string{} // a jar gives no secure cookie to a test server
		frame := func() []string {
			all := ""
			for name, value := range kept {
				all += name + "=" + value + "; "
			}
			return []string{"Cookie", all, "Sec-Fetch-Dest", "iframe"}
		}
		post := func(path string, form url.Values) {
			t.Helper()
			v := b.post("/checkout/"+l.Session.ID+"/"+path, form, frame()...)
			if v.status != http.StatusSeeOther {
				t.Fatalf("%s answers %d: %s", path, v.status, v.text())
			}
			for _, line := range v.header.Values("Set-Cookie") {
				c, err := http.ParseSetCookie(line)
				if err != nil || !c.Partitioned || !c.Secure || !c.HttpOnly || c.Path != "/checkout/"+l.Session.ID {
					t.Errorf("a cookie for the frame: %s", line)
				}
				kept[c.Name] = c.Value
			}
		}
		show := func() *view {
			req, _ := http.NewRequest(http.MethodGet, b.base+"/checkout/"+l.Session.ID, nil)
			for h := frame(); len(h) > 0; h = h[2:] {
				req.Header.Set(h[0], h[1])
			}
			return b.do(req)
		}
		post("open", url.Values{"checkout_token": {l.Secret.Reveal()}})
		post("code", url.Values{"code_to": {"ada@buyer.test"}})
		post("code/confirm", url.Values{"code": {"123456"}})
		v := show().want("payment", 200, "Visa ending 4242, 12/34")
		_, form := v.form("pay")
		post("pay", form)
		show().want("success", 200)
		s.wantCharged(t, l.Order, 3499, 1)
	})
}
