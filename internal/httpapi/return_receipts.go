package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/returns"
)

// ReturnObservation is what receipts and inspections are told alike.
type ReturnObservation struct {
	CorrectionReason    string              `json:"correction_reason,omitzero" enum:"entry_error,duplicate_observation,source_correction,reconciliation_correction,other" doc:"Needed by a correction, refused without one."`
	CorrectionMessage   string              `json:"correction_reason_message,omitzero" maxLength:"500"`
	ExternalActorID     string              `json:"external_actor_id,omitzero" maxLength:"255"`
	ExternalReferenceID string              `json:"external_reference_id,omitzero" maxLength:"255"`
	Source              *ReturnSourceSystem `json:"source_system,omitzero"`
}

func (o *ReturnObservation) domain(supersedes string) returns.ObservationInput {
	out := returns.ObservationInput{
		Supersedes: supersedes, CorrectionReason: o.CorrectionReason, CorrectionMessage: o.CorrectionMessage,
		ExternalActorID: o.ExternalActorID, ExternalReferenceID: o.ExternalReferenceID,
	}
	if o.Source != nil {
		out.Source = &returns.Source{Type: o.Source.Type, ID: o.Source.ID}
	}
	return out
}

// ReturnReceiptLineItemRequest is units of one kind that arrived.
type ReturnReceiptLineItemRequest struct {
	Quantity     int64                 `json:"quantity" minimum:"0" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY" doc:"0 only in a correction: nothing came after all."`
	LineID       string                `json:"return_line_item_id,omitzero" maxLength:"64"`
	Unverified   *ReturnUnverifiedItem `json:"unverified_item,omitzero" doc:"Describes goods of which nobody knows the line yet, instead of return_line_item_id."`
	Verification string                `json:"verification_status,omitzero" enum:"excess" doc:"Goods beyond what the line may return."`
}

// CreateReturnReceiptRequest describes goods that arrived.
type CreateReturnReceiptRequest struct {
	ReceivedAt time.Time                      `json:"received_at"`
	LocationID string                         `json:"receiving_location_id" minLength:"1" maxLength:"255"`
	Lines      []ReturnReceiptLineItemRequest `json:"line_items" minItems:"1" maxItems:"250"`
	ShipmentID string                         `json:"shipment_id,omitzero" maxLength:"64"`
	Supersedes string                         `json:"supersedes_return_receipt_id,omitzero" maxLength:"64" doc:"The receipt that this one corrects. Inspections of its goods go out of force with it."`
	ReturnObservation
}

// CreateReturnReceiptInput is the request of createReturnReceipt.
type CreateReturnReceiptInput struct {
	ReturnPath
	Body CreateReturnReceiptRequest
}

// ReturnReceiptPath names a receipt.
type ReturnReceiptPath struct {
	ReceiptID string `path:"return_receipt_id" id:"rrec"`
}

// VerifyReturnReceiptLineItemRequest says of which line goods are.
type VerifyReturnReceiptLineItemRequest struct {
	LineID          string `json:"return_line_item_id" minLength:"1" maxLength:"64"`
	Reason          string `json:"verification_reason" enum:"order_match_confirmed,sku_match_confirmed,inspection_confirmed,merchant_review,other"`
	Message         string `json:"verification_reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1" doc:"Version of the return."`
}

// VerifyReturnReceiptLineItemInput is the request of verifyReturnReceiptLineItem.
type VerifyReturnReceiptLineItemInput struct {
	ReturnReceiptPath
	ReceiptLineID string `path:"return_receipt_line_item_id" id:"rrli"`
	Body          VerifyReturnReceiptLineItemRequest
}

// ListReturnReceiptsInput is the request of listReturnReceipts.
type ListReturnReceiptsInput struct {
	PageQuery
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	Query               string    `query:"query" maxLength:"255"`
	ReceivedAfter       time.Time `query:"received_after"`
	ReceivedBefore      time.Time `query:"received_before"`
	LocationID          string    `query:"receiving_location_id" maxLength:"255"`
	ReturnID            string    `query:"return_id" maxLength:"64"`
	LineID              string    `query:"return_line_item_id" maxLength:"64"`
	ShipmentID          string    `query:"shipment_id" maxLength:"64"`
	SourceType          string    `query:"source_system_type" enum:"manual,pos,wms,erp,other,flint"`
	Status              string    `query:"status" enum:"current,superseded"`
	Verification        string    `query:"verification_status" enum:"matched,unverified,excess"`
}

