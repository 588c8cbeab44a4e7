package httpapi

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/fulfillment"
	"flint/internal/returns"
)

// ReturnLinePath names a line of a return.
type ReturnLinePath struct {
	ReturnPath
	LineID string `path:"return_line_item_id" id:"rtli"`
}

// ListReturnLinesInput is the request of listReturnLineItems.
type ListReturnLinesInput struct {
	ReturnPath
	PageQuery
	FulfillmentID     string   `query:"fulfillment_id"`
	OrderLineID       string   `query:"order_line_item_id"`
	ReasonID          string   `query:"return_reason_id"`
	Status            []string `query:"status" enum:"requested,open,completed,declined,canceled"`
	MerchandiseStatus []string `query:"merchandise_status" enum:"not_required,awaiting_handoff,in_transit,partially_received,received,inspection_required,partially_inspected,inspection_review_required,disposition_required,resolved,exception"`
	ResolutionStatus  []string `query:"resolution_status" enum:"not_selected,pending,partially_fulfilled,requires_action,fulfilled,failed"`
}

// AddReturnLineItemRequest adds a line to a return.
type AddReturnLineItemRequest struct {
	Line            ReturnLineItemRequest `json:"line_item"`
	ExpectedVersion *int64                `json:"expected_version,omitzero" minimum:"1"`
}

// AddReturnLineItemInput is the request of addReturnLineItem.
type AddReturnLineItemInput struct {
	ReturnPath
	Body AddReturnLineItemRequest
}

// UpdateReturnLineItemRequest edits a line of a return.
type UpdateReturnLineItemRequest struct {
	Quantity        *int64      `json:"requested_quantity,omitzero" minimum:"1" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY"`
	ReasonID        *string     `json:"return_reason_id,omitzero" minLength:"1" maxLength:"64"`
	ResolutionType  Opt[string] `json:"requested_resolution_type,omitzero" enum:"refund,exchange,replacement,no_monetary_action" doc:"Null removes the wish."`
	BuyerNote       Opt[string] `json:"buyer_note,omitzero" maxLength:"500" doc:"Null removes it."`
	ExpectedVersion *int64      `json:"expected_version,omitzero" minimum:"1"`
}

// UpdateReturnLineItemInput is the request of updateReturnLineItem.
type UpdateReturnLineItemInput struct {
	ReturnLinePath
	Body UpdateReturnLineItemRequest
}

func registerReturnLines(a *API, s *Services) {
	Get(a, "listReturnLineItems", func(ctx context.Context, tx db.Tx, c *Caller, in *ListReturnLinesInput) (Page[ReturnLineItem], error) {
		var r *returns.Return
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) (lines []*returns.Line, next *listing.Cursor, err error) {
			r, lines, next, err = returns.ListLines(tx, returns.LinesInput{
				Scope: c.Scope, ReturnID: in.ReturnID, FulfillmentID: in.FulfillmentID, OrderLineID: in.OrderLineID, ReasonID: in.ReasonID,
				Statuses: in.Status, MerchandiseStatuses: in.MerchandiseStatus, ResolutionStatuses: in.ResolutionStatus, After: after, Limit: limit,
			})
			return lines, next, err
		})
		return MapPage(page, func(l *returns.Line) ReturnLineItem { return wireReturnLine(r, l) }), err
	}, Doc("List the lines of a return", "In the order of the return."))

	Get(a, "getReturnLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *ReturnLinePath) (*ReturnLineItem, error) {
		r, err := returns.Get(tx, c.Scope, in.ReturnID)
		if err != nil {
			return nil, err
		}
		l := r.Line(in.LineID)
		if l == nil {
			return nil, fault.NotFound("return line item")
		}
		out := wireReturnLine(r, l)
		return &out, nil
	}, Doc("Read a line of a return", ""))

	Write(a, "addReturnLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *AddReturnLineItemInput) (*ReturnResource, error) {
		return wired(wireReturn)(s.Returns.AddLine(tx, returns.AddLineInput{
			Scope: c.Scope, ReturnID: in.ReturnID, Line: in.Body.Line.domain(), ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Add a line to a return", "While the return is requested."), Errors("RETURN_INVALID", "RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS",
		"INVALID_QUANTITY", "RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED"))

	Write(a, "updateReturnLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateReturnLineItemInput) (*ReturnResource, error) {
		b := &in.Body
		if b.Quantity == nil && b.ReasonID == nil && !b.ResolutionType.Sent && !b.BuyerNote.Sent {
			return nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The body names nothing to change.")
		}
		return wired(wireReturn)(s.Returns.UpdateLine(tx, returns.UpdateLineInput{
			Scope: c.Scope, ReturnID: in.ReturnID, LineID: in.LineID, Quantity: b.Quantity, ReasonID: b.ReasonID,
			ResolutionType: b.ResolutionType.Ptr(), BuyerNote: b.BuyerNote.Ptr(), ExpectedVersion: b.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Edit a line of a return", "While the return is requested."), Errors("RETURN_INVALID", "INVALID_QUANTITY", "RETURN_VERSION_CONFLICT",
		"RETURN_ACTION_NOT_ALLOWED", "NO_FIELDS_TO_UPDATE"))

	Write(a, "deleteReturnLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *ReturnLinePath) (*ReturnResource, error) {
		return wired(wireReturn)(s.Returns.DeleteLine(tx, returns.DeleteLineInput{Scope: c.Scope, ReturnID: in.ReturnID, LineID: in.LineID, Cause: c.Cause()}))
	}, Doc("Remove a line of a return", "While the return is requested. The last line stays: cancel the return instead."),
		Errors("RETURN_ACTION_NOT_ALLOWED"))
}

// expandReturnLine adds to a line what was asked for beside it.
func (s *Services) expandReturnLine(tx db.Tx, c *Caller, l *ReturnLineItem, expand []string) error {
	if slices.Contains(expand, "line_items.return_reason") {
		reason, err := s.ReturnPolicies.ReasonByID(tx, c.Scope, l.ReasonID)
		if err != nil {
			return err
		}
		l.Reason = wireReturnReason(reason)
	}
	if slices.Contains(expand, "line_items.fulfillment") {
		f, err := fulfillment.Get(tx, c.Scope, l.FulfillmentID)
		if err != nil {
			return err
		}
		l.Fulfillment = wireFulfillment(f)
	}
	return nil
}
