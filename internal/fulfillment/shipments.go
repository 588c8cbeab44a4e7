package fulfillment

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/tenant"
)

// MaxParcels bounds the shipments of a fulfilment, and the packages of a shipment.
const MaxParcels = 250

// CreateShipmentInput adds a leg. ReturnID and ReturnLines belong to the direction return.
type CreateShipmentInput struct {
	Scope               tenant.Scope
	FulfillmentID       string
	Direction           string // outbound when empty
	ReturnID            string
	ReturnLines         []Allocation
	ExternalSystem      string
	ExternalReferenceID string
	Metadata            map[string]string
	Cause               event.Cause
}

// Validate reports every fault of the input.
func (in CreateShipmentInput) Validate() error {
	var l fault.List
	switch in.Direction {
	case "", DirectionOutbound:
		if in.ReturnID != "" || in.ReturnLines != nil {
			l.Add("RETURN_SHIPMENT_INVALID", "return_id", "Only a shipment of direction return belongs to a return.")
		}
	case DirectionReturn:
		if in.ReturnID == "" {
			l.Add("RETURN_SHIPMENT_INVALID", "return_id", "A return shipment names its return.")
		}
		if len(in.ReturnLines) == 0 {
			l.Add("RETURN_SHIPMENT_LINE_ITEMS_REQUIRED", "return_line_items", "A return shipment names what travels back.")
		}
	default:
		l.Add("INVALID_SHIPMENT_DIRECTION", "direction", "A shipment goes outbound or return.")
	}
	checkAllocations(&l, "return_line_items", "RETURN_SHIPMENT_INVALID", "RETURN_SHIPMENT_QUANTITY_INVALID", in.ReturnLines)
	checkProvider(&l, "", shipmentProvider, in.ExternalSystem, in.ExternalReferenceID)
	l.AddError("metadata", metadata.Check(in.Metadata))
	return l.Err()
}

func checkAllocations(l *fault.List, at, twice, quantity string, lines []Allocation) {
	seen := map[string]bool{}
	for k, a := range lines {
		if seen[a.ReturnLineItemID] || a.ReturnLineItemID == "" {
			l.Add(twice, fmt.Sprintf("%s[%d].return_line_item_id", at, k), "A line of the return is named once.")
		}
		seen[a.ReturnLineItemID] = true
		if a.Quantity < 1 {
			l.Add(quantity, fmt.Sprintf("%s[%d].quantity", at, k), "At least one unit of a line travels back.")
		}
	}
}

// CreateShipment adds a leg to a fulfilment. A provider's reference that made this one before gives it again,
// and replayed.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, FULFILLMENT_TYPE_NOT_ALLOWED, FULFILLMENT_COMPLETED,
// FULFILLMENT_TERMINAL, FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_CONFLICT, and of returns RETURN_NOT_FOUND,
// RETURN_SHIPMENT_INVALID, RETURN_SHIPMENT_QUANTITY_INVALID (with available_quantity).
func (s *Service) CreateShipment(tx db.Tx, in CreateShipmentInput) (sh *Shipment, replayed bool, err error) {
	if err := in.Validate(); err != nil {
		return nil, false, err
	}
	o, f, err := s.open(tx, in.Scope, in.FulfillmentID)
	if err != nil {
		return nil, false, err
	}
	return s.createShipment(tx, o, f, in)
}

