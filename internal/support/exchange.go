package support

import (
	"fmt"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/ledger"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/returns"
)

// Link ties an order to another one through a return.
type Link struct {
	OrderID      string // the other order
	OrderNumber  string
	ReturnID     string
	ReturnNumber string
	ResolutionID string
}

// Transfer is value that an exchange moved between an order and another, payment by payment. Amount is what of it
// is there now, in minor units of both orders' currency: nothing once the exchange was undone.
type Transfer struct {
	Link
	In              bool // it came to this order; otherwise it left it
	Amount          int64
	PaymentIntentID string // of this order: that holds the value, or that gave it up
	OtherIntentID   string // of the other order
	RefundID        string // by which it left the order that gave it up
}

// exchange is how an order hangs together with others through returns.
type exchange struct {
	madeFor *Link // the return that the order was made for, and the order of that return; nil for none
	moved   []Transfer
}

// readExchange reads which return an order was made for, and what value came and went by exchanges.
func (s *Service) readExchange(tx db.Tx, o *order.Order) (exchange, error) {
	var out exchange
	r := linker{tx, s.Orders, map[string]*order.Order{o.ID: o}, map[string]*returns.Return{}}
	if o.ReturnID != "" {
		ret, err := r.returned(o, o.ReturnID)
		if err != nil {
			return out, err
		}
		of, err := r.order(o, ret.OrderID)
		if err != nil {
			return out, err
		}
		out.madeFor = &Link{of.ID, of.Number, ret.ID, ret.Number, o.ReturnResolutionID}
		own, err := payment.OfOrder(tx, o.Scope, o.ID, false)
		if err != nil {
			return out, fmt.Errorf("read the payments of order %s: %w", o.ID, err)
		}
		for _, i := range own {
			if c := i.Detail.Credit; c != nil {
				out.moved = append(out.moved, Transfer{*out.madeFor, true, i.Captured, i.ID, c.PaymentIntentID, c.RefundID})
			}
		}
	}
	if len(o.RefundIDs) == 0 {
		return out, nil
	}
	held, err := payment.CreditsFrom(tx, o.Scope, o.ID)
	if err != nil {
		return out, fmt.Errorf("read where the value of order %s went: %w", o.ID, err)
	}
	for _, i := range held {
		c := i.Detail.Credit
		if c == nil || !slices.Contains(o.RefundIDs, c.RefundID) {
			continue // another order of the same chain gave it up
		}
		to, err := r.order(o, i.OrderID)
		if err != nil {
			return out, err
		}
		ret, err := r.returned(o, to.ReturnID)
		if err != nil {
			return out, err
		}
		out.moved = append(out.moved, Transfer{Link{to.ID, to.Number, ret.ID, ret.Number, c.ReturnResolutionID}, false, i.Captured, c.PaymentIntentID, i.ID, c.RefundID})
	}
	return out, nil
}

// linker reads each order and each return once.
type linker struct {
	tx      db.Tx
	orders  *order.Service
	known   map[string]*order.Order
	returns map[string]*returns.Return
}

func (l linker) order(o *order.Order, orderID string) (*order.Order, error) {
	if l.known[orderID] == nil {
		found, err := l.orders.Get(l.tx.Context(), l.tx, o.Scope, orderID)
		if err != nil {
			return nil, fmt.Errorf("read order %s beside order %s: %w", orderID, o.ID, err)
		}
		l.known[orderID] = found
	}
	return l.known[orderID], nil
}

func (l linker) returned(o *order.Order, returnID string) (*returns.Return, error) {
	if l.returns[returnID] == nil {
		found, err := returns.Get(l.tx, o.Scope, returnID)
		if err != nil {
			return nil, fmt.Errorf("read return %s of order %s: %w", returnID, o.ID, err)
		}
		l.returns[returnID] = found
	}
	return l.returns[returnID], nil
}

// came and went are the transfer that a payment of the order holds, or that a refund of it made; nil for none.
func (x exchange) came(paymentIntentID string) *Transfer {
	n := slices.IndexFunc(x.moved, func(t Transfer) bool { return t.In && t.PaymentIntentID == paymentIntentID })
	if n < 0 || paymentIntentID == "" {
		return nil
	}
	return &x.moved[n]
}

func (x exchange) went(refundID string) *Transfer {
	n := slices.IndexFunc(x.moved, func(t Transfer) bool { return !t.In && t.RefundID == refundID })
	if n < 0 || refundID == "" {
		return nil
	}
	return &x.moved[n]
}

// behind is the transfer that an entry of the journal is about, nil for none.
func (x exchange) behind(b ledger.Booked) *Transfer {
	if b.RefundID != "" {
		return x.went(b.RefundID)
	}
	return x.came(b.PaymentID)
}

// sum is what came to the order, or left it, and is still there.
func (x exchange) sum(in bool) (minor int64) {
	for _, t := range x.moved {
		if t.In == in {
			minor += t.Amount
		}
	}
	return minor
}

// others names the orders that value came from or went to, and the payments that brought it, as one list.
func (x exchange) others(in bool) string {
	var out []string
	for _, t := range x.moved {
		said := "order " + t.OrderNumber
		if in {
			said += " (payment " + t.OtherIntentID + ")"
		}
		if t.In == in && t.Amount != 0 && !slices.Contains(out, said) {
			out = append(out, said)
		}
	}
	return listed(out)
}

// told says what an entry of the journal or of the history did to the value; back when it was undone.
func (t *Transfer) told(back bool, amount string) string {
	by := ", by return " + t.ReturnNumber + "."
	switch {
	case t.In && back:
		return "Exchange credit of " + amount + " went back to order " + t.OrderNumber + " (payment " + t.OtherIntentID + ")" + by
	case t.In:
		return "Exchange credit of " + amount + " came from order " + t.OrderNumber + " (payment " + t.OtherIntentID + ")" + by
	case back:
		return "Exchange credit of " + amount + " came back from order " + t.OrderNumber + by
	default:
		return "Exchange credit of " + amount + " went to order " + t.OrderNumber + by
	}
}

// listed joins names as people do.
func listed(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		var out strings.Builder
		out.WriteString(names[0])
		for _, name := range names[1 : n-1] {
			out.WriteString(", " + name)
		}
		return out.String() + " and " + names[n-1]
	}
}
