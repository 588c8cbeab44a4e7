package catalog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

const (
	productColumns = `product_id, name, product_type, status, version, external_reference_id, doc, created_at, updated_at`
	variantColumns = `variant_id, product_id, name, sku, barcode, status, position, version, unit_price, currency, external_reference_id, doc,
		created_at, updated_at`
)

func encode(v any) (string, error) {
	doc, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode a product: %w", err)
	}
	return string(doc), nil
}

// searchText is what the list of products looks at: the product and its live variants.
func (p *Product) searchText() string {
	parts := []string{p.Name, p.Description, p.ExternalReferenceID}
	for _, c := range p.Categories {
		parts = append(parts, c.Name, c.Handle)
	}
	for _, v := range p.Live() {
		parts = append(parts, v.Name, v.SKU, v.Barcode, v.ExternalReferenceID)
	}
	return strings.ToLower(strings.Join(parts, "\n"))
}

func (v *Variant) searchText() string {
	return strings.ToLower(strings.Join([]string{v.Name, v.SKU, v.Barcode, v.ExternalReferenceID}, "\n"))
}

func insertProduct(tx db.Tx, p *Product) error {
	doc, err := encode(p)
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO products (merchant_id, environment_id, `+productColumns+`, name_key, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Name, p.Type, p.Status, p.Version, p.ExternalReferenceID, doc, p.CreatedAt, p.UpdatedAt,
		strings.ToLower(p.Name), p.searchText())
	if err != nil {
		return fmt.Errorf("insert the product: %w", err)
	}
	return insertMembers(tx, p)
}

func insertMembers(tx db.Tx, p *Product) error {
	for _, c := range p.Categories {
		if err := tx.Send(`INSERT INTO product_category_members (merchant_id, environment_id, handle, product_id) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING`, p.Scope.MerchantID, p.Scope.EnvironmentID, c.Handle, p.ID); err != nil {
			return fmt.Errorf("put the product into its categories: %w", err)
		}
	}
	return nil
}

// updateProduct writes a locked product, and its categories when they changed.
func updateProduct(tx db.Tx, p *Product, categories bool) error {
	doc, err := encode(p)
	if err != nil {
		return err
	}
	if err := tx.Send(`UPDATE products SET name = $4, name_key = $5, product_type = $6, status = $7, version = $8, external_reference_id = $9,
		search = $10, doc = $11, updated_at = $12 WHERE merchant_id = $1 AND environment_id = $2 AND product_id = $3`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Name, strings.ToLower(p.Name), p.Type, p.Status, p.Version, p.ExternalReferenceID,
		p.searchText(), doc, p.UpdatedAt); err != nil {
		return fmt.Errorf("update the product: %w", err)
	}
	if !categories {
		return nil
	}
	if err := tx.Send(`DELETE FROM product_category_members WHERE merchant_id = $1 AND environment_id = $2 AND product_id = $3`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID); err != nil {
		return fmt.Errorf("take the product out of its categories: %w", err)
	}
	return insertMembers(tx, p)
}

func insertVariant(tx db.Tx, v *Variant) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO product_variants (merchant_id, environment_id, `+variantColumns+`, combination, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		v.Scope.MerchantID, v.Scope.EnvironmentID, v.ID, v.ProductID, v.Name, v.SKU, v.Barcode, v.Status, v.Position, v.Version, v.UnitPrice,
		string(v.Currency), v.ExternalReferenceID, doc, v.CreatedAt, v.UpdatedAt, v.combination(), v.searchText())
	return asConflict(err, "insert the variant")
}

func updateVariant(tx db.Tx, v *Variant) error {
	doc, err := encode(v)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE product_variants SET name = $4, sku = $5, barcode = $6, status = $7, position = $8, version = $9, unit_price = $10,
		currency = $11, external_reference_id = $12, doc = $13, updated_at = $14, combination = $15, search = $16
		WHERE merchant_id = $1 AND environment_id = $2 AND variant_id = $3`,
		v.Scope.MerchantID, v.Scope.EnvironmentID, v.ID, v.Name, v.SKU, v.Barcode, v.Status, v.Position, v.Version, v.UnitPrice, string(v.Currency),
		v.ExternalReferenceID, doc, v.UpdatedAt, v.combination(), v.searchText())
	return asConflict(err, "update the variant")
}

// asConflict answers a code that was free when it was looked up and is taken now.
func asConflict(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, db.ErrConflict):
		return fault.Conflict("VERSION_CONFLICT", "Another variant with this SKU or barcode was saved at the same time.").Retry(0)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// checkCodes refuses a SKU or barcode that another live variant has.
func checkCodes(tx db.Tx, v *Variant, at string) error {
	for _, c := range []struct{ column, value, code string }{{"sku", v.SKU, "SKU_ALREADY_EXISTS"}, {"barcode", v.Barcode, "BARCODE_ALREADY_EXISTS"}} {
		if c.value == "" {
			continue
		}
		var n int64
		err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM product_variants WHERE merchant_id = $1 AND environment_id = $2 AND `+c.column+` = $3
			AND `+c.column+` <> '' AND status <> 'archived' AND variant_id <> $4`, v.Scope.MerchantID, v.Scope.EnvironmentID, c.value, v.ID)
		if err != nil {
			return fmt.Errorf("look for another variant with the %s: %w", c.column, err)
		}
		if n > 0 {
			return taken(c.code, at+c.column)
		}
	}
	return nil
}

