package httpapi

import (
	"context"
	"strconv"

	"flint/internal/db"
	"flint/internal/returns"
)

// GoodsOfLinePath names a line of a return.
type GoodsOfLinePath struct {
	ReturnPath
	LineID string `path:"return_line_item_id" id:"rtli"`
}

// CancelReturnLineItemRequest withdraws approved units.
type CancelReturnLineItemRequest struct {
	Quantity        int64  `json:"quantity" minimum:"1" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY"`
	Handback        int64  `json:"handback_quantity" minimum:"0" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY" doc:"How many of them the buyer no longer has to send back."`
	Reason          string `json:"reason" enum:"buyer_request,merchant_request,expired,created_in_error,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// CancelReturnLineItemInput is the request of cancelReturnLineItem.
type CancelReturnLineItemInput struct {
	GoodsOfLinePath
	Body CancelReturnLineItemRequest
}

// WaiveReturnLineInspectionRequest does without an inspection.
type WaiveReturnLineInspectionRequest struct {
	Reason          string `json:"reason" enum:"policy_override,trusted_in_store_handoff,merchant_review,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// WaiveReturnLineInspectionInput is the request of waiveReturnLineInspection.
type WaiveReturnLineInspectionInput struct {
	GoodsOfLinePath
	Body WaiveReturnLineInspectionRequest
}

func registerReturnLineGoods(a *API, s *Services) {
	Write(a, "cancelReturnLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *CancelReturnLineItemInput) (*ReturnResource, error) {
		return wired(wireReturn)(s.Returns.CancelLine(tx, returns.CancelLineInput{
			Scope: c.Scope, ReturnID: in.ReturnID, LineID: in.LineID, Quantity: in.Body.Quantity, Handback: in.Body.Handback, Reason: in.Body.Reason,
			Message: in.Body.Message, ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Withdraw units of a line", "Approved units that no resolution holds and that did not leave the buyer. What holds them is named in blocking_resources."),
		withGoodsFaults("RETURN_VERSION_CONFLICT", "RETURN_LINE_CANCELLATION_CONFLICT"))

	Write(a, "waiveReturnLineInspection", func(ctx context.Context, tx db.Tx, c *Caller, in *WaiveReturnLineInspectionInput) (*ReturnResource, error) {
		return wired(wireReturn)(s.Returns.WaiveInspection(tx, returns.WaiveInput{
			Scope: c.Scope, ReturnID: in.ReturnID, LineID: in.LineID, Reason: in.Body.Reason, Message: in.Body.Message,
			ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Do without an inspection", "What arrived counts as accepted, but for units that an inspection rejected or left open."),
		Errors("RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED"))
}

// lineAt is the path of a line in a body.
func lineAt(k int) string { return "line_items[" + strconv.Itoa(k) + "]" }
