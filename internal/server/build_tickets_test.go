package server

import (
	"strings"
	"testing"
	"time"

	"flint/internal/order"
	"flint/internal/paymentlink"
)

func TestTicketLetter(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 4, 18, 0, 0, 0, time.UTC)
	l := ticketLetter(paymentlink.Tickets{
		Link:  &paymentlink.Link{Name: "Summer ball", Event: &paymentlink.Event{At: at, Timezone: "Europe/Berlin", Venue: "Pier 7"}},
		Order: &order.Order{Number: "1042"}, Key: "tickets/o/2", Number: 2, Total: 3, Items: []paymentlink.Ticket{{Name: "Seat", Code: "GALA-1042-2-K7QPX3"}},
	}, "ada@buyer.test")
	if err := l.Validate(); err != nil || l.Subject != "Ticket 2 of 3: Summer ball" || strings.Contains(l.Subject, "K7QPX3") {
		t.Errorf("%q, %v", l.Subject, err)
	}
	var text strings.Builder
	for _, b := range l.Blocks {
		text.WriteString(b.Text + "\n")
		for _, f := range b.Facts {
			text.WriteString(f.Name + ": " + f.Value + "\n")
		}
	}
	for _, want := range []string{"When: Saturday, 4 July 2026, 20:00 CEST", "Where: Pier 7", "Order: 1042", "Seat\nGALA-1042-2-K7QPX3\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
}
