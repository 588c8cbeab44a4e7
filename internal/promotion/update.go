package promotion

import (
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// UpdateInput changes a promotion. Change gets it as it is and edits it; its class and the type of its
// method are fixed. State is active, inactive or empty.
type UpdateInput struct {
	Scope       tenant.Scope
	PromotionID string
	State       string
	Metadata    *metadata.Patch
	Change      func(p *Promotion) error
}

// Update changes a promotion. What orders carry already stays as it is until they are priced again.
//
// Faults: RESOURCE_NOT_FOUND, PROMOTION_ARCHIVED, PROMOTION_SHAPE_IMMUTABLE, INVALID_MAX_USES for a limit
// below the uses, and those of a creation.
func (s *Service) Update(tx db.Tx, in UpdateInput) (*Promotion, error) {
	p, err := load(tx, in.Scope, in.PromotionID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if p.State == StateArchived {
		return nil, fault.Conflict("PROMOTION_ARCHIVED", "An archived promotion is not changed any more.")
	}
	class, kind := p.Class, p.Method.Type
	if err := in.Change(p); err != nil {
		return nil, err
	}
	if in.State != "" {
		p.State = in.State
	}
	var l fault.List
	if in.Metadata != nil {
		p.Metadata, err = metadata.Merge(p.Metadata, *in.Metadata)
		l.AddError("metadata", err)
	}
	p.defaults()
	if p.Class != class {
		l.Add("PROMOTION_SHAPE_IMMUTABLE", "discount_class", "The class of a promotion does not change.")
	}
	if p.Method.Type != kind {
		l.Add("PROMOTION_SHAPE_IMMUTABLE", "application_method.type", "The kind of a promotion does not change.")
	}
	p.check(&l)
	if p.MaxUses != nil && *p.MaxUses < p.Uses {
		l.Add("INVALID_MAX_USES", "max_uses", "The limit cannot be below the uses that there are.")
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	p.UpdatedAt = s.Clock.Now()
	if err := update(tx, p); err != nil {
		return nil, err
	}
	return s.reread(tx, in.Scope, p.ID)
}

// Archive ends a promotion for good and gives its final state. Archiving twice changes nothing.
func (s *Service) Archive(tx db.Tx, scope tenant.Scope, promotionID string) (*Promotion, error) {
	p, err := load(tx, scope, promotionID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if p.State != StateArchived {
		p.State, p.UpdatedAt = StateArchived, s.Clock.Now()
		if err := update(tx, p); err != nil {
			return nil, err
		}
	}
	return s.reread(tx, scope, promotionID)
}
