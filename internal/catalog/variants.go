package catalog

import (
	"context"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/tenant"
)

// AddVariantInput adds a variant to a product.
type AddVariantInput struct {
	Scope     tenant.Scope
	ProductID string
	Variant   VariantInput
}

// Validate reports every fault of the input.
func (in AddVariantInput) Validate() error {
	var l fault.List
	in.Variant.check(&l, "")
	return l.Err()
}

// AddVariant adds a variant that chooses values no other live variant has. A product without options has
// one variant only. It returns the product beside it.
//
// Faults: RESOURCE_NOT_FOUND, PRODUCT_ARCHIVED, RESOURCE_LIMIT_EXCEEDED and those of Create.
func (s *Service) AddVariant(ctx context.Context, tx db.Tx, in AddVariantInput) (*Product, *Variant, error) {
	if err := in.Validate(); err != nil {
		return nil, nil, err
	}
	p, err := loadLive(tx, in.Scope, in.ProductID)
	if err != nil {
		return nil, nil, err
	}
	if len(p.Live()) >= MaxVariants {
		return nil, nil, fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "A product has at most %d variants.", MaxVariants)
	}
	v, err := s.newVariant(p, in.Variant, nil, "")
	if err != nil {
		return nil, nil, err
	}
	if err := checkNew(tx, p, v, ""); err != nil {
		return nil, nil, err
	}
	p.Variants = append(p.Variants, v)
	sortVariants(p.Variants)
	if err := insertVariant(tx, v); err != nil {
		return nil, nil, err
	}
	return p, v, updateProduct(tx, p, false)
}

// UpdateVariantInput changes the fields of a variant that are not nil.
type UpdateVariantInput struct {
	Scope           tenant.Scope
	ProductID       string
	VariantID       string
	ExpectedVersion *int64 // needed to replace images

	UnitPrice           *money.Amount
	Name                *string
	SKU                 *string
	Barcode             *string
	Status              *string
	Position            *int64
	Selected            *[]SelectionInput
	Taxable             *bool
	TaxCategory         *string
	Images              *[]Image
	ExternalReferenceID *string
	Metadata            *metadata.Patch
}

