package fulfillment

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Types lists the types of fulfillments.
var Types = []string{TypeShipment, TypePickup, TypeLocalDelivery, TypeDigital, TypeService}

// MaxPerOrder bounds the fulfillments of an order.
const MaxPerOrder = 250

// CreateInput describes a fulfilment of an order's lines. At most one of the details is set, that of its type.
type CreateInput struct {
	Scope               tenant.Scope
	OrderID             string
	Type                string
	Lines               []Line
	Packaging           *PackagingInput // one parcel with all of it; only of a shipment
	Pickup              *Pickup
	LocalDelivery       *LocalDelivery
	Digital             *Digital
	Service             *Appointment
	Recipient           *Recipient // nil: where the order goes
	CustomerID          string     // empty: the order's
	ExternalReferenceID string
	Metadata            map[string]string
	Cause               event.Cause
}

// PackagingInput asks for one outbound shipment with one package.
type PackagingInput struct {
	Package             PackageInput
	ExternalSystem      string
	ExternalReferenceID string
	Metadata            map[string]string
}

// Validate reports every fault of the input.
func (in CreateInput) Validate() error {
	var l fault.List
	if !slices.Contains(Types, in.Type) {
		l.Add("INVALID_FULFILLMENT_TYPE", "type", "The type is not one of those that exist.")
		return l.Err()
	}
	if len(in.Lines) == 0 {
		l.Add("FULFILLMENT_LINE_ITEMS_REQUIRED", "line_items", "A fulfillment has at least one line item.")
	}
	seen := map[string]bool{}
	for k, line := range in.Lines {
		at := fmt.Sprintf("line_items[%d].", k)
		switch {
		case line.OrderLineItemID == "":
			l.Add("FULFILLMENT_LINE_ITEM_ID_REQUIRED", at+"order_line_item_id", "A line item is named by its id.")
		case seen[line.OrderLineItemID]:
			l.Add("DUPLICATE_FULFILLMENT_LINE_ITEM", at+"order_line_item_id", "A line item is named once in a fulfillment.")
		}
		seen[line.OrderLineItemID] = true
		if line.Quantity < 1 {
			l.Add("FULFILLMENT_QUANTITY_INVALID", at+"quantity", "A fulfillment has at least one unit of a line item.")
		}
	}
	d := details{in.Pickup, in.LocalDelivery, in.Digital, in.Service}
	d.fits(&l, in.Type)
	d.check(&l)
	in.Recipient.check(&l, "recipient")
	text.Rule{Max: 255, TooLong: tooLong}.Check(&l, "external_reference_id", in.ExternalReferenceID)
	l.AddError("metadata", metadata.Check(in.Metadata))
	if p := in.Packaging; p != nil {
		if in.Type != TypeShipment {
			l.Add("FULFILLMENT_TYPE_NOT_ALLOWED", "shipment", "Only a fulfillment of type shipment has parcels.")
		}
		checkProvider(&l, "shipment.", shipmentProvider, p.ExternalSystem, p.ExternalReferenceID)
		l.AddError("shipment.metadata", metadata.Check(p.Metadata))
		p.Package.check(&l, "shipment.package.")
		if p.Package.ReturnLines != nil {
			l.Add("RETURN_PACKAGE_QUANTITY_INVALID", "shipment.package.return_line_items", "An outbound parcel brings nothing back.")
		}
	}
	return l.Err()
}

// Create holds units of an order's lines for one way to the buyer, and with Packaging puts all of them into one
// parcel. What an order must be to be fulfilled is decision 0060.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, ORDER_NOT_FULFILLABLE, ORDER_LINE_ITEM_NOT_FOUND,
// FULFILLMENT_QUANTITY_EXCEEDS_LINE_ITEM, FULFILLMENT_QUANTITY_EXCEEDS_AVAILABLE (with available_quantity), and of
// the parcel those of CreateShipment and CreatePackage.
func (s *Service) Create(tx db.Tx, in CreateInput) (*Fulfillment, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	if err := s.admit(tx, o); err != nil {
		return nil, err
	}
	all, err := OfOrder(tx, in.Scope, o.ID)
	if err != nil {
		return nil, err
	}
	if len(all) >= MaxPerOrder {
		return nil, notFulfillable("The order has as many fulfillments as an order can have.")
	}
	if err := checkAvailable(o, Held(all), in.Lines); err != nil {
		return nil, err
	}
	if err := s.checkCustomer(tx, in.Scope, in.CustomerID); err != nil {
		return nil, err
	}
	e, err := s.Settings(tx, in.Scope)
	if err != nil {
		return nil, fmt.Errorf("read the settings of fulfillments: %w", err)
	}
	now := s.Clock.Now()
	f := &Fulfillment{
		Scope: in.Scope, ID: s.IDs.New(id.Fulfillment), OrderID: o.ID, Type: in.Type, Status: StatusPending, Effect: EffectPreserve,
		CustomerID: in.CustomerID, ExternalReferenceID: in.ExternalReferenceID, Version: 1, CreatedAt: now, UpdatedAt: now, Lines: in.Lines,
		Approval: e.Fulfillment.ApprovalRequired, Recipient: in.Recipient, Pickup: in.Pickup, LocalDelivery: in.LocalDelivery,
		Digital: in.Digital, Service: in.Service, Metadata: in.Metadata,
	}
	if f.CustomerID == "" {
		f.CustomerID = o.CustomerID
	}
	if f.Recipient == nil {
		f.Recipient = destination(o, in.Type)
	}
	if err := insert(tx, f); err != nil {
		return nil, err
	}
	text := "Fulfillment: " + units(in.Lines) + " to be " + ways[in.Type] + "."
	if err := s.follow(tx, o, f, order.ActivityFulfillmentCreated, text, in.Cause); err != nil {
		return nil, err
	}
	s.Failpoints.Hit("fulfillment.created")
	if err := s.tell(tx, o, f, EventCreated, in.Cause, now); err != nil {
		return nil, err
	}
	if in.Packaging != nil {
		return f, s.packAll(tx, o, f, in.Packaging, in.Cause)
	}
	return f, nil
}

