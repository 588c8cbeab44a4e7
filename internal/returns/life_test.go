package returns_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

func TestLifeOfAReturn(t *testing.T) {
	lifeOnEach(t, func(t *testing.T, r *life) {
		o := r.Order(t, "USD", []flinttest.Line{{Price: 333, Quantity: 3}})
		x := r.asked(t, o, 2)
		if x.Status != returns.StatusRequested || x.DecisionStatus != returns.DecisionPending || x.Lines[0].Eligibility.Reason != "no_matching_policy" {
			t.Fatalf("asked: %s, %s, %s", x.Status, x.DecisionStatus, x.Lines[0].Eligibility.Reason)
		}
		if len(x.CompletionBlockers) != 1 || x.CompletionBlockers[0].Code != returns.BlockedDecision || x.Lines[0].Value.Total != 666 {
			t.Fatalf("asked: blockers %+v, value %d", x.CompletionBlockers, x.Lines[0].Value.Total)
		}
		if _, err := r.complete(x); !fault.Is(err, "RETURN_ACTION_NOT_ALLOWED") {
			t.Errorf("completing what is only requested: %v", err)
		}
		x, err := r.decide(x, 1)
		if err != nil {
			t.Fatal(err)
		}
		if x.Status != returns.StatusOpen || x.DecisionStatus != returns.DecisionPartiallyApproved || x.Lines[0].Declined != 1 {
			t.Fatalf("decided: %s, %s, %d declined", x.Status, x.DecisionStatus, x.Lines[0].Declined)
		}
		if _, err := r.complete(x); !fault.Is(err, "RETURN_COMPLETION_BLOCKED") {
			t.Errorf("completing without a resolution: %v", err)
		}
		if _, err := r.decide(x, 1); !fault.Is(err, "RETURN_ACTION_NOT_ALLOWED") {
			t.Errorf("deciding twice: %v", err)
		}
		if x, err = r.cancel(x); err != nil || x.Status != returns.StatusCanceled || len(x.CompletionBlockers) != 0 {
			t.Fatalf("canceled: %v, %s, %+v", err, x.Status, x.CompletionBlockers)
		}
		told := r.told(t, x)
		if told[returns.EventCreated] != 1 || told[returns.EventDecisionRecorded] != 1 || told[returns.EventCanceled] != 1 {
			t.Errorf("events: %v", told)
		}
		r.asked(t, o, 3) // the canceled units are free again
	})
}

