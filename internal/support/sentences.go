package support

import "strings"

// said are sentences for events whose description in the catalogue says what the event means for subscribers rather
// than what happened, or would contradict the state that is told with it.
var said = map[string]string{
	"checkout_session.abandoned":              "The buyer left the checkout without paying.",
	"dispute.created":                         "The buyer's bank opened a dispute.",
	"dispute.updated":                         "There is news of a dispute.",
	"invoice.created":                         "An invoice was made.",
	"order.fulfillment.created":               "A fulfillment was created.",
	"order.fulfillment.updated":               "A fulfillment changed.",
	"order.fulfillment.completed":             "A fulfillment was completed.",
	"order.fulfillment.status_changed":        "A fulfillment moved on.",
	"order.fulfillment.shipment.created":      "A shipment was created.",
	"order.fulfillment.shipment.updated":      "A shipment changed.",
	"order.fulfillment.package.created":       "A package was created.",
	"order.fulfillment.package.updated":       "A package changed.",
	"refund.created":                          "A refund was asked for.",
	"refund.updated":                          "A refund moved on.",
	"return.created":                          "A return was asked for.",
	"return.decision_recorded":                "It was decided what may be returned.",
	"return_disposition.created":              "It was decided where returned goods go.",
	"return_disposition.updated":              "The placing of returned goods moved on.",
	"return_inspection.created":               "Returned goods were inspected.",
	"return_inspection.superseded":            "An inspection of returned goods was replaced by a newer one.",
	"return_receipt.created":                  "Returned goods arrived.",
	"return_receipt.superseded":               "A record of returned goods that arrived was replaced by a newer one.",
	"return_receipt.verified":                 "A record of returned goods that arrived was checked.",
	"return_resolution.created":               "It was proposed what the buyer gets for a return.",
	"return_resolution.updated":               "What the buyer gets for a return moved on.",
	"stranded_payment.created":                "Money came in where nothing was due; somebody has to decide about it.",
	"payment_intent.fulfillment_hold.updated": "The processor asked to pause or resume the fulfillment of the order.",
}

// standings are what a thing of a kind is at a status, as a sentence. The kinds are those that an event which tells
// of a change can be about.
var standings = map[string]map[string]string{
	"app_approval": {
		"pending": "The merchant has not decided yet.", "approved": "The merchant approved it.", "refused": "The merchant refused it.",
		"expired": "Nobody decided in time.",
	},
	"checkout_session": {
		"open": "It is open.", "paid": "The order is paid.", "partially_paid": "The order is paid in part.", "closed": "It is closed.",
		"expired": "It ran out of time.", "invalidated": "It can no longer be paid.",
	},
	"credit_note": {"draft": "It is a draft.", "issued": "It is issued.", "void": "It is void."},
	"dispute": {
		"warning_needs_response": "The bank has asked about the payment and waits for an answer.",
		"warning_under_review":   "The bank looks at the answer.",
		"warning_closed":         "The bank has no more questions.",
		"needs_response":         "The bank has taken the money back and waits for an answer.",
		"under_review":           "The bank holds the money and looks at the evidence.",
		"won":                    "It was won, and the money is back.",
		"lost":                   "It was lost, and the bank keeps the money.",
		"prevented":              "It was averted.",
	},
	"fulfillment": {
		"pending": "Work on it has not begun.", "scheduled": "It has a date.", "preparing": "It is being prepared.", "in_progress": "It is in progress.",
		"picked": "The goods are picked.", "packed": "The goods are packed.", "ready": "It is ready.", "dispatched": "It has left.",
		"completed": "It is complete.", "canceled": "It was canceled.", "failed": "It failed.",
	},
	"invoice": {
		"draft": "It is a draft.", "open": "It is open.", "partially_paid": "It is paid in part.", "paid": "It is paid.",
		"credited": "It was settled by a credit note.", "uncollectible": "It was given up as uncollectible.", "void": "It is void.",
	},
	"order": {"open": "It is open.", "closed": "It is closed."},
	"payment_intent": {
		"requires_payment_method": "It waits for a way to pay.", "requires_confirmation": "It waits to be confirmed.",
		"requires_action": "The buyer has to act.", "processing": "Its outcome is not known yet.", "requires_capture": "It waits to be captured.",
		"succeeded": "It was collected.", "canceled": "It was canceled.", "expired": "It ran out of time.",
	},
	"refund": {
		"pending": "The money is on its way.", "in_transit": "The money is on its way.", "requires_action": "Somebody has to approve it first.",
		"succeeded": "The money was given back.", "partially_succeeded": "Only part of the money was given back.",
		"failed": "The money stays with the merchant.", "canceled": "It was canceled before any money moved.",
	},
	"return": {
		"requested": "It waits for a decision.", "open": "It is open.", "declined": "It was declined.", "completed": "It is complete.",
		"canceled": "It was canceled.",
	},
	"return_disposition": {
		"pending": "It is planned.", "succeeded": "It is done.", "failed": "It failed.", "canceled": "It was canceled.",
	},
	"return_inspection": {"current": "It counts.", "superseded": "A newer one counts instead."},
	"return_receipt":    {"current": "It counts.", "superseded": "A newer one counts instead."},
	"return_resolution": {
		"proposed": "It waits to be confirmed.", "pending": "It is under way.", "requires_action": "Somebody has to act before it goes on.",
		"partially_fulfilled": "It is carried out in part.", "fulfilled": "It is carried out.", "failed": "It could not be carried out.",
		"canceled": "It was canceled.",
	},
	"shipment": {
		"created": "It has not left.", "packed": "It is packed.", "shipped": "It has left.", "in_transit": "It is on its way.",
		"out_for_delivery": "It is with the driver.", "delivery_attempted": "Nobody was there to take it.", "delivered": "It was delivered.",
		"exception": "Something is in its way.", "returned": "It came back.", "voided": "It was given up.",
	},
	"stranded_payment": {"open": "Somebody has to decide about it.", "refunding": "It is being refunded.", "resolved": "It is decided."},
}

// standing says what a thing is now. A status without words of its own is quoted.
func standing(kind, status string) string {
	if s := standings[kind][status]; s != "" {
		return s
	}
	return "Its status is now “" + strings.ReplaceAll(status, "_", " ") + "”."
}

// kindOfStatus is what the status in a payload is of: that of the resource, and of a part of a fulfilment's own.
func kindOfStatus(eventType, resource string) string {
	rest, ok := strings.CutPrefix(eventType, fulfillmentEvents)
	switch {
	case !ok:
		return resource
	case strings.HasPrefix(rest, "shipment."), strings.HasPrefix(rest, "package."):
		return "shipment"
	}
	return "fulfillment"
}
