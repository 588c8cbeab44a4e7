package auth

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
)

// ListKeysInput selects keys of a merchant.
type ListKeysInput struct {
	MerchantID    string
	EnvironmentID string // empty: any of the merchant's
	Status        string // empty: any
	SortBy        string // created_at (default), last_used_at, name
	Ascending     bool
	After         *listing.Cursor
	CreatedAfter  time.Time // zero: no bound; all bounds are exclusive
	CreatedBefore time.Time
	UpdatedAfter  time.Time
	UpdatedBefore time.Time
	Limit         int
}

// ListKeys reads one page of keys and the cursor of the next, nil on the last page.
func (s *Service) ListKeys(_ context.Context, tx db.Tx, in ListKeysInput) ([]Key, *listing.Cursor, error) {
	column, numeric := "created_at", true
	switch in.SortBy {
	case "last_used_at":
		column = "COALESCE(last_used_at, 0)"
	case "name":
		column, numeric = "name", false
	}
	q := listing.OfMerchant("api_keys", keyColumns, "api_key_id", in.MerchantID).
		Equal("environment_id", in.EnvironmentID).Equal("status", in.Status).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	if err := q.Sort(column, in.Ascending, numeric, in.After); err != nil {
		return nil, nil, err
	}
	keys, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (Key, error) {
		return scanKey(func(dest []any) error { return r.Scan(dest...) })
	}, func(k Key) listing.Cursor {
		switch {
		case in.SortBy == "name":
			return listing.Cursor{Key: k.Name, ID: k.ID}
		case in.SortBy != "last_used_at":
			return listing.At(k.CreatedAt, k.ID)
		case k.LastUsedAt.IsZero():
			return listing.Cursor{Key: listing.Int(0), ID: k.ID}
		}
		return listing.At(k.LastUsedAt, k.ID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list API keys: %w", err)
	}
	return keys, next, nil
}
