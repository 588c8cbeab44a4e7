package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/returns"
)

// ReturnInspectionLineItemRequest is units in one condition.
type ReturnInspectionLineItemRequest struct {
	ReceiptLineID       string   `json:"return_receipt_line_item_id" minLength:"1" maxLength:"64"`
	Quantity            int64    `json:"quantity" minimum:"1" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY"`
	Condition           string   `json:"condition" enum:"new,unopened,opened,used,damaged,defective,incomplete,undetermined"`
	Acceptance          string   `json:"acceptance_status" enum:"accepted,rejected,review_required"`
	Findings            []string `json:"finding_codes,omitempty" enum:"matches_expected_item,wrong_item,damaged,defective,used,missing_parts,empty_package,counterfeit_suspected,other" maxItems:"25"`
	InternalNote        string   `json:"internal_note,omitzero" maxLength:"5000" doc:"Never shown to the buyer."`
	LineID              string   `json:"return_line_item_id,omitzero" maxLength:"64" doc:"Identifies goods that nobody had identified; needs verification_reason."`
	VerificationReason  string   `json:"verification_reason,omitzero" enum:"order_match_confirmed,sku_match_confirmed,inspection_confirmed,merchant_review,other"`
	VerificationMessage string   `json:"verification_reason_message,omitzero" maxLength:"500"`
}

// CreateReturnInspectionRequest describes a look at goods of a receipt.
type CreateReturnInspectionRequest struct {
	ReceiptID   string                            `json:"return_receipt_id" minLength:"1" maxLength:"64"`
	InspectedAt time.Time                         `json:"inspected_at"`
	LocationID  string                            `json:"location_id" minLength:"1" maxLength:"255"`
	Lines       []ReturnInspectionLineItemRequest `json:"line_items" minItems:"1" maxItems:"250"`
	Supersedes  string                            `json:"supersedes_return_inspection_id,omitzero" maxLength:"64" doc:"The inspection that this one corrects."`
	ReturnObservation
}

// CreateReturnInspectionInput is the request of createReturnInspection.
type CreateReturnInspectionInput struct {
	ReturnPath
	Body CreateReturnInspectionRequest
}

// ReturnInspectionPath names an inspection.
type ReturnInspectionPath struct {
	InspectionID string `path:"return_inspection_id" id:"rins"`
}

// DecideReturnInspectionLineItemRequest settles what an inspection left open.
type DecideReturnInspectionLineItemRequest struct {
	Acceptance      string `json:"acceptance_status" enum:"accepted,rejected,review_required"`
	Reason          string `json:"acceptance_decision_reason" enum:"inspection_result,return_policy,manual_review,other"`
	Message         string `json:"acceptance_decision_reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1" doc:"Version of the return."`
}

// DecideReturnInspectionLineItemInput is the request of decideReturnInspectionLineItem.
type DecideReturnInspectionLineItemInput struct {
	ReturnInspectionPath
	InspectionLineID string `path:"return_inspection_line_item_id" id:"rili"`
	Body             DecideReturnInspectionLineItemRequest
}

