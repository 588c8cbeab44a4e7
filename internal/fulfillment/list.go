package fulfillment

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Page bounds a list. BuyerID, when set, leaves what is not of this customer's orders out.
type Page struct {
	Scope   tenant.Scope
	BuyerID string
	After   *listing.Cursor
	Limit   int
}

// from starts a list, newest first unless ascending.
func (p Page) from(table, columns, idColumn string) *listing.Query {
	q := listing.From(table, columns, idColumn, p.Scope)
	if p.BuyerID != "" {
		q.And("order_id IN (SELECT o.order_id FROM orders o WHERE o.merchant_id = ? AND o.environment_id = ? AND o.customer_id = ?)",
			p.Scope.MerchantID, p.Scope.EnvironmentID, p.BuyerID)
	}
	return q
}

// ListInput filters fulfillments; empty fields do not filter.
type ListInput struct {
	Page
	OrderID             string
	Status              string
	Type                string
	ExternalReferenceID string
	Query               string // part of the id or the external reference
	LocationID          string // nothing has a location yet, so one finds nothing
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time
	Ascending           bool
}

// List reads one page of fulfillments by when they were made, and the cursor of the next, nil on the last page.
// Fault: INVALID_CREATED_RANGE.
func List(tx db.Tx, in ListInput) ([]*Fulfillment, *listing.Cursor, error) {
	if err := checkRange("INVALID_CREATED_RANGE", "created_before", in.CreatedAfter, in.CreatedBefore); err != nil {
		return nil, nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := in.from("fulfillments", columns, "fulfillment_id").Equal("order_id", in.OrderID).Equal("status", in.Status).Equal("type", in.Type).
		Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	if in.LocationID != "" {
		q.And("1 = 0")
	}
	if err := q.Sort("created_at", in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	return page(tx, q, in.Page, "fulfillments", scan, func(f *Fulfillment) listing.Cursor { return listing.At(f.CreatedAt, f.ID) })
}

func page[T any](tx db.Tx, q *listing.Query, p Page, what string, scan func(db.Row, tenant.Scope) (T, error), at func(T) listing.Cursor) ([]T, *listing.Cursor, error) {
	found, next, err := listing.Page(tx, q, p.Limit, func(row db.Row) (T, error) { return scan(row, p.Scope) }, at)
	if err != nil {
		return nil, nil, fmt.Errorf("list %s: %w", what, err)
	}
	return found, next, nil
}

func checkRange(code, param string, after, before time.Time) error {
	if !after.IsZero() && !before.IsZero() && !before.After(after) {
		return fault.Invalid(code, param, "The range ends before it begins.")
	}
	return nil
}

// ListShipmentsInput filters shipments; empty fields do not filter.
type ListShipmentsInput struct {
	Page
	OrderID             string
	FulfillmentID       string
	ReturnID            string
	ExternalSystem      string
	ExternalReferenceID string
	Query               string // part of the id or the external reference
	HandedOffAfter      time.Time
	HandedOffBefore     time.Time
	CreatedAfter        time.Time
	CreatedBefore       time.Time
}

// ListShipments reads one page of shipments, newest first. Faults: SHIPMENT_CREATED_RANGE_INVALID,
// SHIPMENT_HANDOFF_RANGE_INVALID.
func ListShipments(tx db.Tx, in ListShipmentsInput) ([]*Shipment, *listing.Cursor, error) {
	if err := checkRange("SHIPMENT_CREATED_RANGE_INVALID", "created_before", in.CreatedAfter, in.CreatedBefore); err != nil {
		return nil, nil, err
	}
	if err := checkRange("SHIPMENT_HANDOFF_RANGE_INVALID", "handed_off_before", in.HandedOffAfter, in.HandedOffBefore); err != nil {
		return nil, nil, err
	}
	q := in.from("shipments", shipmentColumns, "shipment_id").Equal("order_id", in.OrderID).Equal("fulfillment_id", in.FulfillmentID).
		Equal("return_id", in.ReturnID).Equal("external_system", in.ExternalSystem).Equal("external_reference_id", in.ExternalReferenceID).
		Search("search", in.Query).Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("handed_off_at", in.HandedOffAfter, in.HandedOffBefore)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return page(tx, q, in.Page, "shipments", scanShipment, func(sh *Shipment) listing.Cursor { return listing.At(sh.CreatedAt, sh.ID) })
}

// ListPackagesInput filters packages; empty fields do not filter.
type ListPackagesInput struct {
	Page
	OrderID             string
	FulfillmentID       string
	ShipmentID          string
	ExternalSystem      string
	ExternalReferenceID string
	Query               string // part of the id, the external reference or the tracking number
}

// ListPackages reads one page of packages, newest first.
func ListPackages(tx db.Tx, in ListPackagesInput) ([]*Package, *listing.Cursor, error) {
	q := in.from("packages", packageColumns, "package_id").Equal("order_id", in.OrderID).Equal("fulfillment_id", in.FulfillmentID).
		Equal("shipment_id", in.ShipmentID).Equal("external_system", in.ExternalSystem).Equal("external_reference_id", in.ExternalReferenceID).
		Search("search", in.Query)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return page(tx, q, in.Page, "packages", scanPackage, func(p *Package) listing.Cursor { return listing.At(p.CreatedAt, p.ID) })
}

// ListItems reads one page of what lies in a package, newest first.
func ListItems(tx db.Tx, in Page, packageID string) ([]*Item, *listing.Cursor, error) {
	p, err := GetPackage(tx, in.Scope, packageID)
	if err != nil {
		return nil, nil, err
	}
	q := listing.From("package_items", itemColumns, "package_item_id", in.Scope).Equal("package_id", p.ID)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return page(tx, q, in, "package items", func(row db.Row, _ tenant.Scope) (*Item, error) {
		i, err := scanItem(row)
		if err != nil {
			return nil, err
		}
		return i.in(p), nil
	}, func(i *Item) listing.Cursor { return listing.At(i.CreatedAt, i.ID) })
}

// ListEventsInput filters the timeline; empty fields do not filter.
type ListEventsInput struct {
	Page
	OrderID         string
	FulfillmentID   string
	ShipmentID      string
	PackageID       string
	Kind            string // the status that was reached, or what was observed
	ExternalSystem  string
	ExternalEventID string
	OccurredAfter   time.Time
	OccurredBefore  time.Time
	ByOccurrence    bool // sorted by when it happened, not by when we heard of it
}

// ListEvents reads one page of the timeline, newest first. Fault: FULFILLMENT_EVENT_OCCURRED_RANGE_INVALID.
func ListEvents(tx db.Tx, in ListEventsInput) ([]*Event, *listing.Cursor, error) {
	if err := checkRange("FULFILLMENT_EVENT_OCCURRED_RANGE_INVALID", "occurred_before", in.OccurredAfter, in.OccurredBefore); err != nil {
		return nil, nil, err
	}
	q := in.from("fulfillment_events", eventColumns, "event_id").Equal("order_id", in.OrderID).Equal("fulfillment_id", in.FulfillmentID).
		Equal("shipment_id", in.ShipmentID).Equal("package_id", in.PackageID).Equal("kind", in.Kind).Equal("external_system", in.ExternalSystem).
		Equal("external_event_id", in.ExternalEventID).Range("occurred_at", in.OccurredAfter, in.OccurredBefore)
	column, at := "received_at", func(e *Event) listing.Cursor { return listing.At(e.ReceivedAt, e.ID) }
	if in.ByOccurrence {
		column, at = "occurred_at", func(e *Event) listing.Cursor { return listing.At(e.OccurredAt, e.ID) }
	}
	if err := q.Sort(column, false, true, in.After); err != nil {
		return nil, nil, err
	}
	return page(tx, q, in.Page, "fulfillment events", scanEvent, at)
}

// ListNoticesInput filters decisions to tell a buyer; empty fields do not filter.
type ListNoticesInput struct {
	Page
	OrderID       string
	FulfillmentID string
	EventID       string
	Status        string
	Type          string
}

// ListNotices reads one page of decisions to tell a buyer, newest first.
func ListNotices(tx db.Tx, in ListNoticesInput) ([]*Notice, *listing.Cursor, error) {
	q := in.from("fulfillment_notifications", noticeColumns, "notification_id").Equal("order_id", in.OrderID).
		Equal("fulfillment_id", in.FulfillmentID).Equal("event_id", in.EventID).Equal("status", in.Status).Equal("notification_type", in.Type)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return page(tx, q, in.Page, "fulfillment notifications", scanNotice, func(n *Notice) listing.Cursor { return listing.At(n.CreatedAt, n.ID) })
}
