package returns

import (
	"slices"
	"time"

	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
)

// Types of dispositions: where goods end.
const (
	DisposeSellable       = "sellable"
	DisposeQualityControl = "quality_control"
	DisposeDamaged        = "damaged"
	DisposeQuarantined    = "quarantined"
	DisposeRepair         = "repair"
	DisposeRefurbish      = "refurbish"
	DisposeLiquidate      = "liquidate"
	DisposeDonate         = "donate"
	DisposeDiscard        = "discard"
	DisposeReturnToBuyer  = "return_to_buyer"
	DisposeLost           = "lost"
)

// stocked are the types after which the goods stand at a location of the merchant; the others leave it.
var stocked = []string{DisposeSellable, DisposeQualityControl, DisposeDamaged, DisposeQuarantined, DisposeRepair, DisposeRefurbish}

// Directions of a movement.
const (
	MovedIn  = "in"
	MovedOut = "out"
)

// FailureSuperseded is the code of a planned disposition whose observation was corrected before its time came.
const FailureSuperseded = "observation_superseded"

// Movement is an instruction to whoever keeps stock: book so many units in or out, once under this id. Flint
// keeps no stock itself.
type Movement struct {
	ID         string    `json:"id"` // imov_…
	Direction  string    `json:"direction"`
	Quantity   int64     `json:"quantity"`
	LocationID string    `json:"location_id"`
	At         time.Time `json:"at"`
	// Reverses is the movement that this one takes back, empty for one that places goods.
	Reverses string `json:"reverses,omitempty"`
}

// DispositionGoods says where received goods go.
type DispositionGoods struct {
	Type                string
	Quantity            int64 // 0 only in a replacement: the goods are not where the replaced one said
	OccurredAt          time.Time
	Reason              string // inspection_result, return_policy, warehouse_override, safety_requirement, other
	Message             string
	ReceiptLineID       string // exactly one of this and InspectionLineID
	InspectionLineID    string
	LocationID          string // where the goods stand then; where they were seen when empty
	Replaces            string // a disposition that was wrong
	ExternalReferenceID string
	Metadata            map[string]string
}

// Validate reports every fault of the description. Words out of a list are the surface's to check.
func (in *DispositionGoods) Validate() error {
	var l fault.List
	switch {
	case in.ReceiptLineID != "" && in.InspectionLineID != "":
		l.Add("RETURN_INVALID", "return_inspection_line_item_id", "A disposition is about a line of a receipt or of an inspection, not both.")
	case in.ReceiptLineID == "" && in.InspectionLineID == "":
		l.Add("RETURN_INVALID", "return_receipt_line_item_id", "A disposition is about a line of a receipt or of an inspection.")
	}
	if in.Quantity < 0 || in.Quantity == 0 && in.Replaces == "" {
		l.Add("INVALID_QUANTITY", "quantity", "At least one unit goes somewhere; only a replacement may say that none does.")
	}
	if in.OccurredAt.IsZero() {
		l.Add("INVALID_REQUEST", "occurred_at", "Say when it happens.")
	}
	l.AddError("metadata", metadata.Check(in.Metadata))
	return l.Err()
}

