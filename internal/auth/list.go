package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
)

// ListKeysInput selects keys of a merchant.
type ListKeysInput struct {
	MerchantID    string
	EnvironmentID string // empty: any of the merchant's
	Status        string // empty: any
	SortBy        string // created_at (default), last_used_at, name
	Ascending     bool
	// AfterAt, AfterName and AfterID are the place of the last key of the page before, see KeyPosition.
	AfterAt      int64
	AfterName    string
	AfterID      string
	CreatedAfter time.Time // zero: no bound; all bounds are exclusive
	CreatedUntil time.Time
	UpdatedAfter time.Time
	UpdatedUntil time.Time
	Limit        int
}

// KeyPosition is the place of a key in a list sorted by sortBy.
func KeyPosition(k Key, sortBy string) (at int64, name string) {
	switch sortBy {
	case "name":
		return 0, k.Name
	case "last_used_at":
		if k.LastUsedAt.IsZero() {
			return 0, ""
		}
		return k.LastUsedAt.UnixMicro(), ""
	default:
		return k.CreatedAt.UnixMicro(), ""
	}
}

// ListKeys returns at most Limit keys in order, ties by id.
func (s *Service) ListKeys(_ context.Context, tx db.Tx, in ListKeysInput) ([]Key, error) {
	column, order, cmp := "created_at", "DESC", "<"
	var after any = in.AfterAt
	switch in.SortBy {
	case "last_used_at":
		column = "COALESCE(last_used_at, 0)"
	case "name":
		column, after = "name", in.AfterName
	}
	if in.Ascending {
		order, cmp = "ASC", ">"
	}
	q := &where{}
	q.and("merchant_id = %s", in.MerchantID)
	if in.EnvironmentID != "" {
		q.and("environment_id = %s", in.EnvironmentID)
	}
	if in.Status != "" {
		q.and("status = %s", in.Status)
	}
	for _, b := range []struct {
		sql string
		at  time.Time
	}{{"created_at > %s", in.CreatedAfter}, {"created_at < %s", in.CreatedUntil}, {"updated_at > %s", in.UpdatedAfter}, {"updated_at < %s", in.UpdatedUntil}} {
		if !b.at.IsZero() {
			q.and(b.sql, b.at)
		}
	}
	if in.AfterID != "" {
		q.and("("+column+", api_key_id) "+cmp+" (%s, %s)", after, in.AfterID)
	}
	sql := `SELECT ` + keyColumns + ` FROM api_keys WHERE ` + strings.Join(q.terms, " AND ") +
		` ORDER BY ` + column + ` ` + order + `, api_key_id ` + order + ` LIMIT ` + q.arg(in.Limit)
	keys := make([]Key, 0, in.Limit)
	err := tx.Query(func(r db.Row) error {
		k, err := scanKey(func(dest []any) error { return r.Scan(dest...) })
		keys = append(keys, k)
		return err
	}, sql, q.args...)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return keys, nil
}

// where collects conditions and their arguments.
type where struct {
	terms []string
	args  []any
}

func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) and(format string, values ...any) {
	names := make([]any, len(values))
	for i, v := range values {
		names[i] = w.arg(v)
	}
	w.terms = append(w.terms, fmt.Sprintf(format, names...))
}
