package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
)

type listAPIKeysInput struct {
	PageQuery
	Status        string    `query:"status" enum:"active,revoked"`
	SortBy        string    `query:"sort_by" enum:"created_at,last_used_at,name" default:"created_at"`
	SortDirection string    `query:"sort_direction" enum:"asc,desc" default:"desc"`
	CreatedAfter  time.Time `query:"created_after"`
	CreatedBefore time.Time `query:"created_before"`
	UpdatedAfter  time.Time `query:"updated_after"`
	UpdatedBefore time.Time `query:"updated_before"`
}

func listAPIKeys(a *API, s accounts) {
	Get(a, "listAPIKeys", func(ctx context.Context, tx db.Tx, c *Caller, in *listAPIKeysInput) (Page[APIKey], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]auth.Key, *listing.Cursor, error) {
			return s.keys.ListKeys(ctx, tx, auth.ListKeysInput{MerchantID: c.Scope.MerchantID, EnvironmentID: visible(c), Status: in.Status,
				SortBy: in.SortBy, Ascending: in.SortDirection == "asc", After: after,
				CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore, Limit: limit})
		})
		return MapPage(page, wireKey), err
	}, Doc("List API keys", "A live key sees every key of the merchant, a test key those of its sandbox."))
}