// goodsFaults are what work on goods of a return is refused with.
var goodsFaults = []string{"RETURN_ACTION_NOT_ALLOWED", "RETURN_INVALID", "INVALID_QUANTITY"}

func withGoodsFaults(codes ...string) Option { return Errors(append(codes, goodsFaults...)...) }

func registerReturnReceipts(a *API, s *Services) {
	Write(a, "createReturnReceipt", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateReturnReceiptInput) (*ReturnReceipt, error) {
		b := &in.Body
		goods := returns.ReceiptGoods{
			ReceivedAt: b.ReceivedAt, LocationID: b.LocationID, ShipmentID: b.ShipmentID, ObservationInput: b.domain(b.Supersedes),
		}
		for _, l := range b.Lines {
			line := returns.ReceiptLineInput{LineID: l.LineID, Quantity: l.Quantity, Excess: l.Verification == returns.VerificationExcess}
			if u := l.Unverified; u != nil {
				line.Unverified = &returns.UnverifiedItem{Name: u.Name, Description: u.Description, SKU: u.SKU}
			}
			goods.Lines = append(goods.Lines, line)
		}
		return wiredPart(wireReturnReceipt)(s.Returns.Receive(tx, returns.ReceiveInput{Scope: c.Scope, ReturnID: in.ReturnID, Goods: goods, Cause: c.Cause()}))
	}, Doc("Record goods that arrived", "A receipt never changes; a wrong one is corrected by another that supersedes it. Goods in excess and goods that nobody identified count for no line."),
		withGoodsFaults("RETURN_RECEIPT_QUANTITY_EXCEEDED"))

	Get(a, "listReturnReceipts", func(ctx context.Context, tx db.Tx, c *Caller, in *ListReturnReceiptsInput) (Page[*ReturnReceipt], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]returns.Found[returns.Receipt], *listing.Cursor, error) {
			return returns.ListReceipts(tx, returns.ListReceiptsInput{
				Scope: c.Scope, ReturnID: in.ReturnID, LineID: in.LineID, ShipmentID: in.ShipmentID, LocationID: in.LocationID, Status: in.Status,
				Verification: in.Verification, SourceType: in.SourceType, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query,
				Created: returns.Period{After: in.CreatedAfter, Before: in.CreatedBefore}, Received: returns.Period{After: in.ReceivedAfter, Before: in.ReceivedBefore},
				After: after, Limit: limit,
			})
		})
		return MapPage(page, wireFoundReceipt), err
	}, Doc("List receipts", "Over all returns, newest first."))

	Get(a, "getReturnReceipt", func(ctx context.Context, tx db.Tx, c *Caller, in *ReturnReceiptPath) (*ReturnReceipt, error) {
		return wired(wireFoundReceipt)(returns.GetReceipt(tx, c.Scope, in.ReceiptID))
	}, Doc("Read a receipt", ""))

	Write(a, "verifyReturnReceiptLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *VerifyReturnReceiptLineItemInput) (*ReturnReceipt, error) {
		return wiredPart(wireReturnReceipt)(s.Returns.Verify(tx, returns.VerifyInput{
			Scope: c.Scope, ReceiptID: in.ReceiptID, ReceiptLineID: in.ReceiptLineID, ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
			Goods: returns.Verification{LineID: in.Body.LineID, Reason: in.Body.Reason, Message: in.Body.Message},
		}))
	}, Doc("Identify goods", "Takes unidentified goods of a receipt, all of them, for those of a line."),
		withGoodsFaults("RETURN_RECEIPT_QUANTITY_EXCEEDED", "RETURN_VERSION_CONFLICT"))
}

func wireFoundReceipt(f returns.Found[returns.Receipt]) *ReturnReceipt {
	return wireReturnReceipt(f.Shell(), f.Part)
}
