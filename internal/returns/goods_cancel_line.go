package returns

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Reasons for withdrawing units of a line.
var lineCancelReasons = []string{"buyer_request", "merchant_request", "expired", "created_in_error", "other"}

// maxBlocking is how many objects an answer names at most as being in the way.
const maxBlocking = 25

// CancelLineInput withdraws approved units of a line.
type CancelLineInput struct {
	Scope           tenant.Scope
	ReturnID        string
	LineID          string
	Quantity        int64
	Handback        int64 // of Quantity, how many the buyer no longer has to send back
	Reason          string
	Message         string
	ExpectedVersion *int64
	Cause           event.Cause
}

// CancelLine withdraws approved units of a line that nothing was done with yet. A return of which nothing is left
// and nothing was done is canceled.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID,
// RETURN_LINE_CANCELLATION_CONFLICT (with blocking_resources).
func (s *Service) CancelLine(tx db.Tx, in CancelLineInput) (*Return, error) {
	r, o, l, err := s.lineToAct(tx, in.Scope, in.ReturnID, in.LineID, in.Message, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	var c change
	if err := r.cancelLine(l, &in, actorOf(in.Cause), s.Clock.Now(), &c); err != nil {
		return nil, err
	}
	return r, s.save(tx, o, r, in.Cause, c)
}

func (r *Return) cancelLine(l *Line, in *CancelLineInput, by Actor, now time.Time, c *change) error {
	if r.Status != StatusOpen {
		next := "Read the return: supported_actions says what can be done."
		if r.Status == StatusRequested {
			next = "Change or remove the line instead."
		}
		return notAllowed(r.Status, next, "Units are withdrawn while the return is open.")
	}
	if l.Live() == 0 {
		return notAllowed(l.Status, "Read the return: supported_actions says what can be done.", "No approved unit of the line is left.")
	}
	if err := in.check(l); err != nil {
		return err
	}
	if err := r.checkWithdrawal(l, in.Quantity, in.Handback); err != nil {
		return err
	}
	l.Canceled += in.Quantity
	l.ReturnRequired -= in.Handback
	r.Acts = append(r.Acts, Act{Kind: "line_canceled", LineID: l.ID, Actor: by, At: now, Reason: in.Reason, Message: in.Message, Quantity: in.Quantity})
	nothingLeft := !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Live() > 0 })
	if nothingLeft && cancelable(r) {
		r.Ended, r.CanceledAt, r.CanceledBy, r.CancelReason = StatusCanceled, now, &by, in.Reason
		c.tell(EventCanceled, "")
	}
	return nil
}

func (in *CancelLineInput) check(l *Line) error {
	var faults fault.List
	if in.Quantity < 1 {
		faults.Add("INVALID_QUANTITY", "quantity", "At least one unit is withdrawn.")
	}
	if in.Handback < 0 || in.Handback > in.Quantity {
		faults.Add("INVALID_QUANTITY", "handback_quantity", "It is part of the withdrawn quantity.")
	} else if in.Handback > l.ReturnRequired {
		faults.Add("RETURN_INVALID", "handback_quantity", "Fewer units than that have to be sent back.")
	}
	if !slices.Contains(lineCancelReasons, in.Reason) {
		faults.Add("INVALID_REQUEST", "reason", "Say why the units are withdrawn.")
	}
	return faults.Err()
}

// checkWithdrawal refuses to withdraw units that resolutions hold or that left the buyer, and names what holds
// them.
func (r *Return) checkWithdrawal(l *Line, quantity, handback int64) error {
	live := l.Live()
	free := live
	var blocking []map[string]any
	for _, x := range r.Resolutions {
		for _, part := range x.Lines {
			if part.LineID == l.ID && x.holds() {
				free -= part.Quantity
				blocking = append(blocking, resource("return_resolution", x.ID))
			}
		}
	}
	if quantity > free {
		return withdrawalConflict(max(0, free), blocking, "Resolutions hold units of the line.")
	}
	atBuyer := max(0, l.ReturnRequired-l.HandedOff)
	if handback > atBuyer {
		return withdrawalConflict(atBuyer, r.goodsOf(l), "Units of the line left the buyer or arrived.")
	}
	if must := l.ReturnRequired - (live - quantity); handback < must {
		if must > atBuyer {
			return withdrawalConflict(min(free, live-l.ReturnRequired+atBuyer), r.goodsOf(l), "Units of the line left the buyer or arrived.")
		}
		return fault.Invalid("RETURN_INVALID", "handback_quantity", "More units would have to be sent back than are still approved.")
	}
	return nil
}

// goodsOf names the shipments, receipts, inspections and dispositions of goods of a line that are in force.
func (r *Return) goodsOf(l *Line) []map[string]any {
	var out []map[string]any
	for _, h := range l.Handoffs {
		if h.ShipmentID != "" {
			out = append(out, resource("shipment", h.ShipmentID))
		}
	}
	for _, x := range r.Receipts {
		if x.Status == ObservationCurrent && slices.ContainsFunc(x.Lines, func(i ReceiptLine) bool { return i.LineID == l.ID && i.Verification == VerificationMatched }) {
			out = append(out, resource("return_receipt", x.ID))
		}
	}
	for _, x := range r.Inspections {
		if x.Status == ObservationCurrent && slices.ContainsFunc(x.Lines, func(i InspectionLine) bool { return i.LineID == l.ID }) {
			out = append(out, resource("return_inspection", x.ID))
		}
	}
	for _, d := range r.Dispositions {
		if d.LineID == l.ID && d.holds() {
			out = append(out, resource("return_disposition", d.ID))
		}
	}
	return out
}

func resource(kind, resourceID string) map[string]any {
	return map[string]any{"resource_type": kind, "resource_id": resourceID}
}

func withdrawalConflict(available int64, blocking []map[string]any, format string, args ...any) error {
	err := fault.Conflict("RETURN_LINE_CANCELLATION_CONFLICT", format, args...).
		Then("Cancel the resolutions, or correct what was recorded, that blocking_resources name; or withdraw fewer units.")
	err.Param = "quantity"
	shown := blocking[:min(len(blocking), maxBlocking)]
	err.Details = []fault.Detail{{Code: err.Code, Param: err.Param, Message: err.Message,
		Extra: map[string]any{"available_quantity": available, "blocking_resources": shown}}}
	if len(blocking) == 0 {
		return err
	}
	return err.With("blocking_resources", shown).With("blocking_resource_count", len(blocking))
}
