package promotion

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

const (
	columns = `promotion_id, name, redemption, class, state, starts_at, ends_at, max_uses, uses, external_reference_id, doc, created_at, updated_at`

	codeColumns = `code_id, promotion_id, code, state, max_uses, uses, expires_at, doc, created_at, updated_at`
)

func (p *Promotion) searchText() string {
	return strings.ToLower(strings.Join([]string{p.Name, p.DisplayName, p.ExternalReferenceID}, "\n"))
}

// targetText has a line break on both sides of every target.
func (p *Promotion) targetText() string {
	t := p.targets()
	if len(t) == 0 {
		return ""
	}
	return "\n" + strings.ToLower(strings.Join(t, "\n")) + "\n"
}

func encode(v any) (string, error) {
	doc, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode the promotion: %w", err)
	}
	return string(doc), nil
}

func insert(tx db.Tx, p *Promotion) error {
	doc, err := encode(p)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO promotions (merchant_id, environment_id, promotion_id, name, name_key, redemption, class, state, starts_at,
		ends_at, max_uses, uses, external_reference_id, search, targets, doc, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Name, strings.ToLower(p.Name), p.Redemption, p.Class, p.State, p.StartsAt, p.EndsAt,
		p.MaxUses, p.Uses, p.ExternalReferenceID, p.searchText(), p.targetText(), doc, p.CreatedAt, p.UpdatedAt); err != nil {
		return fmt.Errorf("insert the promotion: %w", err)
	}
	return nil
}

// update writes everything but the uses, which have updates of their own.
func update(tx db.Tx, p *Promotion) error {
	doc, err := encode(p)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE promotions SET name = $4, name_key = $5, state = $6, starts_at = $7, ends_at = $8, max_uses = $9,
		external_reference_id = $10, search = $11, targets = $12, doc = $13, updated_at = $14
		WHERE merchant_id = $1 AND environment_id = $2 AND promotion_id = $3`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Name, strings.ToLower(p.Name), p.State, p.StartsAt, p.EndsAt, p.MaxUses,
		p.ExternalReferenceID, p.searchText(), p.targetText(), doc, p.UpdatedAt); err != nil {
		return fmt.Errorf("update the promotion: %w", err)
	}
	return nil
}

func scan(r db.Row, scope tenant.Scope) (*Promotion, error) {
	p := &Promotion{Scope: scope}
	var doc []byte
	if err := r.Scan(&p.ID, &p.Name, &p.Redemption, &p.Class, &p.State, &p.StartsAt, &p.EndsAt, &p.MaxUses, &p.Uses, &p.ExternalReferenceID,
		&doc, &p.CreatedAt, &p.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, p); err != nil {
		return nil, fmt.Errorf("decode promotion %s: %w", p.ID, err)
	}
	return p, nil
}

func scanCode(r db.Row, scope tenant.Scope) (*Code, error) {
	c := &Code{Scope: scope}
	var doc []byte
	if err := r.Scan(&c.ID, &c.PromotionID, &c.Text, &c.State, &c.MaxUses, &c.Uses, &c.ExpiresAt, &doc, &c.CreatedAt, &c.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, c); err != nil {
		return nil, fmt.Errorf("decode promotion code %s: %w", c.ID, err)
	}
	return c, nil
}

// load reads one promotion; RESOURCE_NOT_FOUND when the environment has none with the id.
func load(tx db.Tx, scope tenant.Scope, promotionID, lock string) (*Promotion, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Promotion, promotionID) {
		return nil, fault.NotFound("promotion")
	}
	found, err := query(tx, scope, `promotion_id = $3`+lock, promotionID)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fault.NotFound("promotion")
	}
	return found[0], nil
}

// query reads the promotions of a scope that a condition holds for; its parameters start at $3.
func query(tx db.Tx, scope tenant.Scope, where string, args ...any) ([]*Promotion, error) {
	var out []*Promotion
	err := tx.Query(func(r db.Row) error {
		p, err := scan(r, scope)
		out = append(out, p)
		return err
	}, `SELECT `+columns+` FROM promotions WHERE merchant_id = $1 AND environment_id = $2 AND `+where,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read promotions: %w", err)
	}
	return out, nil
}

// codes reads the codes of a scope that a condition holds for; its parameters start at $3.
func codes(tx db.Tx, scope tenant.Scope, where string, args ...any) ([]*Code, error) {
	var out []*Code
	err := tx.Query(func(r db.Row) error {
		c, err := scanCode(r, scope)
		out = append(out, c)
		return err
	}, `SELECT `+codeColumns+` FROM promotion_codes WHERE merchant_id = $1 AND environment_id = $2 AND `+where,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read promotion codes: %w", err)
	}
	return out, nil
}

// insertCode adds a code; DUPLICATE_CODE when the environment has its text, in any letter case.
func insertCode(tx db.Tx, c *Code, param string) error {
	doc, err := encode(c)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO promotion_codes (merchant_id, environment_id, code_id, promotion_id, code, code_key, state, max_uses, uses,
		expires_at, doc, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12)
		ON CONFLICT (merchant_id, environment_id, code_key) WHERE state <> 'deleted' DO NOTHING`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID, c.PromotionID, c.Text, key(c.Text), c.State, c.MaxUses, c.ExpiresAt, doc, c.CreatedAt, c.UpdatedAt)
	if err != nil {
		return fmt.Errorf("insert the promotion code: %w", err)
	}
	if n == 0 {
		e := fault.Conflict("DUPLICATE_CODE", "Another code of this environment has the same text.")
		e.Param = param
		return e
	}
	return nil
}