func TestWhatCannotBeAsked(t *testing.T) {
	lifeOnEach(t, func(t *testing.T, r *life) {
		o := r.Order(t, "USD", []flinttest.Line{{Price: 100, Quantity: 2}, {Price: 50, Quantity: 1}})
		first, second := o.Lines[0].ID, o.Lines[1].ID
		cases := map[string]struct {
			lines       []returns.LineInput
			code, param string
		}{
			"no lines":         {nil, "RETURN_INVALID", "line_items"},
			"unknown line":     {[]returns.LineInput{{OrderLineID: "li_x", Quantity: 1, ReasonID: changedMind}}, "RESOURCE_NOT_FOUND", "line_items[0].order_line_item_id"},
			"unknown reason":   {[]returns.LineInput{{OrderLineID: first, Quantity: 1, ReasonID: "rrsn_x"}}, "RESOURCE_NOT_FOUND", "line_items[0].return_reason_id"},
			"note missing":     {[]returns.LineInput{{OrderLineID: first, Quantity: 1, ReasonID: faulty}}, "RETURN_INVALID", "line_items[0].buyer_note"},
			"too many":         {[]returns.LineInput{{OrderLineID: first, Quantity: 3, ReasonID: changedMind}}, "RETURN_INVALID", "line_items[0].requested_quantity"},
			"nothing":          {[]returns.LineInput{{OrderLineID: first, ReasonID: changedMind}}, "RETURN_INVALID", "line_items[0].requested_quantity"},
			"other fulfilment": {[]returns.LineInput{{OrderLineID: first, FulfillmentID: "ful_2", Quantity: 1, ReasonID: changedMind}}, "RESOURCE_NOT_FOUND", "line_items[0].fulfillment_id"},
			"twice": {[]returns.LineInput{{OrderLineID: second, Quantity: 1, ReasonID: changedMind}, {OrderLineID: second, Quantity: 1, ReasonID: changedMind}},
				"RETURN_INVALID", "line_items[1].order_line_item_id"},
		}
		for name, c := range cases {
			err := r.try(func(tx db.Tx) error {
				_, err := r.returns.Create(tx, returns.CreateInput{Scope: r.Scope, OrderID: o.ID, Lines: c.lines, Cause: r.Cause})
				return err
			})
			if f := fault.Of(err); f == nil || f.Code != c.code || f.Param != c.param {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Two returns never hold the same unit, however many ask at once.
func TestRaceReturnsOfTheLastUnits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newLife(t, d)
		flinttest.Rounds(t, func(width int) {
			o := r.Order(t, "USD", []flinttest.Line{{Price: 333, Quantity: 3}})
			errs := flinttest.Race(width, func(int) error { _, err := r.ask(o, 2); return err })
			through := 0
			for _, err := range errs {
				if err == nil {
					through++
				} else if !fault.Is(err, "RETURN_INVALID") {
					t.Errorf("refused with %v", err)
				}
			}
			if through != 1 {
				t.Errorf("%d returns hold 2 of 3 units each", through)
			}
		})
	})
}

// Units that were refunded without a return cannot be asked back for value.
func TestRefundedUnitsAreNotReturned(t *testing.T) {
	lifeOnEach(t, func(t *testing.T, r *life) {
		o := r.Order(t, "USD", []flinttest.Line{{Price: 333, Quantity: 3}})
		r.Paid(t, o.ID, "simtok_approve")
		if _, err := r.Refund(o.ID, func(in *refund.CreateInput) {
			two := int64(2)
			in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &two}}
		}); err != nil {
			t.Fatal(err)
		}
		r.Advance(time.Second)
		r.Deliver(t)
		if _, err := r.ask(o, 2); !fault.Is(err, "RETURN_INVALID") {
			t.Errorf("asking refunded units: %v", err)
		}
		if x := r.asked(t, o, 1); x.Lines[0].Value.Total != 333 {
			t.Errorf("the last unit carries %d", x.Lines[0].Value.Total)
		}
	})
}

// model is what a return of n units may do, told without any of its code.
type model struct {
	status          string
	asked, approved int64
	decided         bool
}

// TestReturnsFollowTheModel drives a return by random acts and compares it with the model after each.
func TestReturnsFollowTheModel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newLife(t, d)
		sequences(t, d, func(rt *rapid.T) {
			o := r.Order(rt, "USD", []flinttest.Line{{Price: 333, Quantity: 5}})
			m := model{status: returns.StatusRequested, asked: rapid.Int64Range(1, 5).Draw(rt, "asked")}
			x := r.asked(rt, o, m.asked)
			for range rapid.IntRange(1, 6).Draw(rt, "acts") {
				next, err, allowed := x, error(nil), false
				switch act := rapid.SampledFrom([]string{"decide", "cancel", "complete", "reopen"}).Draw(rt, "act"); act {
				case "decide":
					n := rapid.Int64Range(0, m.asked).Draw(rt, "approved")
					next, err = r.decide(x, n)
					if allowed = m.status == returns.StatusRequested; allowed {
						m.approved, m.decided, m.status = n, true, returns.StatusOpen
						if n == 0 {
							m.status = returns.StatusDeclined
						}
					}
				case "cancel":
					next, err = r.cancel(x)
					if allowed = m.status == returns.StatusRequested || m.status == returns.StatusOpen; allowed {
						m.status = returns.StatusCanceled
					}
				case "complete":
					next, err = r.complete(x) // its value is never resolved here
				case "reopen":
					next, err = r.reopen(x)
				}
				if allowed != (err == nil) {
					rt.Fatalf("allowed %v, but: %v", allowed, err)
				}
				if err == nil {
					x = next
				}
				m.compare(rt, r, x)
			}
			free := int64(5)
			switch m.status {
			case returns.StatusRequested:
				free -= m.asked
			case returns.StatusOpen:
				free -= m.approved
			}
			if _, err := r.ask(o, free+1); !fault.Is(err, "RETURN_INVALID") {
				rt.Fatalf("%d units are free, and %d were given: %v", free, free+1, err)
			}
			if free > 0 {
				r.asked(rt, o, free)
			}
		})
	})
}

