package recovery_test

import (
	"slices"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/recovery"
)

func TestRemindersGoOutByThePlan(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		r.email(t, s, "ana@buyer.test")
		r.later(t, 59*time.Minute)
		if len(r.letters) != 0 {
			t.Fatal("mailed before the buyer was gone")
		}
		r.later(t, time.Minute)
		if len(r.letters) != 1 || r.letters[0].To != "ana@buyer.test" || r.letters[0].Step != 1 {
			t.Fatalf("%+v", r.letters)
		}
		r.later(t, 23*time.Hour)
		r.later(t, 48*time.Hour)
		if len(r.letters) != 3 {
			t.Errorf("%d letters", len(r.letters))
		}
		got := r.of(t, s.OrderID)
		if steps := r.steps(t, got.ID); steps != "1 sent; 2 sent; 3 sent; " {
			t.Errorf("steps: %s", steps)
		}
		// The second mail is the one that works.
		f, err := r.open(r.letters[1].URL[len("https://pay.test/r/"):])
		if err != nil || f.Verdict != recovery.Ready {
			t.Fatalf("%+v, %v", f, err)
		}
		if err := r.Pay(s.OrderID, "simtok_approve", by(f.Session)); err != nil {
			t.Fatal(err)
		}
		if a := r.of(t, s.OrderID).Detail.Attribution; a == nil || a.Step != 2 || a.Source != recovery.SourceReminder || a.SessionID != f.Session.ID {
			t.Errorf("attribution %+v", a)
		}
	})
}

func TestWhyAReminderIsNotSent(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for why, change := range map[string]func(s *checkout.Session){
			recovery.WhyNoAddress:    nil,
			recovery.WhyUnsubscribed: func(*checkout.Session) { r.off["ana@buyer.test"] = true },
			recovery.WhyNoPostal:     func(*checkout.Session) { r.plan.HasAddress = false },
			recovery.WhyNoConsent:    func(*checkout.Session) { r.plan.OptIn = true },
			recovery.WhyReturned:     nil,
			recovery.WhyLaterStep:    nil,
			recovery.WhyBought:       func(s *checkout.Session) { r.Paid(t, s.OrderID, "simtok_approve") },
			recovery.WhyClosed: func(s *checkout.Session) {
				r.Write(t, func(tx db.Tx) error {
					_, err := r.Orders.Close(tx.Context(), tx, order.CloseInput{Scope: r.Scope, OrderID: s.OrderID, Cause: r.Cause})
					return err
				})
			},
		} {
			r.off, r.letters = map[string]bool{}, nil
			r.plan = recovery.Plan{Steps: []recovery.PlanStep{{Delay: 2 * time.Hour}, {Delay: 3 * time.Hour}}, HasAddress: true}
			s := r.left(t)
			if why != recovery.WhyNoAddress {
				r.email(t, s, "ana@buyer.test")
			}
			r.later(t, time.Hour)
			if change != nil {
				change(s)
			}
			switch why {
			case recovery.WhyReturned:
				r.Advance(30 * time.Minute)
				r.visit(t, s)
				r.later(t, 31*time.Minute)
			case recovery.WhyLaterStep:
				r.Advance(5 * time.Hour) // the worker was away
				r.work(t)
			default:
				r.later(t, time.Hour)
			}
			got := r.of(t, s.OrderID)
			var first recovery.Step
			r.Read(t, func(tx db.Tx) error {
				steps, err := recovery.Steps(tx, r.Scope, got.ID)
				first = steps[0]
				return err
			})
			if first.State != recovery.StepSuppressed || first.Reason != why {
				t.Errorf("%s: the step is %s, %s", why, first.State, first.Reason)
			}
			mine := slices.DeleteFunc(slices.Clone(r.letters), func(l recovery.Letter) bool { return l.OrderID != s.OrderID })
			if want := map[bool]int{true: 1}[why == recovery.WhyLaterStep]; len(mine) != want {
				t.Errorf("%s: %d letters", why, len(mine))
			}
		}
	})
}

func TestQuietHoursAndCaps(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		night := r.Clock.Now().Add(10 * time.Hour)
		r.plan = recovery.Plan{Steps: []recovery.PlanStep{{Delay: time.Hour}}, HasAddress: true, Cap: 2, CapDays: 7,
			Quiet: func(at time.Time, zone string) time.Time {
				if zone == "Europe/Berlin" && at.Before(night) {
					return night
				}
				return at
			}}
		berlin, zone := r.left(t), "Europe/Berlin"
		r.email(t, berlin, "jan@buyer.test")
		r.Write(t, func(tx db.Tx) error {
			_, err := r.Checkouts.Update(tx, checkout.UpdateInput{Scope: r.Scope, SessionID: berlin.ID, Timezone: &zone, Cause: r.Cause})
			return err
		})
		r.later(t, 2*time.Hour)
		if len(r.letters) != 0 {
			t.Fatal("mailed at night")
		}
		r.later(t, 8*time.Hour)
		if len(r.letters) != 1 {
			t.Fatal("not mailed in the morning")
		}
		for range 4 {
			s := r.left(t)
			r.email(t, s, "JAN@buyer.test")
		}
		r.later(t, 2*time.Hour)
		if len(r.letters) != 2 {
			t.Errorf("%d letters to one address that may get 2", len(r.letters))
		}
		r.Advance(8 * 24 * time.Hour)
		s := r.left(t)
		r.email(t, s, "jan@buyer.test")
		r.later(t, 2*time.Hour)
		if len(r.letters) != 3 {
			t.Errorf("%d letters after the week", len(r.letters))
		}
	})
}

// What is decided is asked once more when the mail leaves.
func TestAReminderThatLeavesTooLate(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		r.email(t, s, "ana@buyer.test")
		r.later(t, time.Hour)
		leaving := func() (why string) {
			r.Write(t, func(tx db.Tx) (err error) {
				why, err = r.rec.Leaving(tx, r.Scope, r.letters[0].ID)
				return err
			})
			return why
		}
		if why := leaving(); why != "" {
			t.Fatalf("dropped: %s", why)
		}
		r.Paid(t, s.OrderID, "simtok_approve")
		if why := leaving(); why != recovery.WhyBought {
			t.Errorf("a buyer who has bought is written to: %q", why)
		}
		if steps := r.steps(t, r.of(t, s.OrderID).ID); steps[:len("1 suppressed order_paid")] != "1 suppressed order_paid" {
			t.Errorf("steps: %s", steps)
		}
	})
}
