package payment_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/secret"
)

// token is what the simulator gives for a typed card that approves.
const token = "simtok_approve"

var visa = payment.Source{Type: "card", Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2026}

func person(t *testing.T, b *flinttest.Bench, email string) string {
	t.Helper()
	var who *customer.Customer
	b.Write(t, func(tx db.Tx) (err error) {
		who, err = b.Orders.Customers.Create(b.Context(), tx, customer.CreateInput{Scope: b.Scope, Cause: b.Cause, Email: email})
		return err
	})
	return who.ID
}

func begin(t *testing.T, b *flinttest.Bench, customerID string) (*payment.Method, secret.Text) {
	t.Helper()
	var m *payment.Method
	var plain secret.Text
	b.Write(t, func(tx db.Tx) (err error) {
		m, plain, err = b.Payments.BeginSetup(tx, payment.SetupInput{Scope: b.Scope, CustomerID: customerID})
		return err
	})
	return m, plain
}

func complete(b *flinttest.Bench, plain secret.Text) (m *payment.Method, err error) {
	err = b.DB.Write(b.Context(), func(tx db.Tx) error {
		var err error
		m, err = b.Payments.CompleteSetup(tx, plain.Reveal(), token, visa, b.Cause)
		return err
	})
	return m, err
}

// active is a card that a customer has saved on the setup page.
func active(t *testing.T, b *flinttest.Bench, customerID string) *payment.Method {
	t.Helper()
	_, plain := begin(t, b, customerID)
	m, err := complete(b, plain)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func method(t *testing.T, b *flinttest.Bench, methodID string) *payment.Method {
	t.Helper()
	var m *payment.Method
	b.Read(t, func(tx db.Tx) (err error) {
		m, err = payment.GetMethod(tx, b.Scope, methodID)
		return err
	})
	return m
}

// row is what the table holds of a method's token.
func row(t *testing.T, b *flinttest.Bench, methodID string) (source, all string) {
	t.Helper()
	b.Read(t, func(tx db.Tx) error {
		var hash, detail string
		err := tx.QueryRow([]any{&source, &hash, &detail}, `SELECT source, setup_hash, detail FROM payment_methods
			WHERE merchant_id = $1 AND environment_id = $2 AND payment_method_id = $3`, b.Scope.MerchantID, b.Scope.EnvironmentID, methodID)
		all = source + hash + detail
		return err
	})
	return source, all
}

func orderOf(t *testing.T, b *flinttest.Bench, customerID string) *order.Order {
	t.Helper()
	return b.Order(t, "USD", []flinttest.Line{{Price: 3499, Quantity: 1}}, func(in *order.CreateInput) { in.CustomerID = customerID })
}

func with(m *payment.Method) func(*payment.PayInput) {
	return func(in *payment.PayInput) { in.Source = payment.Credential{PaymentMethodID: m.ID} }
}

func TestACardOfTheSetupPageIsChargedWithoutItsOwner(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		ada := person(t, b, "ada@buyer.test")
		m, plain := begin(t, b, ada)
		if m.Status != payment.MethodPending || m.Usage != payment.UsageOffSession {
			t.Errorf("began as %+v", m)
		}
		if _, all := row(t, b, m.ID); strings.Contains(all, plain.Reveal()) {
			t.Error("the row holds the secret of the page")
		}
		flinttest.Refused(t, b.Pay(orderOf(t, b, ada).ID, "", with(m)), "PAYMENT_METHOD_NOT_ACTIVE")
		if _, err := complete(b, plain); err != nil {
			t.Fatal(err)
		}
		_, err := complete(b, plain)
		flinttest.Refused(t, err, "PAYMENT_METHOD_NOT_PENDING")
		source, all := row(t, b, m.ID)
		if source == "" || strings.Contains(all, token) {
			t.Errorf("the row holds %q", all)
		}
		o := orderOf(t, b, ada)
		if err := b.Pay(o.ID, "", with(m)); err != nil {
			t.Fatal(err)
		}
		want(t, b.State(t, o.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 3499, 0)
		if got := b.Events(t, m.ID); len(got) != 1 || got[0] != "payment_method.saved" {
			t.Errorf("events: %v", got)
		}
	})
}

func TestASetupThatNobodyCompletesFails(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		m, plain := begin(t, b, person(t, b, "ada@buyer.test"))
		b.Advance(24 * time.Hour)
		_, err := complete(b, plain)
		flinttest.Refused(t, err, "PAYMENT_METHOD_NOT_PENDING")
		if got := method(t, b, m.ID).StatusAt(b.Clock.Now()); got != payment.MethodFailed {
			t.Errorf("it is %s", got)
		}
		_, err = complete(b, secret.NewText("pmset_other"))
		if !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Errorf("an unknown page: %v", err)
		}
	})
}

func TestACardLastsThroughItsMonth(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		ada := person(t, b, "ada@buyer.test")
		m := active(t, b, ada)
		listed := func(status string) int {
			n := 0
			b.Read(t, func(tx db.Tx) error {
				found, _, err := payment.ListMethods(tx, payment.MethodList{Scope: b.Scope, CustomerID: ada, Status: status, Now: b.Clock.Now(), Limit: 10})
				n = len(found)
				return err
			})
			return n
		}
		b.Clock.Set(time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC))
		if err := method(t, b, m.ID).Defaultable(b.Clock.Now()); err != nil || listed("") != 1 || listed(payment.MethodExpired) != 0 {
			t.Errorf("in its last second: %v", err)
		}
		b.Clock.Set(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
		if got := method(t, b, m.ID).StatusAt(b.Clock.Now()); got != payment.MethodExpired || listed("") != 0 || listed(payment.MethodExpired) != 1 {
			t.Errorf("after it: %s", got)
		}
		flinttest.Refused(t, method(t, b, m.ID).Defaultable(b.Clock.Now()), "PAYMENT_METHOD_NOT_ACTIVE")
		flinttest.Refused(t, b.Pay(orderOf(t, b, ada).ID, "", with(m)), "PAYMENT_METHOD_NOT_ACTIVE")
	})
}

