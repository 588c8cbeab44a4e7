package settings

import (
	"context"
	"fmt"
	"maps"

	"flint/internal/db"
)

// Release frees up to limit names whose redirect is over, so that somebody else may prove them, and tells how many
// it freed. It asks the database for nothing while no name that is known is over.
func (s *Service) Release(ctx context.Context, d db.DB, limit int) (int, error) {
	now, due := s.Clock.Now(), false
	if t := s.names.known.Load(); t != nil {
		for _, n := range t.byHost {
			due = due || n.over(now)
		}
	}
	if !due {
		return 0, nil
	}
	var freed []*Domain
	err := d.Write(ctx, func(tx db.Tx) error {
		freed = nil
		// The owner who takes a name back holds the same row: the name is either freed before or kept.
		err := tx.Query(func(row db.Row) error {
			x := &Domain{Status: DomainRemoved}
			err := row.Scan(&x.Scope.MerchantID, &x.Scope.EnvironmentID, &x.Type, &x.Hostname)
			freed = append(freed, x)
			return err
		}, `SELECT merchant_id, environment_id, domain_type, hostname FROM custom_domains d WHERE status = 'removed' AND redirect_until <= $1
			AND EXISTS (SELECT 1 FROM platform_hostnames h WHERE h.hostname = d.hostname AND h.merchant_id = d.merchant_id
			AND h.environment_id = d.environment_id AND h.domain_type = d.domain_type) ORDER BY hostname LIMIT $2`+tx.ForUpdate(), now, limit)
		if err != nil {
			return fmt.Errorf("find names whose redirect is over: %w", err)
		}
		for _, x := range freed {
			if err := freeHostname(tx, x); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { s.forget(freed) })
		return nil
	})
	return len(freed), err
}

// forget takes freed names out of what is known.
func (s *Service) forget(freed []*Domain) {
	s.names.writing.Lock()
	defer s.names.writing.Unlock()
	t := s.names.known.Load()
	if t == nil || len(freed) == 0 {
		return
	}
	byHost := maps.Clone(t.byHost)
	for _, x := range freed {
		if n := byHost[x.Hostname]; n.Scope == x.Scope && n.Type == x.Type {
			delete(byHost, x.Hostname)
		}
	}
	s.names.known.Store(newNameTable(byHost))
}
