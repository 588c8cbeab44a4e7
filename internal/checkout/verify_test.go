package checkout_test

import (
	"context"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// verifying is a session with the codes that were mailed from it.
type verifying struct {
	*flinttest.Bench
	launch checkout.Launch
	mails  *[]checkout.CodeLetter
}

func newVerifying(t *testing.T, b *flinttest.Bench, live bool) *verifying {
	t.Helper()
	if live {
		b.Scope = tenant.Scope{MerchantID: b.Scope.MerchantID, EnvironmentID: b.IDs.New(id.LiveEnvironment)}
	}
	v := &verifying{Bench: b, mails: &[]checkout.CodeLetter{}}
	b.Checkouts.SendCode = func(_ context.Context, _ db.Tx, l checkout.CodeLetter) error {
		*v.mails = append(*v.mails, l)
		return nil
	}
	o := simple(t, b)
	b.Write(t, func(tx db.Tx) (err error) {
		v.launch, err = b.Checkouts.Create(b.Context(), tx, checkout.CreateInput{Scope: b.Scope, OrderID: o.ID, Cause: b.Cause})
		return err
	})
	return v
}

func (v *verifying) ask(change ...func(*checkout.VerificationInput)) (*checkout.Verification, error) {
	in := checkout.VerificationInput{
		Scope: v.Scope, SessionID: v.launch.Session.ID, Purpose: checkout.PurposeUse, Channel: checkout.ChannelEmail, Email: "Ada@Buyer.test",
		Asker: "192.0.2.1", Cause: v.Cause,
	}
	for _, f := range change {
		f(&in)
	}
	var out *checkout.Verification
	err := v.DB.Write(v.Context(), func(tx db.Tx) (err error) {
		out, err = v.Checkouts.SendVerification(v.Context(), tx, in)
		return err
	})
	return out, err
}

// confirm commits a wrong try, as the API does.
func (v *verifying) confirm(verificationID, code string) (*checkout.Confirmed, error) {
	var out *checkout.Confirmed
	var refused error
	err := v.DB.Write(v.Context(), func(tx db.Tx) (err error) {
		out, err = v.Checkouts.ConfirmVerification(v.Context(), tx, checkout.ConfirmVerificationInput{
			Scope: v.Scope, SessionID: v.launch.Session.ID, VerificationID: verificationID, Code: code, Cause: v.Cause,
		})
		if refused = err; fault.Is(err, "CUSTOMER_VERIFICATION_CODE_INVALID") {
			return nil
		}
		return err
	})
	if err == nil {
		err = refused
	}
	return out, err
}

func (v *verifying) code() string { return (*v.mails)[len(*v.mails)-1].Code.Reveal() }

func (v *verifying) wrong() string {
	if v.code() == "123456" {
		return "123457"
	}
	return "123456"
}

func TestProvenAddressActsForItsCustomer(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, true)
		sent, err := v.ask()
		if err != nil {
			t.Fatal(err)
		}
		if m := (*v.mails)[0]; m.To != "ada@buyer.test" || len(m.Code.Reveal()) != 6 || sent.Email != "ada@buyer.test" || sent.ExpiresAt.Sub(sent.CreatedAt) != 15*time.Minute {
			t.Errorf("mailed %+v, told %+v", m, sent)
		}
		_, err = v.confirm(sent.ID, v.wrong())
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_CODE_INVALID")
		done, err := v.confirm(sent.ID, v.code())
		if err != nil {
			t.Fatal(err)
		}
		again, err := v.confirm(sent.ID, v.code()) // the answer was lost
		if err != nil || again.CustomerID != done.CustomerID {
			t.Fatalf("the same code once more: %v", err)
		}
		as := func(secret string) *checkout.Access {
			var a *checkout.Access
			b.Read(t, func(tx db.Tx) (err error) {
				a, err = b.Checkouts.Authenticate(tx, v.launch.Session.ID, secret)
				return err
			})
			return a
		}
		if a := as(v.launch.Secret.Reveal()); a.CustomerID != "" || a.Launch {
			t.Errorf("the first credential acts for %q", a.CustomerID)
		}
		if a := as(v.launch.Token.Reveal()); a.CustomerID != "" || !a.Launch {
			t.Errorf("the launch token opens %+v", a)
		}
		if a := as(done.Secret.Reveal()); a.CustomerID != done.CustomerID {
			t.Errorf("the new credential acts for %q, want %q", a.CustomerID, done.CustomerID)
		}
		// The order takes the customer when the payment that they made succeeds.
		b.Write(t, func(tx db.Tx) error {
			s, err := checkout.Get(tx, b.Scope, v.launch.Session.ID)
			if err != nil {
				return err
			}
			return b.Checkouts.PaysFor(tx, s, done.CustomerID)
		})
		if o := b.State(t, v.launch.Order.ID).Order; o.CustomerID != "" {
			t.Errorf("the order has customer %s before it is paid", o.CustomerID)
		}
		if err := b.Pay(v.launch.Order.ID, "simtok_approve", func(in *payment.PayInput) { in.CheckoutSessionID = v.launch.Session.ID }); err != nil {
			t.Fatal(err)
		}
		if o := b.State(t, v.launch.Order.ID).Order; o.CustomerID != done.CustomerID || o.DerivePaymentStatus() != order.PaymentPaid {
			t.Errorf("the paid order has customer %q", o.CustomerID)
		}
		b.Write(t, func(tx db.Tx) error { // with another address the credential acts for nobody
			return tx.Send(`UPDATE customers SET email = 'else@buyer.test', email_key = 'else@buyer.test'
				WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`, b.Scope.MerchantID, b.Scope.EnvironmentID, done.CustomerID)
		})
		if a := as(done.Secret.Reveal()); a.CustomerID != "" {
			t.Error("the credential of an address acts for a customer who has another")
		}
	})
}