func (m *model) compare(rt *rapid.T, r *life, x *returns.Return) {
	var stored *returns.Return
	if err := r.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		stored, err = returns.Get(tx, r.Scope, x.ID)
		return err
	}); err != nil {
		rt.Fatal(err)
	}
	l := stored.Lines[0]
	if stored.Status != m.status || stored.Version != x.Version || l.Requested != m.asked || l.Approved != m.approved {
		rt.Fatalf("stored %s v%d %d/%d, model %s %d/%d", stored.Status, stored.Version, l.Approved, l.Requested, m.status, m.approved, m.asked)
	}
	if m.decided && l.Approved+l.Declined != l.Requested {
		rt.Fatalf("%d approved and %d declined of %d", l.Approved, l.Declined, l.Requested)
	}
	live := m.status == returns.StatusRequested || m.status == returns.StatusOpen
	if live != (len(stored.CompletionBlockers) > 0) {
		rt.Fatalf("%s with blockers %+v", m.status, stored.CompletionBlockers)
	}
}

// A counter does everything in one step, and a step that cannot be taken takes the others back.
func TestACounterDoesItAtOnce(t *testing.T) {
	lifeOnEach(t, func(t *testing.T, r *life) {
		o := r.Order(t, "USD", []flinttest.Line{{Price: 333, Quantity: 3}})
		x := r.asked(t, o, 2)
		process := func(units int64) (out *returns.Return, made returns.Processed, err error) {
			two := int64(2)
			err = r.try(func(tx db.Tx) error {
				out, made, err = r.returns.Process(tx, returns.ProcessInput{
					Scope: r.Scope, ReturnID: x.ID, CompleteReady: true, Cause: r.Cause,
					Receipt: &returns.ReceiptGoods{ReceivedAt: r.Clock.Now(), LocationID: "loc_shop"},
					Lines: []returns.ProcessLine{{
						LineID: x.Lines[0].ID, Received: 2, Units: units,
						Decision: &returns.Decision{
							Basis: returns.BasisExplicit, Approved: 2, ReturnRequired: &two, AllowedResolutions: []string{returns.ResolutionNoMoney},
							ResolutionMode: returns.ModeManual, ReceivingLocation: "loc_shop", Destination: &returnpolicy.Destination{Name: "Shop"},
						},
						Disposition: &returns.DispositionGoods{Type: returns.DisposeSellable, OccurredAt: r.Clock.Now(), Reason: "warehouse_override"},
						Resolution:  &returns.ResolutionInput{Type: returns.ResolutionNoMoney},
					}},
				})
				return err
			})
			return out, made, err
		}
		if _, _, err := process(3); err == nil {
			t.Fatal("3 units of 2 were resolved")
		}
		var still *returns.Return
		r.Read(t, func(tx db.Tx) (err error) { still, err = returns.Get(tx, r.Scope, x.ID); return err })
		if still.Status != returns.StatusRequested || len(still.Receipts) != 0 {
			t.Fatalf("half of a refused call stands: %s, %d receipts", still.Status, len(still.Receipts))
		}
		done, made, err := process(2)
		if err != nil {
			t.Fatal(err)
		}
		if done.Status != returns.StatusCompleted || done.Lines[0].Received != 2 || done.Lines[0].Dispositioned != 2 || done.Lines[0].Resolved != 2 {
			t.Errorf("done: %s, %+v, %+v", done.Status, done.Lines[0].LineDerived, done.CompletionBlockers)
		}
		if len(made.Receipts) != 1 || len(made.Dispositions) != 1 || len(made.Resolutions) != 1 || len(made.Inspections) != 0 {
			t.Errorf("made: %+v", made)
		}
	})
}
