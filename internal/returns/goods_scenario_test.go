package returns_test

import (
	"slices"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// dock is a bench with returns; every order is handed over by one fulfilment as soon as it exists.
type dock struct {
	*flinttest.Bench
	returns *returns.Service
}

func newDock(t testing.TB, d db.DB) *dock {
	b := flinttest.New(t, d)
	k := &dock{Bench: b}
	k.returns = &returns.Service{
		Clock: b.Clock, IDs: b.IDs, Events: b.Orders.Events, Orders: b.Orders, Refunds: b.Refunds,
		Policies: &returnpolicy.Service{Clock: b.Clock, IDs: b.IDs},
		Fulfilled: func(_ db.Tx, o *order.Order) (out []returnpolicy.FulfilledLine, err error) {
			for _, l := range o.Lines {
				out = append(out, returnpolicy.FulfilledLine{FulfillmentID: "ful_1", OrderLineItemID: l.ID, Quantity: l.Quantity, FulfilledAt: o.CreatedAt})
			}
			return out, nil
		},
	}
	return k
}

// open is an approved return of three units that are inspected when they come.
func (k *dock) open(t testing.TB) *returns.Return {
	t.Helper()
	o := k.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 3}})
	k.Paid(t, o.ID, "simtok_approve")
	var r *returns.Return
	k.Write(t, func(tx db.Tx) (err error) {
		r, err = k.returns.Create(tx, returns.CreateInput{Scope: k.Scope, OrderID: o.ID, Cause: k.Cause, Lines: []returns.LineInput{
			{OrderLineID: o.Lines[0].ID, Quantity: 3, ReasonID: returnpolicy.BuiltIn()[0].ID}}})
		return err
	})
	three, yes := int64(3), true
	k.Write(t, func(tx db.Tx) (err error) {
		r, err = k.returns.Decide(tx, returns.DecideInput{Scope: k.Scope, ReturnID: r.ID, CompletionMode: "manual", Cause: k.Cause, Lines: []returns.Decision{{
			LineID: r.Lines[0].ID, Basis: "explicit", Approved: 3, ReturnRequired: &three, AllowedResolutions: []string{"refund"}, ResolutionMode: "manual",
			RefundTiming: "after_inspection", ReceivingLocation: "loc_hall", InspectionRequired: &yes,
			Destination: &returnpolicy.Destination{Name: "Hall", Address: returnpolicy.Address{Line1: "1 Dock Road", City: "Bern", PostalCode: "3000", Country: "CH"}},
		}}})
		return err
	})
	return r
}

func (k *dock) receive(t testing.TB, r *returns.Return, quantity int64, correct string) (x *returns.Receipt) {
	t.Helper()
	in := returns.ReceiptGoods{ReceivedAt: k.Clock.Now(), LocationID: "loc_hall", Lines: []returns.ReceiptLineInput{{LineID: r.Lines[0].ID, Quantity: quantity}}}
	if correct != "" {
		in.Supersedes, in.CorrectionReason = correct, "entry_error"
	}
	k.Write(t, func(tx db.Tx) (err error) {
		_, x, err = k.returns.Receive(tx, returns.ReceiveInput{Scope: k.Scope, ReturnID: r.ID, Goods: in, Cause: k.Cause})
		return err
	})
	return x
}