func TestACardIsItsCustomersAlone(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		ada, eve := person(t, b, "ada@buyer.test"), person(t, b, "eve@buyer.test")
		m := active(t, b, ada)
		flinttest.Refused(t, b.Pay(orderOf(t, b, eve).ID, "", with(m)), "PAYMENT_METHOD_CUSTOMER_MISMATCH")
		flinttest.Refused(t, b.Pay(orderOf(t, b, "").ID, "", with(m)), "PAYMENT_METHOD_CUSTOMER_MISMATCH")
		o := orderOf(t, b, ada)
		session, err := b.Session(o.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, acts := range []string{"", eve} { // whoever pays in the checkout has to be its owner
			flinttest.Refused(t, b.Pay(o.ID, "", with(m), func(in *payment.PayInput) { in.CheckoutSessionID, in.ActsFor = session.ID, acts }),
				"PAYMENT_METHOD_CUSTOMER_MISMATCH")
		}
		other := b.Another()
		flinttest.Refused(t, other.Pay(orderOf(t, other, "").ID, "", with(m)), "RESOURCE_NOT_FOUND")
	})
}

func TestACardOfACheckoutWaitsForItsPaymentAndItsOwner(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		ada := person(t, b, "ada@buyer.test")
		saves := func(in *payment.PayInput) { in.SaveFor = ada }
		o := orderOf(t, b, ada)
		if err := b.Pay(o.ID, "simtok_decline", saves); err != nil {
			t.Fatal(err)
		}
		failed := method(t, b, b.State(t, o.ID).Leg().Detail.SavesMethodID)
		if source, _ := row(t, b, failed.ID); failed.Status != payment.MethodFailed || failed.Detail.FailureCode == "" || source != "" {
			t.Errorf("after a decline: %+v", failed)
		}
		// The leg that was declined saves the next card.
		leg := b.State(t, o.ID).Leg()
		var started payment.Started
		b.Write(t, func(tx db.Tx) (err error) {
			started, err = b.Payments.Confirm(tx, payment.ConfirmInput{
				Scope: b.Scope, OrderID: o.ID, SaveFor: ada, Cause: b.Cause,
				Selections: []payment.Selection{{PaymentIntentID: leg.ID, Source: payment.Credential{Token: token}}},
			})
			return err
		})
		pending := b.State(t, o.ID).Leg().Detail.SavesMethodID
		if got := method(t, b, pending); got.Status != payment.MethodPending || pending == failed.ID {
			t.Errorf("before the outcome: %+v", got)
		}
		if _, all := row(t, b, pending); strings.Contains(all, token) {
			t.Error("the row tells the token")
		}
		if err := b.Payments.Execute(b.Context(), started.Operations, b.Cause, nil); err != nil {
			t.Fatal(err)
		}
		m := method(t, b, pending)
		if m.Status != payment.MethodActive || m.Usage != payment.UsageOnSession || m.Detail.Card == nil {
			t.Fatalf("after it: %+v", m)
		}

		next := orderOf(t, b, ada)
		flinttest.Refused(t, b.Pay(next.ID, "", with(m)), "PAYMENT_METHOD_ON_SESSION_ONLY")
		flinttest.Refused(t, m.Defaultable(b.Clock.Now()), "PAYMENT_METHOD_ON_SESSION_ONLY")
		session, err := b.Session(next.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		own := func(in *payment.PayInput) { in.CheckoutSessionID, in.ActsFor = session.ID, ada }
		flinttest.Refused(t, b.Pay(next.ID, "", with(m), own, saves), "SAVE_PAYMENT_METHOD_NOT_ALLOWED")
		if err := b.Pay(next.ID, "", with(m), own); err != nil {
			t.Fatal(err)
		}
		want(t, b.State(t, next.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 3499, 0)
	})
}

func TestARemovedCardIsGone(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		ada := person(t, b, "ada@buyer.test")
		m, other := active(t, b, ada), active(t, b, ada)
		remove := func(methodID string) {
			b.Write(t, func(tx db.Tx) error {
				_, err := b.Payments.RemoveMethod(tx, b.Scope, methodID, b.Cause)
				return err
			})
		}
		remove(m.ID)
		remove(m.ID) // twice changes nothing
		if source, _ := row(t, b, m.ID); source != "" || method(t, b, m.ID).Status != payment.MethodRemoved {
			t.Error("the token of a removed card is kept")
		}
		if got := b.Events(t, m.ID); len(got) != 2 || got[1] != "payment_method.removed" {
			t.Errorf("events: %v", got)
		}
		flinttest.Refused(t, b.Pay(orderOf(t, b, ada).ID, "", with(m)), "PAYMENT_METHOD_NOT_ACTIVE")
		b.Write(t, func(tx db.Tx) error { return b.Payments.RemoveMethodsOf(tx, b.Scope, ada, b.Cause) })
		if method(t, b, other.ID).Status != payment.MethodRemoved {
			t.Error("a card of a deleted customer is kept")
		}
	})
}
