package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/returns"
)

func registerMyReturns(a *API, s *Services) {
	Get(a, "listMeReturns", func(_ context.Context, tx db.Tx, c *Caller, in *ListReturnsInput) (Page[*ReturnResource], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*returns.Return, *listing.Cursor, error) {
			if in.CustomerID != "" && in.CustomerID != c.SubjectID {
				return nil, nil, nil
			}
			return returns.List(tx, returns.ListInput{
				Scope: c.Scope, OrderID: in.OrderID, CustomerID: c.SubjectID, Number: in.Number, ExternalReferenceID: in.ExternalReferenceID,
				Statuses: in.Status, DecisionStatuses: in.DecisionStatus, MerchandiseStatuses: in.MerchandiseStatus,
				ResolutionStatuses: in.ResolutionStatus, ResolutionTypes: in.ResolutionType, WorkTypes: in.WorkType, ReasonID: in.ReasonID,
				ReceivingLocationID: in.LocationID, Query: in.Query, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
				UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore, After: after, Limit: limit,
			})
		})
		return MapPage(page, wireMyReturn), err
	}, Doc("List own returns", "Newest first, with what the customer may do."))

	Write(a, "createMeReturn", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateReturnInput) (*ReturnResource, error) {
		if _, err := s.myOrder(ctx, tx, c, in.Body.OrderID); err != nil {
			return nil, fault.Below("order_id", err)
		}
		r, err := s.Returns.Create(tx, returns.CreateInput{
			Scope: c.Scope, OrderID: in.Body.OrderID, Lines: in.Body.lines(), ExternalReferenceID: in.Body.ExternalReferenceID,
			Metadata: in.Body.Metadata, InitiatedBy: returns.ActorBuyer, Cause: c.Cause(),
		})
		return myReturnAnswer(r, err)
	}, Doc("Ask for a return of an own order", "The preview says beforehand what comes of it. What a policy refuses cannot be asked for; what no policy covers waits for the merchant."),
		Errors("RETURN_INVALID", "RETURN_FULFILLMENT_ALLOCATION_AMBIGUOUS", "INVALID_QUANTITY"))

	Get(a, "getMeReturn", func(_ context.Context, tx db.Tx, c *Caller, in *ReturnPath) (*ReturnResource, error) {
		r, err := returns.Get(tx, c.Scope, in.ReturnID)
		return myReturnAnswer(mine(c, r, err))
	}, Doc("Read an own return", "buyer_actions are withdraw, ship_items and pay_balance, each with whether it is possible now."))

	Write(a, "cancelMeReturn", func(_ context.Context, tx db.Tx, c *Caller, in *CancelReturnInput) (*ReturnResource, error) {
		r, err := returns.Get(tx, c.Scope, in.ReturnID)
		if _, err = mine(c, r, err); err != nil {
			return nil, err
		}
		r, err = s.Returns.Cancel(tx, returns.CancelInput{
			Scope: c.Scope, ReturnID: in.ReturnID, Reason: in.Body.Reason, Message: in.Body.Message, ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		})
		return myReturnAnswer(r, err)
	}, Doc("Withdraw an own return", "Until goods were received or something was resolved."), Errors("RETURN_VERSION_CONFLICT", "RETURN_ACTION_NOT_ALLOWED"))
}

// mine lets a customer see own returns alone; others' do not exist.
func mine(c *Caller, r *returns.Return, err error) (*returns.Return, error) {
	if err == nil && c.Kind == auth.CustomerSession && r.CustomerID != c.SubjectID {
		err = fault.NotFound("return")
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func myReturnAnswer(r *returns.Return, err error) (*ReturnResource, error) {
	if err != nil {
		return nil, err
	}
	return wireMyReturn(r), nil
}