func TestGoodsComeAreInspectedAndPlaced(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		k := newDock(t, d)
		r := k.open(t)
		first := k.receive(t, r, 3, "")
		second := k.receive(t, r, 2, first.ID)
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, _, err := k.returns.Receive(tx, returns.ReceiveInput{Scope: k.Scope, ReturnID: r.ID, Cause: k.Cause, Goods: returns.ReceiptGoods{
				ReceivedAt: k.Clock.Now(), LocationID: "loc_hall", Lines: []returns.ReceiptLineInput{{LineID: r.Lines[0].ID, Quantity: 2}}}})
			return err
		})
		if f := fault.Of(err); f == nil || f.Code != "RETURN_RECEIPT_QUANTITY_EXCEEDED" || f.Details[0].Extra["available_quantity"] != int64(1) {
			t.Fatalf("four of three came: %v", err)
		}
		var look *returns.Inspection
		k.Write(t, func(tx db.Tx) (err error) {
			_, look, err = k.returns.Inspect(tx, returns.InspectInput{Scope: k.Scope, ReturnID: r.ID, Cause: k.Cause, Goods: returns.InspectionGoods{
				ReceiptID: second.ID, InspectedAt: k.Clock.Now(), LocationID: "loc_desk", Lines: []returns.InspectionLineInput{
					{ReceiptLineID: second.Lines[0].ID, Quantity: 1, Condition: "opened", Acceptance: "accepted"},
					{ReceiptLineID: second.Lines[0].ID, Quantity: 1, Condition: "damaged", Acceptance: "review_required"},
				}}})
			return err
		})
		k.Write(t, func(tx db.Tx) error {
			_, _, err := k.returns.Accept(tx, returns.AcceptInput{Scope: k.Scope, InspectionID: look.ID, InspectionLineID: look.Lines[1].ID, Cause: k.Cause,
				Acceptance: returns.Acceptance{Status: "rejected", Reason: "manual_review"}})
			return err
		})
		place := func(line int, kind string, at time.Time) (x *returns.Disposition) {
			k.Write(t, func(tx db.Tx) (err error) {
				_, x, err = k.returns.Dispose(tx, returns.DisposeInput{Scope: k.Scope, ReturnID: r.ID, Cause: k.Cause, Goods: returns.DispositionGoods{
					Type: kind, Quantity: 1, OccurredAt: at, Reason: "inspection_result", InspectionLineID: look.Lines[line].ID}})
				return err
			})
			return x
		}
		place(0, returns.DisposeSellable, k.Clock.Now())
		planned := place(1, returns.DisposeReturnToBuyer, k.Clock.Now().Add(time.Hour))
		k.Advance(2 * time.Hour)
		if _, err := k.returns.Sweep(t.Context(), d, 50); err != nil {
			t.Fatal(err)
		}
		k.Read(t, func(tx db.Tx) error {
			r, err := returns.Get(tx, k.Scope, r.ID)
			if err != nil {
				return err
			}
			l := r.Lines[0]
			if l.Received != 2 || l.Inspected != 2 || l.Accepted != 1 || l.Rejected != 1 || l.Dispositioned != 2 || l.MerchandiseStatus != returns.GoodsPartiallyReceived {
				t.Errorf("the line: %+v", l.LineDerived)
			}
			if h := r.Handoff; len(h) != 1 || h[0].Lines[0].Quantity != 1 || h[0].Address == nil || h[0].Address.City != "Bern" {
				t.Errorf("what the buyer still has: %+v", h)
			}
			if got := r.Disposition(planned.ID); got.Status != returns.DispositionSucceeded || len(got.Movements) != 0 {
				t.Errorf("what was planned: %+v", got)
			}
			current, _, err := returns.ListReceipts(tx, returns.ListReceiptsInput{Scope: k.Scope, Status: "current", Verification: "matched", LineID: l.ID, Query: second.ID, Limit: 10})
			if err != nil || len(current) != 1 || current[0].Part.ID != second.ID || current[0].ReturnID != r.ID {
				t.Errorf("receipts in force: %v, %v", current, err)
			}
			looks, _, err := returns.ListInspections(tx, returns.ListInspectionsInput{Scope: k.Scope, Acceptance: "rejected", ReceiptID: second.ID, LocationID: "loc_desk", Limit: 10})
			if err != nil || len(looks) != 1 {
				t.Errorf("inspections with rejected goods: %v, %v", looks, err)
			}
			placed, _, err := returns.ListDispositions(tx, returns.ListDispositionsInput{Scope: k.Scope, Type: returns.DisposeSellable, Status: "succeeded", LocationID: "loc_desk", Limit: 10})
			if err != nil || len(placed) != 1 || len(placed[0].Part.Movements) != 1 {
				t.Errorf("goods on sale again: %v, %v", placed, err)
			}
			return nil
		})
		want := []string{returns.EventReceiptCreated, returns.EventReceiptSuperseded, returns.EventInspectionCreated, returns.EventAcceptanceDecided,
			returns.EventDispositionCreated, returns.EventDispositionUpdated}
		told := k.Events(t, r.ID)
		for _, kind := range want {
			if !slices.Contains(told, kind) {
				t.Errorf("%s was not told: %v", kind, told)
			}
		}
	})
}

