package httpapi

import (
	"cmp"

	"flint/internal/fulfillment"
	"flint/internal/order"
)

func wireFulfillment(f *fulfillment.Fulfillment) *Fulfillment {
	out := &Fulfillment{
		ID: f.ID, OrderID: f.OrderID, Type: f.Type, Status: f.Status, RequestStatus: "pending", QuantityEffect: f.Effect,
		SupportedActions: f.Supported(), Lines: make([]FulfillmentLine, len(f.Lines)), Recipient: wireRecipient(f.Recipient),
		CustomerID: f.CustomerID, ExternalReferenceID: f.ExternalReferenceID, Metadata: f.Metadata, PickedAt: timeIf(f.PickedAt),
		PackedAt: timeIf(f.PackedAt), DispatchedAt: timeIf(f.DispatchedAt), CompletedAt: timeIf(f.CompletedAt), TerminalAt: timeIf(f.TerminalAt),
		Version: f.Version, CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt,
	}
	if f.Accepted() {
		out.RequestStatus = "accepted"
	}
	for k, l := range f.Lines {
		out.Lines[k] = FulfillmentLine{LineID: l.OrderLineItemID, Quantity: l.Quantity}
	}
	if h := f.Hold; h != nil {
		out.ActiveHold = &FulfillmentHold{Reason: h.Reason, CreatedAt: h.CreatedAt, HeldBy: h.HeldBy}
	}
	if o := f.Outcome; o != nil {
		out.Outcome = &FulfillmentOutcome{Type: "no_show", Reason: o.Reason, OccurredAt: o.OccurredAt}
	}
	if p := f.Pickup; p != nil {
		out.Pickup = &PickupDetails{
			LocationName: p.LocationName, Address: wireAddressIf(p.Address), Instructions: p.Instructions, CurbsideInstructions: p.CurbsideInstructions,
			Vehicle: p.Vehicle, WindowStartAt: timeIf(p.WindowStartAt), WindowEndAt: timeIf(p.WindowEndAt), WindowSeconds: p.WindowSeconds,
			PrepSeconds: p.PrepSeconds, Timezone: p.Timezone, ReadyAt: timeIf(p.ReadyAt), ArrivedAt: timeIf(p.ArrivedAt),
			PickedUpAt: timeIf(p.PickedUpAt), ExpiresAt: timeIf(p.ExpiresAt),
		}
	}
	if d := f.LocalDelivery; d != nil {
		out.LocalDelivery = &LocalDeliveryDetails{
			Carrier: d.Carrier, CourierName: d.CourierName, CourierPhone: d.CourierPhone, ExternalID: d.ExternalID, TrackingURL: d.TrackingURL,
			ServiceAreaID: d.ServiceAreaID, Instructions: d.Instructions, DropoffNotes: d.DropoffNotes, NoContact: d.NoContact,
			WindowStartAt: timeIf(d.WindowStartAt), WindowEndAt: timeIf(d.WindowEndAt), Timezone: d.Timezone, WindowSeconds: d.WindowSeconds,
			PrepSeconds: d.PrepSeconds, ReadyAt: timeIf(d.ReadyAt), CourierPickupAt: timeIf(d.CourierPickupAt), DispatchedAt: timeIf(d.DispatchedAt),
			DeliveredAt: timeIf(d.DeliveredAt), ExpiresAt: timeIf(d.ExpiresAt),
		}
	}
	if d := f.Digital; d != nil {
		out.Digital = &DigitalDetails{URL: d.URL, DeliveredAt: timeIf(d.DeliveredAt)}
	}
	if a := f.Service; a != nil {
		out.Service = &ServiceDetails{StartAt: timeIf(a.StartAt), EndAt: timeIf(a.EndAt), Timezone: a.Timezone, Notes: a.Notes, CompletedAt: timeIf(a.CompletedAt)}
	}
	return out
}

// wireMyFulfillment leaves out what the merchant keeps for itself.
func wireMyFulfillment(f *fulfillment.Fulfillment) *Fulfillment {
	out := wireFulfillment(f)
	out.Metadata, out.SupportedActions = nil, []string{}
	if out.ActiveHold != nil {
		out.ActiveHold.HeldBy = ""
	}
	return out
}

func wireRecipient(r *fulfillment.Recipient) *FulfillmentRecipient {
	if r == nil {
		return nil
	}
	return &FulfillmentRecipient{Name: r.Name, Email: r.Email, Phone: r.Phone, Address: wireAddressIf(r.Address), Instructions: r.Instructions}
}

func wireAddressIf(a *order.Address) *Address {
	if a == nil {
		return nil
	}
	out := Address(*a)
	return &out
}

func wireAllocations(in []fulfillment.Allocation) []ReturnShipmentLine {
	var out []ReturnShipmentLine
	for _, a := range in {
		out = append(out, ReturnShipmentLine{LineID: a.ReturnLineItemID, Quantity: a.Quantity})
	}
	return out
}

func wireShipment(sh *fulfillment.Shipment) *Shipment {
	return &Shipment{
		ID: sh.ID, FulfillmentID: sh.FulfillmentID, OrderID: sh.OrderID, Direction: sh.Direction, Status: sh.Status, PackageCount: sh.PackageCount,
		ReturnID: sh.ReturnID, ReturnLines: wireAllocations(sh.ReturnLines), HandedOffAt: timeIf(sh.HandedOffAt), ShippedAt: timeIf(sh.HandedOffAt),
		DeliveredAt: timeIf(sh.DeliveredAt), ExternalSystem: sh.ExternalSystem, ExternalReferenceID: sh.ExternalReferenceID, Metadata: sh.Metadata,
		Version: sh.Version, CreatedAt: sh.CreatedAt, UpdatedAt: sh.UpdatedAt,
	}
}

