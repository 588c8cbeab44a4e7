package export

import (
	"cmp"
	"context"
	"io"
	"strings"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/returns"
)

var returnColumns = []string{
	"return_id", "return_number", "created_at", "completed_at", "canceled_at", "status", "decision_status", "merchandise_status",
	"resolution_status", "order_id", "order_number", "customer_id", "initiated_by", "external_reference_id",
	"return_line_item_id", "order_line_item_id", "fulfillment_id", "item_name", "sku", "return_reason", "buyer_note", "line_status",
	"requested_quantity", "approved_quantity", "declined_quantity", "canceled_quantity", "received_quantity", "accepted_quantity",
	"rejected_quantity", "resolved_quantity", "refund_timing", "currency", "unit_price_minor", "unit_price",
	"line_value_minor", "line_value", "resolved_value_minor", "resolved_value", "return_resolution_ids", "resolution_types",
	"refund_ids", "replacement_order_ids",
}

// Returns writes one row for each line of a return. The value of a line is what the buyer paid for the units that
// were asked for; the resolved value is what resolutions of it that were not canceled and did not fail took.
func Returns(ctx context.Context, d db.DB, begin func() io.Writer, in Input) error {
	return write(ctx, d, begin, returnColumns, func(tx db.Tx, after *listing.Cursor) ([][]string, *listing.Cursor, error) {
		found, next, err := returns.Page(tx, returns.PageInput{
			Scope: in.Scope, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, After: after, Limit: cmp.Or(in.PageSize, 200),
		})
		if err != nil {
			return nil, nil, err
		}
		var rows [][]string
		for _, r := range found {
			for n := range r.Lines {
				rows = append(rows, returnRow(r, &r.Lines[n]))
			}
		}
		return rows, next, nil
	})
}

func returnRow(r *returns.Return, l *returns.Line) []string {
	var ids, types, refunds, replacements []string
	var resolved int64
	for _, x := range r.Resolutions {
		of := false
		for _, part := range x.Lines {
			if part.LineID != l.ID {
				continue
			}
			of = true
			if x.Status != returns.ResolutionCanceled && x.Status != returns.ResolutionFailed {
				resolved += part.Value.Total
			}
		}
		if !of {
			continue
		}
		ids, types, refunds = append(ids, x.ID), append(types, x.Type), append(refunds, x.RefundIDs...)
		if x.ReplacementID != "" {
			replacements = append(replacements, x.ReplacementID)
		}
	}
	list := func(v []string) string { return strings.Join(v, " ") }
	return []string{
		r.ID, r.Number, moment(r.CreatedAt), moment(r.CompletedAt), moment(r.CanceledAt), r.Status, r.DecisionStatus, r.MerchandiseStatus,
		r.ResolutionStatus, r.OrderID, r.OrderNumber, r.CustomerID, r.InitiatedBy, r.ExternalReferenceID,
		l.ID, l.OrderLineID, l.FulfillmentID, l.Identity.Name, l.Identity.SKU, l.ReasonName, l.BuyerNote, l.Status,
		minor(l.Requested), minor(l.Approved), minor(l.Declined), minor(l.Canceled), minor(l.Received), minor(l.Accepted),
		minor(l.Rejected), minor(l.Resolved), l.RefundTiming, string(r.Currency), minor(l.UnitPrice), decimal(l.UnitPrice, r.Currency),
		minor(l.Value.Total), decimal(l.Value.Total, r.Currency), minor(resolved), decimal(resolved, r.Currency), list(ids), list(types),
		list(refunds), list(replacements),
	}
}
