package promotion

import (
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// CreateCodeInput adds a code to a promotion.
type CreateCodeInput struct {
	Scope       tenant.Scope
	PromotionID string
	Code        NewCode
}

// Validate reports every fault of the input.
func (in CreateCodeInput) Validate() error {
	var l fault.List
	in.Code.check(&l, "")
	return l.Err()
}

// CreateCode adds a code.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, PROMOTION_NOT_CODE_GATED, PROMOTION_ARCHIVED, DUPLICATE_CODE.
func (s *Service) CreateCode(tx db.Tx, in CreateCodeInput) (*Code, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	p, err := load(tx, in.Scope, in.PromotionID, tx.ForUpdate())
	switch {
	case err != nil:
		return nil, err
	case p.Redemption != ByCode:
		return nil, fault.Conflict("PROMOTION_NOT_CODE_GATED", "An automatic promotion has no codes.")
	case p.State == StateArchived:
		return nil, fault.Conflict("PROMOTION_ARCHIVED", "An archived promotion gets no new codes.")
	}
	return s.addCode(tx, p, in.Code, "code")
}

// UpdateCodeInput changes the fields of a code that are not nil; the Clear flags take away what is there.
type UpdateCodeInput struct {
	Scope        tenant.Scope
	PromotionID  string
	CodeID       string
	State        string // active, inactive, or empty
	MaxUses      *int64
	ClearMaxUses bool
	ExpiresAt    *time.Time // zero: never
	Timezone     *string
	Metadata     *metadata.Patch
}

// Validate reports every fault of the input.
func (in UpdateCodeInput) Validate() error {
	var l fault.List
	if in.State == "" && in.MaxUses == nil && !in.ClearMaxUses && in.ExpiresAt == nil && in.Timezone == nil && in.Metadata == nil {
		l.Add("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	checkLimit(&l, "max_uses", in.MaxUses)
	if in.Timezone != nil {
		checkZone(&l, "timezone", *in.Timezone)
	}
	return l.Err()
}

// UpdateCode changes a code; its text stays.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, INVALID_MAX_USES for a limit below the uses.
func (s *Service) UpdateCode(tx db.Tx, in UpdateCodeInput) (*Code, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	c, err := loadCode(tx, in.Scope, in.PromotionID, in.CodeID)
	if err != nil {
		return nil, err
	}
	if in.State != "" {
		c.State = in.State
	}
	if in.MaxUses != nil {
		c.MaxUses = in.MaxUses
	}
	if in.ClearMaxUses {
		c.MaxUses = nil
	}
	if c.MaxUses != nil && *c.MaxUses < c.Uses {
		return nil, fault.Invalid("INVALID_MAX_USES", "max_uses", "The limit cannot be below the uses that there are.")
	}
	if in.ExpiresAt != nil {
		c.ExpiresAt = *in.ExpiresAt
	}
	if in.Timezone != nil {
		c.Timezone = *in.Timezone
	}
	if in.Metadata != nil {
		if c.Metadata, err = metadata.Merge(c.Metadata, *in.Metadata); err != nil {
			var l fault.List
			l.AddError("metadata", err)
			return nil, l.Err()
		}
	}
	c.UpdatedAt = s.Clock.Now()
	return c, updateCode(tx, c)
}

// DeleteCode takes a code away and gives its last state; its text may be used again. Discounts that
// came by it stay.
func (s *Service) DeleteCode(tx db.Tx, scope tenant.Scope, promotionID, codeID string) (*Code, error) {
	c, err := loadCode(tx, scope, promotionID, codeID)
	if err != nil {
		return nil, err
	}
	gone := *c
	gone.State, gone.UpdatedAt = StateDeleted, s.Clock.Now()
	if err := updateCode(tx, &gone); err != nil {
		return nil, err
	}
	c.State, c.UpdatedAt = StateInactive, gone.UpdatedAt
	return c, nil
}

// ListCodesInput filters; empty fields do not filter.
type ListCodesInput struct {
	Scope       tenant.Scope
	PromotionID string
	Code        string // exact, in any letter case
	Status      string // active, inactive, expired, exhausted
	After       *listing.Cursor
	Limit       int
}

// ListCodes reads one page of codes, newest first, without deleted ones.
func (s *Service) ListCodes(tx db.Tx, in ListCodesInput) ([]*Code, *listing.Cursor, error) {
	now := s.Clock.Now()
	q := listing.From("promotion_codes", codeColumns, "code_id", in.Scope).And("state <> 'deleted'").
		Equal("promotion_id", in.PromotionID).Equal("code_key", strings.ToLower(strings.TrimSpace(in.Code)))
	switch in.Status {
	case StateInactive:
		q.And("state = 'inactive'")
	case StatusExpired:
		q.And("state = 'active' AND expires_at <= ?", now)
	case StatusExhausted:
		q.And("state = 'active' AND (expires_at IS NULL OR expires_at > ?) AND uses >= max_uses", now)
	case StateActive:
		q.And("state = 'active' AND (expires_at IS NULL OR expires_at > ?) AND (max_uses IS NULL OR uses < max_uses)", now)
	}
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, in.Limit, func(r db.Row) (*Code, error) { return scanCode(r, in.Scope) },
		func(c *Code) listing.Cursor { return listing.At(c.CreatedAt, c.ID) })
}
