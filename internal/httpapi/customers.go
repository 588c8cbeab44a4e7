package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/listing"
)

// ListCustomersInput is the request of listCustomers.
type ListCustomersInput struct {
	PageQuery
	Query               string    `query:"query" maxLength:"255" doc:"Part of e-mail, name, phone or external reference."`
	Email               string    `query:"email" maxLength:"255" doc:"Exact, in any letter case."`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255" doc:"Exact."`
	Expand              []string  `query:"expand" enum:"receivables"`
	SortBy              string    `query:"sort_by" enum:"name,email,created_at,updated_at"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
}

// GetCustomerInput is the request of getCustomer.
type GetCustomerInput struct {
	CustomerID string   `path:"customer_id" id:"cus"`
	Expand     []string `query:"expand" enum:"default_payment_method,receivables"`
}

func registerCustomers(a *API, s *Services) {
	scopes := map[string]string{"receivables": "commerce.invoices.read", "default_payment_method": "payments.payment_methods.read"}

	Get(a, "listCustomers", func(ctx context.Context, tx db.Tx, c *Caller, in *ListCustomersInput) (Page[*Customer], error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return Page[*Customer]{}, err
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*customer.Customer, *listing.Cursor, error) {
			found, err := s.Customers.List(ctx, tx, customer.ListInput{
				Scope: c.Scope, Query: in.Query, Email: in.Email, ExternalReferenceID: in.ExternalReferenceID,
				CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore,
				SortBy: in.SortBy, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
			})
			return found.Customers, found.Next, err
		})
		if err != nil {
			return Page[*Customer]{}, err
		}
		return s.expandCustomers(tx, c, page, in.Expand)
	}, Doc("List customers", "Newest first unless sorted otherwise."))

	Get(a, "getCustomer", func(ctx context.Context, tx db.Tx, c *Caller, in *GetCustomerInput) (*Customer, error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return nil, err
		}
		found, err := s.Customers.Get(ctx, tx, c.Scope, in.CustomerID)
		if err != nil {
			return nil, err
		}
		page, err := s.expandCustomers(tx, c, Page[*customer.Customer]{Data: []*customer.Customer{found}}, in.Expand)
		if err != nil {
			return nil, err
		}
		return page.Data[0], nil
	}, Doc("Read a customer", "A buyer of this merchant environment."))
}

// expandCustomers shows, when asked to, what customers owe on invoices.
func (s *Services) expandCustomers(tx db.Tx, c *Caller, page Page[*customer.Customer], expand []string) (Page[*Customer], error) {
	out := MapPage(page, wireCustomer)
	if !slices.Contains(expand, "receivables") {
		return out, nil
	}
	ids := make([]string, len(page.Data))
	for n, found := range page.Data {
		ids[n] = found.ID
	}
	owed, err := s.Invoices.Receivables(tx, c.Scope, ids)
	if err != nil {
		return Page[*Customer]{}, err
	}
	for n, id := range ids {
		out.Data[n].Receivables = &CustomerReceivables{ObservedAt: c.Now, Balances: []CurrencyReceivable{}}
		for _, r := range owed[id] {
			out.Data[n].Receivables.Balances = append(out.Data[n].Receivables.Balances, CurrencyReceivable{
				Currency: string(r.Currency), Outstanding: wireMoney(r.Outstanding, r.Currency), Overdue: wireMoney(r.Overdue, r.Currency),
			})
		}
	}
	return out, nil
}
