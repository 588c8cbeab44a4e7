package fulfillment

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// UpdateInput changes a fulfilment, never its lines, type or status. A function of details is given the details
// as they are and puts the sent fields into them; Clear takes them away. nil fields stay.
type UpdateInput struct {
	Scope               tenant.Scope
	FulfillmentID       string
	ExpectedVersion     *int64
	CustomerID          *string
	ExternalReferenceID *string
	Metadata            *metadata.Patch
	CompletedAt         *time.Time
	Recipient           **Recipient
	Pickup              func(*Pickup)
	LocalDelivery       func(*LocalDelivery)
	Digital             func(*Digital)
	Service             func(*Appointment)
	Clear               string // the type whose details are taken away, empty for none
	Cause               event.Cause
}

func (in *UpdateInput) detailed() bool {
	return in.Pickup != nil || in.LocalDelivery != nil || in.Digital != nil || in.Service != nil || in.Clear != ""
}

// Update changes details of a fulfilment and returns its order. Once it is completed the details stand as evidence;
// once it came to nothing, only references and metadata change.
//
// Faults: RESOURCE_NOT_FOUND, FULFILLMENT_CHANGED, NO_FIELDS_TO_UPDATE, FULFILLMENT_INACTIVE,
// FULFILLMENT_COMPLETED_DETAILS_REPLACEMENT, FULFILLMENT_DETAILS_TYPE_MISMATCH,
// FULFILLMENT_COMPLETION_TIMESTAMP_REQUIRES_COMPLETE, FULFILLMENT_COMPLETION_TIMESTAMP_CONFLICT, and those of the fields.
func (s *Service) Update(tx db.Tx, in UpdateInput) (*order.Order, *Fulfillment, error) {
	if in.CustomerID == nil && in.ExternalReferenceID == nil && in.Metadata == nil && in.CompletedAt == nil && in.Recipient == nil && !in.detailed() {
		return nil, nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	o, f, err := s.open(tx, in.Scope, in.FulfillmentID)
	if err != nil {
		return nil, nil, err
	}
	if err := checkVersion("FULFILLMENT_CHANGED", in.ExpectedVersion, f.Version); err != nil {
		return nil, nil, err
	}
	if err := in.allowed(f); err != nil {
		return nil, nil, err
	}
	if in.CustomerID != nil {
		if err := s.checkCustomer(tx, in.Scope, *in.CustomerID); err != nil {
			return nil, nil, err
		}
	}
	now := s.Clock.Now()
	if err := in.apply(f, now); err != nil {
		return nil, nil, err
	}
	if err := update(tx, f, now); err != nil {
		return nil, nil, err
	}
	if err := s.follow(tx, o, f, order.ActivityFulfillmentUpdated, "Fulfillment changed.", in.Cause); err != nil {
		return nil, nil, err
	}
	return o, f, s.tell(tx, o, f, EventUpdated, in.Cause, now)
}

func (in *UpdateInput) allowed(f *Fulfillment) error {
	changes := in.detailed() || in.Recipient != nil
	switch {
	case f.Terminal() && f.Status != StatusCompleted && (changes || in.CustomerID != nil || in.CompletedAt != nil):
		return inactive(f)
	case f.Status == StatusCompleted && changes:
		return fault.Conflict("FULFILLMENT_COMPLETED_DETAILS_REPLACEMENT", "The details of a completed fulfillment are evidence and stand still.")
	case in.CompletedAt != nil && f.Status != StatusCompleted:
		return fault.Conflict("FULFILLMENT_COMPLETION_TIMESTAMP_REQUIRES_COMPLETE", "Only a completed fulfillment says when it was.").
			Then("Complete it with completed_at.")
	case in.CompletedAt != nil && !in.CompletedAt.Equal(f.CompletedAt) && (f.Evidence || in.CompletedAt.IsZero()):
		return fault.Conflict("FULFILLMENT_COMPLETION_TIMESTAMP_CONFLICT", "It was said already when it was completed.")
	}
	var l fault.List
	d := details{}
	if in.Pickup != nil || in.Clear == TypePickup {
		d.Pickup = &Pickup{}
	}
	if in.LocalDelivery != nil || in.Clear == TypeLocalDelivery {
		d.LocalDelivery = &LocalDelivery{}
	}
	if in.Digital != nil || in.Clear == TypeDigital {
		d.Digital = &Digital{}
	}
	if in.Service != nil || in.Clear == TypeService {
		d.Service = &Appointment{}
	}
	d.fits(&l, f.Type)
	return l.Err()
}

func (in *UpdateInput) apply(f *Fulfillment, now time.Time) error {
	var l fault.List
	put(&f.CustomerID, in.CustomerID)
	put(&f.ExternalReferenceID, in.ExternalReferenceID)
	put(&f.Recipient, in.Recipient)
	if in.CompletedAt != nil {
		checkPast(&l, "completed_at", *in.CompletedAt, now)
		f.CompletedAt, f.Evidence = happened(*in.CompletedAt, now), true
	}
	if in.Clear != "" {
		f.Pickup, f.LocalDelivery, f.Digital, f.Service = nil, nil, nil, nil
	}
	change(&f.Pickup, in.Pickup)
	change(&f.LocalDelivery, in.LocalDelivery)
	change(&f.Digital, in.Digital)
	change(&f.Service, in.Service)
	details{f.Pickup, f.LocalDelivery, f.Digital, f.Service}.check(&l)
	if in.Recipient != nil {
		f.Recipient.check(&l, "recipient")
	}
	text.Rule{Max: 255, TooLong: tooLong}.Check(&l, "external_reference_id", f.ExternalReferenceID)
	merge(&l, &f.Metadata, in.Metadata)
	return l.Err()
}

func change[T any](field **T, f func(*T)) {
	if f == nil {
		return
	}
	if *field == nil {
		*field = new(T)
	}
	f(*field)
}