func TestCodesEnd(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, true)
		first, err := v.ask()
		if err != nil {
			t.Fatal(err)
		}
		old := v.code()
		second, err := v.ask()
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.confirm(first.ID, old) // replaced
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_CODE_INVALID")
		for range checkout.CodeTries {
			_, err = v.confirm(second.ID, v.wrong())
			flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_CODE_INVALID")
		}
		_, err = v.confirm(second.ID, v.code()) // tried too often
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_CODE_INVALID")
		third, err := v.ask()
		if err != nil {
			t.Fatal(err)
		}
		b.Advance(checkout.CodeLife)
		_, err = v.confirm(third.ID, v.code()) // expired
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_CODE_INVALID")
		_, err = v.confirm("ccver_01JNAAAAAAAAAAAAAAAAAAAAAA", v.code())
		flinttest.Refused(t, err, "RESOURCE_NOT_FOUND")
	})
}

func TestHowManyCodes(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, true)
		for range 3 {
			if _, err := v.ask(); err != nil {
				t.Fatal(err)
			}
		}
		_, err := v.ask() // three to one address in a quarter of an hour
		if e := flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_RATE_LIMITED"); e.RetryAfter <= 0 {
			t.Error("nobody says how long to wait")
		}
		other := func(in *checkout.VerificationInput) { in.Email = "grace@buyer.test" }
		for range 2 {
			if _, err := v.ask(other); err != nil {
				t.Fatal(err)
			}
		}
		_, err = v.ask(other) // five of one checkout
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_LIMIT_REACHED")
		if len(*v.mails) != 5 {
			t.Errorf("%d mails", len(*v.mails))
		}
	})
}

func TestWrongCodesBlockTheirAddress(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, true)
		for range 2 {
			sent, err := v.ask()
			if err != nil {
				t.Fatal(err)
			}
			for range checkout.CodeTries {
				_, err = v.confirm(sent.ID, v.wrong())
				flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_CODE_INVALID")
			}
			b.Advance(20 * time.Minute)
		}
		_, err := v.ask()
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_RATE_LIMITED")
	})
}

