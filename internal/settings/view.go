package settings

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/tenant"
)

// View is what a merchant sees of its settings: a document and what stands beside it.
type View struct {
	ID        string
	Scope     tenant.Scope
	Document  jsontext.Value // the record as it was written, or the resolved settings
	Version   int64
	CreatedAt time.Time // zero before the first change
	UpdatedAt time.Time
	// The domains in use or, when there is none, the last ones; nil when there never was one.
	CheckoutDomain, AccountDomain *Domain
}

// Read gives the settings of an environment as a merchant sees them: resolved, every field with the
// value that holds, or as the record that it wrote.
func (s *Service) Read(tx db.Tx, scope tenant.Scope, resolved bool) (*View, error) {
	r, err := find(tx, scope)
	if err != nil {
		return nil, err
	}
	v := &View{ID: ID(scope), Scope: scope, Document: r.Document, Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	if resolved {
		whole, err := r.over(scope)
		if err != nil {
			return nil, err
		}
		if v.Document, err = json.Marshal(whole, json.Deterministic(true)); err != nil {
			return nil, fmt.Errorf("show the settings: %w", err)
		}
	}
	for kind, into := range map[string]**Domain{DomainCheckout: &v.CheckoutDomain, DomainAccount: &v.AccountDomain} {
		if *into, err = findDomain(tx, scope, kind, ""); err != nil {
			return nil, err
		}
		if *into != nil {
			(*into).Records = s.records(**into)
		}
	}
	return v, nil
}
