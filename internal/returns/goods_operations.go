package returns

import (
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// ReceiveInput records goods that arrived.
type ReceiveInput struct {
	Scope    tenant.Scope
	ReturnID string
	Goods    ReceiptGoods
	Cause    event.Cause
}

// Receive records goods that arrived for an open return. A receipt never changes; one that was wrong is
// superseded by another, and with it go the inspections of its goods.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID, RETURN_RECEIPT_QUANTITY_EXCEEDED.
func (s *Service) Receive(tx db.Tx, in ReceiveInput) (*Return, *Receipt, error) {
	if err := in.Goods.Validate(s.Clock.Now()); err != nil {
		return nil, nil, err
	}
	r, o, err := s.Load(tx, in.Scope, in.ReturnID)
	if err != nil {
		return nil, nil, err
	}
	if in.Goods.ShipmentID != "" {
		if err := cameBy(tx, r, in.Goods.ShipmentID); err != nil {
			return nil, nil, err
		}
	}
	var c change
	x, err := s.receive(r, &in.Goods, actorOf(in.Cause), s.Clock.Now(), &c)
	if err != nil {
		return nil, nil, err
	}
	receiptID := x.ID
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("return.received")
	return r, r.Receipt(receiptID), nil
}

// VerifyInput identifies goods.
type VerifyInput struct {
	Scope           tenant.Scope
	ReceiptID       string
	ReceiptLineID   string
	Goods           Verification
	ExpectedVersion *int64 // of the return
	Cause           event.Cause
}

// Verify takes unidentified goods of a receipt for those of a line, all of them.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID,
// RETURN_RECEIPT_QUANTITY_EXCEEDED.
func (s *Service) Verify(tx db.Tx, in VerifyInput) (*Return, *Receipt, error) {
	if err := checkMessage("verification_reason_message", in.Goods.Message); err != nil {
		return nil, nil, err
	}
	r, o, err := s.loadOf(tx, in.Scope, receiptPart, in.ReceiptID)
	if err != nil {
		return nil, nil, err
	}
	x := r.Receipt(in.ReceiptID)
	if !slices.ContainsFunc(x.Lines, func(l ReceiptLine) bool { return l.ID == in.ReceiptLineID }) {
		return nil, nil, fault.NotFound("return receipt line item")
	}
	if err := r.checkVersion(in.ExpectedVersion); err != nil {
		return nil, nil, err
	}
	var c change
	if err := r.verify(x, in.ReceiptLineID, "", in.Goods, actorOf(in.Cause), s.Clock.Now(), &c); err != nil {
		return nil, nil, err
	}
	return r, x, s.save(tx, o, r, in.Cause, c)
}

// InspectInput records a look at goods.
type InspectInput struct {
	Scope    tenant.Scope
	ReturnID string
	Goods    InspectionGoods
	Cause    event.Cause
}

// Inspect records a look at goods of a receipt. An inspection never changes but for what it left open; one that
// was wrong is superseded by another.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID, RETURN_INSPECTION_QUANTITY_EXCEEDED,
// RETURN_RECEIPT_QUANTITY_EXCEEDED.
func (s *Service) Inspect(tx db.Tx, in InspectInput) (*Return, *Inspection, error) {
	if err := in.Goods.Validate(s.Clock.Now()); err != nil {
		return nil, nil, err
	}
	r, o, err := s.Load(tx, in.Scope, in.ReturnID)
	if err != nil {
		return nil, nil, err
	}
	var c change
	x, err := s.inspect(r, &in.Goods, actorOf(in.Cause), s.Clock.Now(), &c)
	if err != nil {
		return nil, nil, err
	}
	inspectionID := x.ID
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("return.inspected")
	return r, r.Inspection(inspectionID), nil
}

// AcceptInput settles a line of an inspection.
type AcceptInput struct {
	Scope            tenant.Scope
	InspectionID     string
	InspectionLineID string
	Acceptance       Acceptance
	ExpectedVersion  *int64 // of the return
	Cause            event.Cause
}

// Accept settles whether goods that an inspection left open are taken back.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) Accept(tx db.Tx, in AcceptInput) (*Return, *Inspection, error) {
	if err := checkMessage("acceptance_decision_reason_message", in.Acceptance.Message); err != nil {
		return nil, nil, err
	}
	r, o, err := s.loadOf(tx, in.Scope, inspectionPart, in.InspectionID)
	if err != nil {
		return nil, nil, err
	}
	x := r.Inspection(in.InspectionID)
	if !slices.ContainsFunc(x.Lines, func(l InspectionLine) bool { return l.ID == in.InspectionLineID }) {
		return nil, nil, fault.NotFound("return inspection line item")
	}
	if err := r.checkVersion(in.ExpectedVersion); err != nil {
		return nil, nil, err
	}
	var c change
	if err := r.decideAcceptance(x, in.InspectionLineID, in.Acceptance, actorOf(in.Cause), s.Clock.Now(), &c); err != nil {
		return nil, nil, err
	}
	return r, x, s.save(tx, o, r, in.Cause, c)
}

