package checkout_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
)

const (
	approves = "4242 4242 4242 4242"
	tooPoor  = "4000 0000 0000 9995"
	asksBank = "4000 0025 0000 3155"
)

func TestALinkOpensTheCheckout(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		for name, pasted := range map[string]string{
			"token":       l.Token.Reveal(),
			"link":        s.server.URL + "/checkout/" + l.Session.ID + "#checkout_token=" + l.Token.Reveal(),
			"mail client": "  <" + s.server.URL + "/checkout/" + l.Session.ID + "#checkout_token=" + l.Token.Reveal() + ">\r\n",
		} {
			b := s.browser(t)
			entry := b.get("/checkout/"+l.Session.ID).want("entry", 200)
			if strings.Contains(entry.body, "Northwind") || strings.Contains(entry.body, "34.99") {
				t.Errorf("%s: the entry page tells about the order", name)
			}
			entry.fill("checkout_token", pasted).submit("open").want("payment", 200, "Pay Northwind Coffee", "$34.99")
			b.get("/checkout/"+l.Session.ID).want("payment", 200)
		}
		b := s.browser(t)
		wrong := b.get("/checkout/"+l.Session.ID).fill("checkout_token", "cslaunch_no").submit("open").want("entry", 403, "does not open a checkout")
		if strings.Contains(wrong.body, "Northwind") {
			t.Error("the refusal tells whose checkout it is")
		}
		b.get("/checkout/"+l.Session.ID).want("entry", 200)
	})
}

func TestSessionsThatDoNotExistLookLikeLockedOnes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, ghost := s.browser(t), s.IDs.New("cs")
		b.get("/checkout/"+ghost).want("entry", 200).fill("checkout_token", "x").submit("open").want("entry", 403)
		b.get("/checkout/nonsense").want("end", 404)
		b.get("/simulator/fields/"+ghost).want("end", 404)
	})
}

func TestACookieOpensItsSessionOnly(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		mine, other := s.launch(t), s.launch(t)
		b, _ := s.enter(t, mine)
		at, _ := url.Parse(s.server.URL + "/checkout/" + mine.Session.ID)
		foreign := b.client.Jar.Cookies(at)
		if len(foreign) == 0 {
			t.Fatal("the browser got no cookie")
		}
		thief := s.browser(t)
		to, _ := url.Parse(s.server.URL + "/checkout/" + other.Session.ID)
		for _, c := range foreign {
			thief.client.Jar.SetCookies(to, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/checkout/" + other.Session.ID}})
		}
		thief.get("/checkout/"+other.Session.ID).want("entry", 200)
		thief.post("/checkout/"+other.Session.ID+"/pay", url.Values{"expected_amount": {"3499"}, "currency": {"USD"}, "payment_token": {"simtok_approve"}}).want("entry", 200)
		s.wantCharged(t, other.Order, 0, 0)
	})
}

func TestPayWithACard(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t, func(in *domain.CreateInput) { in.Detail.SuccessURL = "https://northwind.test/thanks" })
		b, _ := s.enter(t, l)
		ready := b.card(l.Session.ID, approves).want("payment", 200, "Visa ending 4242", "Pay $34.99")
		done := ready.fill("email", "ana@example.com").submit("pay").want("success", 200, "You paid $34.99 to Northwind Coffee", "Visa ending 4242")
		if !strings.Contains(done.body, "https://northwind.test/thanks") {
			t.Error("there is no way back to the shop")
		}
		s.wantCharged(t, l.Order, 3499, 1)
		if c := s.SessionOf(t, l.Session.ID).Detail.Contact; c == nil || c.Email != "ana@example.com" {
			t.Errorf("the contact is %+v", c)
		}
		b.get("/checkout/"+l.Session.ID).want("success", 200)
		// The form that is still open in another tab pays nothing.
		ready.submit("pay").want("success", 200)
		s.wantCharged(t, l.Order, 3499, 1)
		s.CheckQuiet(t)
	})
}