func updateCode(tx db.Tx, c *Code) error {
	doc, err := encode(c)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE promotion_codes SET state = $4, max_uses = $5, expires_at = $6, doc = $7, updated_at = $8
		WHERE merchant_id = $1 AND environment_id = $2 AND code_id = $3`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID, c.State, c.MaxUses, c.ExpiresAt, doc, c.UpdatedAt); err != nil {
		return fmt.Errorf("update the promotion code: %w", err)
	}
	return nil
}

func loadCode(tx db.Tx, scope tenant.Scope, promotionID, codeID string) (*Code, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.PromotionCode, codeID) || !id.Valid(id.Promotion, promotionID) {
		return nil, fault.NotFound("promotion code")
	}
	found, err := codes(tx, scope, `code_id = $3 AND promotion_id = $4 AND state <> 'deleted'`+tx.ForUpdate(), codeID, promotionID)
	if err == nil && len(found) == 0 {
		err = fault.NotFound("promotion code")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// key is a code as it is compared.
func key(code string) string { return strings.ToLower(strings.TrimSpace(code)) }

// summarize counts the codes of code-gated promotions.
func (s *Service) summarize(tx db.Tx, scope tenant.Scope, list ...*Promotion) error {
	now := s.Clock.Now()
	for _, p := range list {
		if p.Redemption != ByCode {
			continue
		}
		p.Codes = CodesSummary{}
		err := tx.QueryRow([]any{&p.Codes.Total, &p.Codes.Active}, `SELECT COUNT(*), COUNT(CASE WHEN `+activeCode("$4")+` THEN 1 END)
			FROM promotion_codes WHERE merchant_id = $1 AND environment_id = $2 AND promotion_id = $3 AND state <> 'deleted'`,
			scope.MerchantID, scope.EnvironmentID, p.ID, now)
		if err != nil {
			return fmt.Errorf("count the codes of a promotion: %w", err)
		}
		err = tx.QueryRow([]any{&p.Codes.Newest}, `SELECT code FROM promotion_codes WHERE merchant_id = $1 AND environment_id = $2 AND promotion_id = $3
			AND `+activeCode("$4")+` ORDER BY created_at DESC, code_id DESC LIMIT 1`, scope.MerchantID, scope.EnvironmentID, p.ID, now)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return fmt.Errorf("find the newest code of a promotion: %w", err)
		}
	}
	return nil
}

// activeCode is the condition of a code that can be used at the time of a parameter.
func activeCode(now string) string {
	return `state = 'active' AND (expires_at IS NULL OR expires_at > ` + now + `) AND (max_uses IS NULL OR uses < max_uses)`
}
