package paymentlink_test

import (
	"slices"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/paymentlink"
	"flint/internal/text"
)

func from(sessionID string) func(*payment.PayInput) {
	return func(in *payment.PayInput) { in.CheckoutSessionID = sessionID }
}

// A paid order of an event sends its tickets once, each with a code of its own.
func TestTickets(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		var sent []paymentlink.Tickets
		b.Links.Send = func(_ db.Tx, out paymentlink.Tickets) error {
			sent = append(sent, out)
			return nil
		}
		sell := func(quantity int64, mail *bool, kind string) {
			l := link(t, b, func(l *paymentlink.Link) {
				l.Type, l.Lines[0].Quantity = kind, quantity
				if kind == paymentlink.TypeEvent {
					l.Event = &paymentlink.Event{Timezone: "Europe/Berlin", Venue: "Pier 7", TicketPrefix: "GALA", SendTickets: mail}
				}
			})
			sent = nil
			for _, token := range []string{"simtok_decline_card_declined", "simtok_approve"} {
				if len(sent) > 0 {
					t.Fatal("tickets of an order that is not paid")
				}
				launch, err := resolve(b, l.ID)
				if err != nil {
					t.Fatal(err)
				}
				if err := b.Pay(launch.Session.OrderID, token, from(launch.Session.ID)); err != nil {
					t.Fatal(err)
				}
			}
		}
		yes, no := true, false
		sell(3, &yes, paymentlink.TypeEvent)
		var codes, keys []string
		for _, m := range sent {
			keys = append(keys, m.Key)
			for _, one := range m.Items {
				codes = append(codes, one.Code)
				if !strings.HasPrefix(one.Code, "GALA-"+m.Order.Number+"-") || one.Name != "Seat" || text.HoldsCard(one.Code) {
					t.Errorf("ticket %+v", one)
				}
			}
			if m.Total != 3 || len(m.Items) != 1 {
				t.Errorf("letter %+v", m)
			}
		}
		slices.Sort(codes)
		slices.Sort(keys)
		if len(slices.Compact(codes)) != 3 || len(slices.Compact(keys)) != 3 {
			t.Errorf("codes %v, keys %v", codes, keys)
		}
		if again := b.Links.Code(sent[1].Link, sent[1].Order, 2); again != sent[1].Items[0].Code {
			t.Errorf("the code is %s, then %s", sent[1].Items[0].Code, again)
		}
		sell(45, &yes, paymentlink.TypeEvent)
		total := 0
		for _, m := range sent {
			total += len(m.Items)
		}
		if len(sent) > 20 || total != 45 {
			t.Errorf("%d tickets in %d letters", total, len(sent))
		}
		for _, c := range []struct {
			mail *bool
			kind string
		}{{&no, paymentlink.TypeEvent}, {nil, paymentlink.TypeEvent}, {nil, paymentlink.TypeStandard}} {
			if sell(2, c.mail, c.kind); len(sent) > 0 {
				t.Errorf("%s sends %d letters", c.kind, len(sent))
			}
		}
	})
}
