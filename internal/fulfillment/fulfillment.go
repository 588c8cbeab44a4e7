package fulfillment

import (
	"time"

	"flint/internal/order"
	"flint/internal/tenant"
)

// Types of fulfillments: how units reach the buyer.
const (
	TypeShipment      = "shipment"
	TypePickup        = "pickup"
	TypeLocalDelivery = "local_delivery"
	TypeDigital       = "digital"
	TypeService       = "service"
)

// Statuses of a fulfilment. Finer states are told by State.
const (
	StatusPending    = "pending"
	StatusInProgress = "in_progress"
	StatusScheduled  = "scheduled"
	StatusPreparing  = "preparing"
	StatusPicked     = "picked"
	StatusPacked     = "packed"
	StatusReady      = "ready"
	StatusDispatched = "dispatched"
	StatusCompleted  = "completed"
	StatusCanceled   = "canceled"
	StatusFailed     = "failed"
)

// States that show as another status.
const (
	StateAccepted = "accepted" // pending
	StateOnHold   = "on_hold"  // the status before the hold
	StateNoShow   = "no_show"  // failed
)

// What a fulfilment does to the units of its lines.
const (
	EffectPreserve = "preserve"
	EffectFulfill  = "fulfill"
	EffectRelease  = "release"
)

// Fulfillment is how some units of an order reach the buyer.
type Fulfillment struct {
	Scope               tenant.Scope `json:"-"`
	ID                  string       `json:"-"` // ful_…
	OrderID             string       `json:"-"`
	Type                string       `json:"-"`
	Status              string       `json:"-"` // one of the Status constants
	Effect              string       `json:"-"` // one of the Effect constants
	CustomerID          string       `json:"-"`
	ExternalReferenceID string       `json:"-"`
	Version             int64        `json:"-"` // rises by one with every change
	CreatedAt           time.Time    `json:"-"`
	UpdatedAt           time.Time    `json:"-"`

	Lines []Line `json:"lines"`
	// Approval tells that the merchant has to accept it before work begins; fixed at creation.
	Approval   bool      `json:"approval,omitzero"`
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	Hold       *Hold     `json:"hold,omitempty"`
	Outcome    *Outcome  `json:"outcome,omitempty"`

	Recipient     *Recipient        `json:"recipient,omitempty"`
	Pickup        *Pickup           `json:"pickup,omitempty"`
	LocalDelivery *LocalDelivery    `json:"local_delivery,omitempty"`
	Digital       *Digital          `json:"digital,omitempty"`
	Service       *Appointment      `json:"service,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`

	PickedAt     time.Time `json:"picked_at,omitzero"`
	PackedAt     time.Time `json:"packed_at,omitzero"`
	DispatchedAt time.Time `json:"dispatched_at,omitzero"`
	CompletedAt  time.Time `json:"completed_at,omitzero"` // evidence of completion
	Evidence     bool      `json:"evidence,omitzero"`     // CompletedAt was told, not taken from our clock
	TerminalAt   time.Time `json:"terminal_at,omitzero"`  // when it was completed, canceled or failed
}

// Line is units of an order's line.
type Line struct {
	OrderLineItemID string `json:"line_id"`
	Quantity        int64  `json:"quantity"`
}

// Hold stops the work.
type Hold struct {
	Reason    string    `json:"reason"`
	HeldBy    string    `json:"held_by,omitempty"` // actor type and id
	CreatedAt time.Time `json:"created_at"`
}

// Outcome tells why a fulfilment came to nothing.
type Outcome struct {
	Reason     string    `json:"reason"`
	OccurredAt time.Time `json:"occurred_at"`
}

// Recipient receives the goods or the service.
type Recipient struct {
	Name         string         `json:"name,omitempty"`
	Email        string         `json:"email,omitempty"`
	Phone        string         `json:"phone,omitempty"`
	Address      *order.Address `json:"address,omitempty"`
	Instructions string         `json:"instructions,omitempty"`
}

