package support_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/db/listing"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/support"
	"flint/internal/tenant"
)

// rig is a bench with a service that names actors and gives reasons.
type rig struct {
	*flinttest.Bench
	support *support.Service
}

func newRig(t *testing.T, d db.DB) *rig { return rigOf(flinttest.New(t, d)) }

func rigOf(b *flinttest.Bench) *rig {
	return &rig{Bench: b, support: &support.Service{Orders: b.Orders}}
}

func (r *rig) explain(t flinttest.TB, orderID string) *support.Explanation {
	t.Helper()
	var x *support.Explanation
	r.Read(t, func(tx db.Tx) (err error) {
		x, err = r.support.Explain(tx.Context(), tx, r.Scope, orderID)
		return err
	})
	return x
}

// timeline reads all pages of a size.
func (r *rig) timeline(t flinttest.TB, in support.TimelineInput) []support.Entry {
	t.Helper()
	var out []support.Entry
	for {
		var page []support.Entry
		var next *listing.Cursor
		in.Scope = r.Scope
		r.Read(t, func(tx db.Tx) (err error) {
			page, next, err = r.support.Timeline(tx.Context(), tx, in)
			return err
		})
		out = append(out, page...)
		if in.After = next; next == nil {
			return out
		}
	}
}

func figure(t flinttest.TB, x *support.Explanation, name string) support.Figure {
	t.Helper()
	n := slices.IndexFunc(x.Figures, func(f support.Figure) bool { return f.Name == name })
	if n < 0 {
		t.Fatalf("there is no figure %s", name)
	}
	return x.Figures[n]
}

// tells holds the timeline against all events of the order.
func (r *rig) tells(t *rapid.T, orderID string, size int) {
	t.Helper()
	down := r.timeline(t, support.TimelineInput{OrderID: orderID, Limit: size})
	up := r.timeline(t, support.TimelineInput{OrderID: orderID, Limit: 100, Ascending: true})
	slices.Reverse(up)
	if a, b := idsOf(down), idsOf(up); !slices.Equal(a, b) {
		t.Fatalf("pages of %d tell\n%v, one page the other way\n%v", size, a, b)
	}
	var want []string
	o := r.State(t, orderID).Order
	r.Read(t, func(tx db.Tx) error {
		want = want[:0]
		return tx.Query(func(row db.Row) error {
			var id string
			err := row.Scan(&id)
			want = append(want, id)
			return err
		}, `SELECT event_id FROM events WHERE merchant_id = $1 AND environment_id = $2 AND (root_id = $3 OR order_id = $3
			OR root_id = $4 AND NOT (resource_type = 'return_resolution' AND resource_id <> $5)) ORDER BY event_id`,
			r.Scope.MerchantID, r.Scope.EnvironmentID, orderID, o.ReturnID, o.ReturnResolutionID)
	})
	var got []string
	for _, e := range down {
		got = append(got, e.EventIDs...)
		if e.What == "" || e.Actor.Type == "" || e.OccurredAt.IsZero() || e.Kind == "" {
			t.Fatalf("an entry says too little: %+v", e)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("the timeline has the events\n%v, the order\n%v", got, want)
	}
}

func idsOf(entries []support.Entry) (out []string) {
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return out
}

// TestABrokenBookIsNotExplained changes one posting by one cent: nothing is explained then.
func TestABrokenBookIsNotExplained(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		for _, account := range []string{"receivable", "sales", "merchant_balance", "payments_in_flight"} {
			r := newRig(t, d)
			o := r.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
			r.Paid(t, o.ID, "simtok_approve")
			r.explain(t, o.ID)
			r.Write(t, func(tx db.Tx) error {
				n, err := tx.Exec(`UPDATE postings SET amount = amount + 1 WHERE merchant_id = $1 AND account = $2 AND order_id = $3
					AND line = (SELECT MAX(line) FROM postings WHERE merchant_id = $1 AND account = $2 AND order_id = $3)`, r.Scope.MerchantID, account, o.ID)
				if n == 0 {
					t.Errorf("no posting of %s was changed", account)
				}
				return err
			})
			err := r.DB.Read(r.Context(), func(tx db.Tx) error {
				_, err := r.support.Explain(tx.Context(), tx, r.Scope, o.ID)
				return err
			})
			flinttest.Refused(t, err, "BALANCE_NOT_PROVED")
		}
		// Both legs of an entry, so that it balances and the order disagrees.
		r := newRig(t, d)
		o := r.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
		r.Write(t, func(tx db.Tx) error {
			_, err := tx.Exec(`UPDATE postings SET amount = amount * 2 WHERE merchant_id = $1 AND order_id = $2`, r.Scope.MerchantID, o.ID)
			return err
		})
		err := r.DB.Read(r.Context(), func(tx db.Tx) error {
			_, err := r.support.Explain(tx.Context(), tx, r.Scope, o.ID)
			return err
		})
		flinttest.Refused(t, err, "BALANCE_NOT_PROVED")
	})
}