func wireMyShipment(sh *fulfillment.Shipment) *Shipment {
	out := wireShipment(sh)
	out.Metadata = nil
	return out
}

func wireShipmentSummary(sh *fulfillment.Shipment) ShipmentSummary {
	return ShipmentSummary{
		ID: sh.ID, FulfillmentID: sh.FulfillmentID, Direction: sh.Direction, Status: sh.Status, PackageCount: sh.PackageCount,
		HandedOffAt: timeIf(sh.HandedOffAt), ShippedAt: timeIf(sh.HandedOffAt), DeliveredAt: timeIf(sh.DeliveredAt), CreatedAt: sh.CreatedAt, UpdatedAt: sh.UpdatedAt,
	}
}

func wirePackage(p *fulfillment.Package) *Package {
	out := &Package{
		ID: p.ID, ShipmentID: p.ShipmentID, FulfillmentID: p.FulfillmentID, OrderID: p.OrderID, Status: p.Status, StatusReason: p.StatusReason,
		SupportedActions: p.Supported(), Carrier: p.Carrier, ServiceCode: p.ServiceCode, TrackingNumber: p.TrackingNumber, TrackingURL: p.TrackingURL,
		LabelURL: p.LabelURL, ReturnID: p.ReturnID, ReturnLines: wireAllocations(p.ReturnLines), ShippedAt: timeIf(p.ShippedAt),
		DeliveredAt: timeIf(p.DeliveredAt), ExternalSystem: p.ExternalSystem, ExternalReferenceID: p.ExternalReferenceID, Metadata: p.Metadata,
		Version: p.Version, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	if d := p.Dimensions; d != nil {
		out.Dimensions = &ShippingDimensions{Measure(d.Length), Measure(d.Width), Measure(d.Height), d.Unit}
	}
	if w := p.Weight; w != nil {
		out.Weight = &ShippingWeight{Measure(w.Value), w.Unit}
	}
	return out
}

func wireMyPackage(p *fulfillment.Package) *Package {
	out := wirePackage(p)
	out.Metadata, out.LabelURL, out.SupportedActions = nil, "", []string{}
	return out
}

func wirePackageSummary(p *fulfillment.Package) PackageSummary {
	return PackageSummary{
		ID: p.ID, ShipmentID: p.ShipmentID, FulfillmentID: p.FulfillmentID, Status: p.Status, SupportedActions: p.Supported(), Version: p.Version,
		Carrier: p.Carrier, ServiceCode: p.ServiceCode, TrackingNumber: p.TrackingNumber, TrackingURL: p.TrackingURL, ShippedAt: timeIf(p.ShippedAt),
		DeliveredAt: timeIf(p.DeliveredAt), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

func wirePackageItem(i *fulfillment.Item) *PackageItem {
	return &PackageItem{
		ID: i.ID, PackageID: i.PackageID, ShipmentID: i.ShipmentID, FulfillmentID: i.FulfillmentID, OrderID: i.OrderID, LineID: i.OrderLineItemID,
		Quantity: i.Quantity, Metadata: i.Metadata, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
	}
}

func wireFulfillmentEvent(e *fulfillment.Event) *FulfillmentEvent {
	if e == nil {
		return nil
	}
	return &FulfillmentEvent{
		ID: e.ID, FulfillmentID: e.FulfillmentID, OrderID: e.OrderID, SubjectType: e.Subject(), ShipmentID: e.ShipmentID, PackageID: e.PackageID,
		Type: e.Type, PreviousStatus: e.From, CurrentStatus: e.To, QuantityEffect: e.Effect, Reason: e.Reason, ReasonMessage: e.ReasonMessage,
		Message: e.Message, Location: e.Location, ExternalSystem: e.ExternalSystem, ExternalEventID: e.ExternalEventID, ExternalStatus: e.ExternalStatus,
		Details: e.Details, Notify: cmp.Or(e.Notify, fulfillment.NotifySend), OccurredAt: e.OccurredAt, ReceivedAt: e.ReceivedAt, CreatedAt: e.ReceivedAt,
	}
}

func wireBuyerFulfillmentEvent(e *fulfillment.Event) *BuyerFulfillmentEvent {
	return &BuyerFulfillmentEvent{
		ID: e.ID, FulfillmentID: e.FulfillmentID, OrderID: e.OrderID, Type: e.Type, Status: e.To, PreviousStatus: e.From, ShipmentID: e.ShipmentID,
		PackageID: e.PackageID, Location: e.Location, OccurredAt: e.OccurredAt, CreatedAt: e.ReceivedAt,
	}
}

func wireFulfillmentNotification(n *fulfillment.Notice) *FulfillmentNotification {
	return &FulfillmentNotification{
		ID: n.ID, FulfillmentID: n.FulfillmentID, OrderID: n.OrderID, Channel: "email", Status: n.Status, Trigger: n.Trigger, Type: n.Type,
		SuppressionReason: n.Suppressed, EventID: n.EventID, ShipmentID: n.ShipmentID, PackageID: n.PackageID, CustomerID: n.CustomerID, Email: n.Email,
		SentAt: timeIf(n.SentAt), FailedAt: timeIf(n.FailedAt), CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt,
	}
}

// wireAll turns a list into its wire form; nothing stays nil.
func wireAll[T, W any](in []T, f func(T) W) []W {
	var out []W
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}