// Validate reports every fault of the input.
func (in UpdateVariantInput) Validate() error {
	if in.UnitPrice == nil && in.Name == nil && in.SKU == nil && in.Barcode == nil && in.Status == nil && in.Position == nil && in.Selected == nil &&
		in.Taxable == nil && in.TaxCategory == nil && in.Images == nil && in.ExternalReferenceID == nil && in.Metadata == nil {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	if in.ExpectedVersion == nil && in.Images != nil {
		l.Add("EXPECTED_VERSION_REQUIRED", "expected_version", "Replacing images needs the version that was read.")
	}
	probe := VariantInput{UnitPrice: in.UnitPrice, Position: in.Position}
	if in.UnitPrice == nil {
		probe.UnitPrice = &money.Amount{Currency: "USD"}
	}
	set(&probe.Name, in.Name)
	set(&probe.SKU, in.SKU)
	set(&probe.Barcode, in.Barcode)
	set(&probe.Status, in.Status)
	set(&probe.TaxCategory, in.TaxCategory)
	set(&probe.Images, in.Images)
	set(&probe.ExternalReferenceID, in.ExternalReferenceID)
	probe.check(&l, "")
	return l.Err()
}

// UpdateVariant changes a variant and raises its version. Order lines that were added before keep their price.
//
// Faults: RESOURCE_NOT_FOUND, VERSION_CONFLICT, PRODUCT_ARCHIVED, VARIANT_ARCHIVED and those of Create.
func (s *Service) UpdateVariant(ctx context.Context, tx db.Tx, in UpdateVariantInput) (*Product, *Variant, error) {
	if err := in.Validate(); err != nil {
		return nil, nil, err
	}
	p, err := loadLive(tx, in.Scope, in.ProductID)
	if err != nil {
		return nil, nil, err
	}
	v := p.Variant(in.VariantID)
	switch {
	case v == nil:
		return nil, nil, fault.NotFound("variant of this product")
	case v.Status == StatusArchived:
		return nil, nil, fault.Conflict("VARIANT_ARCHIVED", "The variant is archived and is not changed any more.")
	}
	if err := checkVersion(in.ExpectedVersion, v.Version, "variant"); err != nil {
		return nil, nil, err
	}
	if in.UnitPrice != nil {
		v.UnitPrice, v.Currency = in.UnitPrice.Minor, in.UnitPrice.Currency
	}
	set(&v.Name, in.Name)
	set(&v.SKU, in.SKU)
	set(&v.Barcode, in.Barcode)
	set(&v.Status, in.Status)
	set(&v.Position, in.Position)
	set(&v.Taxable, in.Taxable)
	set(&v.TaxCategory, in.TaxCategory)
	set(&v.Images, in.Images)
	set(&v.ExternalReferenceID, in.ExternalReferenceID)
	if in.Selected != nil {
		if v.Selected, err = p.choose(*in.Selected, nil, "selected_option_values"); err != nil {
			return nil, nil, err
		}
	}
	if err := patchMetadata(&v.Metadata, in.Metadata); err != nil {
		return nil, nil, err
	}
	if err := checkNew(tx, p, v, ""); err != nil {
		return nil, nil, err
	}
	v.Version++
	v.UpdatedAt = s.Clock.Now()
	if err := updateVariant(tx, v); err != nil {
		return nil, nil, err
	}
	sortVariants(p.Variants)
	return p, v, updateProduct(tx, p, false)
}

// ArchiveVariant takes a variant out of the catalogue for good. The last live one goes with its product only.
//
// Faults: RESOURCE_NOT_FOUND, PRODUCT_NEEDS_VARIANT, VARIANT_IN_OPEN_ORDER, VARIANT_IN_OPEN_CHECKOUT_SESSION,
// VARIANT_IN_ACTIVE_PAYMENT_LINK.
func (s *Service) ArchiveVariant(ctx context.Context, tx db.Tx, scope tenant.Scope, productID, variantID string) (*Product, *Variant, error) {
	p, err := load(tx, scope, productID, tx.ForUpdate())
	if err != nil {
		return nil, nil, err
	}
	v := p.Variant(variantID)
	switch {
	case v == nil:
		return nil, nil, fault.NotFound("variant of this product")
	case v.Status == StatusArchived:
		return p, v, nil
	case len(p.Live()) == 1:
		return nil, nil, fault.Conflict("PRODUCT_NEEDS_VARIANT", "This is the last variant of the product.").Then("Archive the product, or add another variant first.")
	}
	use, err := s.inUse(tx, scope, []*Variant{v})
	if err != nil {
		return nil, nil, err
	}
	switch use {
	case UsedByOrder:
		return nil, nil, fault.Conflict("VARIANT_IN_OPEN_ORDER", "An open order that is not paid has the variant.").
			Then("Close the order or wait for its payment, or set the variant inactive so that nobody else buys it.")
	case UsedByCheckout:
		return nil, nil, fault.Conflict("VARIANT_IN_OPEN_CHECKOUT_SESSION", "An open checkout session sells the variant.").
			Then("Close the checkout session or wait for its end, or set the variant inactive so that nobody else buys it.")
	case UsedByPaymentLink:
		return nil, nil, fault.Conflict("VARIANT_IN_ACTIVE_PAYMENT_LINK", "An active payment link sells the variant.").
			Then("Deactivate the link or take the variant off it first.")
	}
	v.Status, v.UpdatedAt = StatusArchived, s.Clock.Now()
	v.Version++
	if err := updateVariant(tx, v); err != nil {
		return nil, nil, err
	}
	return p, v, updateProduct(tx, p, false)
}
