package returns

import (
	"slices"
	"time"

	"flint/internal/fault"
	"flint/internal/id"
)

// Reasons for correcting an observation.
var correctionReasons = []string{"entry_error", "duplicate_observation", "source_correction", "reconciliation_correction", "other"}

// Reasons for taking unidentified goods for those of a line.
var verificationReasons = []string{"order_match_confirmed", "sku_match_confirmed", "inspection_confirmed", "merchant_review", "other"}

// clockSkew is how far the clock of somebody who reports a fact may run ahead of ours.
const clockSkew = 5 * time.Minute

// ObservationInput is what receipts and inspections are told alike.
type ObservationInput struct {
	Supersedes          string // an observation in force, which this one corrects
	CorrectionReason    string // needed with Supersedes, refused without
	CorrectionMessage   string
	ExternalActorID     string
	ExternalReferenceID string
	Source              *Source
}

// check looks at a correction; field is the name of the member that names what is corrected.
func (in *ObservationInput) check(l *fault.List, field string) {
	switch {
	case in.Supersedes != "" && in.CorrectionReason == "":
		l.Add("RETURN_INVALID", "correction_reason", "A correction says why.")
	case in.Supersedes == "" && (in.CorrectionReason != "" || in.CorrectionMessage != ""):
		l.Add("RETURN_INVALID", field, "A correction names what it corrects.")
	case in.CorrectionReason != "" && !slices.Contains(correctionReasons, in.CorrectionReason):
		l.Add("INVALID_REQUEST", "correction_reason", "The reason is not one of those offered.")
	}
}

func (in *ObservationInput) observation(by Actor, now time.Time) Observation {
	return Observation{
		Status: ObservationCurrent, Source: in.Source, ExternalActorID: in.ExternalActorID, ExternalReferenceID: in.ExternalReferenceID,
		CorrectionReason: in.CorrectionReason, CorrectionMessage: in.CorrectionMessage, Supersedes: in.Supersedes, CreatedBy: by, CreatedAt: now,
	}
}

// checkPast refuses a fact of the future.
func checkPast(l *fault.List, param string, at, now time.Time) {
	switch {
	case at.IsZero():
		l.Add("INVALID_REQUEST", param, "Say when it happened.")
	case at.After(now.Add(clockSkew)):
		l.Add("RETURN_INVALID", param, "What was observed lies in the past.")
	}
}

// ReceiptGoods describes goods that arrived.
type ReceiptGoods struct {
	ReceivedAt time.Time
	LocationID string
	ShipmentID string
	Lines      []ReceiptLineInput
	ObservationInput
}

// ReceiptLineInput is units of one kind that arrived: those of a line, those beyond what a line may return
// (Excess), or those that nobody has identified (Unverified and no LineID).
type ReceiptLineInput struct {
	LineID     string
	Quantity   int64 // 0 only in a correction: nothing came after all
	Excess     bool
	Unverified *UnverifiedItem
}

// Validate reports every fault of the description.
func (in *ReceiptGoods) Validate(now time.Time) error {
	var l fault.List
	checkPast(&l, "received_at", in.ReceivedAt, now)
	if in.LocationID == "" {
		l.Add("INVALID_REQUEST", "receiving_location_id", "Say where the goods arrived.")
	}
	if len(in.Lines) == 0 {
		l.Add("INVALID_REQUEST", "line_items", "A receipt has a line.")
	}
	in.check(&l, "supersedes_return_receipt_id")
	for k, line := range in.Lines {
		at := lineAt(k)
		switch {
		case line.LineID != "" && line.Unverified != nil:
			l.Add("RETURN_INVALID", at+".unverified_item", "A line names a line of the return or describes goods, not both.")
		case line.LineID == "" && line.Unverified == nil:
			l.Add("RETURN_INVALID", at+".return_line_item_id", "A line names a line of the return or describes goods.")
		case line.LineID == "" && line.Excess:
			l.Add("RETURN_INVALID", at+".verification_status", "Excess goods belong to a line of the return.")
		case line.Unverified != nil && line.Unverified.Name == "":
			l.Add("INVALID_REQUEST", at+".unverified_item.name", "Unidentified goods are described by a name.")
		}
		if line.Quantity < 0 || line.Quantity == 0 && in.Supersedes == "" {
			l.Add("INVALID_QUANTITY", at+".quantity", "At least one unit arrived; only a correction may say that none did.")
		}
	}
	return l.Err()
}

// receive adds goods that arrived to an open return.
//
// Faults: RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID, RETURN_RECEIPT_QUANTITY_EXCEEDED (with available_quantity).
func (s *Service) receive(r *Return, in *ReceiptGoods, by Actor, now time.Time, c *change) (*Receipt, error) {
	if err := in.Validate(now); err != nil {
		return nil, err
	}
	if err := r.takesGoods("Goods are received"); err != nil {
		return nil, err
	}
	x := Receipt{ID: s.IDs.New(id.ReturnReceipt), ReceivedAt: in.ReceivedAt, LocationID: in.LocationID, ShipmentID: in.ShipmentID, Observation: in.observation(by, now)}
	if in.Supersedes != "" {
		if err := r.supersedeReceipt(in.Supersedes, x.ID, now, c); err != nil {
			return nil, err
		}
	}
	before := observe(r)
	taken := map[string]int64{}
	for k, line := range in.Lines {
		at := lineAt(k)
		out := ReceiptLine{ID: s.IDs.New(id.ReturnReceiptLine), LineID: line.LineID, Quantity: line.Quantity, Verification: VerificationMatched, Unverified: line.Unverified}
		switch {
		case line.Unverified != nil:
			out.Verification = VerificationUnverified
		case line.Excess:
			out.Verification = VerificationExcess
		}
		if line.LineID != "" {
			l := r.Line(line.LineID)
			if l == nil {
				return nil, fault.Invalid("RETURN_INVALID", at+".return_line_item_id", "The return has no such line.")
			}
			if !line.Excess {
				left := max(0, l.ReturnRequired-before.tally(l.ID).received-taken[l.ID])
				if line.Quantity > left {
					return nil, exceeded("RETURN_RECEIPT_QUANTITY_EXCEEDED", at+".quantity", left, "The line waits for fewer units; what came beyond them is received as excess.")
				}
				taken[l.ID] += line.Quantity
			}
		}
		x.Lines = append(x.Lines, out)
	}
	r.Receipts = append(r.Receipts, x)
	c.tell(EventReceiptCreated, x.ID)
	return &r.Receipts[len(r.Receipts)-1], nil
}

