package merchant

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/tenant"
)

const merchantColumns = `email, business_name, business_type, status, phone, website_url, support_email, support_phone, support_url,
	reporting_timezone, accent_color, address, logo, icon, metadata, api_version, api_version_pinned_at, version, created_at, updated_at`

func merchantByID(tx db.Tx, merchantID, lock string) (Merchant, error) {
	m := Merchant{ID: merchantID}
	var address, logo, icon, meta string
	var changed *time.Time
	err := tx.QueryRow([]any{&m.Email, &m.BusinessName, &m.BusinessType, &m.Status, &m.Phone, &m.WebsiteURL, &m.SupportEmail, &m.SupportPhone,
		&m.SupportURL, &m.ReportingTimezone, &m.AccentColor, &address, &logo, &icon, &meta, &m.APIVersion, &m.APIVersionPinnedAt, &m.Version,
		&m.CreatedAt, &m.UpdatedAt, &m.OrganizationID, &m.APIVersionPrevious, &changed},
		`SELECT `+merchantColumns+`,
			COALESCE((SELECT organization_id FROM merchant_organizations WHERE merchant_id = $1), ''),
			COALESCE((SELECT previous FROM merchant_api_versions WHERE merchant_id = $1), ''),
			(SELECT changed_at FROM merchant_api_versions WHERE merchant_id = $1)
		FROM merchants WHERE merchant_id = $1`+lock, merchantID)
	if err != nil {
		return Merchant{}, err
	}
	if changed != nil {
		m.APIVersionChangedAt = *changed
	}
	if m.Address, err = fromJSON[Address](address); err != nil {
		return Merchant{}, err
	}
	if m.Logo, err = fromJSON[Image](logo); err != nil {
		return Merchant{}, err
	}
	if m.Icon, err = fromJSON[Image](icon); err != nil {
		return Merchant{}, err
	}
	pairs, err := fromJSON[map[string]string](meta)
	if pairs != nil {
		m.Metadata = *pairs
	}
	return m, err
}

func (m Merchant) columns() ([]any, error) {
	address, err1 := toJSON(m.Address)
	logo, err2 := toJSON(m.Logo)
	icon, err3 := toJSON(m.Icon)
	var pairs *map[string]string
	if m.Metadata != nil {
		pairs = &m.Metadata
	}
	meta, err4 := toJSON(pairs)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return nil, err
		}
	}
	return []any{m.ID, m.Email, m.BusinessName, m.BusinessType, m.Status, m.Phone, m.WebsiteURL, m.SupportEmail, m.SupportPhone, m.SupportURL,
		m.ReportingTimezone, m.AccentColor, address, logo, icon, meta, m.APIVersion, m.APIVersionPinnedAt, m.Version, m.CreatedAt, m.UpdatedAt}, nil
}

func insertMerchant(tx db.Tx, m Merchant) error {
	args, err := m.columns()
	if err == nil {
		err = tx.Send(`INSERT INTO merchants (merchant_id, `+merchantColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`, args...)
	}
	if err != nil {
		return fmt.Errorf("insert a merchant: %w", err)
	}
	return nil
}

func updateMerchant(tx db.Tx, m Merchant) error {
	args, err := m.columns()
	if err == nil {
		err = tx.Send(`UPDATE merchants SET email = $2, business_name = $3, business_type = $4, status = $5, phone = $6, website_url = $7,
			support_email = $8, support_phone = $9, support_url = $10, reporting_timezone = $11, accent_color = $12, address = $13, logo = $14,
			icon = $15, metadata = $16, api_version = $17, api_version_pinned_at = $18, version = $19, created_at = $20, updated_at = $21
			WHERE merchant_id = $1`, args...)
	}
	if err != nil {
		return fmt.Errorf("update a merchant: %w", err)
	}
	return nil
}

func noteVersionChange(tx db.Tx, m Merchant) error {
	err := tx.Send(`INSERT INTO merchant_api_versions (merchant_id, previous, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (merchant_id) DO UPDATE SET previous = excluded.previous, changed_at = excluded.changed_at`,
		m.ID, m.APIVersionPrevious, m.APIVersionChangedAt)
	if err != nil {
		return fmt.Errorf("note a change of the API version: %w", err)
	}
	return nil
}

const environmentColumns = `environment_id, name, is_default, status, created_at, updated_at`

func environmentByID(tx db.Tx, scope tenant.Scope, lock string) (Environment, error) {
	e := Environment{Scope: scope}
	err := tx.QueryRow([]any{&e.Scope.EnvironmentID, &e.Name, &e.Default, &e.Status, &e.CreatedAt, &e.UpdatedAt},
		`SELECT `+environmentColumns+` FROM environments WHERE merchant_id = $1 AND environment_id = $2`+lock, scope.MerchantID, scope.EnvironmentID)
	return e, err
}

// insertEnvironment is false when an active environment of the same mode has the name.
func insertEnvironment(tx db.Tx, e Environment) (bool, error) {
	n, err := tx.Exec(`INSERT INTO environments (merchant_id, environment_id, mode, name, name_key, is_default, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (merchant_id, mode, name_key) WHERE status = 'active' DO NOTHING`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, e.Scope.Mode(), e.Name, strings.ToLower(e.Name), e.Default, e.Status, e.CreatedAt, e.UpdatedAt)
	return n == 1, err
}

func archiveEnvironment(tx db.Tx, e Environment) error {
	_, err := tx.Exec(`UPDATE environments SET status = $3, updated_at = $4 WHERE merchant_id = $1 AND environment_id = $2`,
		e.Scope.MerchantID, e.Scope.EnvironmentID, e.Status, e.UpdatedAt)
	if err != nil {
		return fmt.Errorf("archive a sandbox: %w", err)
	}
	return nil
}

// toJSON is empty for nil.
func toJSON[T any](v *T) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v, json.Deterministic(true))
	return string(b), err
}

func fromJSON[T any](s string) (*T, error) {
	if s == "" {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal([]byte(s), v); err != nil {
		return nil, fmt.Errorf("read a stored %T: %w", *v, err)
	}
	return v, nil
}
