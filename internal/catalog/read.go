package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Get reads a product with its variants.
func (s *Service) Get(ctx context.Context, tx db.Tx, scope tenant.Scope, productID string) (*Product, error) {
	return load(tx, scope, productID, "")
}

// Offer is a variant with its product, for those who sell it.
type Offer struct {
	Product *Product
	Variant *Variant
}

// Sellable tells whether the offer can be sold now.
func (o *Offer) Sellable() bool { return o.Product.ForSale(o.Variant) }

// Offers reads variants by id, archived ones included; unknown ids are missing from the answer.
func (s *Service) Offers(tx db.Tx, scope tenant.Scope, variantIDs []string) (map[string]*Offer, error) {
	if err := scope.Check(); err != nil || len(variantIDs) == 0 {
		return nil, err
	}
	products, err := productsOf(tx, scope, variantIDs)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*Offer, len(variantIDs))
	for _, p := range products {
		for _, v := range p.Variants {
			if slices.Contains(variantIDs, v.ID) {
				out[v.ID] = &Offer{Product: p, Variant: v}
			}
		}
	}
	return out, nil
}

// Sort keys of a list of products.
const (
	SortName      = "name" // regardless of letter case
	SortCreatedAt = "created_at"
	SortUpdatedAt = "updated_at"
)

// ListInput filters and sorts products; empty fields do not filter. Without Status archived ones are left out.
type ListInput struct {
	Scope               tenant.Scope
	Type                string
	Status              string
	CategoryHandle      string
	ExternalReferenceID string
	SKU                 string // exact, of a live variant
	Query               string // part of names, description, categories, SKUs, barcodes and references
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time
	SortBy              string // created_at when empty
	Ascending           bool
	After               *listing.Cursor
	Limit               int
}

var sortColumns = map[string]string{SortCreatedAt: "created_at", SortUpdatedAt: "updated_at", SortName: "name_key"}

// List reads one page of products with their variants; the cursor is nil on the last page.
func (s *Service) List(ctx context.Context, tx db.Tx, in ListInput) ([]*Product, *listing.Cursor, error) {
	var l fault.List
	sort := cmp.Or(in.SortBy, SortCreatedAt)
	if _, ok := sortColumns[sort]; !ok {
		l.Add("INVALID_SORT_BY", "sort_by", "The list cannot be sorted by this.")
	}
	text.Rule{Max: maxReference}.Check(&l, "query", in.Query)
	listing.CheckLimit(&l, in.Limit)
	if err := l.Err(); err != nil {
		return nil, nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("products", productColumns, "product_id", in.Scope).Search("search", in.Query).
		Equal("product_type", in.Type).Equal("status", in.Status).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	if in.Status == "" {
		q.And("status <> ?", StatusArchived)
	}
	if in.ExternalReferenceID != "" {
		q.And("external_reference_id <> '' AND external_reference_id = ?", in.ExternalReferenceID)
	}
	if in.SKU != "" {
		q.And(`product_id IN (SELECT v.product_id FROM product_variants v WHERE v.merchant_id = ? AND v.environment_id = ? AND v.sku = ?
			AND v.sku <> '' AND v.status <> 'archived')`, in.Scope.MerchantID, in.Scope.EnvironmentID, in.SKU)
	}
	if in.CategoryHandle != "" {
		q.And(`product_id IN (SELECT m.product_id FROM product_category_members m WHERE m.merchant_id = ? AND m.environment_id = ? AND m.handle = ?)`,
			in.Scope.MerchantID, in.Scope.EnvironmentID, in.CategoryHandle)
	}
	if err := q.Sort(sortColumns[sort], in.Ascending, sort != SortName, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Product, error) { return scanProduct(r, in.Scope) },
		func(p *Product) listing.Cursor {
			switch sort {
			case SortName:
				return listing.Cursor{Key: strings.ToLower(p.Name), ID: p.ID}
			case SortUpdatedAt:
				return listing.At(p.UpdatedAt, p.ID)
			default:
				return listing.At(p.CreatedAt, p.ID)
			}
		})
	if err != nil {
		return nil, nil, fmt.Errorf("list products: %w", err)
	}
	return found, next, fillVariants(tx, in.Scope, found)
}

