package failpoint

// Names are all places, in the order in which a payment comes by them. "In the transaction" means that
// what was written is not committed yet.
var Names = []string{
	"idempotency.claimed",        // in the transaction that takes the key of a long operation
	"idempotency.started",        // in the same transaction, once the key knows what was started
	"idempotency.finished",       // in the transaction that stores the answer
	"order.created",              // in the transaction
	"order.saved",                // in the transaction, before journal and events
	"order.recorded",             // in the transaction, after journal and events
	"event.recorded",             // in the transaction
	"order.promotion_applied",    // in the transaction, uses are taken and the order is not written
	"paymentlink.resolved",       // in the transaction, the session is open and the answer is not kept
	"paymentlink.claimed",        // in the transaction that starts a payment, places are taken
	"paymentlink.released",       // in the transaction in which an attempt ended unpaid
	"paymentlink.counted",        // in the transaction of the money
	"invoice.created",            // in the transaction
	"invoice.numbered",           // in the transaction that issues, the row not written
	"invoice.saved",              // in the transaction, before activities and events
	"invoice.paid_by_hand",       // in the transaction that recorded the money
	"invoice.credited",           // in the transaction, the invoice not written
	"invoice.late_fee",           // in the transaction, the invoice not written
	"invoice.closed",             // in the transaction, the invoice not written
	"invoice.charging",           // in the transaction that plans the charge of a saved card
	"invoice.autopay",            // a charge nobody asked for is planned, and not made
	"invoice.due",                // between two invoices that are due
	"checkout.created",           // in the transaction
	"checkout.ended",             // in the transaction
	"checkout.expiring",          // between two sessions whose time is over
	"checkout.erasing",           // between two sessions whose contact is erased
	"checkout.code",              // in the transaction, the code is written and its mail is not
	"stranded.recorded",          // in the transaction that books late money
	"stranded.assigned",          // in the transaction, taken from one order and given to the other
	"recovery.working",           // between two recoveries whose time has come
	"recovery.abandoned",         // in the transaction, before the event
	"recovery.reminded",          // in the transaction that decides on a reminder
	"recovery.opened",            // in the transaction that leads the holder of a link back
	"recovery.settled",           // in the transaction of the money
	"recovery.action_started",    // in the transaction
	"recovery.action_done",       // in the transaction, the new door is open
	"payment.planned",            // in the transaction
	"payment.capture",            // in the transaction that plans one
	"payment.void",               // in the transaction that plans one
	"payment.credited",           // in the transaction that puts value of another order on an order
	"payment.recorded",           // in the transaction that records money received elsewhere
	"payment.reversed",           // in the transaction that takes a record back
	"payment.before_call",        // committed as planned, the processor not asked
	"payment.after_call",         // the processor has answered
	"payment.before_apply",       // in the transaction
	"payment.after_apply",        // in the transaction
	"payment.after_commit",       // the outcome is stored, the caller not answered
	"payment.notice",             // in the transaction that takes a notice
	"payment.asked",              // the sweeper knows the outcome and has not applied it
	"payment.expiring",           // in the transaction that ends a hold
	"refund.created",             // in the transaction
	"refund.applied",             // in the transaction
	"refund.approved",            // in the transaction that plans what was approved
	"refund.rejected",            // in the transaction, what it had reserved is free
	"refund.recorded",            // in the transaction that books what was given back elsewhere
	"dispute.notice",             // in the transaction that takes a notice
	"dispute.applied",            // in the transaction, the order not booked
	"creditnote.issued",          // in the transaction, before its events
	"creditnote.allocated",       // in the transaction, before its events
	"creditnote.refunded",        // in the transaction that reserves credit for a refund
	"return.saved",               // in the transaction, before its events
	"return.created",             // in the transaction
	"return.received",            // in the transaction, the receipt is written
	"return.inspected",           // in the transaction, the inspection is written
	"return.disposed",            // in the transaction, the disposition is written
	"return.confirming",          // in the transaction, the amounts are frozen and not claimed
	"return.executing",           // in the transaction, the claim is free and no effect planned
	"return.replacement_created", // in the transaction, the order is made and holds no credit
	"return.credit_taken",        // in the transaction, value is to leave its order
	"return.credit_given",        // in the transaction, value is on the order that replaces goods
	"return.refund_planned",      // in the transaction
	"return.sending",             // committed, the refunds of a return not sent
	"return.expiring",            // in the transaction that gives an unpaid exchange up
	"return.undoing",             // in the transaction, the doors are closed and the credit stands
	"return.undone",              // in the transaction, the value is back on its order
	"return.checkout_opened",     // in the transaction, the session is open and the resolution not written
	"return.door_opened",         // in the transaction, the link or invoice is made and the resolution not written
	"fulfillment.created",        // in the transaction, before its events
	"fulfillment.moved",          // in the transaction, the order not written
	"fulfillment.parcel",         // in the transaction, parcel and shipment are written and the timeline is not
	"requestlog.before_write",    // answered, the request's log not written
	"api.before_answer",          // committed, the first byte not sent
	"commit.before",              // everything is written, COMMIT is not sent
	"commit.after",               // durable, nobody told
	"sequence.placed",            // in the transaction that gives events their places
	"sequence.fanned_out",        // in the same transaction, once the deliveries are written
	"webhook.claimed",            // committed, nothing sent
	"webhook.before_send",        // about to connect
	"webhook.after_send",         // the receiver has it, nothing recorded
	"webhook.recorded",           // in the transaction
	"simulator.performed",        // in the transaction of the processor's own books
	"simulator.after_effect",     // the money has moved, the answer not given
	"simulator.settled",          // in the transaction
	"simulator.before_sink",      // the notice is due, nobody told
	"simulator.after_sink",       // the notice was taken, and will come again
}