func TestManyDeclinesEndASession(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		for range payment.MaxSessionFailures {
			b.card(l.Session.ID, tooPoor).submit("pay").want("payment", 200, "did not go through")
		}
		b.card(l.Session.ID, approves).submit("pay").want("payment", 422, "Too many payments have failed here")
		s.wantCharged(t, l.Order, 0, payment.MaxSessionFailures)
	})
}

func TestADeclineIsToldAndAnotherCardTried(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		first := b.card(l.Session.ID, tooPoor)
		again := first.submit("pay").want("payment", 200, "The payment did not go through", "not enough money available")
		if strings.Contains(again.text(), "ending 9995") {
			t.Error("the declined card is offered again")
		}
		// Sending the first page once more is not another try.
		first.submit("pay").want("payment", 200, "not enough money available")
		s.wantCharged(t, l.Order, 0, 1)
		second := b.card(l.Session.ID, approves).want("payment", 200, "Visa ending 4242")
		if strings.Contains(second.text(), "did not go through") {
			t.Error("the decline of the first card stands beside the second")
		}
		second.submit("pay").want("success", 200)
		s.wantCharged(t, l.Order, 3499, 2)
		if n := len(s.State(t, l.Order.ID).Intents); n != 1 {
			t.Errorf("%d payment intents for one order, want the declined one used again", n)
		}
		s.CheckQuiet(t)
	})
}

func TestTheBankAsks(t *testing.T) {
	for _, tt := range []struct {
		answer, page, says string
		paid               int64
	}{
		{"approve", "success", "You paid $34.99", 3499},
		{"fail", "payment", "Your bank wants you to confirm this payment. Try again", 0},
	} {
		t.Run(tt.answer, func(t *testing.T) {
			each(t, func(t *testing.T, s *site) {
				l := s.launch(t)
				b, _ := s.enter(t, l)
				bank := b.card(l.Session.ID, asksBank).submit("pay").want("challenge", 200, "Northwind Coffee", "$34.99", "Visa ending 3155")
				b.get("/checkout/"+l.Session.ID).want("action", 200, "Your bank wants you to confirm")
				bank.submit(tt.answer).want(tt.page, 200, tt.says)
				s.wantCharged(t, l.Order, tt.paid, 1)
				// Going back and answering once more leads to the checkout, and changes nothing.
				bank.submit("approve").want(tt.page, 200)
				b.get(bank.path).want(tt.page, 200)
				s.wantCharged(t, l.Order, tt.paid, 1)
				s.CheckQuiet(t)
			})
		})
	}
}

func TestABankThatAsksCanBeLeft(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		b.card(l.Session.ID, asksBank).submit("pay").want("challenge", 200)
		b.get("/checkout/"+l.Session.ID).want("action", 200).submit("abandon").want("payment", 200)
		b.card(l.Session.ID, approves).submit("pay").want("success", 200)
		s.wantCharged(t, l.Order, 3499, 2)
		s.Quiesce(t)
		s.CheckQuiet(t)
	})
}

func TestTheChallengeTakesItsButtonsToo(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		bank := b.card(l.Session.ID, asksBank).submit("pay").want("challenge", 200)
		b.post(bank.path, url.Values{}).want("challenge", 200)
		b.post(bank.path, url.Values{"approve": {"1"}}).want("success", 200)

		// A payment that the API began has nowhere to go back to.
		o := s.Order(t, "USD", []flinttest.Line{{Price: 500, Quantity: 1}})
		flinttest.Known(t, s.Pay(o.ID, "simtok_3ds"))
		var at string
		s.Read(t, func(tx db.Tx) error {
			return tx.QueryRow([]any{&at}, `SELECT challenge FROM simulator_operations WHERE merchant_id = $1 AND payment_id = $2`, s.Scope.MerchantID, s.State(t, o.ID).Leg().ID)
		})
		b.post("/simulator/challenge/"+at, url.Values{"approve": {"1"}}).want("end", 200, "You can close this page")
		b.get("/simulator/challenge/none").want("end", 404)
	})
}