func (s *Service) createShipment(tx db.Tx, o *order.Order, f *Fulfillment, in CreateShipmentInput) (*Shipment, bool, error) {
	if in.Direction == "" {
		in.Direction = DirectionOutbound
	}
	asked, err := fingerprint([]any{f.ID, in.Direction, in.ReturnID, in.ReturnLines, in.Metadata})
	if err != nil {
		return nil, false, err
	}
	if in.ExternalReferenceID != "" {
		known, err := shipments(tx, f.Scope, `external_system = $3 AND external_reference_id = $4`, in.ExternalSystem, in.ExternalReferenceID)
		if err != nil {
			return nil, false, err
		}
		if len(known) > 0 && known[0].Asked != asked {
			err = providerTaken(shipmentProvider, "external_reference_id")
		}
		if len(known) > 0 {
			return known[0], err == nil, err
		}
	}
	if err := f.ships(in.Direction); err != nil {
		return nil, false, err
	}
	of, err := ShipmentsOf(tx, f.Scope, f.ID)
	if err != nil {
		return nil, false, err
	}
	if len(of) >= MaxParcels {
		return nil, false, fault.Conflict("FULFILLMENT_SHIPMENT_NOT_MUTABLE", "The fulfillment has as many shipments as one can have.")
	}
	if in.Direction == DirectionReturn {
		if err := s.checkReturn(tx, f, &in); err != nil {
			return nil, false, err
		}
	}
	now := s.Clock.Now()
	sh := &Shipment{
		Scope: f.Scope, ID: s.IDs.New(id.Shipment), FulfillmentID: f.ID, OrderID: o.ID, Direction: in.Direction, ReturnID: in.ReturnID,
		Status: ParcelCreated, ExternalSystem: in.ExternalSystem, ExternalReferenceID: in.ExternalReferenceID, Version: 1, CreatedAt: now,
		UpdatedAt: now, ReturnLines: in.ReturnLines, Asked: asked, Metadata: in.Metadata,
	}
	if err := insertShipment(tx, sh); err != nil {
		return nil, false, err
	}
	if err := s.publish(tx, o, EventShipmentCreated, dataOf(o, f).withShipment(sh), in.Cause, now); err != nil {
		return nil, false, err
	}
	return sh, false, s.announce(tx, sh, in.Cause)
}

// announce tells the return of a shipment that it was made or voided; others have none.
func (s *Service) announce(tx db.Tx, sh *Shipment, cause event.Cause) error {
	if sh.Direction != DirectionReturn || s.Announced == nil {
		return nil
	}
	if err := s.Announced(tx, sh.Scope, sh.ReturnID, cause); err != nil {
		return fmt.Errorf("tell return %s of shipment %s: %w", sh.ReturnID, sh.ID, err)
	}
	return nil
}

// ships refuses shipments that the fulfilment cannot have: parcels go out of a shipment that is open, and come
// back of anything that could be put into a parcel and was handed over.
func (f *Fulfillment) ships(direction string) error {
	switch {
	case direction == DirectionReturn && (f.Type == TypeDigital || f.Type == TypeService), direction == DirectionOutbound && f.Type != TypeShipment:
		return fault.Conflict("FULFILLMENT_TYPE_NOT_ALLOWED", "A fulfillment of this type has no such shipments.")
	case direction == DirectionReturn && f.Status != StatusCompleted:
		return fault.Conflict("RETURN_SHIPMENT_INVALID", "Nothing comes back of what was not handed over.").With("current_status", f.Status)
	case direction == DirectionReturn:
		return nil
	}
	return f.packs()
}

// packs refuses to send more parcels out.
func (f *Fulfillment) packs() error {
	switch {
	case f.Status == StatusCompleted:
		return fault.Conflict("FULFILLMENT_COMPLETED", "The fulfillment is completed; nothing more is sent out.")
	case f.Terminal():
		return fault.Conflict("FULFILLMENT_TERMINAL", "The fulfillment has ended; nothing is sent out.").With("current_status", f.Status)
	}
	return nil
}

// checkReturn refuses lines that the return does not let travel back from this fulfilment, and more units than
// it approved and other shipments have not taken.
func (s *Service) checkReturn(tx db.Tx, f *Fulfillment, in *CreateShipmentInput) error {
	if s.Returns == nil {
		return returnUnknown()
	}
	approved, err := s.Returns(tx, f.Scope, in.ReturnID)
	if e := fault.Of(err); e != nil && e.Class == fault.ClassNotFound {
		return returnUnknown()
	}
	if err != nil {
		return err
	}
	others, err := ShipmentsOfReturn(tx, f.Scope, in.ReturnID)
	if err != nil {
		return err
	}
	left := map[string]int64{}
	for _, a := range approved {
		if a.FulfillmentID == f.ID {
			left[a.ReturnLineItemID] = a.ApprovedQuantity
		}
	}
	for _, other := range others {
		if other.Status == ParcelVoided {
			continue
		}
		for _, a := range other.ReturnLines {
			left[a.ReturnLineItemID] -= a.Quantity
		}
	}
	var l fault.List
	for k, a := range in.ReturnLines {
		rest, known := left[a.ReturnLineItemID]
		switch at := fmt.Sprintf("return_line_items[%d]", k); {
		case !known:
			l.Add("RETURN_SHIPMENT_INVALID", at+".return_line_item_id", "The return has no such line of this fulfillment.")
		case a.Quantity > rest:
			l.AddWith(fault.Detail{Code: "RETURN_SHIPMENT_QUANTITY_INVALID", Param: at + ".quantity",
				Message: fmt.Sprintf("%d units of the line can travel back.", max(rest, 0)), Extra: map[string]any{"available_quantity": max(rest, 0)}})
		}
	}
	return l.Err()
}

