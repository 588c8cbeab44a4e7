package doctor

import (
	"testing"

	"flint/internal/creditnote"
	"flint/internal/order"
	"flint/internal/refund"
)

// TestCreditNotesAddUp breaks one figure at a time and wants it named.
func TestCreditNotesAddUp(t *testing.T) {
	t.Parallel()
	fine := func() *books {
		o := &order.Order{ID: "ord_1", Currency: "USD"}
		o.Invoicing.Credited = 40
		n := &noteRow{inForce: 40, Note: creditnote.Note{
			ID: "cn_1", InvoiceID: "inv_1", Status: creditnote.StatusIssued, Total: 90, Allocated: 40, Refunded: 20, Pending: 5,
			Lines: []creditnote.Line{{ID: "cnli_1", InvoiceLineID: "invli_1", Quantity: 1, Subtotal: 100, Discount: 20, Tax: 10, TaxAdditive: 10, Total: 90}},
		}}
		return &books{
			id: "ord_1", order: o, notes: []*noteRow{n}, creditItems: []creditItem{{row: "inv_1/invli_1", billed: 90, quantity: 1, total: 90, disc: 20, tax: 10}},
			refunds: []*refundRow{{detail: refund.Detail{CreditNoteID: "cn_1"}, allocations: []allocation{
				{amount: 20, status: refund.StatusSucceeded}, {amount: 5, status: refund.StatusPending}, {amount: 7, status: refund.StatusFailed}}}},
		}
	}
	for name, broken := range map[string]func(*books){
		"":                         func(*books) {},
		"total = sum of its lines": func(b *books) { b.notes[0].Total++ },
		"line total = subtotal - discount + additive tax":        func(b *books) { b.notes[0].Lines[0].Subtotal++ },
		"allocated = sum of its allocations in force":            func(b *books) { b.notes[0].Allocated++ },
		"refunded = sum of its succeeded refunds":                func(b *books) { b.notes[0].Refunded++ },
		"pending = sum of its open refunds":                      func(b *books) { b.notes[0].Pending++ },
		"total held = sum over issued notes":                     func(b *books) { b.creditItems[0].total++ },
		"units held = sum over issued notes (count)":             func(b *books) { b.creditItems[0].quantity++ },
		"credited = sum of allocations of credit notes in force": func(b *books) { b.order.Invoicing.Credited++ },
	} {
		b, c := fine(), &checker{opts: Options{MaxFindings: 10}}
		broken(b)
		c.creditNotes(b)
		switch {
		case name == "" && len(c.report.Findings) > 0:
			t.Errorf("sound books: %v", c.report.Findings)
		case name != "" && (len(c.report.Findings) != 1 || c.report.Findings[0].Rule != name):
			t.Errorf("%s: found %v", name, c.report.Findings)
		}
	}
}