func taken(code, param string) error {
	e := fault.Conflict(code, "Another variant that is not archived has it.")
	e.Param = param
	return e
}

func load(tx db.Tx, scope tenant.Scope, productID, lock string) (*Product, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.Product, productID) {
		return nil, fault.NotFound("product")
	}
	var p *Product
	err := tx.Query(func(r db.Row) (err error) {
		p, err = scanProduct(r, scope)
		return err
	}, `SELECT `+productColumns+` FROM products WHERE merchant_id = $1 AND environment_id = $2 AND product_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, productID)
	switch {
	case err != nil:
		return nil, fmt.Errorf("load the product: %w", err)
	case p == nil:
		return nil, fault.NotFound("product")
	}
	return p, fillVariants(tx, scope, []*Product{p})
}

// loadLive locks a product that can still be changed.
func loadLive(tx db.Tx, scope tenant.Scope, productID string) (*Product, error) {
	p, err := load(tx, scope, productID, tx.ForUpdate())
	if err == nil && p.Status == StatusArchived {
		return nil, fault.Conflict("PRODUCT_ARCHIVED", "The product is archived and is not changed any more.")
	}
	return p, err
}

// fillVariants reads the variants of products in one statement.
func fillVariants(tx db.Tx, scope tenant.Scope, products []*Product) error {
	if len(products) == 0 {
		return nil
	}
	byID, ids := map[string]*Product{}, make([]string, len(products))
	for i, p := range products {
		byID[p.ID], ids[i] = p, p.ID
	}
	q := listing.From("product_variants", variantColumns, "variant_id", scope).In("product_id", ids)
	if err := q.Sort("position", true, true, nil); err != nil {
		return err
	}
	found, err := listing.All(tx, q, func(r db.Row) (*Variant, error) { return scanVariant(r, scope) })
	if err != nil {
		return fmt.Errorf("read the variants of %d products: %w", len(products), err)
	}
	for _, v := range found {
		byID[v.ProductID].Variants = append(byID[v.ProductID].Variants, v)
	}
	return nil
}

// productsOf reads the products that have one of the variants.
func productsOf(tx db.Tx, scope tenant.Scope, variantIDs []string) ([]*Product, error) {
	args := []any{scope.MerchantID, scope.EnvironmentID}
	for _, v := range variantIDs {
		args = append(args, v)
	}
	q := listing.From("products", productColumns, "product_id", scope).
		And(`product_id IN (SELECT v.product_id FROM product_variants v WHERE v.merchant_id = ? AND v.environment_id = ?
			AND v.variant_id IN (?`+strings.Repeat(", ?", len(variantIDs)-1)+`))`, args...)
	if err := q.Sort("created_at", true, true, nil); err != nil {
		return nil, err
	}
	found, err := listing.All(tx, q, func(r db.Row) (*Product, error) { return scanProduct(r, scope) })
	if err != nil {
		return nil, fmt.Errorf("read the products of %d variants: %w", len(variantIDs), err)
	}
	return found, fillVariants(tx, scope, found)
}

func scanProduct(r db.Row, scope tenant.Scope) (*Product, error) {
	p := &Product{Scope: scope}
	var doc []byte
	if err := r.Scan(&p.ID, &p.Name, &p.Type, &p.Status, &p.Version, &p.ExternalReferenceID, &doc, &p.CreatedAt, &p.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, p); err != nil {
		return nil, fmt.Errorf("decode product %s: %w", p.ID, err)
	}
	return p, nil
}

func scanVariant(r db.Row, scope tenant.Scope) (*Variant, error) {
	v := &Variant{Scope: scope}
	var doc []byte
	if err := r.Scan(&v.ID, &v.ProductID, &v.Name, &v.SKU, &v.Barcode, &v.Status, &v.Position, &v.Version, &v.UnitPrice, &v.Currency,
		&v.ExternalReferenceID, &doc, &v.CreatedAt, &v.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, v); err != nil {
		return nil, fmt.Errorf("decode variant %s: %w", v.ID, err)
	}
	return v, nil
}

// categories finds the categories of names or handles and makes those that are new; each is listed once.
func (s *Service) categories(tx db.Tx, scope tenant.Scope, names []string) ([]Category, error) {
	var out []Category
	seen := map[string]bool{}
	for _, name := range names {
		c := Category{Handle: handleOf(name)}
		if seen[c.Handle] {
			continue
		}
		seen[c.Handle] = true
		err := tx.QueryRow([]any{&c.ID, &c.Name}, `INSERT INTO product_categories (merchant_id, environment_id, handle, category_id, name, created_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (merchant_id, environment_id, handle) DO UPDATE SET handle = excluded.handle
			RETURNING category_id, name`,
			scope.MerchantID, scope.EnvironmentID, c.Handle, s.IDs.New(id.ProductCategory), strings.TrimSpace(name), s.Clock.Now())
		if err != nil {
			return nil, fmt.Errorf("find a category: %w", err)
		}
		out = append(out, c)
	}
	return out, nil
}
