package paymentlink_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/paymentlink"
)

// rounds is how often a race is run: FLINT_RACE_ROUNDS, once without it.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("FLINT_RACE_ROUNDS")); err == nil {
		return n
	}
	return 1
}

// link makes a link of one line of 10.00 USD; change may edit it before.
func link(t flinttest.TB, b *flinttest.Bench, change ...func(l *paymentlink.Link)) *paymentlink.Link {
	t.Helper()
	in := paymentlink.Link{Name: "Tour", Lines: []paymentlink.Line{{Name: "Seat", UnitPrice: &money.Amount{Minor: 1000, Currency: "USD"}}}}
	for _, f := range change {
		f(&in)
	}
	var out *paymentlink.Link
	b.Write(t, func(tx db.Tx) (err error) {
		out, err = b.Links.Create(tx.Context(), tx, paymentlink.CreateInput{Scope: b.Scope, Cause: b.Cause, Link: in})
		return err
	})
	return out
}

func read(t flinttest.TB, b *flinttest.Bench, linkID string) *paymentlink.Link {
	t.Helper()
	var out *paymentlink.Link
	b.Read(t, func(tx db.Tx) (err error) {
		out, err = b.Links.Get(tx, b.Scope, linkID)
		return err
	})
	return out
}

// resolve opens a link as a buyer's page does, a fresh context each time.
func resolve(b *flinttest.Bench, linkID string, change ...func(in *paymentlink.ResolveInput)) (checkout.Launch, error) {
	var out checkout.Launch
	err := b.DB.Write(b.Context(), func(tx db.Tx) error {
		p, err := b.Links.ReadPublic(tx.Context(), tx, linkID)
		if err != nil {
			return err
		}
		in := paymentlink.ResolveInput{LinkID: linkID, Context: p.Context.Text, Cause: b.Cause}
		for _, f := range change {
			f(&in)
		}
		out, err = b.Links.Resolve(tx.Context(), tx, in)
		return err
	})
	return out, err
}

// Race 14: 64 buyers pay a link that sells less than they want, some with cards that are declined. It is
// never sold above its cap, and none of it is left.
func TestRaceForTheLastPlaces(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		whole := flinttest.New(t, d)
		for round := range rounds() {
			b := whole.Another()
			const buyers, places, most = 64, 20, 3
			l := link(t, b, func(l *paymentlink.Link) {
				if round%2 == 1 { // an event sells tickets, of which a buyer takes several
					l.Type, l.MaxQuantity = paymentlink.TypeEvent, places
					l.Event = &paymentlink.Event{Timezone: "Europe/Berlin"}
					l.Lines[0].AdjustQuantity = true
					return
				}
				l.MaxCompletions = places
			})
			tickets := l.MaxQuantity > 0
			var wg sync.WaitGroup
			errs := make(chan error, buyers)
			random := rand.New(rand.NewPCG(14, uint64(round)))
			for n := range buyers {
				quantity, declines := int64(1+random.IntN(most)), random.IntN(3)
				wg.Go(func() {
					if err := buy(b, l, tickets, quantity, declines); err != nil {
						errs <- fmt.Errorf("buyer %d: %w", n, err)
					}
				})
			}
			wg.Wait()
			close(errs)
			for err := range errs {
				t.Error(err)
			}
			b.Quiesce(t)
			got := read(t, b, l.ID)
			if got.Held != 0 || got.HeldQuantity != 0 {
				t.Errorf("round %d: %d places of %d units are held by nobody", round, got.Held, got.HeldQuantity)
			}
			switch {
			case !tickets && (got.Completed != places || got.Sold != places):
				t.Errorf("round %d: %d orders of %d units paid, want %d", round, got.Completed, got.Sold, places)
			case tickets && got.Sold != places:
				t.Errorf("round %d: %d tickets sold, want %d", round, got.Sold, places)
			}
			var paid, units int64
			b.Read(t, func(tx db.Tx) error {
				return tx.QueryRow([]any{&paid, &units}, `SELECT COUNT(*), CAST(COALESCE(SUM(o.total), 0) AS BIGINT) FROM orders o
					WHERE o.merchant_id = $1 AND o.payment_status = 'paid'`, b.Scope.MerchantID)
			})
			if paid != got.Completed || units != got.Sold*1000 {
				t.Errorf("round %d: %d orders of %d are paid, the link says %d of %d units", round, paid, units, got.Completed, got.Sold)
			}
			b.Check(t)
		}
	})
}

// buy pays the link once, however often it takes, until it is sold out. With tickets a buyer who finds too
// few left takes fewer.
func buy(b *flinttest.Bench, l *paymentlink.Link, tickets bool, quantity int64, declines int) error {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		launch, err := resolve(b, l.ID, func(in *paymentlink.ResolveInput) {
			if tickets {
				in.Quantities = map[string]int64{"seat": quantity}
			}
		})
		switch {
		case fault.Is(err, "EVENT_SOLD_OUT"), fault.Is(err, "PAYMENT_LINK_MAX_COMPLETIONS_REACHED"):
			return nil
		case fault.Is(err, "QUANTITY_ABOVE_MAX"):
			quantity = max(quantity-1, 1)
			continue
		case err != nil:
			return err
		}
		token := "simtok_approve"
		if declines > 0 {
			declines--
			token = "simtok_decline_insufficient_funds"
		}
		if err := b.Pay(launch.Session.OrderID, token, func(in *payment.PayInput) { in.CheckoutSessionID = launch.Session.ID }); err != nil {
			return err
		}
		s, err := attempts(b, launch.Session.OrderID)
		if err != nil {
			return err
		}
		if s == payment.AttemptSucceeded {
			return nil
		}
		quantity = max(quantity-1, 1) // others may hold what this buyer wanted
		time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
	}
	return errors.New("gave up")
}

// attempts is the status of the order's newest attempt.
func attempts(b *flinttest.Bench, orderID string) (string, error) {
	var status string
	err := b.DB.Read(b.Context(), func(tx db.Tx) error {
		a, err := payment.NewestAttempt(tx, b.Scope, orderID, "")
		if err == nil {
			status = a.Status
		}
		return err
	})
	return status, err
}