func TestABankDebitTakesItsTime(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		b.account(l.Session.ID, "000123456789").want("payment", 200, "Account ending 6789").submit("pay").want("processing", 200, "2–4 business days", "$34.99")
		s.wantCharged(t, l.Order, 0, 1)
		s.Advance(10 * time.Second)
		s.Deliver(t)
		b.get("/checkout/"+l.Session.ID).want("success", 200, "Account ending 6789")
		s.CheckQuiet(t)

		l = s.launch(t)
		b, _ = s.enter(t, l)
		b.account(l.Session.ID, "000222222227").submit("pay").want("processing", 200)
		s.Advance(10 * time.Second)
		s.Deliver(t)
		b.get("/checkout/"+l.Session.ID).want("payment", 200, "not enough money available")
		s.CheckQuiet(t)
	})
}

func TestALostAnswerIsWaitedFor(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		s.LoseAnswers(t, "sale", 1)
		b.card(l.Session.ID, approves).submit("pay").want("processing", 200, "You do not need to pay again")
		b.get("/checkout/"+l.Session.ID+"/return").want("success", 200)
		s.wantCharged(t, l.Order, 3499, 1)
		s.CheckQuiet(t)
	})
}

func TestTwoSubmitsPayOnce(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, number := range []string{approves, tooPoor, asksBank} {
			l := s.launch(t)
			b, _ := s.enter(t, l)
			action, form := b.card(l.Session.ID, number).form("pay")
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() { b.post(action, form) })
			}
			wg.Wait()
			if _, attempts := s.charged(t, l.Order); attempts != 1 {
				t.Errorf("%s: %d attempts of one page", number, attempts)
			}
		}
		s.Quiesce(t)
		s.CheckQuiet(t)
	})
}

func TestTheAmountShownIsTheAmountCharged(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t, func(in *domain.CreateInput) { in.Detail.Tip = domain.Tip{Enabled: true, Custom: true} })
		b, _ := s.enter(t, l)
		shown := b.card(l.Session.ID, approves).want("payment", 200)
		// The same buyer adds a tip in another tab.
		b.post("/checkout/"+l.Session.ID+"/tip", url.Values{"tip": {"custom"}, "custom_tip": {"5"}}).want("payment", 200, "Pay $39.99")
		changed := shown.fill("email", "ana@example.com").submit("pay").want("changed", 409, "$34.99", "$39.99", "Visa ending 4242")
		s.wantCharged(t, l.Order, 0, 0)
		changed.submit("pay").want("success", 200, "You paid $39.99")
		s.wantCharged(t, l.Order, 3999, 1)
		if c := s.SessionOf(t, l.Session.ID).Detail.Contact; c == nil || c.Email != "ana@example.com" {
			t.Errorf("the contact did not survive the change: %+v", c)
		}

		l = s.launch(t)
		b, _ = s.enter(t, l)
		shown = b.card(l.Session.ID, approves)
		for _, amount := range []string{"1", "999999", "", "-1", "3499.0"} {
			got := shown.fill("expected_amount", amount).submit("pay")
			if got.name != "changed" && got.name != "payment" {
				t.Errorf("%q is answered by %s", amount, got.name)
			}
		}
		shown.fill("expected_amount", "3499", "currency", "JPY").submit("pay").want("changed", 409)
		s.wantCharged(t, l.Order, 0, 0)
	})
}

func TestAMerchantsChangeEndsThePage(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		shown := b.card(l.Session.ID, approves)
		s.Write(t, func(tx db.Tx) error {
			_, err := s.Orders.Patch(tx.Context(), tx, order.PatchInput{
				Scope: s.Scope, OrderID: l.Order.ID, Cause: s.Cause, Tip: &order.TipInput{Amount: flinttest.Money(100, "USD")},
			})
			return err
		})
		shown.submit("pay").want("end", 410, "This checkout is out of date")
		s.wantCharged(t, l.Order, 0, 0)
	})
}