func TestTheDifferenceOfAnExchangeOffersNoSavedCards(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, true)
		for resolution, want := range map[string]bool{"": true, "rres_1": false} {
			session := *v.launch.Session
			session.Detail.ReturnResolutionID = resolution
			b.Read(t, func(tx db.Tx) error {
				offered, err := b.Checkouts.OffersVerification(tx, &session)
				if offered != want {
					t.Errorf("resolution %q: offered is %v", resolution, offered)
				}
				return err
			})
		}
	})
}

func TestWhenNoCodeIsSent(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, true)
		for name, c := range map[string]struct {
			change func(*checkout.VerificationInput)
			code   string
		}{
			"a text":           {func(in *checkout.VerificationInput) { in.Channel = checkout.ChannelSMS }, "CUSTOMER_VERIFICATION_TEXT_UNAVAILABLE"},
			"nothing saved":    {func(in *checkout.VerificationInput) { in.Channel = "" }, "CUSTOMER_VERIFICATION_NOT_SENT"},
			"a gift card":      {func(in *checkout.VerificationInput) { in.Purpose = checkout.PurposeGiftCard }, "CUSTOMER_VERIFICATION_NOT_OFFERED"},
			"nothing to keep":  {func(in *checkout.VerificationInput) { in.Purpose, in.Email = checkout.PurposeConfirmSave, "" }, "PAYMENT_METHOD_SAVE_NOT_PENDING"},
			"somebody already": {func(in *checkout.VerificationInput) { in.ActsForID = "cus_1" }, "CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED"},
			"no purpose":       {func(in *checkout.VerificationInput) { in.Purpose = "" }, "INVALID_PURPOSE"},
			"a bad address":    {func(in *checkout.VerificationInput) { in.Email = "ada" }, "INVALID_EMAIL_FORMAT"},
			"a bad channel":    {func(in *checkout.VerificationInput) { in.Channel = "pigeon" }, "INVALID_CHANNEL"},
		} {
			_, err := v.ask(c.change)
			if e := fault.Of(err); e == nil || e.Code != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		if err := b.Pay(v.launch.Order.ID, "simtok_3ds", func(in *payment.PayInput) { in.CheckoutSessionID = v.launch.Session.ID }); err != nil {
			t.Fatal(err)
		}
		_, err := v.ask()
		flinttest.Refused(t, err, "CHECKOUT_PAYMENT_RESOLVING")
		if len(*v.mails) != 0 {
			t.Errorf("%d mails were sent", len(*v.mails))
		}
	})
}

// With something saved, auto writes to its owner, once while the code works.
func TestAutomaticCode(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, true)
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Orders.Customers.Create(b.Context(), tx, customer.CreateInput{Scope: b.Scope, Cause: b.Cause, Email: "ada@buyer.test"})
			return err
		})
		b.Checkouts.HasSaved = func(db.Tx, tenant.Scope, string) (bool, error) { return true, nil }
		auto := func(in *checkout.VerificationInput) { in.Channel = checkout.ChannelAuto }
		first, err := v.ask(auto)
		if err != nil {
			t.Fatal(err)
		}
		second, err := v.ask(auto)
		if err != nil || second.ID != first.ID || len(*v.mails) != 1 {
			t.Errorf("once more: %v, %d mails", err, len(*v.mails))
		}
	})
}

func TestCodesInASandbox(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := newVerifying(t, b, false)
		sent, err := v.ask()
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.confirm(sent.ID, "000000")
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_CODE_INVALID")
		_, err = v.confirm(sent.ID, "999999")
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_UNAVAILABLE")
		if _, err = v.confirm(sent.ID, "424242"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCodeForTheMerchantsCustomer(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		var who *customer.Customer
		b.Write(t, func(tx db.Tx) (err error) {
			who, err = b.Orders.Customers.Create(b.Context(), tx, customer.CreateInput{Scope: b.Scope, Cause: b.Cause, Email: "Ada@Buyer.test"})
			return err
		})
		v := newVerifying(t, b, false)
		o := b.Order(t, "USD", []flinttest.Line{{Price: 100, Quantity: 1}}, func(in *order.CreateInput) { in.CustomerID = who.ID })
		b.Write(t, func(tx db.Tx) (err error) {
			v.launch, err = b.Checkouts.Create(b.Context(), tx, checkout.CreateInput{Scope: b.Scope, OrderID: o.ID, Cause: b.Cause})
			return err
		})
		_, err := v.ask(func(in *checkout.VerificationInput) { in.Email = "grace@buyer.test" })
		flinttest.Refused(t, err, "CUSTOMER_VERIFICATION_EMAIL_NOT_ALLOWED")
		sent, err := v.ask()
		if err != nil {
			t.Fatal(err)
		}
		done, err := v.confirm(sent.ID, "424242")
		if err != nil || done.CustomerID != who.ID {
			t.Errorf("acts for %v (%v)", done, err)
		}
	})
}

