package promotion

import (
	"fmt"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// CreateInput describes a new promotion. What the surface parsed into Promotion is checked here; ids,
// state, uses and times of it are not looked at.
type CreateInput struct {
	Scope     tenant.Scope
	Promotion Promotion
	Codes     []NewCode
}

// Validate reports every fault of the input and fills what was left out.
func (in *CreateInput) Validate() error {
	var l fault.List
	p := &in.Promotion
	if p.Redemption == "" {
		p.Redemption = Automatic
		if len(in.Codes) > 0 {
			p.Redemption = ByCode
		}
	}
	p.defaults()
	p.check(&l)
	if len(in.Codes) > 0 && p.Redemption == Automatic {
		l.Add("CODES_NOT_ALLOWED", "codes", "An automatic promotion has no codes.")
	}
	if len(in.Codes) > maxCodes {
		l.Add("RESOURCE_LIMIT_EXCEEDED", "codes", "One request makes at most %d codes.", maxCodes)
	}
	for i, c := range in.Codes {
		c.check(&l, at("codes", i))
		if slices.ContainsFunc(in.Codes[:i], func(o NewCode) bool { return key(o.Text) == key(c.Text) }) {
			l.Add("DUPLICATE_CODE", at("codes", i)+".code", "A code is there twice; letter case makes no difference.")
		}
	}
	return l.Err()
}

// Create makes a promotion with its codes, active at once.
func (s *Service) Create(tx db.Tx, in CreateInput) (*Promotion, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	p := in.Promotion
	now := s.Clock.Now()
	p.Scope, p.ID, p.State, p.Uses, p.CreatedAt, p.UpdatedAt = in.Scope, s.IDs.New(id.Promotion), StateActive, 0, now, now
	if err := insert(tx, &p); err != nil {
		return nil, err
	}
	for i, c := range in.Codes {
		if _, err := s.addCode(tx, &p, c, at("codes", i)+".code"); err != nil {
			return nil, err
		}
	}
	return s.reread(tx, in.Scope, p.ID)
}

func (s *Service) addCode(tx db.Tx, p *Promotion, in NewCode, param string) (*Code, error) {
	now := s.Clock.Now()
	c := &Code{
		Scope: p.Scope, ID: s.IDs.New(id.PromotionCode), PromotionID: p.ID, Text: strings.TrimSpace(in.Text), State: StateActive, MaxUses: in.MaxUses,
		ExpiresAt: in.ExpiresAt, Timezone: in.Timezone, Metadata: in.Metadata, CreatedAt: now, UpdatedAt: now,
	}
	return c, insertCode(tx, c, param)
}

// Get reads a promotion with the count of its codes; RESOURCE_NOT_FOUND when there is none.
func (s *Service) Get(tx db.Tx, scope tenant.Scope, promotionID string) (*Promotion, error) {
	return s.reread(tx, scope, promotionID)
}

func (s *Service) reread(tx db.Tx, scope tenant.Scope, promotionID string) (*Promotion, error) {
	p, err := load(tx, scope, promotionID, "")
	if err != nil {
		return nil, err
	}
	if err := s.summarize(tx, scope, p); err != nil {
		return nil, fmt.Errorf("read the promotion: %w", err)
	}
	return p, nil
}
