package promotion

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Use is what one discount of an order holds.
type Use struct {
	PromotionID string
	CodeID      string // empty: not by code
	CustomerID  string // empty: not counted by customer
}

// Change moves an order from the uses it holds to those it wants, in one pass that locks rows in the
// same order everywhere. lost is the promotion whose limit was reached meanwhile; the uses the order
// then holds are returned either way, and the caller decides again without that promotion.
func (s *Service) Change(tx db.Tx, scope tenant.Scope, held, want []Use, limits map[string]int64) (now []Use, lost string, err error) {
	type move struct {
		use  Use
		take bool
	}
	var moves []move
	for _, u := range held {
		if !slices.Contains(want, u) {
			moves = append(moves, move{u, false})
		}
	}
	for _, u := range want {
		if !slices.Contains(held, u) {
			moves = append(moves, move{u, true})
		}
	}
	slices.SortFunc(moves, func(a, b move) int {
		return cmp.Or(cmp.Compare(a.use.PromotionID, b.use.PromotionID), cmp.Compare(truth(a.take), truth(b.take)))
	})
	now = slices.Clone(held)
	for _, m := range moves {
		if !m.take {
			if err := s.give(tx, scope, m.use); err != nil {
				return nil, "", err
			}
			now = slices.DeleteFunc(now, func(u Use) bool { return u == m.use })
			continue
		}
		ok, err := s.take(tx, scope, m.use, limits[m.use.PromotionID])
		if err != nil {
			return nil, "", err
		}
		if !ok {
			return now, m.use.PromotionID, nil
		}
		now = append(now, m.use)
	}
	return now, "", nil
}

// take counts a use unless a limit is reached. What it counted before the limit that failed is undone.
func (s *Service) take(tx db.Tx, scope tenant.Scope, u Use, perCustomer int64) (bool, error) {
	n, err := tx.Exec(`UPDATE promotions SET uses = uses + 1 WHERE merchant_id = $1 AND environment_id = $2 AND promotion_id = $3
		AND (max_uses IS NULL OR uses < max_uses)`, scope.MerchantID, scope.EnvironmentID, u.PromotionID)
	if err != nil || n == 0 {
		return false, wrapUse(err)
	}
	if u.CodeID != "" {
		n, err = tx.Exec(`UPDATE promotion_codes SET uses = uses + 1 WHERE merchant_id = $1 AND environment_id = $2 AND code_id = $3
			AND (max_uses IS NULL OR uses < max_uses)`, scope.MerchantID, scope.EnvironmentID, u.CodeID)
		if err != nil || n == 0 {
			return false, errors.Join(wrapUse(err), s.less(tx, scope, "promotions", "promotion_id", u.PromotionID))
		}
	}
	if u.CustomerID == "" {
		return true, nil
	}
	n, err = tx.Exec(`INSERT INTO promotion_customers (merchant_id, environment_id, promotion_id, customer_id, uses) VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (merchant_id, environment_id, promotion_id, customer_id) DO UPDATE SET uses = promotion_customers.uses + 1
		WHERE promotion_customers.uses < $5`, scope.MerchantID, scope.EnvironmentID, u.PromotionID, u.CustomerID, perCustomer)
	if err == nil && n == 1 {
		return true, nil
	}
	err = errors.Join(wrapUse(err), s.less(tx, scope, "promotions", "promotion_id", u.PromotionID))
	if u.CodeID != "" {
		err = errors.Join(err, s.less(tx, scope, "promotion_codes", "code_id", u.CodeID))
	}
	return false, err
}

// give takes a use back.
func (s *Service) give(tx db.Tx, scope tenant.Scope, u Use) error {
	err := s.less(tx, scope, "promotions", "promotion_id", u.PromotionID)
	if u.CodeID != "" {
		err = errors.Join(err, s.less(tx, scope, "promotion_codes", "code_id", u.CodeID))
	}
	if u.CustomerID == "" || err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE promotion_customers SET uses = uses - 1 WHERE merchant_id = $1 AND environment_id = $2 AND promotion_id = $3
		AND customer_id = $4`, scope.MerchantID, scope.EnvironmentID, u.PromotionID, u.CustomerID)
	return wrapUse(err)
}

func (s *Service) less(tx db.Tx, scope tenant.Scope, table, column, v string) error {
	_, err := tx.Exec(`UPDATE `+table+` SET uses = uses - 1 WHERE merchant_id = $1 AND environment_id = $2 AND `+column+` = $3`,
		scope.MerchantID, scope.EnvironmentID, v)
	return wrapUse(err)
}

func wrapUse(err error) error {
	if err != nil {
		return fmt.Errorf("count a use: %w", err)
	}
	return nil
}

// CustomerUses is how many uses of a promotion a customer has.
func (s *Service) CustomerUses(tx db.Tx, scope tenant.Scope, promotionID, customerID string) (int64, error) {
	var n int64
	err := tx.QueryRow([]any{&n}, `SELECT uses FROM promotion_customers WHERE merchant_id = $1 AND environment_id = $2 AND promotion_id = $3
		AND customer_id = $4`, scope.MerchantID, scope.EnvironmentID, promotionID, customerID)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

// Running are the automatic promotions that take part at this time.
func (s *Service) Running(tx db.Tx, scope tenant.Scope) ([]*Promotion, error) {
	return query(tx, scope, `redemption = 'automatic' AND state = 'active' AND (ends_at IS NULL OR ends_at > $3)
		AND (starts_at IS NULL OR starts_at <= $3) ORDER BY promotion_id`, s.Clock.Now())
}

// Find reads a promotion, nil when there is none.
func (s *Service) Find(tx db.Tx, scope tenant.Scope, promotionID string) (*Promotion, error) {
	found, err := query(tx, scope, `promotion_id = $3`, promotionID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], s.summarize(tx, scope, found[0])
}

// FindCode reads the code with a text and its promotion; nil when there is none that could be asked for.
func (s *Service) FindCode(tx db.Tx, scope tenant.Scope, text string) (*Code, *Promotion, error) {
	return s.codeAnd(tx, scope, `code_key = $3 AND state <> 'deleted'`, key(text))
}

// FindHeldCode reads a code that an order holds, also a deleted one.
func (s *Service) FindHeldCode(tx db.Tx, scope tenant.Scope, codeID string) (*Code, *Promotion, error) {
	return s.codeAnd(tx, scope, `code_id = $3`, codeID)
}

func (s *Service) codeAnd(tx db.Tx, scope tenant.Scope, where string, v string) (*Code, *Promotion, error) {
	found, err := codes(tx, scope, where, v)
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	p, err := s.Find(tx, scope, found[0].PromotionID)
	if err != nil || p == nil {
		return nil, nil, err
	}
	return found[0], p, nil
}
