package order

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
)

// ClaimDraft notes a draft of an invoice on an order that the caller has loaded in this transaction. A
// draft keeps other invoices away and leaves everything else as it is.
//
// Faults: ORDER_NOT_OPEN, ORDER_ALREADY_PAID, ORDER_ALREADY_HAS_ACTIVE_INVOICE.
func (s *Service) ClaimDraft(tx db.Tx, o *Order, invoiceID string, cause event.Cause) error {
	if err := checkInvoiceable(o, invoiceID); err != nil {
		return err
	}
	o.Invoicing.DraftID = invoiceID
	return s.Save(tx, o, cause, Change{Events: Quiet})
}

// ClaimCollection gives an invoice alone the right to collect the order: its amounts stand still and no
// other door opens until ReleaseCollection. The caller has loaded the order in this transaction and
// fenced what was open.
//
// Faults: those of ClaimDraft, ORDER_COLLECTION_IN_PROGRESS while a payment is under way.
func (s *Service) ClaimCollection(tx db.Tx, o *Order, invoiceID string, cause event.Cause) error {
	if o.InvoiceID == invoiceID {
		return nil
	}
	if err := checkInvoiceable(o, invoiceID); err != nil {
		return err
	}
	if o.ActiveAttemptID != "" {
		return fault.Conflict("ORDER_COLLECTION_IN_PROGRESS", "A payment of the order is under way.").
			Then("Wait for it, or cancel it.").With("order_payment_attempt_id", o.ActiveAttemptID)
	}
	o.InvoiceID, o.Invoicing.DraftID = invoiceID, ""
	return s.Save(tx, o, cause, Change{Activities: []NewActivity{{Type: ActivityUpdated, Description: "Collected by invoice from now on."}}})
}

// ReleaseCollection takes the right back, from the draft of an invoice as well; an order that the invoice
// does not own stays as it is.
func (s *Service) ReleaseCollection(tx db.Tx, o *Order, invoiceID string, cause event.Cause) error {
	if invoiceID == "" || o.InvoiceID != invoiceID && o.Invoicing.DraftID != invoiceID {
		return nil
	}
	change := Change{Events: Quiet}
	if o.InvoiceID == invoiceID {
		change = Change{Activities: []NewActivity{{Type: ActivityUpdated, Description: "No longer collected by invoice."}}}
		o.InvoiceID = ""
	} else {
		o.Invoicing.DraftID = ""
	}
	return s.Save(tx, o, cause, change)
}

func checkInvoiceable(o *Order, invoiceID string) error {
	switch {
	case o.Status != StatusOpen:
		return fault.Conflict("ORDER_NOT_OPEN", "The order is closed and cannot be invoiced.")
	case o.InvoiceID != "" && o.InvoiceID != invoiceID, o.Invoicing.DraftID != "" && o.Invoicing.DraftID != invoiceID:
		return fault.Conflict("ORDER_ALREADY_HAS_ACTIVE_INVOICE", "The order has an invoice already.").
			Then("Use that invoice, or void it.").With("invoice_id", max(o.InvoiceID, o.Invoicing.DraftID))
	case o.Outstanding() == 0 && o.DerivePaymentStatus() == PaymentPaid:
		return fault.Conflict("ORDER_ALREADY_PAID", "The order is paid; nothing is outstanding.")
	}
	return nil
}

// CheckCollectable refuses to collect an order past the invoice that owns it, or past the return whose goods it
// replaces; owner is the invoice or the resolution of the door through which the money would come, empty for all
// others.
//
// Faults: ORDER_COLLECTION_ALREADY_ACTIVE, RETURN_CHECKOUT_REQUIRED.
func (o *Order) CheckCollectable(owner string) error {
	if o.InvoiceID == "" && o.ReturnResolutionID != "" && o.ReturnResolutionID != owner {
		return fault.Conflict("RETURN_CHECKOUT_REQUIRED", "The order replaces returned goods; its balance is collected by the resolution of that return.").
			Then("Use POST /v1/return-resolutions/{id}/checkout-session.").
			With("return_resolution_id", o.ReturnResolutionID).With("return_id", o.ReturnID)
	}
	if o.InvoiceID == "" || o.InvoiceID == owner {
		return nil
	}
	return fault.Conflict("ORDER_COLLECTION_ALREADY_ACTIVE", "An invoice collects this order.").
		Then("Collect through the invoice, or void it.").With("invoice_id", o.InvoiceID)
}

// SetInvoicing notes what an invoice has added to or taken off what the order owes. The order is loaded in
// this transaction; the caller has checked that nothing turns negative. It says in plain words why. An
// order that comes to owe nothing is paid, with order.paid, when money came in before.
func (s *Service) SetInvoicing(tx db.Tx, o *Order, to Invoicing, why string, cause event.Cause) error {
	if to.LateFees < 0 || to.Credited < 0 || to.WrittenOff < 0 || o.Pricing.Total+to.LateFees < to.Credited {
		return fault.Internal("ORDER_SETTLEMENT_INVALID", "the invoicing of order %s has amounts that cannot be", o.ID)
	}
	o.Invoicing = to
	return s.Save(tx, o, cause, Change{Activities: []NewActivity{{Type: ActivityAdjustment, Description: why}}})
}

// Unsettle takes recorded money back that was never with a processor: the order owes it again. Amount is
// in minor units and at most what the payment brought and nobody refunded.
func (s *Service) Unsettle(tx db.Tx, o *Order, cause event.Cause, paymentIntentID string, amount int64) error {
	paid, err := money.Sub(o.Settlement.Paid, amount)
	if err != nil || amount <= 0 || paid < o.Settlement.Refunded {
		return fault.Internal("ORDER_SETTLEMENT_INVALID", "the reversal of %s does not fit order %s", paymentIntentID, o.ID)
	}
	o.Settlement.Paid = paid
	o.Settlement.SettledTip -= uncarryTip(o, paymentIntentID, amount, s.Clock.Now())
	err = s.Save(tx, o, cause, Change{PaymentIntentID: paymentIntentID, Activities: []NewActivity{{
		Type: ActivityAdjustment, Description: "Recorded payment taken back.", RefType: RefPaymentIntent, RefID: paymentIntentID,
	}}})
	if err != nil {
		return err
	}
	return s.gaveBack(tx, o, cause)
}
