package settings

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// record is the row of an environment: what its merchant has said, as JSON.
type record struct {
	Document  []byte // {} before the first change
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// What defaults follow of the merchant's profile.
	accent, zone string
}

// find reads the record together with the merchant's own row, without which there is no environment.
func find(tx db.Tx, scope tenant.Scope) (record, error) {
	r := record{Version: 1}
	var document, created, updated = (*string)(nil), (*time.Time)(nil), (*time.Time)(nil)
	var version *int64
	err := tx.QueryRow([]any{&r.accent, &r.zone, &document, &version, &created, &updated},
		`SELECT m.accent_color, m.reporting_timezone, s.document, s.version, s.created_at, s.updated_at FROM merchants m
		LEFT JOIN settings s ON s.merchant_id = m.merchant_id AND s.environment_id = $2 WHERE m.merchant_id = $1`,
		scope.MerchantID, scope.EnvironmentID)
	if errors.Is(err, db.ErrNoRows) {
		return record{}, fault.NotFound("merchant")
	}
	if err != nil {
		return record{}, fmt.Errorf("read the settings: %w", err)
	}
	r.Document = []byte("{}")
	if document != nil {
		r.Document, r.Version, r.CreatedAt, r.UpdatedAt = []byte(*document), *version, *created, *updated
	}
	return r, nil
}

// over lays the record over the defaults.
func (r record) over(scope tenant.Scope) (*Settings, error) {
	s := Defaults()
	if r.accent != "" {
		s.Branding.AccentColor, s.Branding.PrimaryColor = r.accent, r.accent
	}
	if r.zone != "" {
		s.Invoices.Timezone = r.zone
	}
	if err := json.Unmarshal(r.Document, &s); err != nil {
		return nil, fmt.Errorf("read a settings record: %w", err)
	}
	s.ID, s.Version, s.CreatedAt, s.UpdatedAt = ID(scope), r.Version, r.CreatedAt, r.UpdatedAt
	return &s, nil
}

// save writes the record. The merchant's row is locked.
func save(tx db.Tx, scope tenant.Scope, r record) error {
	err := tx.Send(`INSERT INTO settings (merchant_id, environment_id, document, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (merchant_id, environment_id) DO UPDATE SET document = excluded.document, version = excluded.version, updated_at = excluded.updated_at`,
		scope.MerchantID, scope.EnvironmentID, string(r.Document), r.Version, r.CreatedAt, r.UpdatedAt)
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}