func returnUnknown() error {
	e := fault.NotFound("return")
	e.Code, e.Param = "RETURN_NOT_FOUND", "return_id"
	return e
}

// UpdateShipmentInput changes what the merchant keeps on a shipment; nil fields stay.
type UpdateShipmentInput struct {
	Scope               tenant.Scope
	ShipmentID          string
	ExpectedVersion     *int64
	ExternalSystem      *string
	ExternalReferenceID *string
	Metadata            *metadata.Patch
	Cause               event.Cause
}

// UpdateShipment changes a shipment's references and metadata. unchanged tells that it said so already.
//
// Faults: RESOURCE_NOT_FOUND, SHIPMENT_CHANGED, FULFILLMENT_SHIPMENT_TERMINAL, NO_FIELDS_TO_UPDATE,
// FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_CONFLICT and _INCOMPLETE, and those of metadata.
func (s *Service) UpdateShipment(tx db.Tx, in UpdateShipmentInput) (sh *Shipment, unchanged bool, err error) {
	if in.ExternalSystem == nil && in.ExternalReferenceID == nil && in.Metadata == nil {
		return nil, false, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	o, f, sh, err := s.openShipment(tx, in.Scope, in.ShipmentID)
	if err != nil {
		return nil, false, err
	}
	if err := checkVersion("SHIPMENT_CHANGED", in.ExpectedVersion, sh.Version); err != nil {
		return nil, false, err
	}
	if sh.Status == ParcelVoided {
		return nil, false, shipmentEnded()
	}
	before, err := fingerprint([]any{sh.ExternalSystem, sh.ExternalReferenceID, sh.Metadata})
	if err != nil {
		return nil, false, err
	}
	put(&sh.ExternalSystem, in.ExternalSystem)
	put(&sh.ExternalReferenceID, in.ExternalReferenceID)
	var l fault.List
	checkProvider(&l, "", shipmentProvider, sh.ExternalSystem, sh.ExternalReferenceID)
	merge(&l, &sh.Metadata, in.Metadata)
	if err := l.Err(); err != nil {
		return nil, false, err
	}
	after, err := fingerprint([]any{sh.ExternalSystem, sh.ExternalReferenceID, sh.Metadata})
	if err != nil || after == before {
		return sh, err == nil, err
	}
	now := s.Clock.Now()
	if err := updateShipment(tx, sh, now); err != nil {
		return nil, false, err
	}
	return sh, false, s.publish(tx, o, EventUpdated, dataOf(o, f), in.Cause, now)
}

func shipmentEnded() error {
	return fault.Conflict("FULFILLMENT_SHIPMENT_TERMINAL", "The shipment was voided.").With("current_status", ParcelVoided)
}

// openShipment locks the order of a shipment and reads what lies between.
func (s *Service) openShipment(tx db.Tx, scope tenant.Scope, shipmentID string) (*order.Order, *Fulfillment, *Shipment, error) {
	peek, err := GetShipment(tx, scope, shipmentID)
	if err != nil {
		return nil, nil, nil, err
	}
	o, f, err := s.open(tx, scope, peek.FulfillmentID)
	if err != nil {
		return nil, nil, nil, err
	}
	sh, err := GetShipment(tx, scope, shipmentID)
	return o, f, sh, err
}

func put[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

func merge(l *fault.List, m *map[string]string, p *metadata.Patch) {
	if p == nil {
		return
	}
	merged, err := metadata.Merge(*m, *p)
	if err != nil {
		l.AddError("metadata", err)
		return
	}
	*m = merged
}
