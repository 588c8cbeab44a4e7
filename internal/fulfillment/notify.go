package fulfillment

import (
	"cmp"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/tenant"
)

// told are the states that a buyer is told of, by what they are about. Nobody is told of the others.
var told = map[string]map[string]string{
	"fulfillment": {
		StatusReady: "fulfillment_ready", StatusDispatched: "fulfillment_dispatched", StatusCompleted: "fulfillment_completed",
		StatusCanceled: "fulfillment_canceled", StatusFailed: "fulfillment_failed", StateNoShow: "fulfillment_no_show",
		ParcelShipped: "fulfillment_shipped", ParcelInTransit: "fulfillment_in_transit", ParcelOutForDelivery: "fulfillment_out_for_delivery",
		ParcelDelivered: "fulfillment_delivered", ParcelAttempted: "fulfillment_delivery_attempted", ParcelException: "fulfillment_exception",
		ParcelReturned: "fulfillment_returned", EventTrackingUpdated: "tracking_updated",
	},
	"shipment": {
		ParcelShipped: "shipment_shipped", ParcelInTransit: "shipment_in_transit", ParcelOutForDelivery: "shipment_out_for_delivery",
		ParcelDelivered: "shipment_delivered", ParcelAttempted: "shipment_delivery_attempted", ParcelException: "shipment_exception",
		ParcelReturned: "shipment_returned", EventTrackingUpdated: "tracking_updated",
	},
}

// Triggers of a notification.
const (
	TriggerStatus = "fulfillment_status_updated"
	TriggerEvent  = "fulfillment_event_created"
)

// notify decides whether the buyer is told of an event and writes the decision down. Nothing is decided about
// events that buyers are never told of. sh and p are the parcel it is about, nil for none.
func (s *Service) notify(tx db.Tx, o *order.Order, f *Fulfillment, sh *Shipment, p *Package, e *Event, cause event.Cause, now time.Time) ([]*Notice, error) {
	about := e.Subject()
	if about == "package" {
		about = "shipment"
	}
	kind := told[about][e.Kind]
	if kind == "" {
		return nil, nil
	}
	n := &Notice{
		Scope: f.Scope, ID: s.IDs.New(id.FulfillmentNotification), OrderID: o.ID, FulfillmentID: f.ID, EventID: e.ID, Type: kind,
		Status: NoticeSuppressed, CreatedAt: now, UpdatedAt: now, Trigger: TriggerEvent, ShipmentID: e.ShipmentID, PackageID: e.PackageID,
		CustomerID: cmp.Or(f.CustomerID, o.CustomerID),
	}
	if e.Type == EventStatusChanged && e.Subject() == "fulfillment" {
		n.Trigger = TriggerStatus
	}
	var err error
	if n.Email, err = s.recipient(tx, o, f); err != nil {
		return nil, err
	}
	switch {
	case e.Notify == NotifySuppress:
		n.Suppressed = SuppressedByCaller
	case sh != nil && sh.Direction == DirectionReturn: // letters about a return are the return's
		n.Suppressed = SuppressedByDefault
	case n.Email == "":
		n.Suppressed = SuppressedNoRecipient
	case s.Mail == nil:
		n.Suppressed = SuppressedNoTemplate
	default:
		done, err := s.Mail(tx, Letter{
			Key: "fulfillment/" + e.ID, Type: kind, To: n.Email, Order: o, Fulfillment: f, Package: p, Event: e, Cause: cause,
		})
		if err != nil {
			return nil, fmt.Errorf("tell the buyer of fulfillment %s: %w", f.ID, err)
		}
		n.MailID, n.Suppressed = done.MailID, done.Suppressed
		if n.Suppressed == "" {
			n.Status = NoticePending
		}
	}
	return []*Notice{n}, insertNotice(tx, n)
}

// recipient is whom letters go to: the recipient of the fulfilment, the contact of the purchase, the customer.
func (s *Service) recipient(tx db.Tx, o *order.Order, f *Fulfillment) (string, error) {
	if r := f.Recipient; r != nil && r.Email != "" {
		return r.Email, nil
	}
	if b := o.BuyerContact; b != nil && (b.Email != "" || b.EmailCleared) {
		return b.Email, nil
	}
	if o.CustomerID == "" {
		return "", nil
	}
	c, err := s.Customers.Get(tx.Context(), tx, o.Scope, o.CustomerID)
	if err != nil {
		return "", fmt.Errorf("read the customer of order %s: %w", o.ID, err)
	}
	return c.Email, nil
}

// MailEnded writes down how a letter ended that a notification waits for: sent, or refused for good. Other
// mails are none of ours.
func (s *Service) MailEnded(tx db.Tx, scope tenant.Scope, mailID string, sent bool, suppressed string) error {
	n, err := noticeOfMail(tx, scope, mailID)
	if err != nil || n == nil || n.Status != NoticePending {
		return err
	}
	now := s.Clock.Now()
	switch {
	case suppressed != "":
		n.Status, n.Suppressed = NoticeSuppressed, suppressed
	case sent:
		n.Status, n.SentAt = NoticeSent, now
	default:
		n.Status, n.FailedAt = NoticeFailed, now
	}
	n.UpdatedAt = now
	return updateNotice(tx, n)
}
