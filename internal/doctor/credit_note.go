package doctor

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/refund"
)

// noteRow is a credit note with the allocations in force.
type noteRow struct {
	creditnote.Note
	inForce int64
}

// creditItem is what issued notes hold of a line of an invoice.
type creditItem struct {
	row                        string // invoice and line
	billed                     int64
	quantity, total, disc, tax int64
}

func (p *page) readNotes(tx db.Tx, between []any) error {
	byID := map[string]*noteRow{}
	err := tx.Query(func(r db.Row) error {
		n := &noteRow{}
		var doc []byte
		if err := r.Scan(&n.OrderID, &n.ID, &n.InvoiceID, &n.Status, &n.Total, &n.Allocated, &n.Refunded, &n.Pending, &doc); err != nil {
			return err
		}
		b := p.of(n.OrderID)
		b.notes, byID[n.ID] = append(b.notes, n), n
		return json.Unmarshal(doc, &n.Note)
	}, `SELECT order_id, credit_note_id, invoice_id, status, total, allocated, refunded, pending, doc FROM credit_notes`+inPage+
		` ORDER BY credit_note_id`, between...)
	if err != nil {
		return fmt.Errorf("read credit notes: %w", err)
	}
	err = tx.Query(func(r db.Row) error {
		var noteID string
		var amount int64
		err := r.Scan(&noteID, &amount)
		byID[noteID].inForce += amount
		return err
	}, `SELECT a.credit_note_id, a.amount FROM credit_notes n JOIN credit_note_allocations a ON a.merchant_id = n.merchant_id
			AND a.environment_id = n.environment_id AND a.credit_note_id = n.credit_note_id
		WHERE n.merchant_id = $1 AND n.environment_id = $2 AND n.order_id > $3 AND n.order_id <= $4 AND a.reversed_at IS NULL
		ORDER BY a.allocation_id`, between...)
	if err != nil {
		return fmt.Errorf("read allocations of credit notes: %w", err)
	}
	return tx.Query(func(r db.Row) error {
		var orderID, invoiceID, lineID string
		var t creditItem
		err := r.Scan(&orderID, &invoiceID, &lineID, &t.billed, &t.quantity, &t.total, &t.disc, &t.tax)
		t.row = invoiceID + "/" + lineID
		b := p.of(orderID)
		b.creditItems = append(b.creditItems, t)
		return err
	}, `SELECT v.order_id, i.invoice_id, i.line_id, i.billed_total, i.quantity, i.total, i.discount, i.tax
		FROM invoices v JOIN credit_note_items i ON i.merchant_id = v.merchant_id AND i.environment_id = v.environment_id AND i.invoice_id = v.invoice_id
		WHERE v.merchant_id = $1 AND v.environment_id = $2 AND v.order_id > $3 AND v.order_id <= $4 ORDER BY i.invoice_id, i.line_id`, between...)
}

// creditNotes holds each credit note against its lines, allocations and refunds, the lines of the invoices
// against the notes that hold them, and what the order was credited against the allocations in force.
func (c *checker) creditNotes(b *books) {
	held := map[string]creditItem{}
	var credited int64
	for _, n := range b.notes {
		var total, refunded, pending int64
		for _, l := range n.Lines {
			total += l.Total
			row := n.ID + "/" + l.ID
			c.add(b.finding("credit_notes", row, "line total = subtotal - discount + additive tax", l.Subtotal-l.Discount+l.TaxAdditive, l.Total))
			if n.Status == creditnote.StatusIssued {
				key := n.InvoiceID + "/" + l.InvoiceLineID
				t := held[key]
				t.quantity, t.total, t.disc, t.tax = t.quantity+l.Quantity, t.total+l.Total, t.disc+l.Discount, t.tax+l.Tax
				held[key] = t
			}
		}
		for _, r := range b.refunds {
			if r.detail.CreditNoteID != n.ID {
				continue
			}
			for _, a := range r.allocations {
				switch a.status {
				case refund.StatusSucceeded:
					refunded += a.amount
				case refund.StatusPending:
					pending += a.amount
				}
			}
		}
		credited += n.inForce
		c.add(b.finding("credit_notes", n.ID, "total = sum of its lines", total, n.Total))
		c.add(b.finding("credit_notes", n.ID, "allocated = sum of its allocations in force", n.inForce, n.Allocated))
		c.add(b.finding("credit_notes", n.ID, "refunded = sum of its succeeded refunds", refunded, n.Refunded))
		c.add(b.finding("credit_notes", n.ID, "pending = sum of its open refunds", pending, n.Pending))
	}
	for _, t := range b.creditItems {
		want := held[t.row]
		delete(held, t.row)
		c.add(b.finding("credit_note_items", t.row, "units held = sum over issued notes (count)", want.quantity, t.quantity))
		c.add(b.finding("credit_note_items", t.row, "total held = sum over issued notes", want.total, t.total))
		c.add(b.finding("credit_note_items", t.row, "discount held = sum over issued notes", want.disc, t.disc))
		c.add(b.finding("credit_note_items", t.row, "tax held = sum over issued notes", want.tax, t.tax))
	}
	for row, want := range held {
		c.add(b.finding("credit_note_items", row, "total held = sum over issued notes", want.total, 0))
	}
	if b.order != nil {
		c.add(b.finding("orders", b.id, "credited = sum of allocations of credit notes in force", credited, b.order.Invoicing.Credited))
	}
}
