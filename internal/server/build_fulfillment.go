package server

import (
	"cmp"
	"fmt"
	"strings"

	"flint/internal/db"
	"flint/internal/fulfillment"
	"flint/internal/notification"
	"flint/internal/tenant"
)

// buildFulfillment makes fulfilment and hangs it on the hooks of orders and mails.
func (s *Server) buildFulfillment() {
	x := s.Services
	x.Fulfillments = &fulfillment.Service{
		Clock: s.Clock, IDs: s.IDs, Events: x.Orders.Events, Orders: x.Orders, Customers: x.Customers, Settings: s.Settings.Effective,
		Mail: s.mailFulfillment, Failpoints: s.Failpoints,
	}
	x.Orders.Recount = fulfillment.Recount
	s.Receipts.Ended = append(s.Receipts.Ended, s.fulfillmentMailEnded)
}

// unsent are the contract's names of why a mail about a fulfilment was not sent.
var unsent = map[string]string{
	notification.ReasonMerchantSends: fulfillment.SuppressedByMerchant, notification.ReasonPreference: fulfillment.SuppressedByRecipient,
	notification.ReasonNoMail: fulfillment.SuppressedNoTemplate, notification.ReasonFrequency: fulfillment.SuppressedByDefault,
}

func (s *Server) fulfillmentMailEnded(tx db.Tx, scope tenant.Scope, mailID, state, reason string) error {
	suppressed := ""
	if state == notification.StateSuppressed {
		suppressed = cmp.Or(unsent[reason], fulfillment.SuppressedByDefault)
	}
	return s.Services.Fulfillments.MailEnded(tx, scope, mailID, state == notification.StateSent, suppressed)
}

// mailFulfillment queues the mail that tells a buyer how an order is doing.
func (s *Server) mailFulfillment(tx db.Tx, l fulfillment.Letter) (fulfillment.Mailed, error) {
	m, err := s.Merchants.Get(tx.Context(), tx, l.Order.Scope.MerchantID)
	if err != nil {
		return fulfillment.Mailed{}, fmt.Errorf("read the merchant of a mail: %w", err)
	}
	mailID, err := s.Receipts.Queue(tx.Context(), tx, fulfillmentLetter(l, cmp.Or(m.BusinessName, "the merchant")))
	if err != nil {
		return fulfillment.Mailed{}, err
	}
	state, reason, err := s.Receipts.State(tx, l.Order.Scope, mailID)
	if err != nil {
		return fulfillment.Mailed{}, err
	}
	out := fulfillment.Mailed{MailID: mailID}
	if state == notification.StateSuppressed {
		out.Suppressed = cmp.Or(unsent[reason], fulfillment.SuppressedByDefault)
	}
	return out, nil
}

// fulfillmentNews is what a mail says, by the type of the notification without what it is about.
var fulfillmentNews = map[string]struct{ heading, text string }{
	"ready":              {"Your order is ready", "It can be handed over now."},
	"dispatched":         {"Your order is on its way", "The courier has it."},
	"completed":          {"Your order is complete", "Everything below was handed over."},
	"canceled":           {"Part of your order was canceled", "What is listed below will not come."},
	"failed":             {"Part of your order could not be handed over", "What is listed below did not reach you. If you have questions, just answer this mail."},
	"no_show":            {"We missed you", "Nobody was there to take over what is listed below. If you have questions, just answer this mail."},
	"shipped":            {"Your order has been shipped", "The carrier has your parcel."},
	"in_transit":         {"Your order is on its way", "Your parcel is moving."},
	"out_for_delivery":   {"Your order arrives today", "Your parcel is out for delivery."},
	"delivered":          {"Your order was delivered", "Your parcel has arrived."},
	"delivery_attempted": {"We could not deliver your order", "The carrier tried to deliver your parcel and could not hand it over."},
	"exception":          {"Your order is delayed", "Something keeps the carrier from delivering your parcel."},
	"returned":           {"Your order went back", "The carrier has sent your parcel back."},
	"tracking_updated":   {"Tracking of your order", "You can follow your parcel."},
}

// fulfillmentLetter writes the mail.
func fulfillmentLetter(l fulfillment.Letter, merchant string) notification.Letter {
	kind := l.Type
	for _, about := range []string{"fulfillment_", "shipment_"} {
		kind = strings.TrimPrefix(kind, about)
	}
	news := fulfillmentNews[kind]
	blocks := []notification.Block{notification.Paragraph(news.text)}
	if l.Event.Message != "" {
		blocks = append(blocks, notification.Paragraph(l.Event.Message))
	}
	var rows []notification.Fact
	for _, line := range l.Fulfillment.Lines {
		if of := l.Order.Line(line.OrderLineItemID); of != nil {
			rows = append(rows, notification.Fact{Name: of.Name, Value: fmt.Sprintf("× %d", line.Quantity)})
		}
	}
	tracking := ""
	if p := l.Package; p != nil {
		if p.Carrier != "" {
			rows = append(rows, notification.Fact{Name: "Carrier", Value: p.Carrier})
		}
		if p.TrackingNumber != "" {
			rows = append(rows, notification.Fact{Name: "Tracking number", Value: p.TrackingNumber})
		}
		tracking = p.TrackingURL
	} else if d := l.Fulfillment.LocalDelivery; d != nil {
		tracking = d.TrackingURL
	}
	if p := l.Fulfillment.Pickup; p != nil && kind == "ready" && p.LocationName != "" {
		rows = append(rows, notification.Fact{Name: "Pick up at", Value: p.LocationName})
	}
	if len(rows) > 0 {
		blocks = append(blocks, notification.Facts(rows...))
	}
	if tracking != "" {
		blocks = append(blocks, notification.Button("Track your parcel", tracking))
	}
	return notification.Letter{
		Scope: l.Order.Scope, Key: l.Key, Family: notification.FamilyFulfillment, To: l.To,
		Subject: fmt.Sprintf("%s (order %s at %s)", news.heading, l.Order.Number, merchant), Heading: news.heading, Blocks: blocks,
		CustomerID: l.Order.CustomerID, Cause: l.Cause,
	}
}
