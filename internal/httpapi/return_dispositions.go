package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/returns"
)

// CreateReturnDispositionRequest says where goods go.
type CreateReturnDispositionRequest struct {
	Type                string            `json:"disposition_type" enum:"sellable,quality_control,damaged,quarantined,repair,refurbish,liquidate,donate,discard,return_to_buyer,lost"`
	Quantity            int64             `json:"quantity" minimum:"0" fault:"invalid=INVALID_QUANTITY,small=INVALID_QUANTITY" doc:"0 only in a replacement: no unit is where the replaced one said."`
	OccurredAt          time.Time         `json:"occurred_at" doc:"A time that lies ahead plans the disposition: it is pending until then and can be canceled."`
	Reason              string            `json:"reason" enum:"inspection_result,return_policy,warehouse_override,safety_requirement,other"`
	Message             string            `json:"reason_message,omitzero" maxLength:"500"`
	ReceiptLineID       string            `json:"return_receipt_line_item_id,omitzero" maxLength:"64" doc:"Exactly one of this and return_inspection_line_item_id."`
	InspectionLineID    string            `json:"return_inspection_line_item_id,omitzero" maxLength:"64"`
	LocationID          string            `json:"inventory_location_id,omitzero" maxLength:"255" doc:"Where the goods stand then; where they were seen last when absent."`
	Replaces            string            `json:"replaces_return_disposition_id,omitzero" maxLength:"64" doc:"A disposition that was wrong. What it moved is moved back."`
	ExternalReferenceID string            `json:"external_reference_id,omitzero" maxLength:"255"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// CreateReturnDispositionInput is the request of createReturnDisposition.
type CreateReturnDispositionInput struct {
	ReturnPath
	Body CreateReturnDispositionRequest
}

// ReturnDispositionPath names a disposition.
type ReturnDispositionPath struct {
	DispositionID string `path:"return_disposition_id" id:"rdis"`
}

// CancelReturnDispositionRequest gives a disposition up.
type CancelReturnDispositionRequest struct {
	Reason          string `json:"reason" enum:"created_in_error,changed_disposition,duplicate,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// CancelReturnDispositionInput is the request of cancelReturnDisposition.
type CancelReturnDispositionInput struct {
	ReturnDispositionPath
	Body CancelReturnDispositionRequest
}

// RetryReturnDispositionRequest tries a failed disposition again.
type RetryReturnDispositionRequest struct {
	Reason          string `json:"reason" enum:"dependency_recovered,mapping_corrected,operator_retry,other"`
	Message         string `json:"reason_message,omitzero" maxLength:"500"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// RetryReturnDispositionInput is the request of retryReturnDisposition.
type RetryReturnDispositionInput struct {
	ReturnDispositionPath
	Body RetryReturnDispositionRequest
}

// ListReturnDispositionsInput is the request of listReturnDispositions.
type ListReturnDispositionsInput struct {
	PageQuery
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	Type                string    `query:"disposition_type" enum:"sellable,quality_control,damaged,quarantined,repair,refurbish,liquidate,donate,discard,return_to_buyer,lost"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	LocationID          string    `query:"inventory_location_id" maxLength:"255"`
	OccurredAfter       time.Time `query:"occurred_after"`
	OccurredBefore      time.Time `query:"occurred_before"`
	Query               string    `query:"query" maxLength:"255"`
	Replaces            string    `query:"replaces_return_disposition_id" maxLength:"64"`
	ReturnID            string    `query:"return_id" maxLength:"64"`
	InspectionLineID    string    `query:"return_inspection_line_item_id" maxLength:"64"`
	LineID              string    `query:"return_line_item_id" maxLength:"64"`
	ReceiptLineID       string    `query:"return_receipt_line_item_id" maxLength:"64"`
	Status              string    `query:"status" enum:"pending,succeeded,failed,canceled"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
}

func registerReturnDispositions(a *API, s *Services) {
	Write(a, "createReturnDisposition", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateReturnDispositionInput) (*ReturnDisposition, error) {
		b := &in.Body
		return wiredPart(wireReturnDisposition)(s.Returns.Dispose(tx, returns.DisposeInput{Scope: c.Scope, ReturnID: in.ReturnID, Cause: c.Cause(), Goods: returns.DispositionGoods{
			Type: b.Type, Quantity: b.Quantity, OccurredAt: b.OccurredAt, Reason: b.Reason, Message: b.Message, ReceiptLineID: b.ReceiptLineID,
			InspectionLineID: b.InspectionLineID, LocationID: b.LocationID, Replaces: b.Replaces, ExternalReferenceID: b.ExternalReferenceID,
			Metadata: b.Metadata,
		}}))
	}, Doc("Say where goods go", "Takes units of a line of a receipt or of an inspection. Its movements are booked, each once, by whoever keeps stock."),
		withGoodsFaults("RETURN_DISPOSITION_QUANTITY_EXCEEDED"))

	Get(a, "listReturnDispositions", func(ctx context.Context, tx db.Tx, c *Caller, in *ListReturnDispositionsInput) (Page[*ReturnDisposition], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]returns.Found[returns.Disposition], *listing.Cursor, error) {
			return returns.ListDispositions(tx, returns.ListDispositionsInput{
				Scope: c.Scope, ReturnID: in.ReturnID, LineID: in.LineID, ReceiptLineID: in.ReceiptLineID, InspectionLineID: in.InspectionLineID,
				LocationID: in.LocationID, Replaces: in.Replaces, Status: in.Status, Type: in.Type, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query,
				Created: returns.Period{After: in.CreatedAfter, Before: in.CreatedBefore}, Occurred: returns.Period{After: in.OccurredAfter, Before: in.OccurredBefore},
				Updated: returns.Period{After: in.UpdatedAfter, Before: in.UpdatedBefore}, After: after, Limit: limit,
			})
		})
		return MapPage(page, wireFoundDisposition), err
	}, Doc("List dispositions", "Over all returns, newest first."))

	Get(a, "getReturnDisposition", func(ctx context.Context, tx db.Tx, c *Caller, in *ReturnDispositionPath) (*ReturnDisposition, error) {
		return wired(wireFoundDisposition)(returns.GetDisposition(tx, c.Scope, in.DispositionID))
	}, Doc("Read a disposition", ""))

	Write(a, "cancelReturnDisposition", func(ctx context.Context, tx db.Tx, c *Caller, in *CancelReturnDispositionInput) (*ReturnDisposition, error) {
		return wiredPart(wireReturnDisposition)(s.Returns.CancelDisposition(tx, returns.DispositionActInput{
			Scope: c.Scope, DispositionID: in.DispositionID, Reason: in.Body.Reason, Message: in.Body.Message,
			ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Cancel a disposition", "Before its goods moved; afterwards it is replaced by another."),
		Errors("RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED"))

	Write(a, "retryReturnDisposition", func(ctx context.Context, tx db.Tx, c *Caller, in *RetryReturnDispositionInput) (*ReturnDisposition, error) {
		return wiredPart(wireReturnDisposition)(s.Returns.RetryDisposition(tx, returns.DispositionActInput{
			Scope: c.Scope, DispositionID: in.DispositionID, Reason: in.Body.Reason, Message: in.Body.Message,
			ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		}))
	}, Doc("Try a failed disposition again", "Under the same id, so that its goods never move twice. It stays failed while nothing shows goods for it."),
		Errors("RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED"))
}

func wireFoundDisposition(f returns.Found[returns.Disposition]) *ReturnDisposition {
	return wireReturnDisposition(f.Shell(), f.Part)
}