func TestWaysACheckoutEnds(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		detail := func(in *domain.CreateInput) {
			in.Detail.ExpirationURL, in.Detail.CancelURL = "https://northwind.test/again", "https://northwind.test/cart"
		}
		s.Write(t, func(tx db.Tx) error {
			mail := "help@northwind.test"
			_, err := s.merchants.Update(tx.Context(), tx, merchant.UpdateInput{MerchantID: s.Scope.MerchantID, SupportEmail: &mail, Now: s.Clock.Now()})
			return err
		})
		pay := func(v *view) *view { return v.fill("payment_token", "simtok_approve").submit("pay") }

		closed := s.launch(t, detail)
		b, shown := s.enter(t, closed)
		if !strings.Contains(shown.body, "https://northwind.test/cart") {
			t.Error("there is no way to cancel")
		}
		s.Write(t, func(tx db.Tx) error {
			_, err := s.Checkouts.Close(tx, domain.CloseInput{Scope: s.Scope, SessionID: closed.Session.ID, Reason: "secret reason", Cause: s.Cause})
			return err
		})
		if v := b.get("/checkout/"+closed.Session.ID).want("end", 410, "This checkout is closed", "help@northwind.test"); strings.Contains(v.body, "secret reason") {
			t.Error("the merchant's reason is shown")
		}
		pay(shown).want("end", 410)
		s.wantCharged(t, closed.Order, 0, 0)

		old := s.launch(t)
		b, shown = s.enter(t, old)
		newer := s.launchOver(t, old.Order.ID, func(in *domain.CreateInput) { in.ReplaceID = old.Session.ID })
		v := b.get("/checkout/"+old.Session.ID).want("end", 410, "There is a newer checkout")
		if !strings.Contains(v.body, `href="/checkout/`+newer.Session.ID+`"`) {
			t.Error("the newer checkout is not linked")
		}
		b.get("/checkout/"+newer.Session.ID).want("entry", 200)
		pay(shown).want("end", 410)
		s.wantCharged(t, old.Order, 0, 0)

		elsewhere := s.launch(t)
		b, shown = s.enter(t, elsewhere)
		flinttest.Known(t, s.Pay(elsewhere.Order.ID, "simtok_approve"))
		b.get("/checkout/"+elsewhere.Session.ID).want("end", 200, "This order is already paid")
		pay(shown).want("end", 200)
		s.wantCharged(t, elsewhere.Order, 3499, 1)

		late := s.launch(t, detail)
		b, shown = s.enter(t, late)
		s.Advance(25 * time.Hour)
		v = b.get("/checkout/"+late.Session.ID).want("end", 410, "This checkout has expired", "help@northwind.test", "Start again")
		if !strings.Contains(v.body, "https://northwind.test/again") {
			t.Error("there is no way to start again")
		}
		pay(shown).want("end", 410)
		b.get("/simulator/fields/"+late.Session.ID).want("end", 404)
		// Details that were typed before it ended lead to the page that says so.
		card := url.Values{"option": {"card"}, "number": {approves}, "expiry": {"12 / 34"}, "cvc": {"123"}}
		b.post("/simulator/fields/"+late.Session.ID, card).want("end", 410, "This checkout has expired")
		if v := b.post("/simulator/fields/"+late.Session.ID, card, "Accept", "application/json"); v.status != 410 || v.body != `{"over":true}` {
			t.Errorf("the frame is told %d %s", v.status, v.body)
		}
		s.wantCharged(t, late.Order, 0, 0)
	})
}