// Pickup is a fulfilment that the buyer fetches. Durations are seconds.
type Pickup struct {
	LocationName         string         `json:"location_name,omitempty"`
	Address              *order.Address `json:"address,omitempty"`
	Instructions         string         `json:"instructions,omitempty"`
	CurbsideInstructions string         `json:"curbside_instructions,omitempty"`
	Vehicle              string         `json:"vehicle,omitempty"`
	WindowStartAt        time.Time      `json:"window_start_at,omitzero"`
	WindowEndAt          time.Time      `json:"window_end_at,omitzero"`
	WindowSeconds        int64          `json:"window_seconds,omitempty"`
	PrepSeconds          int64          `json:"prep_seconds,omitempty"`
	Timezone             string         `json:"timezone,omitempty"`
	ReadyAt              time.Time      `json:"ready_at,omitzero"`
	ArrivedAt            time.Time      `json:"arrived_at,omitzero"`
	PickedUpAt           time.Time      `json:"picked_up_at,omitzero"`
	ExpiresAt            time.Time      `json:"expires_at,omitzero"`
}

// LocalDelivery is a fulfilment that a courier brings. Durations are seconds.
type LocalDelivery struct {
	Carrier         string    `json:"carrier,omitempty"`
	CourierName     string    `json:"courier_name,omitempty"`
	CourierPhone    string    `json:"courier_phone,omitempty"`
	ExternalID      string    `json:"external_id,omitempty"`
	TrackingURL     string    `json:"tracking_url,omitempty"`
	ServiceAreaID   string    `json:"service_area_id,omitempty"`
	Instructions    string    `json:"instructions,omitempty"`
	DropoffNotes    string    `json:"dropoff_notes,omitempty"`
	NoContact       bool      `json:"no_contact,omitempty"`
	WindowStartAt   time.Time `json:"window_start_at,omitzero"`
	WindowEndAt     time.Time `json:"window_end_at,omitzero"`
	Timezone        string    `json:"timezone,omitempty"`
	WindowSeconds   int64     `json:"window_seconds,omitempty"`
	PrepSeconds     int64     `json:"prep_seconds,omitempty"`
	ReadyAt         time.Time `json:"ready_at,omitzero"`
	CourierPickupAt time.Time `json:"courier_pickup_at,omitzero"`
	DispatchedAt    time.Time `json:"dispatched_at,omitzero"`
	DeliveredAt     time.Time `json:"delivered_at,omitzero"`
	ExpiresAt       time.Time `json:"expires_at,omitzero"`
}

// Digital is a fulfilment by download.
type Digital struct {
	URL         string    `json:"url,omitempty"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
}

// Appointment is a fulfilment by work at a time.
type Appointment struct {
	StartAt     time.Time `json:"start_at,omitzero"`
	EndAt       time.Time `json:"end_at,omitzero"`
	Timezone    string    `json:"timezone,omitempty"`
	Notes       string    `json:"notes,omitempty"`
	CompletedAt time.Time `json:"completed_at,omitzero"`
}

// Terminal tells that nothing moves the fulfilment any more.
func (f *Fulfillment) Terminal() bool {
	return f.Status == StatusCompleted || f.Status == StatusCanceled || f.Status == StatusFailed
}

// Accepted tells that work may begin: the merchant has said so, or need not.
func (f *Fulfillment) Accepted() bool { return !f.Approval || !f.AcceptedAt.IsZero() }

// State is the status with the finer states in it: accepted, on_hold and no_show.
func (f *Fulfillment) State() string {
	switch {
	case f.Hold != nil:
		return StateOnHold
	case f.Status == StatusPending && !f.AcceptedAt.IsZero():
		return StateAccepted
	case f.Status == StatusFailed && f.Outcome != nil:
		return StateNoShow
	}
	return f.Status
}

// Quantity is how many units of an order's line it has.
func (f *Fulfillment) Quantity(lineID string) int64 {
	for _, l := range f.Lines {
		if l.OrderLineItemID == lineID {
			return l.Quantity
		}
	}
	return 0
}
