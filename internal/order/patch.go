package order

import (
	"bytes"
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// PatchInput changes the fields of an order that are not nil; the Clear flags take away what is there.
type PatchInput struct {
	Scope   tenant.Scope
	Cause   event.Cause
	OrderID string

	Revision            *int64  // the revision the caller read; refused when it is no longer current
	CustomerID          *string // set once
	BuyerNote           *string
	InternalNote        *string
	ExternalReferenceID *string
	Metadata            *metadata.Patch
	Tax                 *TaxInput
	Tip                 *TipInput
	ClearTip            bool
	Delivery            *DeliveryInput
	ClearDelivery       bool
}

// Validate reports every fault of the input.
func (in PatchInput) Validate() error {
	if in.CustomerID == nil && in.BuyerNote == nil && in.InternalNote == nil && in.ExternalReferenceID == nil && in.Metadata == nil &&
		!in.touchesPrice() {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	if in.CustomerID != nil && *in.CustomerID != "" && !id.Valid(id.Customer, *in.CustomerID) {
		l.Add("INVALID_ID", "customer_id", "This is not the id of a customer.")
	}
	if in.BuyerNote != nil {
		checkNote(&l, "buyer_note", *in.BuyerNote)
	}
	if in.InternalNote != nil {
		checkNote(&l, "internal_note", *in.InternalNote)
	}
	if in.ExternalReferenceID != nil {
		checkReference(&l, "external_reference_id", *in.ExternalReferenceID)
	}
	if in.Tax != nil {
		in.Tax.check(&l, "tax")
	}
	if in.Tip != nil {
		in.Tip.check(&l, "requested_tip")
	}
	if in.Delivery != nil {
		in.Delivery.check(&l, "delivery_destination")
	}
	return l.Err()
}

func (in PatchInput) touchesPrice() bool {
	return in.Tax != nil || in.Tip != nil || in.ClearTip || in.Delivery != nil || in.ClearDelivery
}

// Patch changes an order. Notes, metadata and the external reference may change at any time, also on
// a closed order; everything else only while the order is open and no payment is under way. A patch
// that changes nothing leaves the revision as it is.
func (s *Service) Patch(ctx context.Context, tx db.Tx, in PatchInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	if in.Revision != nil && *in.Revision != o.Revision {
		return nil, fault.Conflict("ORDER_CONFLICT", "The order was changed since it was read.").
			With("current_version", o.Revision).Then("Read the order again and repeat the change with its order_revision.")
	}
	before, err := snapshot(o)
	if err != nil {
		return nil, err
	}
	if in.touchesPrice() {
		if err := checkPriceOpen(o); err != nil {
			return nil, err
		}
	}
	if err := in.applyPlain(o); err != nil {
		return nil, err
	}
	if err := s.setCustomer(ctx, tx, o, in.CustomerID); err != nil {
		return nil, err
	}
	if err := in.setDelivery(o); err != nil {
		return nil, err
	}
	middle, err := snapshot(o)
	if err != nil {
		return nil, err
	}
	var change Change
	if !bytes.Equal(before, middle) {
		change.Activities = append(change.Activities, NewActivity{Type: ActivityUpdated, Description: "Order details changed."})
	}
	if err := s.patchPrice(ctx, tx, o, in, &change); err != nil {
		return nil, err
	}
	after, err := snapshot(o)
	if err != nil || bytes.Equal(before, after) {
		return o, err
	}
	return o, s.Save(tx, o, in.Cause, change)
}

// snapshot is everything of an order that Patch can change by itself.
func snapshot(o *Order) ([]byte, error) {
	doc, err := encodeDoc(o)
	return append(doc, "\n"+o.CustomerID+"\n"+o.ExternalReferenceID...), err
}

func (in PatchInput) applyPlain(o *Order) error {
	setIf(&o.BuyerNote, in.BuyerNote)
	setIf(&o.InternalNote, in.InternalNote)
	setIf(&o.ExternalReferenceID, in.ExternalReferenceID)
	return patchMetadata(&o.Metadata, in.Metadata)
}

// setCustomer binds the order to a customer, once and before any money.
func (s *Service) setCustomer(ctx context.Context, tx db.Tx, o *Order, customerID *string) error {
	switch {
	case customerID == nil || *customerID == o.CustomerID && *customerID != "":
		return nil
	case *customerID == "":
		return fault.Invalid("ORDER_CUSTOMER_NOT_CLEARABLE", "customer_id", "The customer of an order is not taken off.")
	case o.CustomerID != "":
		return fault.Conflict("ORDER_CUSTOMER_ALREADY_SET", "The order already belongs to another customer.")
	case hasSettledMoney(o):
		return fault.Conflict("ORDER_CUSTOMER_NOT_UPDATABLE_AFTER_PAYMENT", "The customer of an order does not change after a payment.")
	}
	if err := checkPriceOpen(o); err != nil {
		return err
	}
	buyer, err := s.buyer(ctx, tx, o.Scope, *customerID)
	if err != nil {
		return err
	}
	o.CustomerID = *customerID
	exempt(o, buyer)
	return nil
}

func (in PatchInput) setDelivery(o *Order) error {
	if in.Delivery == nil && !in.ClearDelivery {
		return nil
	}
	if o.Delivery != nil && !o.Delivery.FrozenAt.IsZero() || hasSettledMoney(o) {
		return fault.Conflict("DELIVERY_DESTINATION_FROZEN", "The delivery destination is fixed by a payment.")
	}
	o.Delivery = nil
	if in.Delivery != nil {
		o.Delivery = in.Delivery.delivery()
	}
	return nil
}

// patchPrice applies tax and tip, one pricing per step, so that each activity carries its own share
// of the balance.
func (s *Service) patchPrice(ctx context.Context, tx db.Tx, o *Order, in PatchInput, change *Change) error {
	step := func(a NewActivity) error {
		if err := s.reprice(ctx, tx, o); err != nil {
			return err
		}
		a.Balance = balanceNow(o)
		change.Activities = append(change.Activities, a)
		return nil
	}
	moved := in.CustomerID != nil || in.Delivery != nil || in.ClearDelivery
	if in.Tax != nil {
		if hasSettledMoney(o) {
			return fault.Conflict("ORDER_TAX_NOT_UPDATABLE_AFTER_PAYMENT", "Tax does not change after a payment.")
		}
		if err := in.Tax.checkCurrency(o.Currency); err != nil {
			return err
		}
	}
	if (moved || in.Tax != nil) && !hasSettledMoney(o) {
		buyer, err := s.buyer(ctx, tx, o.Scope, o.CustomerID)
		if err != nil {
			return err
		}
		locate(o, buyer)
		if moved {
			if err := s.reprice(ctx, tx, o); err != nil {
				return err
			}
			for i := range change.Activities {
				change.Activities[i].Balance = balanceNow(o)
			}
		}
		if in.Tax != nil {
			in.Tax.apply(&o.Tax)
			locate(o, buyer)
			if err := step(NewActivity{Type: ActivityTaxUpdated, Description: "Tax changed."}); err != nil {
				return err
			}
		}
	}
	switch {
	case in.Tip != nil:
		a, err := in.Tip.request(o, s.IDs, s.Clock.Now())
		if err != nil {
			return err
		}
		return step(a)
	case in.ClearTip:
		tip := requestedTip(o)
		if tip == nil {
			return nil
		}
		a, err := cancelTip(tip, s.Clock.Now())
		if err != nil {
			return err
		}
		return step(a)
	}
	return nil
}