func TestTips(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		fifteen := money.Percent(150000)
		l := s.launch(t, func(in *domain.CreateInput) {
			in.Detail.Tip = domain.Tip{Enabled: true, Custom: true, Options: []money.Percent{100000, 150000, 200000}, Default: &fifteen}
		})
		b, v := s.enter(t, l)
		v.want("payment", 200, "Pay $40.24") // 34.99 and 15 %
		tip := func(kind, custom string) *view {
			return b.post("/checkout/"+l.Session.ID+"/tip", url.Values{"tip": {kind}, "custom_tip": {custom}})
		}
		tip("percent:20", "").want("payment", 200, "Pay $41.99")
		tip("percent:99", "").want("payment", 200, "Pay $41.99") // not offered
		tip("custom", "3.50").want("payment", 200, "Pay $38.49")
		for _, wrong := range []string{"abc", "-1", "1.234", "5 USD", "99999999999999999999", "1.2.3"} {
			tip("custom", wrong).want("payment", 200, "Pay $38.49", "Enter an amount like 5.00.")
		}
		tip("custom", "5000").want("payment", 200, "This tip is too high.")
		tip("none", "").want("payment", 200, "Pay $34.99")
		b.get("/checkout/"+l.Session.ID+"").want("payment", 200, "Pay $34.99")
		b.post("/checkout/"+l.Session.ID+"/open", url.Values{"checkout_token": {l.Token.Reveal()}}).want("payment", 200, "Pay $34.99") // a choice stays
		tip("percent:10", "").want("payment", 200, "Pay $38.49").fill("payment_token", "simtok_approve").submit("pay").want("success", 200, "$38.49", "$3.50")
		tip("percent:20", "").want("success", 200)
		s.CheckQuiet(t)

		usd := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
		two := usd(200)
		smart := s.launch(t, func(in *domain.CreateInput) {
			in.Detail.Tip = domain.Tip{Enabled: true, Smart: true, SmartOptions: []money.Amount{usd(100), two, usd(300)}, SmartDefault: &two}
		})
		b, v = s.enter(t, smart)
		v.want("payment", 200, "Pay $36.99", "$1.00", "$3.00")
		tip = func(kind, custom string) *view {
			return b.post("/checkout/"+smart.Session.ID+"/tip", url.Values{"tip": {kind}, "custom_tip": {custom}})
		}
		tip("amount:300", "").want("payment", 200, "Pay $37.99")
		tip("amount:299", "").want("payment", 200, "Pay $37.99") // not offered
		tip("percent:20", "").want("payment", 200, "Pay $37.99")

		plain := s.launch(t)
		b, _ = s.enter(t, plain)
		b.post("/checkout/"+plain.Session.ID+"/tip", url.Values{"tip": {"custom"}, "custom_tip": {"5"}}).want("payment", 200, "Pay $34.99")
	})
}

func TestWhatTheMerchantAsksForIsRequired(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t, func(in *domain.CreateInput) {
			c := &in.Detail.Collection
			c.RequireEmail, c.RequirePhone, c.RequireBilling = true, true, true
			in.Detail.Legal = domain.Legal{Terms: "https://northwind.test/terms", RequireTerms: true}
		})
		b, v := s.enter(t, l)
		v.submit("pay").want("payment", 422, "Agree to the terms", "Email: Fill in this field.", "Phone: Fill in this field.", "Postal code: Fill in this field.", "Enter your payment details.")
		v = b.card(l.Session.ID, approves).fill("email", "ana@", "phone", "555", "accept_terms", "yes", "billing_line1", "1 Main St", "billing_city", "Austin",
			"billing_state", "TX", "billing_postal_code", "78701").submit("pay").want("payment", 422, "name@example.com", "country code")
		if strings.Contains(v.text(), "Agree to the terms to continue.") {
			t.Error("accepted terms are asked for again")
		}
		s.wantCharged(t, l.Order, 0, 0)
		v.fill("email", "ana@example.com", "phone", "+1 (415) 555-0132").submit("pay").want("success", 200)
		c := s.SessionOf(t, l.Session.ID).Detail.Contact
		if c.Phone != "+14155550132" || c.Billing == nil || c.Billing.PostalCode != "78701" || c.Billing.Country != "US" {
			t.Errorf("the contact is %+v", c)
		}
		if got := s.SessionOf(t, l.Session.ID).Detail.Terms; got == nil || got.URL != "https://northwind.test/terms" || got.AcceptedAt.IsZero() {
			t.Errorf("the terms that were accepted: %+v", got)
		}
	})
}