// WaiveInput does without an inspection.
type WaiveInput struct {
	Scope           tenant.Scope
	ReturnID        string
	LineID          string
	Reason          string
	Message         string
	ExpectedVersion *int64
	Cause           event.Cause
}

// WaiveInspection does without the inspection of a line: what arrived counts as accepted, but for units that an
// inspection rejected or left open.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) WaiveInspection(tx db.Tx, in WaiveInput) (*Return, error) {
	r, o, l, err := s.lineToAct(tx, in.Scope, in.ReturnID, in.LineID, in.Message, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	if err := r.waive(l, in.Reason, in.Message, actorOf(in.Cause), s.Clock.Now()); err != nil {
		return nil, err
	}
	return r, s.save(tx, o, r, in.Cause, change{})
}

// DisposeInput says where goods go.
type DisposeInput struct {
	Scope    tenant.Scope
	ReturnID string
	Goods    DispositionGoods
	Cause    event.Cause
}

// Dispose says where received goods go, or replaces what was said wrongly.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID, RETURN_DISPOSITION_QUANTITY_EXCEEDED.
func (s *Service) Dispose(tx db.Tx, in DisposeInput) (*Return, *Disposition, error) {
	if err := in.Goods.Validate(); err != nil {
		return nil, nil, err
	}
	r, o, err := s.Load(tx, in.Scope, in.ReturnID)
	if err != nil {
		return nil, nil, err
	}
	var c change
	d, err := s.dispose(r, &in.Goods, actorOf(in.Cause), s.Clock.Now(), &c)
	if err != nil {
		return nil, nil, err
	}
	dispositionID := d.ID
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("return.disposed")
	return r, r.Disposition(dispositionID), nil
}

// DispositionActInput cancels a disposition or tries it again.
type DispositionActInput struct {
	Scope           tenant.Scope
	DispositionID   string
	Reason          string
	Message         string
	ExpectedVersion *int64 // of the disposition
	Cause           event.Cause
}

// CancelDisposition gives a disposition up before its goods moved.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) CancelDisposition(tx db.Tx, in DispositionActInput) (*Return, *Disposition, error) {
	return s.onDisposition(tx, in, func(r *Return, d *Disposition) error {
		return r.cancelDisposition(d, in.Reason, in.Message, actorOf(in.Cause), s.Clock.Now())
	})
}

// RetryDisposition tries a failed disposition again under the same id. It stays failed when the observations in
// force show no goods for it.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) RetryDisposition(tx db.Tx, in DispositionActInput) (*Return, *Disposition, error) {
	return s.onDisposition(tx, in, func(r *Return, d *Disposition) error {
		return s.retryDisposition(r, d, in.Reason, in.Message, actorOf(in.Cause), s.Clock.Now())
	})
}

func (s *Service) onDisposition(tx db.Tx, in DispositionActInput, act func(r *Return, d *Disposition) error) (*Return, *Disposition, error) {
	if err := checkMessage("reason_message", in.Message); err != nil {
		return nil, nil, err
	}
	r, o, err := s.loadOf(tx, in.Scope, dispositionPart, in.DispositionID)
	if err != nil {
		return nil, nil, err
	}
	d := r.Disposition(in.DispositionID)
	if in.ExpectedVersion != nil && *in.ExpectedVersion != d.Version {
		return nil, nil, versionConflict("return disposition", d.Version)
	}
	if err := act(r, d); err != nil {
		return nil, nil, err
	}
	var c change
	c.tell(EventDispositionUpdated, d.ID)
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, nil, err
	}
	return r, r.Disposition(in.DispositionID), nil
}
