package httpapi

import (
	"context"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

type (
	// CreateDeletionInput is the request of createCustomerDeletionRequest.
	CreateDeletionInput struct {
		CustomerID string `path:"customer_id" id:"cus"`
	}
	// GetDeletionInput is the request of getCustomerDeletionRequest.
	GetDeletionInput struct {
		CustomerID string `path:"customer_id" id:"cus"`
		RequestID  string `path:"customer_deletion_request_id" id:"cdr"`
	}
	// ListDeletionsInput is the request of the lists of deletion requests.
	ListDeletionsInput struct {
		PageQuery
		Status string `query:"status" enum:"pending_review,processing,completed,rejected,failed" fault:"invalid=INVALID_STATUS"`
	}
	// ResolveDeletionRequest decides.
	ResolveDeletionRequest struct {
		Resolution string `json:"resolution" enum:"approve,reject"`
	}
	// ResolveDeletionInput is the request of resolveCustomerDeletionRequest.
	ResolveDeletionInput struct {
		RequestID string `path:"customer_deletion_request_id" id:"cdr"`
		Body      ResolveDeletionRequest
	}
	// MyDeletionInput names an own deletion request.
	MyDeletionInput struct {
		RequestID string `path:"customer_deletion_request_id" id:"cdr"`
	}
)

func registerDeletions(a *API, s *Services) {
	Write(a, "createCustomerDeletionRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateDeletionInput) (*CustomerDeletionRequest, error) {
		return s.requestDeletion(ctx, tx, c, in.CustomerID)
	}, Doc("Ask for the deletion of a customer's data", "Returns the request that is pending, if there is one."),
		Errors("CUSTOMER_DELETION_PROCESSING", "CUSTOMER_DELETION_BLOCKED"))

	Get(a, "getCustomerDeletionRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *GetDeletionInput) (*CustomerDeletionRequest, error) {
		return s.getDeletion(ctx, tx, c, in.CustomerID, in.RequestID)
	}, Doc("Read a deletion request", "What became of the wish."))

	Get(a, "listCustomerDeletionRequests", func(ctx context.Context, tx db.Tx, c *Caller, in *ListDeletionsInput) (Page[*CustomerDeletionRequest], error) {
		return s.listDeletions(ctx, tx, c, "", in)
	}, Doc("List deletion requests", "Newest first."))

	Write(a, "resolveCustomerDeletionRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *ResolveDeletionInput) (*CustomerDeletionRequest, error) {
		return wired(wireDeletion)(s.Customers.ResolveDeletion(ctx, tx, customer.ResolveDeletionInput{Scope: c.Scope, Cause: c.Cause(), ID: in.RequestID,
			Approve: in.Body.Resolution == "approve"}))
	}, Doc("Decide about a deletion request", "approve erases the customer's name, addresses, notes and ways in, and asks installed apps to do the same; "+
		"orders, payments and refunds stay. It cannot be undone."), Errors("CUSTOMER_DELETION_BLOCKED", "CUSTOMER_DELETION_PROCESSING"))
}

func registerMyDeletions(a *API, s *Services) {
	Write(a, "me.createDeletionRequest", func(ctx context.Context, tx db.Tx, c *Caller, _ *struct{}) (*CustomerDeletionRequest, error) {
		return s.requestDeletion(ctx, tx, c, c.SubjectID)
	}, Doc("Ask for the deletion of own data", "The merchant decides. Returns the request that is pending, if there is one."),
		Errors("CUSTOMER_DELETION_PROCESSING", "CUSTOMER_DELETION_BLOCKED"))

	Get(a, "me.listDeletionRequests", func(ctx context.Context, tx db.Tx, c *Caller, in *ListDeletionsInput) (Page[*CustomerDeletionRequest], error) {
		return s.listDeletions(ctx, tx, c, c.SubjectID, in)
	}, Doc("List own deletion requests", "Newest first."))

	Get(a, "me.getDeletionRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *MyDeletionInput) (*CustomerDeletionRequest, error) {
		return s.getDeletion(ctx, tx, c, c.SubjectID, in.RequestID)
	}, Doc("Read an own deletion request", "What became of the wish."))
}

func (s *Services) requestDeletion(ctx context.Context, tx db.Tx, c *Caller, customerID string) (*CustomerDeletionRequest, error) {
	return wired(wireDeletion)(s.Customers.RequestDeletion(ctx, tx, customer.RequestDeletionInput{Scope: c.Scope, Cause: c.Cause(), CustomerID: customerID}))
}

func (s *Services) getDeletion(ctx context.Context, tx db.Tx, c *Caller, customerID, requestID string) (*CustomerDeletionRequest, error) {
	found, err := s.Customers.GetDeletion(ctx, tx, c.Scope, requestID)
	if err == nil && found.CustomerID != customerID {
		err = fault.NotFound("deletion request")
	}
	return wired(wireDeletion)(found, err)
}

func (s *Services) listDeletions(ctx context.Context, tx db.Tx, c *Caller, customerID string, in *ListDeletionsInput) (Page[*CustomerDeletionRequest], error) {
	page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*customer.DeletionRequest, *listing.Cursor, error) {
		return s.Customers.ListDeletions(ctx, tx, customer.ListDeletionsInput{Scope: c.Scope, CustomerID: customerID, Status: in.Status, After: after, Limit: limit})
	})
	return MapPage(page, wireDeletion), err
}