func TestTheContactCanBeSavedBeforeTheCardIsTyped(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, v := s.enter(t, l)
		action, form := v.fill("email", "ana@example.com").form("pay")
		b.post(strings.TrimSuffix(action, "pay")+"contact", form).want("payment", 200)
		v = b.card(l.Session.ID, approves).want("payment", 200)
		if _, form := v.form("pay"); form.Get("email") != "ana@example.com" {
			t.Errorf("the form holds %q", form.Get("email"))
		}
		if v.submit("change").want("payment", 200); strings.Contains(b.get("/checkout/"+l.Session.ID).text(), "Visa ending") {
			t.Error("the card is still there")
		}
	})
}

func TestTaxThatNeedsAPlaceIsShownBeforeItIsPaid(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		yes := true
		o := s.Order(t, "USD", []flinttest.Line{{Price: 10000, Quantity: 1}}, func(in *order.CreateInput) { in.Tax = &order.TaxInput{Enabled: &yes} })
		l := s.launchOver(t, o.ID)
		b, _ := s.enter(t, l)
		v := b.card(l.Session.ID, approves).fill("billing_line1", "1 Main St", "billing_city", "Austin", "billing_state", "TX", "billing_postal_code", "78701").
			submit("pay").want("changed", 409, "$100.00", "Tax")
		s.wantCharged(t, o, 0, 0)
		v.submit("pay").want("success", 200)
		if paid, _ := s.charged(t, o); paid <= 10000 {
			t.Errorf("%d was paid, without tax", paid)
		}
		s.CheckQuiet(t)
	})
}

func TestAnOrderThatCostsNothingIsCompleted(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		o := s.Order(t, "USD", []flinttest.Line{{Price: 0, Quantity: 1}})
		_, v := s.enter(t, s.launchOver(t, o.ID))
		v.want("payment", 200, "Complete order").submit("pay").want("success", 200)
		s.CheckQuiet(t)
	})
}

func TestStagedPaymentsAreUsed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		for _, amount := range []int64{1000, 2499} {
			_, err := s.Stage(l.Order.ID, amount, "automatic")
			flinttest.Known(t, err)
		}
		b.card(l.Session.ID, approves).submit("pay").want("success", 200, "You paid $34.99")
		s.wantCharged(t, l.Order, 3499, 1)

		l = s.launch(t)
		b, _ = s.enter(t, l)
		hold, err := s.Stage(l.Order.ID, 3499, "manual")
		flinttest.Known(t, err)
		b.card(l.Session.ID, approves).submit("pay").want("success", 200, "your payment is approved", "$34.99 is reserved")
		flinttest.Known(t, s.Capture(s.State(t, l.Order.ID).Leg(), hold.Amount))
		b.get("/checkout/"+l.Session.ID).want("success", 200, "You paid $34.99")
		s.CheckQuiet(t)
	})
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		_, form := b.card(l.Session.ID, approves).form("pay")
		base := "/checkout/" + l.Session.ID
		for _, path := range []string{base + "/pay", base + "/open", base + "/tip", base + "/contact", base + "/change", base + "/abandon",
			"/simulator/fields/" + l.Session.ID, "/simulator/challenge/x"} {
			for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.test"}, {"Origin", "null"}} {
				if v := b.post(path, form, header...); v.status != http.StatusForbidden {
					t.Errorf("%s with %v answers %d", path, header, v.status)
				}
			}
		}
		s.wantCharged(t, l.Order, 0, 0)
		if v := b.post(base+"/pay", form, "Sec-Fetch-Site", "same-origin", "Origin", s.server.URL); v.name != "success" {
			t.Errorf("our own form leads to %s", v.name)
		}
	})
}

