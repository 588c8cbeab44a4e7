package returns

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// PageInput asks for the returns of a time, oldest first. Zero bounds are none; both are exclusive.
type PageInput struct {
	Scope         tenant.Scope
	CreatedAfter  time.Time
	CreatedBefore time.Time
	After         *listing.Cursor
	Limit         int
}

// Page reads returns with their lines and resolutions and without their other parts, for those who write
// lists of them, and the place of the next page, nil on the last one. Nothing is locked.
func Page(tx db.Tx, in PageInput) ([]*Return, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("returns", "doc", "return_id", in.Scope).Range("created_at", in.CreatedAfter, in.CreatedBefore)
	if err := q.Sort("created_at", true, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(row db.Row) (*Return, error) { return scan(row, in.Scope) },
		func(r *Return) listing.Cursor { return listing.At(r.CreatedAt, r.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("read a page of returns: %w", err)
	}
	byID, ids := map[string]*Return{}, make([]string, len(found))
	for n, r := range found {
		byID[r.ID], ids[n] = r, r.ID
	}
	if len(ids) == 0 {
		return nil, nil, nil
	}
	err = each(tx, in.Scope, "return_lines", "place", ids, func(returnID string, l Line) {
		byID[returnID].Lines = append(byID[returnID].Lines, l)
	})
	if err != nil {
		return nil, nil, err
	}
	return found, next, each(tx, in.Scope, "return_resolutions", "created_at", ids, func(returnID string, x Resolution) {
		byID[returnID].Resolutions = append(byID[returnID].Resolutions, x)
	})
}

func each[T part](tx db.Tx, scope tenant.Scope, table, sort string, returnIDs []string, take func(returnID string, v T)) error {
	q := listing.From(table, "return_id, doc", "return_id", scope).In("return_id", returnIDs)
	if err := q.Sort(sort, true, true, nil); err != nil {
		return err
	}
	_, err := listing.All(tx, q, func(row db.Row) (v T, err error) {
		var returnID, doc string
		if err = row.Scan(&returnID, &doc); err == nil {
			err = json.Unmarshal([]byte(doc), &v)
			take(returnID, v)
		}
		return v, err
	})
	if err != nil {
		return fmt.Errorf("read %s of %d returns: %w", table, len(returnIDs), err)
	}
	return nil
}
