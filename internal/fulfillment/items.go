package fulfillment

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// ItemInput puts units of an order's line into a package, or changes how many.
type ItemInput struct {
	Scope           tenant.Scope
	PackageID       string
	ItemID          string // of one that is there
	OrderLineItemID string
	Quantity        *int64
	Pairs           map[string]string // metadata of a new item
	Metadata        *metadata.Patch   // of one that is there
	Cause           event.Cause
}

// CreateItem puts units of a line into a package that no carrier has.
//
// Faults: RESOURCE_NOT_FOUND, SHIPMENT_PACKAGE_NOT_MUTABLE, INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY,
// SHIPMENT_PACKAGE_ITEM_LINE_ITEM_NOT_IN_FULFILLMENT, SHIPMENT_PACKAGE_ITEM_QUANTITY_EXCEEDS_FULFILLMENT (with
// available_quantity).
func (s *Service) CreateItem(tx db.Tx, in ItemInput) (*Item, error) {
	f, p, err := s.unpack(tx, in)
	if err != nil {
		return nil, err
	}
	var l fault.List
	l.AddError("metadata", metadata.Check(in.Pairs))
	if in.Quantity == nil || *in.Quantity < 1 {
		l.Add("INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY", "quantity", "An item is at least one unit.")
	}
	if f.Quantity(in.OrderLineItemID) == 0 {
		l.Add("SHIPMENT_PACKAGE_ITEM_LINE_ITEM_NOT_IN_FULFILLMENT", "order_line_item_id", "The fulfillment has nothing of this line item.")
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	i := &Item{ID: s.IDs.New(id.PackageItem), PackageID: p.ID, FulfillmentID: f.ID, OrderLineItemID: in.OrderLineItemID, Quantity: *in.Quantity,
		Metadata: in.Pairs, CreatedAt: now, UpdatedAt: now}
	if err := s.fits(tx, f, i); err != nil {
		return nil, err
	}
	if err := insertItem(tx, in.Scope, i); err != nil {
		return nil, err
	}
	return i.in(p), updatePackage(tx, p, now)
}

// UpdateItem changes how many units of its line an item is.
//
// Faults: those of CreateItem, NO_FIELDS_TO_UPDATE.
func (s *Service) UpdateItem(tx db.Tx, in ItemInput) (*Item, error) {
	if in.Quantity == nil && in.Metadata == nil {
		return nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	f, p, err := s.unpack(tx, in)
	if err != nil {
		return nil, err
	}
	i, err := getItem(tx, p, in.ItemID)
	if err != nil {
		return nil, err
	}
	var l fault.List
	put(&i.Quantity, in.Quantity)
	if i.Quantity < 1 {
		l.Add("INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY", "quantity", "An item is at least one unit.")
	}
	merge(&l, &i.Metadata, in.Metadata)
	if err := l.Err(); err != nil {
		return nil, err
	}
	if err := s.fits(tx, f, i); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	i.UpdatedAt = now
	if err := updateItem(tx, in.Scope, i); err != nil {
		return nil, err
	}
	return i, updatePackage(tx, p, now)
}

// DeleteItem takes an item out of a package that no carrier has, and returns it.
//
// Faults: RESOURCE_NOT_FOUND, SHIPMENT_PACKAGE_NOT_MUTABLE.
func (s *Service) DeleteItem(tx db.Tx, in ItemInput) (*Item, error) {
	_, p, err := s.unpack(tx, in)
	if err != nil {
		return nil, err
	}
	i, err := getItem(tx, p, in.ItemID)
	if err != nil {
		return nil, err
	}
	if err := deleteItem(tx, in.Scope, i); err != nil {
		return nil, err
	}
	return i, updatePackage(tx, p, s.Clock.Now())
}

// unpack opens a package whose contents can change.
func (s *Service) unpack(tx db.Tx, in ItemInput) (*Fulfillment, *Package, error) {
	_, f, sh, p, err := s.openPackage(tx, in.Scope, in.PackageID)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case sh.Direction == DirectionReturn:
		return nil, nil, fault.Conflict("SHIPMENT_PACKAGE_NOT_MUTABLE", "What lies in a parcel of a return are its return_line_items.")
	case p.Left() || !p.Open():
		return nil, nil, p.fixed()
	}
	return f, p, nil
}

// fits refuses more units in packages than the fulfilment has of the line.
func (s *Service) fits(tx db.Tx, f *Fulfillment, i *Item) error {
	others, err := packed(tx, f.Scope, f.ID, i.OrderLineItemID, i.ID)
	if err != nil {
		return err
	}
	if left := f.Quantity(i.OrderLineItemID) - others; i.Quantity > left {
		e := fault.Conflict("SHIPMENT_PACKAGE_ITEM_QUANTITY_EXCEEDS_FULFILLMENT", "Other packages have units of the line item; %d are left.", left).
			With("available_quantity", left)
		e.Param = "quantity"
		return e
	}
	return nil
}

// ItemsOf reads what lies in the packages of a fulfilment, by package. Items of voided packages are among them.
func ItemsOf(tx db.Tx, scope tenant.Scope, fulfillmentID string) (map[string][]*Item, error) {
	out := map[string][]*Item{}
	err := tx.Query(func(row db.Row) error {
		i, err := scanItem(row)
		if err == nil {
			out[i.PackageID] = append(out[i.PackageID], i)
		}
		return err
	}, `SELECT `+itemColumns+` FROM package_items WHERE merchant_id = $1 AND environment_id = $2 AND fulfillment_id = $3
		ORDER BY created_at, package_item_id`, scope.MerchantID, scope.EnvironmentID, fulfillmentID)
	if err != nil {
		return nil, fmt.Errorf("read what is packed of fulfillment %s: %w", fulfillmentID, err)
	}
	return out, nil
}
