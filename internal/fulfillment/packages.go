package fulfillment

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// PackageInput describes a parcel.
type PackageInput struct {
	Carrier             string
	ServiceCode         string
	TrackingNumber      string
	TrackingURL         string
	LabelURL            string
	StatusReason        string
	Dimensions          *Dimensions
	Weight              *Weight
	ReturnLines         []Allocation // of a return shipment: what of its lines lies in this parcel
	ExternalSystem      string
	ExternalReferenceID string
	Metadata            map[string]string
	Notify              string `json:"-"`
}

// Units of measures.
var (
	LengthUnits = []string{"millimeter", "centimeter", "meter", "inch", "foot"}
	WeightUnits = []string{"gram", "kilogram", "ounce", "pound"}
)

func (in *PackageInput) check(l *fault.List, at string) {
	p := Package{Carrier: in.Carrier, ServiceCode: in.ServiceCode, TrackingNumber: in.TrackingNumber, TrackingURL: in.TrackingURL, LabelURL: in.LabelURL,
		StatusReason: in.StatusReason, Dimensions: in.Dimensions, Weight: in.Weight, ExternalSystem: in.ExternalSystem, ExternalReferenceID: in.ExternalReferenceID}
	p.check(l, at)
	checkAllocations(l, at+"return_line_items", "RETURN_PACKAGE_LINE_DUPLICATED", "RETURN_PACKAGE_QUANTITY_INVALID", in.ReturnLines)
	l.AddError(at+"metadata", metadata.Check(in.Metadata))
	checkNotify(l, in.Notify)
}

// check refuses a parcel as it would be stored.
func (p *Package) check(l *fault.List, at string) {
	checkTexts(l, at, []field{{"carrier", p.Carrier, 255}, {"service_code", p.ServiceCode, 255}, {"tracking_number", p.TrackingNumber, 255}})
	text.Rule{Max: maxReason, Lines: true, TooLong: "FULFILLMENT_STATUS_REASON_TOO_LONG"}.Check(l, at+"status_reason", p.StatusReason)
	checkProvider(l, at, packageProvider, p.ExternalSystem, p.ExternalReferenceID)
	if p.TrackingURL != "" && !secure(p.TrackingURL) {
		l.Add(badTracking, at+"tracking_url", "Tracking is at an absolute https address without a user.")
	}
	switch {
	case p.LabelURL == "":
	case !secure(p.LabelURL):
		l.Add("FULFILLMENT_LABEL_URL_INVALID", at+"label_url", "A label is at an absolute https address without a user.")
	case p.ExternalSystem == "":
		l.Add("FULFILLMENT_LABEL_URL_EXTERNAL_SYSTEM_REQUIRED", at+"external_system", "A label lies with another system; name it.")
	}
	if d := p.Dimensions; d != nil && (d.Length <= 0 || d.Width <= 0 || d.Height <= 0 || !slices.Contains(LengthUnits, d.Unit)) {
		l.Add("INVALID_SHIPMENT_DIMENSIONS", at+"dimensions", "Measures are above zero, in millimeter, centimeter, meter, inch or foot.")
	}
	if w := p.Weight; w != nil && (w.Value <= 0 || !slices.Contains(WeightUnits, w.Unit)) {
		l.Add("INVALID_SHIPMENT_WEIGHT", at+"weight", "A weight is above zero, in gram, kilogram, ounce or pound.")
	}
}

// CreatePackageInput adds a parcel to a shipment.
type CreatePackageInput struct {
	Scope      tenant.Scope
	ShipmentID string
	Package    PackageInput
	Cause      event.Cause
}

// Packed is what was done with a parcel.
type Packed struct {
	Package   *Package
	Shipment  *Shipment
	Event     *Event // nil when the timeline has nothing new
	Notices   []*Notice
	Replayed  bool
	Unchanged bool
}

