package returns

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// CancelInput withdraws a return.
type CancelInput struct {
	Scope           tenant.Scope
	ReturnID        string
	Reason          string // buyer_request, merchant_request, duplicate, expired, created_in_error, other
	Message         string
	ExpectedVersion *int64
	Cause           event.Cause
}

// Cancel withdraws a return before goods were received or value was spoken for; its units are free again.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) Cancel(tx db.Tx, in CancelInput) (*Return, error) {
	r, o, err := s.loadToAct(tx, in.Scope, in.ReturnID, in.Message, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	if !cancelable(r) {
		return nil, notAllowed(r.Status, "Cancel units of its lines, or its resolutions, instead.",
			"A return is canceled only before goods were received and before anything was resolved.")
	}
	actor, now := actorOf(in.Cause), s.Clock.Now()
	r.Ended, r.CanceledAt, r.CanceledBy, r.CancelReason = StatusCanceled, now, &actor, in.Reason
	r.Acts = append(r.Acts, Act{Kind: "canceled", Actor: actor, At: now, Reason: in.Reason, Message: in.Message})
	var c change
	c.tell(EventCanceled, "")
	c.write(LetterCanceled)
	return r, s.save(tx, o, r, in.Cause, c)
}

// UpdateInput changes what callers note on a return; nil stays as it is.
type UpdateInput struct {
	Scope               tenant.Scope
	ReturnID            string
	ExternalReferenceID *string // empty removes it
	Metadata            metadata.Patch
	Cause               event.Cause
}

// Update changes the caller's reference and metadata of a return, in any state.
//
// Faults: RESOURCE_NOT_FOUND, those of metadata.
func (s *Service) Update(tx db.Tx, in UpdateInput) (*Return, error) {
	r, o, err := s.Load(tx, in.Scope, in.ReturnID)
	if err != nil {
		return nil, err
	}
	var faults fault.List
	if in.ExternalReferenceID != nil {
		text.Rule{Max: 255}.Check(&faults, "external_reference_id", *in.ExternalReferenceID)
		r.ExternalReferenceID = *in.ExternalReferenceID
	}
	merged, err := metadata.Merge(r.Metadata, in.Metadata)
	faults.AddError("metadata", err)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	r.Metadata = merged
	return r, s.save(tx, o, r, in.Cause, change{})
}

// OrderClaimed gives the returns of a guest purchase to the customer who claimed it, in the transaction that
// gives them the order.
func OrderClaimed(tx db.Tx, o *order.Order) error {
	all, err := OfOrder(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	for _, r := range all {
		r.CustomerID = o.CustomerID
		if err := write(tx, r); err != nil {
			return err
		}
	}
	return nil
}