// supersedeReceipt takes a receipt, and the inspections of it, out of force.
func (r *Return) supersedeReceipt(receiptID, by string, now time.Time, c *change) error {
	old := r.Receipt(receiptID)
	switch {
	case old == nil:
		return fault.Invalid("RETURN_INVALID", "supersedes_return_receipt_id", "The return has no such receipt.")
	case old.Status != ObservationCurrent:
		return notAllowed(old.Status, "Correct the receipt that superseded it.", "The receipt was corrected before.")
	}
	old.Status, old.SupersededBy, old.SupersededAt = ObservationSuperseded, by, now
	c.tell(EventReceiptSuperseded, old.ID)
	for k := range r.Inspections {
		if i := &r.Inspections[k]; i.ReceiptID == old.ID && i.Status == ObservationCurrent {
			i.Status, i.SupersededAt = ObservationSuperseded, now
			c.tell(EventInspectionSuperseded, i.ID)
		}
	}
	return nil
}

// takesGoods refuses work on goods unless the return is open. what is the subject and verb of the refusal.
func (r *Return) takesGoods(what string) error {
	switch r.Status {
	case StatusOpen:
		return nil
	case StatusRequested:
		return notAllowed(r.Status, "Decide the return first.", "%s once the return is decided.", what)
	case StatusCompleted:
		return notAllowed(r.Status, "Reopen the return first.", "%s while the return is open.", what)
	}
	return notAllowed(r.Status, "Open another return.", "%s while the return is open.", what)
}

// exceeded refuses more units than there are.
func exceeded(code, param string, available int64, format string, args ...any) error {
	err := fault.Conflict(code, format, args...)
	err.Param = param
	err.Details = []fault.Detail{{Code: code, Param: param, Message: err.Message, Extra: map[string]any{"available_quantity": available}}}
	return err
}

// Verification says that unidentified goods are those of a line.
type Verification struct {
	LineID  string
	Reason  string
	Message string
}

// verify takes a line of a receipt for goods of a line of the return.
//
// Faults: RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID, RETURN_RECEIPT_QUANTITY_EXCEEDED.
func (r *Return) verify(x *Receipt, receiptLineID, param string, in Verification, by Actor, now time.Time, c *change) error {
	if err := r.takesGoods("Goods are identified"); err != nil {
		return err
	}
	k := slices.IndexFunc(x.Lines, func(l ReceiptLine) bool { return l.ID == receiptLineID })
	if k < 0 {
		return fault.NotFound("return receipt line item")
	}
	line := &x.Lines[k]
	switch {
	case x.Status != ObservationCurrent:
		return notAllowed(x.Status, "Work on the receipt that superseded it.", "The receipt was corrected.")
	case line.Verification != VerificationUnverified:
		return notAllowed(line.Verification, "Correct the receipt when they are other goods.", "These goods are identified.")
	case !slices.Contains(verificationReasons, in.Reason):
		return fault.Invalid("INVALID_REQUEST", joined(param, "verification_reason"), "Say how the goods were identified.")
	}
	to := r.Line(in.LineID)
	if to == nil {
		return fault.Invalid("RETURN_INVALID", joined(param, "return_line_item_id"), "The return has no such line.")
	}
	if left := max(0, to.ReturnRequired-observe(r).tally(to.ID).received); line.Quantity > left {
		return exceeded("RETURN_RECEIPT_QUANTITY_EXCEEDED", joined(param, "return_line_item_id"), left,
			"The line waits for fewer units than that; correct the receipt and receive the rest as excess.")
	}
	line.LineID, line.Verification = to.ID, VerificationMatched
	line.VerificationReason, line.VerificationMessage, line.VerifiedAt, line.VerifiedBy = in.Reason, in.Message, now, &by
	r.follow(line)
	c.tell(EventReceiptVerified, x.ID)
	return nil
}

// follow tells what was done with goods of a receipt line which line of the return they belong to.
func (r *Return) follow(line *ReceiptLine) {
	inspected := map[string]bool{}
	for k := range r.Inspections {
		for j := range r.Inspections[k].Lines {
			if i := &r.Inspections[k].Lines[j]; i.ReceiptLineID == line.ID {
				i.LineID, inspected[i.ID] = line.LineID, true
			}
		}
	}
	for k := range r.Dispositions {
		if d := &r.Dispositions[k]; d.ReceiptLineID == line.ID || inspected[d.InspectionLineID] {
			d.LineID = line.LineID
		}
	}
}

func joined(base, name string) string {
	if base == "" || name == "" {
		return base + name
	}
	return base + "." + name
}