// CreatePackage adds a parcel. Tracking makes a row of the timeline and, unless suppressed, a mail. A provider's
// reference that made this parcel before gives it again.
//
// Faults: RESOURCE_NOT_FOUND, FULFILLMENT_SHIPMENT_TERMINAL, FULFILLMENT_SHIPMENT_NOT_MUTABLE, FULFILLMENT_COMPLETED,
// FULFILLMENT_TERMINAL, SHIPMENT_PACKAGE_PROVIDER_REFERENCE_CONFLICT, those of a parcel's fields, and of returns
// RETURN_PACKAGE_LINE_ITEMS_REQUIRED, RETURN_PACKAGE_QUANTITY_INVALID, RETURN_PACKAGE_ALLOCATION_EXCEEDS_SHIPMENT.
func (s *Service) CreatePackage(tx db.Tx, in CreatePackageInput) (Packed, error) {
	var l fault.List
	in.Package.check(&l, "")
	if err := l.Err(); err != nil {
		return Packed{}, err
	}
	o, f, sh, err := s.openShipment(tx, in.Scope, in.ShipmentID)
	if err != nil {
		return Packed{}, err
	}
	return s.createPackage(tx, o, f, sh, in.Package, in.Cause)
}

func (s *Service) createPackage(tx db.Tx, o *order.Order, f *Fulfillment, sh *Shipment, in PackageInput, cause event.Cause) (Packed, error) {
	asked, err := fingerprint([]any{sh.ID, in})
	if err != nil {
		return Packed{}, err
	}
	if in.ExternalReferenceID != "" {
		known, err := packages(tx, f.Scope, `external_system = $3 AND external_reference_id = $4`, in.ExternalSystem, in.ExternalReferenceID)
		switch {
		case err != nil:
			return Packed{}, err
		case len(known) > 0 && known[0].Asked != asked:
			return Packed{}, providerTaken(packageProvider, "external_reference_id")
		case len(known) > 0:
			return Packed{Package: known[0], Shipment: sh, Replayed: true}, nil
		}
	}
	of, err := packagesOfShipment(tx, f.Scope, sh.ID)
	if err != nil {
		return Packed{}, err
	}
	if err := sh.takes(f, of, in.ReturnLines); err != nil {
		return Packed{}, err
	}
	now := s.Clock.Now()
	p := &Package{
		Scope: f.Scope, ID: s.IDs.New(id.Package), ShipmentID: sh.ID, FulfillmentID: f.ID, OrderID: o.ID, Status: ParcelCreated,
		ExternalSystem: in.ExternalSystem, ExternalReferenceID: in.ExternalReferenceID, Version: 1, CreatedAt: now, UpdatedAt: now,
		StatusReason: in.StatusReason, Carrier: in.Carrier, ServiceCode: in.ServiceCode, TrackingNumber: in.TrackingNumber,
		TrackingURL: in.TrackingURL, LabelURL: in.LabelURL, Dimensions: in.Dimensions, Weight: in.Weight, ReturnID: sh.ReturnID,
		ReturnLines: in.ReturnLines, Asked: asked, Metadata: in.Metadata,
	}
	if err := insertPackage(tx, p); err != nil {
		return Packed{}, err
	}
	was, changed := sh.derive(append(of, p))
	if err := updateShipment(tx, sh, now); err != nil {
		return Packed{}, err
	}
	if err := s.publish(tx, o, EventPackageCreated, dataOf(o, f).withShipment(sh).withPackage(p), cause, now); err != nil {
		return Packed{}, err
	}
	if changed {
		e := &Event{OrderID: o.ID, FulfillmentID: f.ID, OccurredAt: now, ReceivedAt: now, Notify: in.Notify}
		if err := s.tellShipment(tx, o, f, sh, was, e, cause, now); err != nil {
			return Packed{}, err
		}
	}
	out := Packed{Package: p, Shipment: sh}
	if p.TrackingNumber != "" || p.TrackingURL != "" {
		out.Event, out.Notices, err = s.track(tx, o, f, sh, p, in.Notify, cause, now)
	}
	return out, err
}

