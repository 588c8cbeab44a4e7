package httpapi

import (
	"context"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/returns"
)

// ReturnPath names a return.
type ReturnPath struct {
	ReturnID string `path:"return_id" id:"ret"`
}

func (l *ReturnLineItemRequest) domain() returns.LineInput {
	return returns.LineInput{
		OrderLineID: l.OrderLineID, FulfillmentID: l.FulfillmentID, Quantity: l.Quantity, ReasonID: l.ReasonID,
		ResolutionType: l.Resolution, BuyerNote: l.BuyerNote,
	}
}

// CreateReturnRequest asks units of an order back.
type CreateReturnRequest struct {
	OrderID             string                  `json:"order_id" minLength:"1" maxLength:"64"`
	Lines               []ReturnLineItemRequest `json:"line_items" minItems:"1" maxItems:"100"`
	ExternalReferenceID string                  `json:"external_reference_id,omitzero" minLength:"1" maxLength:"255"`
	Metadata            map[string]string       `json:"metadata,omitempty"`
}

// CreateReturnInput is the request of createReturn.
type CreateReturnInput struct {
	Body CreateReturnRequest
}

func (b *CreateReturnRequest) lines() []returns.LineInput {
	out := make([]returns.LineInput, 0, len(b.Lines))
	for _, l := range b.Lines {
		out = append(out, l.domain())
	}
	return out
}

// UpdateReturnRequest changes what the caller notes on a return.
type UpdateReturnRequest struct {
	ExternalReferenceID Opt[string]   `json:"external_reference_id,omitzero" maxLength:"255" doc:"Null removes it."`
	Metadata            MetadataPatch `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key."`
}

// UpdateReturnInput is the request of updateReturn.
type UpdateReturnInput struct {
	ReturnPath
	Body UpdateReturnRequest
}

// GetReturnInput is the request of getReturn.
type GetReturnInput struct {
	ReturnPath
	Expand []string `query:"expand" enum:"customer,line_items.fulfillment,line_items.return_reason,order"`
}

