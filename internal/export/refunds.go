package export

import (
	"cmp"
	"context"
	"io"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/order"
	"flint/internal/refund"
)

var refundColumns = []string{
	"refund_id", "created_at", "updated_at", "status", "order_id", "order_number", "customer_id", "reason", "reason_message",
	"external_reference_id", "currency", "refund_amount_minor", "refund_amount", "refund_tip_minor", "refund_tip",
	"refund_allocation_id", "payment_intent_id", "allocation_status", "allocation_amount_minor", "allocation_amount",
	"allocation_tip_minor", "allocation_tip", "failure_reason", "actor_type", "actor_id", "return_id", "return_resolution_id",
	"invoice_id", "credit_note_id",
}

// Refunds writes one row for each payment that a refund gives back from: the allocations sum to the refund,
// whose own amount stands on each of its rows.
func Refunds(ctx context.Context, d db.DB, begin func() io.Writer, in Input) error {
	return write(ctx, d, begin, refundColumns, func(tx db.Tx, after *listing.Cursor) ([][]string, *listing.Cursor, error) {
		found, next, err := refund.List(tx, refund.ListInput{
			Scope: in.Scope, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, Ascending: true, After: after,
			Limit: cmp.Or(in.PageSize, 200),
		})
		if err != nil {
			return nil, nil, err
		}
		var orders []string
		for _, r := range found {
			orders = append(orders, r.OrderID)
		}
		numbers, err := order.Numbers(tx, in.Scope, orders)
		if err != nil {
			return nil, nil, err
		}
		var rows [][]string
		for _, r := range found {
			x := r.Detail
			for _, a := range r.Allocations {
				rows = append(rows, []string{
					r.ID, moment(r.CreatedAt), moment(r.UpdatedAt), r.Status, r.OrderID, numbers[r.OrderID], r.CustomerID, r.Reason, x.ReasonMessage,
					r.ExternalReferenceID, string(r.Currency), minor(r.Amount), decimal(r.Amount, r.Currency), minor(r.Tip), decimal(r.Tip, r.Currency),
					a.ID, a.PaymentIntentID, a.Status, minor(a.Amount), decimal(a.Amount, r.Currency),
					minor(a.Tip), decimal(a.Tip, r.Currency), a.FailureReason, x.ActorType, x.ActorID, r.ReturnID, r.ReturnResolutionID,
					x.InvoiceID, x.CreditNoteID,
				})
			}
		}
		return rows, next, nil
	})
}
