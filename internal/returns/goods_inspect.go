package returns

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/fault"
	"flint/internal/id"
)

// Reasons for settling what an inspection left open, and for doing without one.
var (
	acceptanceReasons = []string{"inspection_result", "return_policy", "manual_review", "other"}
	waiverReasons     = []string{"policy_override", "trusted_in_store_handoff", "merchant_review", "other"}
)

// InspectionGoods describes a look at goods of one receipt.
type InspectionGoods struct {
	ReceiptID   string
	InspectedAt time.Time
	LocationID  string
	Lines       []InspectionLineInput
	ObservationInput
}

// InspectionLineInput is units in one condition. Verification identifies goods that nobody had identified.
type InspectionLineInput struct {
	ReceiptLineID string
	Quantity      int64
	Condition     string
	Acceptance    string // accepted, rejected, review_required
	Findings      []string
	InternalNote  string
	Verification  *Verification
}

// Validate reports every fault of the description. Words out of a list are the surface's to check.
func (in *InspectionGoods) Validate(now time.Time) error {
	var l fault.List
	checkPast(&l, "inspected_at", in.InspectedAt, now)
	if in.ReceiptID == "" {
		l.Add("INVALID_REQUEST", "return_receipt_id", "An inspection looks at goods of a receipt.")
	}
	if in.LocationID == "" {
		l.Add("INVALID_REQUEST", "location_id", "Say where the goods were inspected.")
	}
	if len(in.Lines) == 0 {
		l.Add("INVALID_REQUEST", "line_items", "An inspection has a line.")
	}
	in.check(&l, "supersedes_return_inspection_id")
	for k, line := range in.Lines {
		if line.Quantity < 1 {
			l.Add("INVALID_QUANTITY", fmt.Sprintf("line_items[%d].quantity", k), "At least one unit was inspected.")
		}
	}
	return l.Err()
}

// inspect adds a look at goods of a receipt to an open return.
//
// Faults: RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID, RETURN_INSPECTION_QUANTITY_EXCEEDED (with
// available_quantity), and those of verify.
func (s *Service) inspect(r *Return, in *InspectionGoods, by Actor, now time.Time, c *change) (*Inspection, error) {
	if err := in.Validate(now); err != nil {
		return nil, err
	}
	if err := r.takesGoods("Goods are inspected"); err != nil {
		return nil, err
	}
	receipt := r.Receipt(in.ReceiptID)
	switch {
	case receipt == nil:
		return nil, fault.Invalid("RETURN_INVALID", "return_receipt_id", "The return has no such receipt.")
	case receipt.Status != ObservationCurrent:
		return nil, notAllowed(receipt.Status, "Inspect the goods of the receipt that superseded it.", "The receipt was corrected.")
	}
	x := Inspection{ID: s.IDs.New(id.ReturnInspection), ReceiptID: receipt.ID, InspectedAt: in.InspectedAt, LocationID: in.LocationID, Observation: in.observation(by, now)}
	if in.Supersedes != "" {
		if err := r.supersedeInspection(in.Supersedes, receipt.ID, x.ID, now, c); err != nil {
			return nil, err
		}
	}
	before := observe(r)
	taken := map[string]int64{}
	for k, line := range in.Lines {
		at := lineAt(k)
		j := slices.IndexFunc(receipt.Lines, func(l ReceiptLine) bool { return l.ID == line.ReceiptLineID })
		if j < 0 {
			return nil, fault.Invalid("RETURN_INVALID", at+".return_receipt_line_item_id", "The receipt has no such line.")
		}
		from := &receipt.Lines[j]
		if left := before.inspectable(from.ID) - taken[from.ID]; line.Quantity > left {
			return nil, exceeded("RETURN_INSPECTION_QUANTITY_EXCEEDED", at+".quantity", left, "Fewer units than that arrived and wait for an inspection.")
		}
		taken[from.ID] += line.Quantity
		if v := line.Verification; v != nil && (from.Verification == VerificationUnverified || from.LineID != v.LineID) {
			if err := r.verify(receipt, from.ID, at, *v, by, now, c); err != nil {
				return nil, err
			}
		}
		out := InspectionLine{
			ID: s.IDs.New(id.ReturnInspectionLine), ReceiptLineID: from.ID, LineID: from.LineID, Quantity: line.Quantity, Condition: line.Condition,
			Findings: line.Findings, InternalNote: line.InternalNote, Acceptance: line.Acceptance,
		}
		if out.Acceptance != AcceptanceReviewRequired {
			out.AcceptedAt, out.AcceptedBy, out.AcceptanceReason = now, &by, "inspection_result"
		}
		x.Lines = append(x.Lines, out)
	}
	r.Inspections = append(r.Inspections, x)
	c.tell(EventInspectionCreated, x.ID)
	return &r.Inspections[len(r.Inspections)-1], nil
}