// ListReturnsInput is the request of listReturns.
type ListReturnsInput struct {
	PageQuery
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
	CustomerID          string    `query:"customer_id"`
	OrderID             string    `query:"order_id"`
	Number              string    `query:"return_number"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	ReasonID            string    `query:"return_reason_id"`
	LocationID          string    `query:"receiving_location_id"`
	Query               string    `query:"query" maxLength:"255" doc:"Part of an id, number, order number, reference, name or SKU."`
	Status              []string  `query:"status" enum:"requested,open,completed,declined,canceled"`
	DecisionStatus      []string  `query:"decision_status" enum:"pending,approved,partially_approved,declined"`
	MerchandiseStatus   []string  `query:"merchandise_status" enum:"not_required,awaiting_handoff,in_transit,partially_received,received,inspection_required,partially_inspected,inspection_review_required,disposition_required,resolved,exception"`
	ResolutionStatus    []string  `query:"resolution_status" enum:"not_selected,pending,partially_fulfilled,requires_action,fulfilled,failed"`
	ResolutionType      []string  `query:"resolution_type" enum:"refund,exchange,replacement,no_monetary_action,correction"`
	WorkType            []string  `query:"work_type" enum:"decision,handoff,receipt,inspection,disposition,resolution,exception" doc:"Returns on which such work waits."`
}

// CreateReturnAccessLinkInput is the request of createReturnAccessLink.
type CreateReturnAccessLinkInput struct {
	ReturnPath
	Body *EmptyBody
}

func registerReturns(a *API, s *Services) {
	Write(a, "createReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateReturnInput) (*ReturnResource, error) {
		return wired(wireReturn)(s.Returns.Create(tx, returns.CreateInput{
			Scope: c.Scope, OrderID: in.Body.OrderID, Lines: in.Body.lines(), ExternalReferenceID: in.Body.ExternalReferenceID,
			Metadata: in.Body.Metadata, Cause: c.Cause(),
		}))
	}, Doc("Ask for a return", "Asks units that were handed over back. Return policies judge each line, and the line keeps what they said; without one the return waits for a decision."),
		Errors("RETURN_INVALID", "RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS"))

	Get(a, "listReturns", func(ctx context.Context, tx db.Tx, c *Caller, in *ListReturnsInput) (Page[*ReturnResource], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*returns.Return, *listing.Cursor, error) {
			return returns.List(tx, returns.ListInput{
				Scope: c.Scope, OrderID: in.OrderID, CustomerID: in.CustomerID, Number: in.Number, ExternalReferenceID: in.ExternalReferenceID,
				Statuses: in.Status, DecisionStatuses: in.DecisionStatus, MerchandiseStatuses: in.MerchandiseStatus,
				ResolutionStatuses: in.ResolutionStatus, ResolutionTypes: in.ResolutionType, WorkTypes: in.WorkType, ReasonID: in.ReasonID,
				ReceivingLocationID: in.LocationID, Query: in.Query, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
				UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore, After: after, Limit: limit,
			})
		})
		return MapPage(page, wireReturn), err
	}, Doc("List returns", "Newest first. work_type finds those on which somebody has to act."))

	scopes := map[string]string{"customer": "customers.read", "order": "commerce.orders.read", "line_items.fulfillment": "commerce.orders.read"}
	Get(a, "getReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *GetReturnInput) (*ReturnResource, error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return nil, err
		}
		r, err := returns.Get(tx, c.Scope, in.ReturnID)
		if err != nil {
			return nil, err
		}
		return s.expandReturn(ctx, tx, c, r, in.Expand)
	}, Doc("Read a return", "completion_blockers says what is missing, supported_actions what can be done."))

	Write(a, "updateReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateReturnInput) (*ReturnResource, error) {
		b := &in.Body
		if !b.ExternalReferenceID.Sent && !b.Metadata.Sent {
			return nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The body names nothing to change.")
		}
		return wired(wireReturn)(s.Returns.Update(tx, returns.UpdateInput{
			Scope: c.Scope, ReturnID: in.ReturnID, ExternalReferenceID: b.ExternalReferenceID.Ptr(), Metadata: metadataPatch(b.Metadata), Cause: c.Cause(),
		}))
	}, Doc("Note something on a return", "The caller's reference and metadata, in any state."), Errors("NO_FIELDS_TO_UPDATE"))

	Write(a, "createReturnAccessLink", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateReturnAccessLinkInput) (*AccessLink, error) {
		r, err := returns.Get(tx, c.Scope, in.ReturnID)
		if err != nil {
			return nil, err
		}
		link, address, err := s.Buyers.CreateLink(ctx, tx, buyer.LinkInput{Scope: c.Scope, OrderID: r.OrderID, CustomerID: r.CustomerID})
		if err != nil {
			return nil, err
		}
		return &AccessLink{URL: address.Reveal() + "?return=" + r.ID, Purpose: "return_view", ExpiresAt: link.ExpiresAt}, nil
	}, Doc("Make a link to a return for its buyer", "Shows the return without a sign-in: for 30 days, ten times. Withdrawing it needs a sign-in."),
		OneTimeSecrets(), Errors("ACCESS_LINK_CUSTOMER_REQUIRED", "ACCESS_LINK_MERCHANT_HOSTED"))

	registerReturnLines(a, s)
	registerReturnDecisions(a, s)
}

// expandReturn shows a return with what was asked for beside it.
func (s *Services) expandReturn(ctx context.Context, tx db.Tx, c *Caller, r *returns.Return, expand []string) (*ReturnResource, error) {
	out := wireReturn(r)
	if err := s.expandParties(ctx, tx, c, expand, r.OrderID, r.CustomerID, &out.Order, &out.Customer); err != nil {
		return nil, err
	}
	for k := range out.Lines {
		if err := s.expandReturnLine(tx, c, &out.Lines[k], expand); err != nil {
			return nil, err
		}
	}
	return out, nil
}
