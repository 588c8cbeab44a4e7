package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/merchant"
)

type listSandboxesInput struct {
	PageQuery
	Status string `query:"status" enum:"active,archived,all" default:"active"`
}

func listDeveloperSandboxes(a *API, s accounts) {
	Get(a, "listDeveloperSandboxes", func(ctx context.Context, tx db.Tx, c *Caller, in *listSandboxesInput) (Page[DeveloperSandbox], error) {
		status := in.Status
		if status == "all" {
			status = ""
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]merchant.Environment, *listing.Cursor, error) {
			return s.merchants.ListSandboxes(ctx, tx, merchant.ListSandboxesInput{MerchantID: c.Scope.MerchantID, EnvironmentID: visible(c),
				Status: status, After: after, Limit: limit})
		})
		return MapPage(page, wireSandbox), err
	}, Doc("List sandboxes", "Oldest first, active ones unless asked otherwise. A test key sees its own."))
}
