package promotion

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// ListInput filters and sorts; empty fields do not filter. Archived promotions come only when asked for.
type ListInput struct {
	Scope               tenant.Scope
	Statuses            []string
	Query               string // part of a name or of the external reference
	ExternalReferenceID string
	Target              string // attribute=value of a rule, in lower case
	Redemption          string
	Class               string
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time
	SortBy              string // name, created_at, updated_at; created_at when empty
	Ascending           bool
	After               *listing.Cursor
	Limit               int
}

// List reads one page of promotions.
func (s *Service) List(tx db.Tx, in ListInput) ([]*Promotion, *listing.Cursor, error) {
	q := listing.From("promotions", columns, "promotion_id", in.Scope).Search("search", in.Query).
		Equal("external_reference_id", in.ExternalReferenceID).Equal("redemption", in.Redemption).Equal("class", in.Class).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	if in.Target != "" {
		q.Search("targets", "\n"+in.Target+"\n")
	}
	if len(in.Statuses) == 0 {
		q.And("state <> 'archived'")
	} else {
		whereStatus(q, in.Statuses, s.Clock.Now())
	}
	sort := cmp.Or(in.SortBy, "created_at")
	column := sort
	if sort == "name" {
		column = "name_key"
	}
	if err := q.Sort(column, in.Ascending, sort != "name", in.After); err != nil {
		return nil, nil, err
	}
	list, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Promotion, error) { return scan(r, in.Scope) },
		func(p *Promotion) listing.Cursor {
			switch sort {
			case "name":
				return listing.Cursor{Key: strings.ToLower(p.Name), ID: p.ID}
			case "updated_at":
				return listing.At(p.UpdatedAt, p.ID)
			}
			return listing.At(p.CreatedAt, p.ID)
		})
	if err != nil {
		return nil, nil, fmt.Errorf("list promotions: %w", err)
	}
	return list, next, s.summarize(tx, in.Scope, list...)
}

// whereStatus says in SQL what Promotion.Status says of one: the first that fits.
func whereStatus(q *listing.Query, statuses []string, now time.Time) {
	const (
		running = `state = 'active' AND (ends_at IS NULL OR ends_at > ?)`
		started = running + ` AND (starts_at IS NULL OR starts_at <= ?)`
		free    = started + ` AND (max_uses IS NULL OR uses < max_uses)`
		coded   = `EXISTS (SELECT 1 FROM promotion_codes c WHERE c.merchant_id = promotions.merchant_id
			AND c.environment_id = promotions.environment_id AND c.promotion_id = promotions.promotion_id AND c.state = 'active'
			AND (c.expires_at IS NULL OR c.expires_at > ?) AND (c.max_uses IS NULL OR c.uses < c.max_uses))`
	)
	var parts []string
	var args []any
	for _, v := range statuses {
		var part string
		switch v {
		case StateArchived, StateInactive:
			part = `state = '` + v + `'`
		case StatusExpired:
			part = `state = 'active' AND ends_at <= ?`
		case StatusNotYetStarted:
			part = running + ` AND starts_at > ?`
		case StatusExhausted:
			part = started + ` AND uses >= max_uses`
		case StatusNoActiveCodes:
			part = free + ` AND redemption = 'code' AND NOT ` + coded
		case StateActive:
			part = free + ` AND (redemption = 'automatic' OR ` + coded + `)`
		default:
			continue
		}
		parts = append(parts, "("+part+")")
		for range strings.Count(part, "?") {
			args = append(args, now)
		}
	}
	if len(parts) > 0 {
		q.And("("+strings.Join(parts, " OR ")+")", args...)
	}
}