func TestContactsAreErased(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		email, zone := "ada@buyer.test", "Europe/Berlin"
		update := func(in checkout.UpdateInput) (out *checkout.Session) {
			in.Scope, in.SessionID = b.Scope, s.ID
			b.Write(t, func(tx db.Tx) (err error) {
				out, err = b.Checkouts.Update(tx, in)
				return err
			})
			return out
		}
		first := update(checkout.UpdateInput{Contact: &checkout.ContactInput{Email: &email}, Timezone: &zone})
		b.Advance(time.Minute)
		if again := update(checkout.UpdateInput{Contact: &checkout.ContactInput{Email: &email}, Timezone: &zone}); !again.UpdatedAt.Equal(first.UpdatedAt) {
			t.Error("the same once more counts as a change")
		}
		b.Paid(t, o.ID, "simtok_approve")
		erase := func() *checkout.Session {
			if _, err := b.Checkouts.EraseContacts(b.Context(), b.DB, 10); err != nil {
				t.Fatal(err)
			}
			return b.SessionOf(t, s.ID)
		}
		b.Advance(30*24*time.Hour - time.Minute)
		if got := erase(); got.Detail.Contact == nil || got.Detail.Contact.Email != email {
			t.Errorf("erased too early: %+v", got.Detail.Contact)
		}
		b.Advance(2 * time.Minute)
		if got := erase(); got.Detail.Contact != nil || got.Detail.Timezone != "" || !got.ContactUntil.IsZero() {
			t.Errorf("kept: %+v", got.Detail)
		}
	})
}

func TestRelaunch(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		var again checkout.Launch
		b.Write(t, func(tx db.Tx) (err error) {
			again, err = b.Checkouts.Relaunch(tx, o, s)
			return err
		})
		if _, ok := b.Checkouts.OpenPage(s, again.Token.Reveal()); !ok {
			t.Error("the page does not open with the token of the second launch")
		}
		b.Read(t, func(tx db.Tx) error {
			a, err := b.Checkouts.Authenticate(tx, s.ID, again.Secret.Reveal())
			if err == nil && (a.CustomerID != "" || a.Launch) {
				t.Errorf("the second credential opens %+v", a)
			}
			return err
		})
	})
}

func TestFence(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		for _, reason := range []string{checkout.ReasonInvoicePaidElsewhere, checkout.ReasonInvoiceVoided, checkout.ReasonInvoiceUncollectible, checkout.ReasonInvoiceBalanceChanged} {
			o := simple(t, b)
			s := opened(t, b, o.ID, "")
			fence := func() error {
				return b.DB.Write(b.Context(), func(tx db.Tx) error {
					o, err := b.Orders.Load(tx, b.Scope, o.ID)
					if err != nil {
						return err
					}
					return b.Checkouts.Fence(tx, o, reason, b.Cause)
				})
			}
			for range 2 { // nothing is there to be ended the second time
				if err := fence(); err != nil {
					t.Fatal(err)
				}
			}
			ended(t, b, s.ID, checkout.StatusInvalidated, reason, "checkout_session.invalidated")
			opened(t, b, o.ID, "")
			if err := b.Pay(o.ID, "simtok_3ds"); err != nil {
				t.Fatal(err)
			}
			flinttest.Refused(t, fence(), "CHECKOUT_PAYMENT_RESOLVING")
		}
	})
}