// TestNoProcessorIsNamedThatNobodyAsked explains money that was received and given back elsewhere, beside a card's.
func TestNoProcessorIsNamedThatNobodyAsked(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		said := func(orderID string) (out []string) {
			for _, e := range r.explain(t, orderID).Entries {
				if _, isOperation := strings.CutPrefix(e.Reason, "operation:"); isOperation {
					out = append(out, e.What)
				}
			}
			return out
		}
		cash := r.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
		r.Write(t, func(tx db.Tx) error {
			_, _, err := r.Payments.RecordManual(tx, payment.RecordInput{Scope: r.Scope, OrderID: cash.ID, Amount: 2000, Flow: "api", Cause: r.Cause})
			return err
		})
		if got, want := said(cash.ID), []string{
			"Money that was received elsewhere was about to be recorded.", "Money that was received elsewhere had been recorded.",
		}; !slices.Equal(got, want) {
			t.Errorf("cash came in: %q", got)
		}
		card := r.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
		r.Paid(t, card.ID, "simtok_approve")
		if _, err := r.Refund(card.ID, func(in *refund.CreateInput) { in.Amount, in.Method = flinttest.Money(300, "USD"), refund.MethodManual }); err != nil {
			t.Fatal(err)
		}
		if got, want := said(card.ID), []string{
			"The processor was asked for a payment.", "The processor answered for a payment.",
			"Money that was given back elsewhere was about to be recorded.", "Money that was given back elsewhere had been recorded.",
		}; !slices.Equal(got, want) {
			t.Errorf("a card paid, and cash went back: %q", got)
		}
	})
}

// TestTheTimelineTellsWhoAndHowMuch follows an order from a checkout over its payment to a refund.
func TestTheTimelineTellsWhoAndHowMuch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		r.support.Name = func(_ db.Tx, _ tenant.Scope, typ, id string) (string, error) { return typ + " called " + id, nil }
		r.support.Reason = func(tx db.Tx, scope tenant.Scope, typ, id string) (string, error) {
			if typ != "refund" {
				return "", nil
			}
			f, err := refund.Get(tx, scope, id)
			return f.Detail.ReasonMessage, err
		}
		o := r.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
		session, err := r.Session(o.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		r.Advance(time.Minute)
		if err := r.PaySession(o.ID, session.ID, "simtok_approve"); err != nil {
			t.Fatal(err)
		}
		r.Advance(time.Minute)
		r.Cause.ActorType, r.Cause.ActorID = "app", "papp_x"
		given, err := r.Refund(o.ID, func(in *refund.CreateInput) {
			in.Amount, in.ReasonMessage = flinttest.Money(300, "USD"), "arrived broken"
		})
		if err != nil {
			t.Fatal(err)
		}
		r.Quiesce(t)
		all := r.timeline(t, support.TimelineInput{OrderID: o.ID, Limit: 100})
		find := func(typ string) support.Entry {
			t.Helper()
			n := slices.IndexFunc(all, func(e support.Entry) bool { return e.Type == typ })
			if n < 0 {
				t.Fatalf("nothing of type %s in %+v", typ, all)
			}
			return all[n]
		}
		if e := find("created"); e.Kind != "order" || e.Actor.Name != "api_key called key_test" || len(e.EventIDs) == 0 || e.Balance.Minor != 2000 {
			t.Errorf("creation: %+v", e)
		}
		if e := find("checkout_session.completed"); e.Kind != "checkout_session" || e.Objects[0].ID != session.ID {
			t.Errorf("session: %+v", e)
		}
		if e := find("payment"); e.Amount == nil || e.Amount.Minor != 2000 || e.BalanceDelta.Minor != -2000 || e.Objects[0].Type != "payment_intent" {
			t.Errorf("payment: %+v", e)
		}
		if e := find("refund"); e.Amount == nil || e.Amount.Minor != 300 || e.Balance.Minor != 0 || e.Reason != "arrived broken" ||
			e.Actor.Name != "app called papp_x" || e.Objects[0].ID != given.ID {
			t.Errorf("refund: %+v", e)
		}
		if e := find("refund.created"); e.Kind != "refund" || e.Amount.Minor != 300 || !strings.Contains(e.What, "refund") {
			t.Errorf("refund event: %+v", e)
		}
		for kind, min := range map[string]int{"refund": 2, "payment_intent": 1, "checkout_session": 2, "order": 3, "invoice": 0} {
			some := r.timeline(t, support.TimelineInput{OrderID: o.ID, Limit: 2, Kinds: []string{kind}})
			if len(some) < min || slices.ContainsFunc(some, func(e support.Entry) bool { return e.Kind != kind }) {
				t.Errorf("of kind %s: %+v", kind, some)
			}
		}
		late := r.timeline(t, support.TimelineInput{OrderID: o.ID, Limit: 100, OccurredAfter: flinttest.Start.Add(90 * time.Second)})
		if len(late) == 0 || len(late) >= len(all) || slices.ContainsFunc(late, func(e support.Entry) bool { return e.Kind == "payment_intent" }) {
			t.Errorf("later: %+v", late)
		}
		err = r.DB.Read(r.Context(), func(tx db.Tx) error {
			_, _, err := r.support.Timeline(tx.Context(), tx, support.TimelineInput{Scope: r.Scope, OrderID: o.ID, Limit: 10, Kinds: []string{"nothing"}})
			return err
		})
		flinttest.Refused(t, err, "INVALID_QUERY_PARAMETER")
		strange := r.Another()
		err = r.DB.Read(r.Context(), func(tx db.Tx) error {
			_, _, err := r.support.Timeline(tx.Context(), tx, support.TimelineInput{Scope: strange.Scope, OrderID: o.ID, Limit: 10})
			return err
		})
		flinttest.Refused(t, err, "RESOURCE_NOT_FOUND")
	})
}