func TestFieldsAnswerTheirScript(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, _ := s.enter(t, l)
		path := "/simulator/fields/" + l.Session.ID
		v := b.post(path, url.Values{"option": {"card"}, "number": {approves}, "expiry": {"12 / 34"}, "cvc": {"123"}}, "Accept", "application/json")
		if v.status != 200 || !strings.Contains(v.body, `"token":"simsrc_`) || !strings.Contains(v.body, `"brand":"Visa","last4":"4242"`) {
			t.Errorf("the answer is %d %s", v.status, v.body)
		}
		v = b.post(path, url.Values{"option": {"card"}, "number": {"4111 1111 1111 1111"}, "expiry": {"12 / 20"}}, "Accept", "application/json")
		if v.status != 422 || !strings.Contains(v.body, `"number":"The simulator takes only test numbers`) || !strings.Contains(v.body, `"expiry":"This date is in the past."`) ||
			!strings.Contains(v.body, `"cvc":`) || strings.Contains(v.body, "4111") {
			t.Errorf("the answer is %d %s", v.status, v.body)
		}
		alone := b.card(l.Session.ID, "4111 1111 1111 1111").want("fields", 422, "only test numbers", "Back to checkout")
		if strings.Contains(alone.body, "4111") {
			t.Error("the page repeats the card number")
		}
	})
}

func TestHeaders(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t)
		b, paying := s.enter(t, l)
		locked := s.browser(t).get("/checkout/" + l.Session.ID)
		frame := b.get("/simulator/fields/" + l.Session.ID)
		for name, v := range map[string]*view{"payment": paying, "entry": locked, "fields": frame} {
			csp := v.header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "base-uri 'none'", "require-trusted-types-for 'script'", "form-action 'self'"} {
				if !strings.Contains(csp, want) {
					t.Errorf("%s: the policy lacks %s: %s", name, want, csp)
				}
			}
			if v.header.Get("Cache-Control") != "no-store" || v.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: headers %v", name, v.header)
			}
		}
		if !strings.Contains(paying.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Error("the payment page may be framed")
		}
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		v := b.post("/checkout/"+l.Session.ID+"/open", url.Values{"checkout_token": {l.Token.Reveal()}})
		set := v.header.Get("Set-Cookie")
		for _, want := range []string{"Path=/checkout/" + l.Session.ID, "HttpOnly", "SameSite=Lax"} {
			if !strings.Contains(set, want) {
				t.Errorf("the cookie lacks %s: %s", want, set)
			}
		}
		if v.status != http.StatusSeeOther || v.header.Get("Cache-Control") != "no-store" {
			t.Errorf("opening answers %d %v", v.status, v.header)
		}
	})
}

// TestWeight bounds what a phone has to load to pay: page, frame, style and scripts, compressed.
func TestWeight(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t, func(in *domain.CreateInput) {
			in.Detail.Collection = domain.Collection{RequireBilling: true, RequirePhone: true}
			in.Detail.Tip = domain.Tip{Enabled: true, Custom: true}
		})
		b, _ := s.enter(t, l)
		total := 0
		for _, path := range []string{"/checkout/" + l.Session.ID, "/simulator/fields/" + l.Session.ID + "?option=card", "/simulator/fields/" + l.Session.ID + "?option=ach_debit"} {
			req, _ := http.NewRequest(http.MethodGet, b.base+path, nil)
			req.Header.Set("Accept-Encoding", "gzip")
			total += len(b.do(req).body)
		}
		for _, name := range []string{"flint.css", "checkout.js", "fields.js", "icon.svg"} {
			asset, _ := s.assets.Get(name)
			total += asset.Size
		}
		if total > 50_000 {
			t.Errorf("the checkout weighs %d bytes", total)
		}
		t.Logf("the checkout weighs %d bytes", total)
	})
}

func TestABuyerIsNamedAsTheOneWhoActs(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		l := s.launch(t, func(in *domain.CreateInput) { in.Detail.Tip = domain.Tip{Enabled: true} })
		b, _ := s.enter(t, l)
		b.post("/checkout/"+l.Session.ID+"/tip", url.Values{"tip": {"percent:15"}}).want("payment", 200)
		if session := s.SessionOf(t, l.Session.ID); session.Status != domain.StatusOpen {
			t.Errorf("the buyer's own tip made the session %s", session.Status)
		}
		if _, err := s.Session(l.Order.ID, ""); !fault.Is(err, "CHECKOUT_SESSION_ALREADY_EXISTS") {
			t.Errorf("another session: %v", err)
		}
	})
}