// Sort keys of a list of variants.
const (
	SortPosition  = "position"
	SortUnitPrice = "unit_price"
)

// VariantsInput filters and sorts the variants of a product; without Status archived ones are left out.
type VariantsInput struct {
	Scope               tenant.Scope
	ProductID           string
	Status              string
	ExternalReferenceID string
	Query               string // part of name, SKU, barcode and reference
	SortBy              string // position when empty
	Descending          bool
	After               *listing.Cursor
	Limit               int
}

var variantSorts = map[string]string{
	SortPosition: "position", SortCreatedAt: "created_at", SortUpdatedAt: "updated_at", SortUnitPrice: "unit_price",
}

// ListVariants reads one page of a product's variants, and the product.
func (s *Service) ListVariants(ctx context.Context, tx db.Tx, in VariantsInput) (*Product, []*Variant, *listing.Cursor, error) {
	var l fault.List
	sort := cmp.Or(in.SortBy, SortPosition)
	if _, ok := variantSorts[sort]; !ok {
		l.Add("INVALID_SORT_BY", "sort_by", "The list cannot be sorted by this.")
	}
	listing.CheckLimit(&l, in.Limit)
	if err := l.Err(); err != nil {
		return nil, nil, nil, err
	}
	p, err := load(tx, in.Scope, in.ProductID, "")
	if err != nil {
		return nil, nil, nil, err
	}
	q := listing.From("product_variants", variantColumns, "variant_id", in.Scope).And("product_id = ?", in.ProductID).
		Equal("status", in.Status).Equal("external_reference_id", in.ExternalReferenceID).Search("search", in.Query)
	if in.Status == "" {
		q.And("status <> ?", StatusArchived)
	}
	if err := q.Sort(variantSorts[sort], !in.Descending, true, in.After); err != nil {
		return nil, nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Variant, error) { return scanVariant(r, in.Scope) },
		func(v *Variant) listing.Cursor {
			switch sort {
			case SortCreatedAt:
				return listing.At(v.CreatedAt, v.ID)
			case SortUpdatedAt:
				return listing.At(v.UpdatedAt, v.ID)
			case SortUnitPrice:
				return listing.Cursor{Key: listing.Int(v.UnitPrice), ID: v.ID}
			default:
				return listing.Cursor{Key: listing.Int(v.Position), ID: v.ID}
			}
		})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("list variants: %w", err)
	}
	return p, found, next, nil
}

// ListOptions reads one page of a product's options by position; without a status archived ones are left out.
func (s *Service) ListOptions(ctx context.Context, tx db.Tx, scope tenant.Scope, productID, status string, after *listing.Cursor, limit int) ([]Option, *listing.Cursor, error) {
	p, err := load(tx, scope, productID, "")
	if err != nil {
		return nil, nil, err
	}
	found := slices.DeleteFunc(slices.Clone(p.Options), func(o Option) bool {
		return status == "" && o.Status == StatusArchived || status != "" && o.Status != status
	})
	if after != nil {
		i := slices.IndexFunc(found, func(o Option) bool { return o.ID == after.ID })
		found = found[i+1:]
	}
	if len(found) <= limit {
		return found, nil, nil
	}
	last := found[limit-1]
	return found[:limit], &listing.Cursor{Key: listing.Int(last.Position), ID: last.ID}, nil
}

// GetOption reads one option of a product.
func (s *Service) GetOption(ctx context.Context, tx db.Tx, scope tenant.Scope, productID, optionID string) (*Option, error) {
	p, err := load(tx, scope, productID, "")
	if err != nil {
		return nil, err
	}
	if o := p.option(optionID); o != nil {
		return o, nil
	}
	return nil, fault.NotFound("option of this product")
}

// GetVariant reads one variant and its product.
func (s *Service) GetVariant(ctx context.Context, tx db.Tx, scope tenant.Scope, productID, variantID string) (*Product, *Variant, error) {
	p, err := load(tx, scope, productID, "")
	if err != nil {
		return nil, nil, err
	}
	if v := p.Variant(variantID); v != nil {
		return p, v, nil
	}
	return nil, nil, fault.NotFound("variant of this product")
}