// takes refuses a parcel that the shipment cannot have. of are its packages.
func (sh *Shipment) takes(f *Fulfillment, of []*Package, lines []Allocation) error {
	switch {
	case sh.Status == ParcelVoided:
		return shipmentEnded()
	case len(of) >= MaxParcels:
		return fault.Conflict("FULFILLMENT_SHIPMENT_NOT_MUTABLE", "The shipment has as many packages as one can have.")
	case sh.Direction == DirectionOutbound && lines != nil:
		return fault.Invalid("RETURN_PACKAGE_QUANTITY_INVALID", "return_line_items", "An outbound parcel brings nothing back.")
	case sh.Direction == DirectionOutbound:
		return f.packs()
	case len(lines) == 0:
		return fault.Invalid("RETURN_PACKAGE_LINE_ITEMS_REQUIRED", "return_line_items", "A parcel of a return names what lies in it.")
	}
	left := map[string]int64{}
	for _, a := range sh.ReturnLines {
		left[a.ReturnLineItemID] = a.Quantity
	}
	for _, p := range of {
		if p.Open() {
			for _, a := range p.ReturnLines {
				left[a.ReturnLineItemID] -= a.Quantity
			}
		}
	}
	var l fault.List
	for k, a := range lines {
		if a.Quantity > left[a.ReturnLineItemID] {
			l.AddWith(fault.Detail{Code: "RETURN_PACKAGE_ALLOCATION_EXCEEDS_SHIPMENT", Param: fmt.Sprintf("return_line_items[%d].quantity", k),
				Message: "The shipment has less of the line than its parcels would.", Extra: map[string]any{"available_quantity": max(left[a.ReturnLineItemID], 0)}})
		}
	}
	return l.Err()
}

// track writes that tracking of a parcel was given or changed, and tells the buyer.
func (s *Service) track(tx db.Tx, o *order.Order, f *Fulfillment, sh *Shipment, p *Package, notify string, cause event.Cause, now time.Time) (*Event, []*Notice, error) {
	e := &Event{OrderID: o.ID, FulfillmentID: f.ID, ShipmentID: sh.ID, PackageID: p.ID, Type: EventTrackingUpdated, Kind: EventTrackingUpdated,
		Notify: notify, OccurredAt: now, ReceivedAt: now}
	if err := s.record(tx, f.Scope, e); err != nil {
		return nil, nil, err
	}
	if err := s.tellTimeline(tx, o, e, cause, now); err != nil {
		return nil, nil, err
	}
	notices, err := s.notify(tx, o, f, sh, p, e, cause, now)
	return e, notices, err
}

// tellShipment records that the parcels moved the shipment to another status. e tells why and when.
func (s *Service) tellShipment(tx db.Tx, o *order.Order, f *Fulfillment, sh *Shipment, was string, e *Event, cause event.Cause, now time.Time) error {
	d := dataOf(o, f).withShipment(sh)
	d.From, d.To, d.ShipmentUpdateID = was, sh.Status, s.IDs.New(id.ShipmentStatusUpdate)
	d.ShipmentUpdate = &updateData{ShipmentUpdateID: d.ShipmentUpdateID, OrderID: o.ID, FulfillmentID: f.ID, ShipmentID: sh.ID, From: was, To: sh.Status,
		Behavior: behavior(e.Notify), Reason: e.ReasonMessage, OccurredAt: e.OccurredAt, CreatedAt: now}
	if e.ID != "" {
		d = d.withEvent(e)
	}
	return s.publish(tx, o, EventShipmentUpdated, d, cause, now)
}

// openPackage locks the order of a package and reads what lies between.
func (s *Service) openPackage(tx db.Tx, scope tenant.Scope, packageID string) (*order.Order, *Fulfillment, *Shipment, *Package, error) {
	peek, err := GetPackage(tx, scope, packageID)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	o, f, sh, err := s.openShipment(tx, scope, peek.ShipmentID)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	p, err := GetPackage(tx, scope, packageID)
	return o, f, sh, p, err
}