// ListReturnInspectionsInput is the request of listReturnInspections.
type ListReturnInspectionsInput struct {
	PageQuery
	Acceptance          string    `query:"acceptance_status" enum:"accepted,rejected,review_required"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	InspectedAfter      time.Time `query:"inspected_after"`
	InspectedBefore     time.Time `query:"inspected_before"`
	LocationID          string    `query:"location_id" maxLength:"255"`
	Query               string    `query:"query" maxLength:"255"`
	ReturnID            string    `query:"return_id" maxLength:"64"`
	LineID              string    `query:"return_line_item_id" maxLength:"64"`
	ReceiptID           string    `query:"return_receipt_id" maxLength:"64"`
	SourceType          string    `query:"source_system_type" enum:"manual,pos,wms,erp,other,flint"`
	Status              string    `query:"status" enum:"current,superseded"`
}

// verification is what a line says about whose goods they are; nil when it says nothing.
func (l *ReturnInspectionLineItemRequest) verification(at string) (*returns.Verification, error) {
	switch {
	case l.LineID == "" && l.VerificationReason == "" && l.VerificationMessage == "":
		return nil, nil
	case l.LineID == "":
		return nil, fault.Invalid("RETURN_INVALID", at+".return_line_item_id", "Name the line whose goods they are.")
	}
	return &returns.Verification{LineID: l.LineID, Reason: l.VerificationReason, Message: l.VerificationMessage}, nil
}

func registerReturnInspections(a *API, s *Services) {
	Write(a, "createReturnInspection", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateReturnInspectionInput) (*ReturnInspection, error) {
		b := &in.Body
		goods := returns.InspectionGoods{ReceiptID: b.ReceiptID, InspectedAt: b.InspectedAt, LocationID: b.LocationID, ObservationInput: b.domain(b.Supersedes)}
		for k, l := range b.Lines {
			v, err := l.verification(lineAt(k))
			if err != nil {
				return nil, err
			}
			goods.Lines = append(goods.Lines, returns.InspectionLineInput{
				ReceiptLineID: l.ReceiptLineID, Quantity: l.Quantity, Condition: l.Condition, Acceptance: l.Acceptance, Findings: l.Findings,
				InternalNote: l.InternalNote, Verification: v,
			})
		}
		return wiredPart(wireReturnInspection)(s.Returns.Inspect(tx, returns.InspectInput{Scope: c.Scope, ReturnID: in.ReturnID, Goods: goods, Cause: c.Cause()}))
	}, Doc("Record an inspection", "Condition and acceptance of goods of one receipt. A wrong inspection is corrected by another that supersedes it."),
		withGoodsFaults("RETURN_INSPECTION_QUANTITY_EXCEEDED", "RETURN_RECEIPT_QUANTITY_EXCEEDED"))

	Get(a, "listReturnInspections", func(ctx context.Context, tx db.Tx, c *Caller, in *ListReturnInspectionsInput) (Page[*ReturnInspection], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]returns.Found[returns.Inspection], *listing.Cursor, error) {
			return returns.ListInspections(tx, returns.ListInspectionsInput{
				Scope: c.Scope, ReturnID: in.ReturnID, ReceiptID: in.ReceiptID, LineID: in.LineID, LocationID: in.LocationID, Status: in.Status,
				Acceptance: in.Acceptance, SourceType: in.SourceType, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query,
				Created: returns.Period{After: in.CreatedAfter, Before: in.CreatedBefore}, Inspected: returns.Period{After: in.InspectedAfter, Before: in.InspectedBefore},
				After: after, Limit: limit,
			})
		})
		return MapPage(page, wireFoundInspection), err
	}, Doc("List inspections", "Over all returns, newest first."))

	Get(a, "getReturnInspection", func(ctx context.Context, tx db.Tx, c *Caller, in *ReturnInspectionPath) (*ReturnInspection, error) {
		return wired(wireFoundInspection)(returns.GetInspection(tx, c.Scope, in.InspectionID))
	}, Doc("Read an inspection", ""))

	Write(a, "decideReturnInspectionLineItem", func(ctx context.Context, tx db.Tx, c *Caller, in *DecideReturnInspectionLineItemInput) (*ReturnInspection, error) {
		return wiredPart(wireReturnInspection)(s.Returns.Accept(tx, returns.AcceptInput{
			Scope: c.Scope, InspectionID: in.InspectionID, InspectionLineID: in.InspectionLineID, ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
			Acceptance: returns.Acceptance{Status: in.Body.Acceptance, Reason: in.Body.Reason, Message: in.Body.Message},
		}))
	}, Doc("Decide whether goods are accepted", "Settles a line that an inspection left open as review_required."),
		withGoodsFaults("RETURN_VERSION_CONFLICT"))
}

func wireFoundInspection(f returns.Found[returns.Inspection]) *ReturnInspection {
	return wireReturnInspection(f.Shell(), f.Part)
}