// dispose places received goods, now or, when OccurredAt lies ahead, once its time has come. It tells what else
// changed.
//
// Faults: RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID, RETURN_DISPOSITION_QUANTITY_EXCEEDED (with
// available_quantity).
func (s *Service) dispose(r *Return, in *DispositionGoods, by Actor, now time.Time, c *change) (*Disposition, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if err := r.takesGoods("Goods are placed"); err != nil {
		return nil, err
	}
	g := observe(r)
	d := Disposition{
		ID: s.IDs.New(id.ReturnDisposition), ReceiptLineID: in.ReceiptLineID, InspectionLineID: in.InspectionLineID, Type: in.Type, Status: DispositionPending,
		Quantity: in.Quantity, OccurredAt: in.OccurredAt, Reason: in.Reason, Message: in.Message, LocationID: in.LocationID, Replaces: in.Replaces,
		ExternalReferenceID: in.ExternalReferenceID, Metadata: in.Metadata, CreatedBy: by, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	from, seenAt, param, err := r.source(g, &d)
	if err != nil {
		return nil, err
	}
	d.LineID = from.LineID
	if slices.Contains(stocked, d.Type) && d.LocationID == "" {
		d.LocationID = seenAt
	}
	if in.Replaces != "" {
		if err := s.replace(r, &d, now, c); err != nil {
			return nil, err
		}
		g = observe(r)
	}
	if left := g.available(&d); d.Quantity > left {
		return nil, exceeded("RETURN_DISPOSITION_QUANTITY_EXCEEDED", param, left, "%s", g.shortOf(&d))
	}
	if !d.OccurredAt.After(now.Add(clockSkew)) {
		s.succeed(&d, now)
	}
	c.tell(EventDispositionCreated, d.ID)
	r.Dispositions = append(r.Dispositions, d)
	return &r.Dispositions[len(r.Dispositions)-1], nil
}

// source finds the line of a receipt whose units a disposition is about, and where they were seen last.
func (r *Return) source(g *observed, d *Disposition) (from *ReceiptLine, seenAt, param string, err error) {
	receiptLine, param := d.ReceiptLineID, "return_receipt_line_item_id"
	if d.InspectionLineID != "" {
		receiptLine, param = g.receiptOf[d.InspectionLineID], "return_inspection_line_item_id"
	}
	from = g.lines[receiptLine]
	if from == nil {
		return nil, "", "", fault.Invalid("RETURN_INVALID", param, "The return has no such line.")
	}
	superseded := g.shelves[receiptLine] == nil
	if d.InspectionLineID != "" {
		superseded = superseded || g.inspected[d.InspectionLineID] == nil
	}
	if superseded {
		return nil, "", "", notAllowed(ObservationSuperseded, "Name a line of what superseded it.", "What was observed there was corrected.")
	}
	for _, x := range r.Receipts {
		if slices.ContainsFunc(x.Lines, func(l ReceiptLine) bool { return l.ID == receiptLine }) {
			seenAt = x.LocationID
		}
	}
	for _, x := range r.Inspections {
		if slices.ContainsFunc(x.Lines, func(l InspectionLine) bool { return d.InspectionLineID != "" && l.ID == d.InspectionLineID }) {
			seenAt = x.LocationID
		}
	}
	return from, seenAt, "quantity", nil
}

// available is how many units a disposition may hold where it takes them from.
func (g *observed) available(d *Disposition) int64 {
	if d.InspectionLineID != "" {
		return g.fromInspection(d.InspectionLineID)
	}
	return g.fromReceipt(d.ReceiptLineID)
}

// shortOf says why there are fewer units than a disposition asks for.
func (g *observed) shortOf(d *Disposition) string {
	if d.InspectionLineID == "" {
		if l := g.shelves[d.ReceiptLineID].line; l.Verification == VerificationMatched && g.r.inspects(l.LineID) {
			return "These goods are inspected first, or their inspection is waived."
		}
	} else if g.inspected[d.InspectionLineID].Acceptance == AcceptanceReviewRequired {
		return "It is not decided yet whether these goods are accepted."
	}
	return "Fewer units than that wait for their place."
}

// replace takes the disposition that d replaces back, with the movement that placed its goods.
func (s *Service) replace(r *Return, d *Disposition, now time.Time, c *change) error {
	old := r.Disposition(d.Replaces)
	switch {
	case old == nil:
		return fault.Invalid("RETURN_INVALID", "replaces_return_disposition_id", "The return has no such disposition.")
	case old.ReplacedBy != "":
		return notAllowed(old.Status, "Replace the one that replaced it.", "The disposition was replaced before.")
	case old.Status == DispositionCanceled:
		return notAllowed(old.Status, "Create a disposition that replaces nothing.", "The disposition was canceled.")
	case old.LineID != d.LineID:
		return fault.Invalid("RETURN_INVALID", "replaces_return_disposition_id", "A disposition is replaced by one about goods of the same line.")
	}
	old.ReplacedBy = d.ID
	if old.Status == DispositionSucceeded {
		d.Movements = s.reverse(old, now)
	} else {
		old.Status, old.CanceledAt = DispositionCanceled, now
	}
	old.touch(now)
	c.tell(EventDispositionUpdated, old.ID)
	return nil
}

func (d *Disposition) touch(now time.Time) { d.Version, d.UpdatedAt = d.Version+1, now }

// succeed lets a disposition happen: its goods move once, under an id that never changes.
func (s *Service) succeed(d *Disposition, now time.Time) {
	d.Status, d.FailureCode, d.FailureMessage = DispositionSucceeded, "", ""
	placed := slices.ContainsFunc(d.Movements, func(m Movement) bool { return m.Reverses == "" })
	if d.Quantity == 0 || placed || !slices.Contains(stocked, d.Type) {
		return
	}
	d.Movements = append(d.Movements, Movement{ID: s.IDs.New(id.InventoryMovement), Direction: MovedIn, Quantity: d.Quantity, LocationID: d.LocationID, At: now})
}

// reverse are the movements that take back what a disposition moved.
func (s *Service) reverse(d *Disposition, now time.Time) []Movement {
	var out []Movement
	for _, m := range d.Movements {
		if m.Reverses == "" {
			out = append(out, Movement{ID: s.IDs.New(id.InventoryMovement), Direction: MovedOut, Quantity: m.Quantity, LocationID: m.LocationID, At: now, Reverses: m.ID})
		}
	}
	return out
}

// cancelDisposition gives a planned or failed disposition up. Goods that moved are moved again by replacing it.
//
// Faults: RETURN_ACTION_NOT_ALLOWED.
func (r *Return) cancelDisposition(d *Disposition, reason, message string, by Actor, now time.Time) error {
	if err := r.takesGoods("Dispositions are canceled"); err != nil {
		return err
	}
	if d.Status != DispositionPending && d.Status != DispositionFailed {
		return notAllowed(d.Status, "Replace it by another disposition.", "A disposition is canceled before its goods move.")
	}
	d.Status, d.CanceledAt = DispositionCanceled, now
	d.Acts = append(d.Acts, Act{Kind: "canceled", Actor: by, At: now, Reason: reason, Message: message})
	d.touch(now)
	return nil
}

// retryDisposition tries a failed disposition again: it looks for goods of the same kind in what the observations
// in force show. Without any it stays failed.
//
// Faults: RETURN_ACTION_NOT_ALLOWED.
func (s *Service) retryDisposition(r *Return, d *Disposition, reason, message string, by Actor, now time.Time) error {
	if err := r.takesGoods("Dispositions are tried again"); err != nil {
		return err
	}
	if d.Status != DispositionFailed {
		return notAllowed(d.Status, "Read the disposition: supported_actions says what can be done.", "Only a failed disposition is tried again.")
	}
	d.Acts = append(d.Acts, Act{Kind: "retried", Actor: by, At: now, Reason: reason, Message: message})
	d.touch(now)
	g := observe(r)
	receiptLine, inspectionLine := g.another(d)
	if receiptLine == "" && inspectionLine == "" {
		return nil
	}
	d.ReceiptLineID, d.InspectionLineID = receiptLine, inspectionLine
	d.Status, d.FailureCode, d.FailureMessage = DispositionPending, "", ""
	if !d.OccurredAt.After(now.Add(clockSkew)) {
		s.succeed(d, now)
	}
	return nil
}

// another finds goods of the kind that a disposition is about in what is in force: inspected ones first.
func (g *observed) another(d *Disposition) (receiptLineID, inspectionLineID string) {
	p := g.pileOf(d)
	for _, x := range g.r.Inspections {
		for _, l := range x.Lines {
			if g.inspected[l.ID] != nil && g.shelves[l.ReceiptLineID].line.pile() == p && g.fromInspection(l.ID) >= d.Quantity {
				return "", l.ID
			}
		}
	}
	for _, s := range g.arrived {
		if s.line.pile() == p && g.fromReceipt(s.line.ID) >= d.Quantity {
			return s.line.ID, ""
		}
	}
	return "", ""
}
