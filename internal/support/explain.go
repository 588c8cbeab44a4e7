package support

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/ledger"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Explanation is what an order says of money, each figure with the rows of the journal that make it.
type Explanation struct {
	Order   *order.Order
	Summary []string // the balance in plain words, sentence by sentence
	Figures []Figure
	Entries []BookedEntry // oldest first
	MadeFor *Link         // the return that the order was made for, with the order of that return; nil for none
	Moved   []Transfer    // value that came from other orders or went there, by exchanges
}

// Figure is one amount and how it came about. Amounts are minor units of the order's currency.
type Figure struct {
	Name     string // total, paid, balance …
	Amount   int64
	Text     string // what it is and how it came about
	Accounts []ledger.Account
	Rows     []Row // oldest first; they sum to Amount

	sign   int64                  // 1 when debits raise the figure, -1 when credits do
	of     func(BookedEntry) bool // which entries; nil: every one
	closed bool                   // it is nothing, and the rows of the balance belong to its other side
}

// Row is what one entry of the journal does to a figure, and what the figure came to with it.
type Row struct {
	EntryID string
	At      time.Time
	What    string
	Amount  int64
	Running int64
}

// BookedEntry is an entry of the journal and what caused it.
type BookedEntry struct {
	ledger.Booked
	What  string // in plain words
	Actor Actor
	Cause Object // a payment, a refund or the order itself
}

// Explain says how every figure of an order's money came about, and proves it: the rows of each figure sum to
// what the order says, and each entry balances. An order that has no such proof is answered with
// BALANCE_NOT_PROVED, which is a fault of the books and never of the caller. Other faults: RESOURCE_NOT_FOUND.
func (s *Service) Explain(ctx context.Context, tx db.Tx, scope tenant.Scope, orderID string) (*Explanation, error) {
	o, err := s.Orders.Get(ctx, tx, scope, orderID)
	if err != nil {
		return nil, err
	}
	booked, err := ledger.OfOrder(tx, scope, orderID)
	if err != nil {
		return nil, err
	}
	activities, err := order.History(tx, order.HistoryInput{Scope: scope, OrderID: orderID, Ascending: true, Limit: atOnce})
	if err != nil {
		return nil, err
	}
	x, err := s.readExchange(tx, o)
	if err != nil {
		return nil, err
	}
	ops, err := readOperations(tx, scope, orderID)
	if err != nil {
		return nil, err
	}
	entries := narrate(o, booked, activities, ops, x)
	out := &Explanation{Order: o, Summary: summary(o, x, entries), Entries: entries, MadeFor: x.madeFor, Moved: x.moved}
	out.Figures = figures(o, ops, x, entries)
	for n := range out.Figures {
		out.Figures[n].open(out.Entries)
	}
	names := map[Actor]string{}
	for n := range out.Entries {
		a := &out.Entries[n].Actor
		if s.Name == nil || a.ID == "" {
			continue
		}
		known, ok := names[*a]
		if !ok {
			if known, err = s.Name(tx, scope, a.Type, a.ID); err != nil {
				return nil, fmt.Errorf("name %s %s: %w", a.Type, a.ID, err)
			}
			names[*a] = known
		}
		a.Name = known
	}
	return out, out.prove()
}

// prove fails when a figure is not the sum of its rows, or an entry does not balance.
func (x *Explanation) prove() error {
	for _, e := range x.Entries {
		var sum int64
		for _, p := range e.Postings {
			sum += p.Amount
		}
		if sum != 0 || e.Reason == "" {
			return fault.Internal("BALANCE_NOT_PROVED", "entry %s of order %s does not balance: it is off by %d", e.ID, x.Order.ID, sum)
		}
	}
	for _, f := range x.Figures {
		var sum int64
		for _, r := range f.Rows {
			sum += r.Amount
		}
		if sum != f.Amount && !f.closed || f.closed && f.Amount != 0 {
			return fault.Internal("BALANCE_NOT_PROVED", "order %s says %d for %s, and the journal %d", x.Order.ID, f.Amount, f.Name, sum)
		}
	}
	return nil
}

// open gives the figure its rows: what each entry posted to its accounts.
func (f *Figure) open(entries []BookedEntry) {
	if f.closed {
		return
	}
	for _, e := range entries {
		if f.of != nil && !f.of(e) {
			continue
		}
		amount := f.sign * e.Sum(f.Accounts...)
		if amount == 0 {
			continue
		}
		running := amount
		if n := len(f.Rows); n > 0 {
			running += f.Rows[n-1].Running
		}
		f.Rows = append(f.Rows, Row{EntryID: e.ID, At: e.At, What: e.What, Amount: amount, Running: running})
	}
}

// narrate says of each entry what caused it. The activities of a change are written after its entry and at
// the same time.
func narrate(o *order.Order, booked []ledger.Booked, activities []order.Activity, ops operations, x exchange) []BookedEntry {
	say := speaker(o)
	out := make([]BookedEntry, len(booked))
	for n, b := range booked {
		e := BookedEntry{Booked: b, Cause: Object{"order", o.ID}}
		switch {
		case b.RefundID != "":
			e.Cause = Object{"refund", b.RefundID}
		case b.PaymentID != "":
			e.Cause = Object{"payment_intent", b.PaymentID}
		}
		if operationID, step, ok := operationStep(b.Reason); ok {
			e.What, e.Actor = operationText(b, step, ops.recorded[operationID], x), Actor{Type: "system"}
			out[n] = e
			continue
		}
		next := ""
		for _, later := range booked[n+1:] {
			if _, _, ok := operationStep(later.Reason); !ok && later.At.Equal(b.At) {
				next = place(later.ID)
				break
			}
		}
		var said, quiet []string
		for _, a := range activities {
			if !a.CreatedAt.Equal(b.At) || place(a.ID) < place(b.ID) || next != "" && place(a.ID) > next {
				continue
			}
			if len(said)+len(quiet) == 0 || a.BalanceDelta != 0 {
				e.Actor = Actor{Type: a.ActorType, ID: a.ActorID}
			}
			if a.BalanceDelta == 0 {
				quiet = append(quiet, a.Description)
			} else if !slices.Contains(said, a.Description) {
				said = append(said, a.Description)
			}
		}
		if len(said) == 0 {
			said = quiet[:min(1, len(quiet))]
		}
		if e.What = strings.Join(said, " "); e.What == "" {
			e.What = "The order changed."
		}
		if e.Actor.Type == "" {
			e.Actor.Type = "system"
		}
		if moved := e.Sum(collected...); moved != 0 && !byBank(e) {
			if t := x.behind(b); t != nil {
				e.What = t.told(t.In == (moved < 0), say(max(moved, -moved)))
			}
		}
		out[n] = e
	}
	return out
}
