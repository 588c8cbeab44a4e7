package fulfillment

import (
	"time"

	"flint/internal/tenant"
)

// Directions of a shipment.
const (
	DirectionOutbound = "outbound"
	DirectionReturn   = "return"
)

// Statuses of packages and shipments.
const (
	ParcelCreated        = "created"
	ParcelPacked         = "packed"
	ParcelShipped        = "shipped"
	ParcelInTransit      = "in_transit"
	ParcelOutForDelivery = "out_for_delivery"
	ParcelDelivered      = "delivered"
	ParcelAttempted      = "delivery_attempted"
	ParcelException      = "exception"
	ParcelReturned       = "returned"
	ParcelVoided         = "voided"
)

// Shipment is one leg of a carrier. Its status follows its packages.
type Shipment struct {
	Scope               tenant.Scope `json:"-"`
	ID                  string       `json:"-"` // shp_…
	FulfillmentID       string       `json:"-"`
	OrderID             string       `json:"-"`
	Direction           string       `json:"-"`
	ReturnID            string       `json:"-"` // of a return shipment
	Status              string       `json:"-"`
	ExternalSystem      string       `json:"-"`
	ExternalReferenceID string       `json:"-"`
	Version             int64        `json:"-"`
	HandedOffAt         time.Time    `json:"-"` // when the carrier took the first parcel
	CreatedAt           time.Time    `json:"-"`
	UpdatedAt           time.Time    `json:"-"`

	PackageCount int64             `json:"package_count,omitempty"` // voided ones included
	ReturnLines  []Allocation      `json:"return_lines,omitempty"`
	DeliveredAt  time.Time         `json:"delivered_at,omitzero"` // when the last parcel arrived
	Asked        string            `json:"asked,omitempty"`       // fingerprint of the call that made it
	VoidedAt     time.Time         `json:"voided_at,omitzero"`
	Metadata     map[string]string `json:"metadata,omitempty"`
}

// Allocation is units of a return's line.
type Allocation struct {
	ReturnLineItemID string `json:"return_line_id"`
	Quantity         int64  `json:"quantity"`
}

// Package is one parcel of a shipment.
type Package struct {
	Scope               tenant.Scope `json:"-"`
	ID                  string       `json:"-"` // pkg_…
	ShipmentID          string       `json:"-"`
	FulfillmentID       string       `json:"-"`
	OrderID             string       `json:"-"`
	Status              string       `json:"-"`
	ExternalSystem      string       `json:"-"`
	ExternalReferenceID string       `json:"-"`
	Version             int64        `json:"-"`
	CreatedAt           time.Time    `json:"-"`
	UpdatedAt           time.Time    `json:"-"`

	StatusReason   string            `json:"status_reason,omitempty"`
	Carrier        string            `json:"carrier,omitempty"`
	ServiceCode    string            `json:"service_code,omitempty"`
	TrackingNumber string            `json:"tracking_number,omitempty"`
	TrackingURL    string            `json:"tracking_url,omitempty"`
	LabelURL       string            `json:"label_url,omitempty"`
	Dimensions     *Dimensions       `json:"dimensions,omitempty"`
	Weight         *Weight           `json:"weight,omitempty"`
	ReturnID       string            `json:"return_id,omitempty"`
	ReturnLines    []Allocation      `json:"return_lines,omitempty"`
	ShippedAt      time.Time         `json:"shipped_at,omitzero"`
	DeliveredAt    time.Time         `json:"delivered_at,omitzero"`
	LastAt         time.Time         `json:"last_at,omitzero"` // when the last transition happened
	Asked          string            `json:"asked,omitempty"`  // fingerprint of the call that made it
	Metadata       map[string]string `json:"metadata,omitempty"`
}

// Dimensions are the measures of a parcel in Unit.
type Dimensions struct {
	Length Measure `json:"length"`
	Width  Measure `json:"width"`
	Height Measure `json:"height"`
	Unit   string  `json:"unit"`
}

// Weight of a parcel in Unit.
type Weight struct {
	Value Measure `json:"value"`
	Unit  string  `json:"unit"`
}

// Item is units of an order's line in a package.
type Item struct {
	ID              string // pki_…
	PackageID       string
	ShipmentID      string
	FulfillmentID   string
	OrderID         string
	OrderLineItemID string
	Quantity        int64
	Metadata        map[string]string
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Open tells that a package is not voided.
func (p *Package) Open() bool { return p.Status != ParcelVoided }

// Left tells that a carrier has it, or had.
func (p *Package) Left() bool {
	return p.Open() && p.Status != ParcelCreated && p.Status != ParcelPacked
}