// Planned dispositions that cannot happen make room for the next, and are tried again.
func TestPlannedDispositionsThatFailKeepNoneWaiting(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		k := newDock(t, d)
		at := k.Clock.Now().Add(time.Hour)
		plan := func() (returnID string) {
			r := k.open(t)
			came := k.receive(t, r, 1, "")
			k.Write(t, func(tx db.Tx) error {
				_, look, err := k.returns.Inspect(tx, returns.InspectInput{Scope: k.Scope, ReturnID: r.ID, Cause: k.Cause, Goods: returns.InspectionGoods{
					ReceiptID: came.ID, InspectedAt: k.Clock.Now(), LocationID: "loc_desk", Lines: []returns.InspectionLineInput{
						{ReceiptLineID: came.Lines[0].ID, Quantity: 1, Condition: "opened", Acceptance: "accepted"}}}})
				if err != nil {
					return err
				}
				_, _, err = k.returns.Dispose(tx, returns.DisposeInput{Scope: k.Scope, ReturnID: r.ID, Cause: k.Cause, Goods: returns.DispositionGoods{
					Type: returns.DisposeSellable, Quantity: 1, OccurredAt: at, Reason: "inspection_result", InspectionLineID: look.Lines[0].ID}})
				return err
			})
			at = at.Add(time.Second)
			return r.ID
		}
		broken, whole := []string{plan(), plan()}, plan()
		status := func(returnID string) (out string) {
			k.Read(t, func(tx db.Tx) error {
				r, err := returns.Get(tx, k.Scope, returnID)
				if err == nil {
					out = r.Dispositions[0].Status
				}
				return err
			})
			return out
		}
		document := func(as string) {
			for _, returnID := range broken {
				k.Write(t, func(tx db.Tx) error {
					return tx.Send(`UPDATE returns SET doc = `+as+` WHERE merchant_id = $1 AND return_id = $2`, k.Scope.MerchantID, returnID)
				})
			}
		}
		document(`'x' || doc`)
		k.Advance(2 * time.Hour)
		for round, fails := range []bool{true, false} {
			if _, err := k.returns.Sweep(t.Context(), d, len(broken)); (err != nil) != fails {
				t.Errorf("sweep %d: %v", round+1, err)
			}
		}
		if got := status(whole); got != returns.DispositionSucceeded {
			t.Errorf("behind two that fail, a disposition is %s", got)
		}
		document(`SUBSTR(doc, 2)`)
		k.Advance(2 * time.Minute)
		for range 2 {
			if _, err := k.returns.Sweep(t.Context(), d, len(broken)); err != nil {
				t.Error(err)
			}
		}
		for _, returnID := range broken {
			if got := status(returnID); got != returns.DispositionSucceeded {
				t.Errorf("tried again, a disposition is %s", got)
			}
		}
		k.Read(t, func(tx db.Tx) error {
			return tx.Query(func(row db.Row) error {
				var n int64
				if err := row.Scan(&n); err != nil || n != 0 {
					t.Errorf("%d rows are left on the list of work, %v", n, err)
				}
				return nil
			}, `SELECT COUNT(*) FROM return_work`)
		})
	})
}

func TestAHandedOverParcelIsNoted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		k := newDock(t, d)
		r := k.open(t)
		lineID := r.Lines[0].ID
		k.Write(t, func(tx db.Tx) error {
			lines, err := k.returns.Shippable(tx, k.Scope, r.ID)
			if err != nil || len(lines) != 1 || lines[0].ApprovedQuantity != 3 || lines[0].FulfillmentID != "ful_1" {
				t.Errorf("what may travel back: %+v, %v", lines, err)
			}
			for range 2 {
				if err := k.returns.HandOff(tx, k.Scope, r.ID, "shp_1", map[string]int64{lineID: 1}, k.Clock.Now(), k.Cause); err != nil {
					return err
				}
			}
			return nil
		})
		k.Read(t, func(tx db.Tx) error {
			r, err := returns.Get(tx, k.Scope, r.ID)
			if err == nil && (r.Lines[0].HandedOff != 2 || r.MerchandiseStatus != returns.GoodsInTransit || r.Handoff[0].Status != "in_progress") {
				t.Errorf("two parcels left: %+v, %+v", r.Lines[0].LineDerived, r.Handoff)
			}
			return err
		})
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := k.returns.CancelLine(tx, returns.CancelLineInput{Scope: k.Scope, ReturnID: r.ID, LineID: lineID, Quantity: 2, Handback: 2, Reason: "buyer_request", Cause: k.Cause})
			return err
		})
		if f := fault.Of(err); f == nil || f.Code != "RETURN_LINE_CANCELLATION_CONFLICT" || f.Extra["blocking_resource_count"] != 1 {
			t.Errorf("two of three left the buyer: %v", err)
		}
	})
}
