package server

import (
	"fmt"
	"strconv"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/paymentlink"
)

// sendTickets mails tickets to whoever paid the order. What keeps a letter from going out never keeps a payment from
// being booked.
func (s *Server) sendTickets(tx db.Tx, t paymentlink.Tickets) error {
	to, err := addressOf(tx.Context(), tx, s.Services.Customers, t.Order)
	if err != nil || to == "" {
		return err
	}
	_, err = s.Receipts.Queue(tx.Context(), tx, ticketLetter(t, to))
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		s.Log.Warn("tickets were not mailed", "order_id", t.Order.ID, "code", f.Code)
		return nil
	}
	return err
}

func ticketLetter(t paymentlink.Tickets, to string) notification.Letter {
	what := "Ticket " + strconv.Itoa(t.Number)
	if n := len(t.Items); n > 1 {
		what = fmt.Sprintf("Tickets %d to %d", t.Number, t.Number+n-1)
	}
	var facts []notification.Fact
	zone, err := time.LoadLocation(t.Link.Event.Timezone)
	if err != nil {
		zone = time.UTC
	}
	if at := t.Link.Event.At; !at.IsZero() {
		facts = append(facts, notification.Fact{Name: "When", Value: at.In(zone).Format("Monday, 2 January 2006, 15:04 MST")})
	}
	if v := t.Link.Event.Venue; v != "" {
		facts = append(facts, notification.Fact{Name: "Where", Value: v})
	}
	facts = append(facts, notification.Fact{Name: "Order", Value: t.Order.Number})
	blocks := []notification.Block{notification.Facts(facts...)}
	for _, one := range t.Items {
		blocks = append(blocks, notification.Paragraph(one.Name), notification.Code(one.Code))
	}
	blocks = append(blocks, notification.Paragraph("Show the code at the entrance. Each code admits one person."))
	return notification.Letter{
		Scope: t.Order.Scope, Key: t.Key, Family: notification.FamilyReceipts, To: to, Subject: fmt.Sprintf("%s of %d: %s", what, t.Total, t.Link.Name),
		Heading: t.Link.Name, Blocks: blocks, CustomerID: t.Order.CustomerID, Timezone: t.Link.Event.Timezone,
		Cause: event.Cause{ActorType: "system", RequestID: t.Cause.RequestID},
	}
}