// packAll makes one shipment with one package that holds everything.
func (s *Service) packAll(tx db.Tx, o *order.Order, f *Fulfillment, in *PackagingInput, cause event.Cause) error {
	sh, replayed, err := s.createShipment(tx, o, f, CreateShipmentInput{
		Scope: f.Scope, FulfillmentID: f.ID, Direction: DirectionOutbound, ExternalSystem: in.ExternalSystem,
		ExternalReferenceID: in.ExternalReferenceID, Metadata: in.Metadata, Cause: cause,
	})
	if err == nil && replayed {
		err = providerTaken(shipmentProvider, "shipment.external_reference_id")
	}
	if err != nil {
		return err
	}
	done, err := s.createPackage(tx, o, f, sh, in.Package, cause)
	if err == nil && done.Replayed {
		err = providerTaken(packageProvider, "shipment.package.external_reference_id")
	}
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for _, l := range f.Lines {
		item := Item{ID: s.IDs.New(id.PackageItem), PackageID: done.Package.ID, FulfillmentID: f.ID, OrderLineItemID: l.OrderLineItemID,
			Quantity: l.Quantity, CreatedAt: now, UpdatedAt: now}
		if err := insertItem(tx, f.Scope, &item); err != nil {
			return err
		}
	}
	return nil
}

// checkAvailable refuses lines that the order does not have, and more units than are left of one.
func checkAvailable(o *order.Order, held map[string]int64, lines []Line) error {
	var l fault.List
	for k, line := range lines {
		at := fmt.Sprintf("line_items[%d].", k)
		switch of := o.Line(line.OrderLineItemID); {
		case of == nil:
			l.Add("ORDER_LINE_ITEM_NOT_FOUND", at+"order_line_item_id", "The order has no such line item.")
		case line.Quantity > of.Quantity:
			l.Add("FULFILLMENT_QUANTITY_EXCEEDS_LINE_ITEM", at+"quantity", "The line item has %d units.", of.Quantity)
		}
	}
	if err := l.Err(); err != nil {
		return err
	}
	for k, line := range lines {
		if left := o.Line(line.OrderLineItemID).Quantity - held[line.OrderLineItemID]; line.Quantity > left {
			e := fault.Conflict("FULFILLMENT_QUANTITY_EXCEEDS_AVAILABLE", "Other fulfillments have units of the line item; %d are left.", left).
				With("available_quantity", left)
			e.Param = fmt.Sprintf("line_items[%d].quantity", k)
			return e
		}
	}
	return nil
}

func (s *Service) checkCustomer(tx db.Tx, scope tenant.Scope, customerID string) error {
	if customerID == "" {
		return nil
	}
	_, err := s.Customers.Get(tx.Context(), tx, scope, customerID)
	if e := fault.Of(err); e != nil && e.Class == fault.ClassNotFound {
		e.Param = "customer_id"
		return e
	}
	return err
}

// destination is where goods of the order go.
func destination(o *order.Order, fulfillmentType string) *Recipient {
	d := o.Delivery
	if d == nil || fulfillmentType != TypeShipment && fulfillmentType != TypeLocalDelivery {
		return nil
	}
	address := d.Address
	return &Recipient{Name: d.RecipientName, Phone: d.RecipientPhone, Address: &address}
}

var ways = map[string]string{
	TypeShipment: "shipped", TypePickup: "picked up", TypeLocalDelivery: "delivered", TypeDigital: "delivered digitally", TypeService: "performed",
}

func units(lines []Line) string {
	n := int64(0)
	for _, l := range lines {
		n += l.Quantity
	}
	if n == 1 {
		return "1 unit"
	}
	return fmt.Sprintf("%d units", n)
}