// supersedeInspection takes an inspection of a receipt out of force.
func (r *Return) supersedeInspection(inspectionID, receiptID, by string, now time.Time, c *change) error {
	old := r.Inspection(inspectionID)
	switch {
	case old == nil || old.ReceiptID != receiptID:
		return fault.Invalid("RETURN_INVALID", "supersedes_return_inspection_id", "The receipt has no such inspection.")
	case old.Status != ObservationCurrent:
		return notAllowed(old.Status, "Correct the inspection that superseded it.", "The inspection was corrected before.")
	}
	old.Status, old.SupersededBy, old.SupersededAt = ObservationSuperseded, by, now
	c.tell(EventInspectionSuperseded, old.ID)
	return nil
}

// Acceptance settles whether inspected goods are taken back.
type Acceptance struct {
	Status  string // accepted, rejected, review_required
	Reason  string
	Message string
}

// decideAcceptance settles a line of an inspection that was left open.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED.
func (r *Return) decideAcceptance(x *Inspection, inspectionLineID string, in Acceptance, by Actor, now time.Time, c *change) error {
	if err := r.takesGoods("Acceptance is decided"); err != nil {
		return err
	}
	k := slices.IndexFunc(x.Lines, func(l InspectionLine) bool { return l.ID == inspectionLineID })
	if k < 0 {
		return fault.NotFound("return inspection line item")
	}
	line := &x.Lines[k]
	switch {
	case x.Status != ObservationCurrent:
		return notAllowed(x.Status, "Work on the inspection that superseded it.", "The inspection was corrected.")
	case line.Acceptance != AcceptanceReviewRequired:
		return notAllowed(line.Acceptance, "Correct the inspection when the decision was wrong.", "The acceptance of these goods is decided.")
	case !slices.Contains(acceptanceReasons, in.Reason):
		return fault.Invalid("INVALID_REQUEST", "acceptance_decision_reason", "Say why it is decided so.")
	}
	line.Acceptance, line.AcceptedAt, line.AcceptedBy = in.Status, now, &by
	line.AcceptanceReason, line.AcceptanceNote = in.Reason, in.Message
	c.tell(EventAcceptanceDecided, x.ID)
	return nil
}

// waive does without the inspection of a line.
//
// Faults: RETURN_ACTION_NOT_ALLOWED.
func (r *Return) waive(l *Line, reason, message string, by Actor, now time.Time) error {
	if err := r.takesGoods("Inspection is waived"); err != nil {
		return err
	}
	switch {
	case l.Live() == 0:
		return notAllowed(l.Status, "Nothing of the line comes back.", "No unit of the line is approved.")
	case !l.InspectionRequired:
		return notAllowed(l.Status, "Receive the goods.", "The line needs no inspection.")
	case !l.WaivedAt.IsZero():
		return notAllowed(l.Status, "Receive the goods.", "The inspection of the line was waived before.")
	case !slices.Contains(waiverReasons, reason):
		return fault.Invalid("INVALID_REQUEST", "reason", "Say why no inspection is needed.")
	}
	l.WaivedAt, l.WaivedBy, l.WaiverReason, l.WaiverMessage = now, &by, reason, message
	return nil
}
