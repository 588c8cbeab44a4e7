package customer

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

const columns = `customer_id, email, name, phone, version, tax_exempt, external_reference_id, doc, created_at, updated_at`

// encoded is a customer as stored, without version and times.
type encoded struct {
	doc     []byte
	columns struct {
		email, name, phone, reference string
		taxExempt                     bool
	}
}

func encode(c *Customer) (encoded, error) {
	var e encoded
	doc, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return e, fmt.Errorf("encode the customer: %w", err)
	}
	e.doc = doc
	e.columns.email, e.columns.name, e.columns.phone, e.columns.reference = c.Email, c.Name, c.Phone, c.ExternalReferenceID
	e.columns.taxExempt = c.TaxExempt
	return e, nil
}

func searchText(c *Customer) string {
	return strings.ToLower(strings.Join([]string{c.Email, c.Name, c.Phone, c.ExternalReferenceID}, "\n"))
}

func insert(tx db.Tx, c *Customer) error {
	if err := c.Scope.Check(); err != nil {
		return err
	}
	e, err := encode(c)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO customers (merchant_id, environment_id, customer_id, email, email_key, name, name_key, phone, version,
		tax_exempt, external_reference_id, search, doc, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (merchant_id, environment_id, email_key) DO NOTHING`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID, c.Email, strings.ToLower(c.Email), c.Name, strings.ToLower(c.Name), c.Phone, c.Version,
		c.TaxExempt, c.ExternalReferenceID, searchText(c), string(e.doc), c.CreatedAt, c.UpdatedAt)
	if err != nil {
		return fmt.Errorf("insert the customer: %w", err)
	}
	if n == 0 {
		conflict := fault.Conflict("CUSTOMER_EMAIL_ALREADY_USED", "Another customer has this e-mail address.")
		conflict.Param = "email"
		return conflict
	}
	return nil
}

func update(tx db.Tx, c *Customer) error {
	e, err := encode(c)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE customers SET name = $4, name_key = $5, phone = $6, version = $7, tax_exempt = $8,
		external_reference_id = $9, search = $10, doc = $11, updated_at = $12
		WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3 AND version = $7 - 1`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID, c.Name, strings.ToLower(c.Name), c.Phone, c.Version, c.TaxExempt,
		c.ExternalReferenceID, searchText(c), string(e.doc), c.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update the customer: %w", err)
	}
	if n != 1 {
		return fault.Conflict("VERSION_CONFLICT", "The customer was changed at the same time.").Retry(0)
	}
	return nil
}

func load(tx db.Tx, scope tenant.Scope, customerID, lock string) (*Customer, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Customer, customerID) {
		return nil, fault.NotFound("customer")
	}
	var c *Customer
	err := tx.Query(func(r db.Row) (err error) {
		c, err = scan(r, scope)
		return err
	}, `SELECT `+columns+` FROM customers WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, customerID)
	switch {
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return nil, fmt.Errorf("load the customer: %w", err)
	case c == nil:
		return nil, fault.NotFound("customer")
	}
	return c, nil
}

func scan(r db.Row, scope tenant.Scope) (*Customer, error) {
	c := &Customer{Scope: scope}
	var doc []byte
	err := r.Scan(&c.ID, &c.Email, &c.Name, &c.Phone, &c.Version, &c.TaxExempt, &c.ExternalReferenceID, &doc, &c.CreatedAt, &c.UpdatedAt)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, c); err != nil {
		return nil, fmt.Errorf("decode customer %s: %w", c.ID, err)
	}
	return c, nil
}
