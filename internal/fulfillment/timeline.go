package fulfillment

import (
	"time"

	"flint/internal/tenant"
)

// Event types of the timeline that are not a name of something observed.
const (
	EventStatusChanged   = "status_changed"
	EventTrackingUpdated = "tracking_updated"
)

// What a caller says about telling the buyer. Empty stands for send.
const (
	NotifySend     = "send"
	NotifySuppress = "suppress"
)

// Event is one row of the timeline: a change of status or an observation. It is never changed.
type Event struct {
	Scope           tenant.Scope `json:"-"`
	ID              string       `json:"-"` // fev_…
	OrderID         string       `json:"-"`
	FulfillmentID   string       `json:"-"`
	ShipmentID      string       `json:"-"`
	PackageID       string       `json:"-"`
	Type            string       `json:"-"`
	Kind            string       `json:"-"` // the status that was reached, or what was observed
	ExternalSystem  string       `json:"-"`
	ExternalEventID string       `json:"-"`
	OccurredAt      time.Time    `json:"-"` // by who observed it
	ReceivedAt      time.Time    `json:"-"`

	From           string            `json:"from,omitempty"` // status before
	To             string            `json:"to,omitempty"`   // status after
	Effect         string            `json:"effect,omitempty"`
	Reason         string            `json:"reason,omitempty"`
	ReasonMessage  string            `json:"reason_message,omitempty"`
	Message        string            `json:"message,omitempty"`
	Location       string            `json:"location,omitempty"`
	ExternalStatus string            `json:"external_status,omitempty"`
	Details        map[string]string `json:"details,omitempty"`
	Notify         string            `json:"notify,omitempty"` // as the caller said it
	UpdateID       string            `json:"update_id,omitempty"`
	Asked          string            `json:"asked,omitempty"` // fingerprint of the call that observed it
}

// Subject is what the event is about: fulfillment, shipment or package.
func (e *Event) Subject() string {
	switch {
	case e.PackageID != "":
		return "package"
	case e.ShipmentID != "":
		return "shipment"
	}
	return "fulfillment"
}

// Statuses of a notification.
const (
	NoticePending    = "pending"
	NoticeSent       = "sent"
	NoticeFailed     = "failed"
	NoticeSuppressed = "suppressed"
)

// Reasons of a notification that is not sent.
const (
	SuppressedByCaller    = "source_suppressed"
	SuppressedByDefault   = "default_suppressed" // of its kind, such as a parcel that goes back
	SuppressedNoRecipient = "recipient_missing"
	SuppressedNoTemplate  = "template_not_configured" // the installation sends no mail
	SuppressedByMerchant  = "merchant_managed_email"
	SuppressedByRecipient = "recipient_unsubscribed"
)

// Notice is the decision to tell the buyer of an event, or not to.
type Notice struct {
	Scope         tenant.Scope `json:"-"`
	ID            string       `json:"-"` // fnot_…
	OrderID       string       `json:"-"`
	FulfillmentID string       `json:"-"`
	EventID       string       `json:"-"`
	Type          string       `json:"-"` // such as shipment_delivered
	Status        string       `json:"-"`
	MailID        string       `json:"-"`
	CreatedAt     time.Time    `json:"-"`
	UpdatedAt     time.Time    `json:"-"`

	Trigger    string    `json:"trigger"`
	Suppressed string    `json:"suppressed,omitempty"`
	ShipmentID string    `json:"shipment_id,omitempty"`
	PackageID  string    `json:"package_id,omitempty"`
	CustomerID string    `json:"customer_id,omitempty"`
	Email      string    `json:"email,omitempty"`
	SentAt     time.Time `json:"sent_at,omitzero"`
	FailedAt   time.Time `json:"failed_at,omitzero"`
}
