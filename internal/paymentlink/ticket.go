package paymentlink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
)

// maxLetters is how many letters an order gets at most; with more tickets each letter carries several.
const maxLetters = 20

// Tickets is a letter with tickets of one order.
type Tickets struct {
	Link   *Link
	Order  *order.Order
	Key    string // the same for the same tickets
	Number int    // of the first ticket, from 1
	Total  int    // tickets of the order
	Items  []Ticket
	Cause  event.Cause
}

// Ticket admits one person.
type Ticket struct {
	Name string // of the line that was bought
	Code string // what is shown at the door
}

// Code is what the ticket of an order with a number, from 1, shows at the door: the link's prefix, the order's number
// and the ticket's, and six characters that nobody guesses. It is the same whenever it is asked for, so a merchant
// can tell a ticket by the order, which also says whether it was refunded.
func (s *Service) Code(l *Link, o *order.Order, number int) string {
	mac := hmac.New(sha256.New, s.Key)
	fmt.Fprintf(mac, "ticket %s %s %s %s %d", o.Scope.MerchantID, o.Scope.EnvironmentID, l.ID, o.ID, number)
	code := o.Number + "-" + strconv.Itoa(number) + "-" + base32.StdEncoding.EncodeToString(mac.Sum(nil))[:6]
	if l.Event != nil && l.Event.TicketPrefix != "" {
		return l.Event.TicketPrefix + "-" + code
	}
	return code
}

// sendTickets hands the tickets of a paid order over, once: it is called in the transaction that counts the order.
func (s *Service) sendTickets(tx db.Tx, c *claim, o *order.Order, cause event.Cause) error {
	if s.Send == nil {
		return nil
	}
	l, err := s.Get(tx, c.scope, c.linkID)
	if err != nil {
		return fmt.Errorf("read the payment link of tickets: %w", err)
	}
	if l.Type != TypeEvent || l.Event == nil || l.Event.SendTickets == nil || !*l.Event.SendTickets {
		return nil
	}
	var all []Ticket
	for i := range o.Lines {
		for range o.Lines[i].Quantity {
			all = append(all, Ticket{Name: o.Lines[i].Name, Code: s.Code(l, o, len(all)+1)})
		}
	}
	each := max((len(all)+maxLetters-1)/maxLetters, 1)
	for first := 0; first < len(all); first += each {
		err := s.Send(tx, Tickets{
			Link: l, Order: o, Key: "tickets/" + o.ID + "/" + strconv.Itoa(first+1), Number: first + 1, Total: len(all),
			Items: all[first:min(first+each, len(all))], Cause: cause,
		})
		if err != nil {
			return fmt.Errorf("send the tickets of order %s: %w", o.ID, err)
		}
	}
	return nil
}
