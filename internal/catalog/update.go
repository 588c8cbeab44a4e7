package catalog

import (
	"context"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// UpdateInput changes the fields of a product that are not nil.
type UpdateInput struct {
	Scope           tenant.Scope
	ID              string
	ExpectedVersion *int64 // needed to replace categories, options or images

	Name                *string
	Type                *string
	Description         *string
	Status              *string
	Categories          *[]string
	Images              *[]Image
	Options             *[]OptionInput
	ExternalReferenceID *string
	Metadata            *metadata.Patch
}

// Validate reports every fault of the input.
func (in UpdateInput) Validate() error {
	if in.Name == nil && in.Type == nil && in.Description == nil && in.Status == nil && in.Categories == nil && in.Images == nil &&
		in.Options == nil && in.ExternalReferenceID == nil && in.Metadata == nil {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	var l fault.List
	if in.ExpectedVersion == nil && (in.Categories != nil || in.Images != nil || in.Options != nil) {
		l.Add("EXPECTED_VERSION_REQUIRED", "expected_version", "Replacing categories, options or images needs the version that was read.")
	}
	if in.Name != nil {
		checkName(&l, "name", *in.Name, true)
	}
	if in.Type != nil {
		checkOneOf(&l, "INVALID_PRODUCT_TYPE", "product_type", *in.Type, types)
	}
	if in.Description != nil {
		checkDescription(&l, "description", *in.Description)
	}
	if in.Status != nil {
		checkOneOf(&l, "INVALID_STATUS", "status", *in.Status, settable)
	}
	if in.Categories != nil {
		checkCategories(&l, *in.Categories)
	}
	if in.Images != nil {
		checkImages(&l, "images", *in.Images)
	}
	if in.Options != nil {
		checkOptions(&l, *in.Options)
	}
	if in.ExternalReferenceID != nil {
		checkReference(&l, "external_reference_id", *in.ExternalReferenceID)
	}
	return l.Err()
}

// Update changes a product and raises its version. What was sold keeps what it copied.
//
// Faults: RESOURCE_NOT_FOUND, VERSION_CONFLICT, PRODUCT_ARCHIVED, PRODUCT_OPTION_IN_USE, INVALID_PRODUCT_OPTIONS.
func (s *Service) Update(ctx context.Context, tx db.Tx, in UpdateInput) (*Product, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	p, err := loadLive(tx, in.Scope, in.ID)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(in.ExpectedVersion, p.Version, "product"); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	set(&p.Name, in.Name)
	set(&p.Type, in.Type)
	set(&p.Description, in.Description)
	set(&p.Status, in.Status)
	set(&p.Images, in.Images)
	set(&p.ExternalReferenceID, in.ExternalReferenceID)
	if in.Categories != nil {
		if p.Categories, err = s.categories(tx, in.Scope, *in.Categories); err != nil {
			return nil, err
		}
	}
	if in.Options != nil {
		if err := s.replaceOptions(p, *in.Options, now); err != nil {
			return nil, err
		}
	}
	if err := patchMetadata(&p.Metadata, in.Metadata); err != nil {
		return nil, err
	}
	p.Version++
	p.UpdatedAt = now
	return p, updateProduct(tx, p, in.Categories != nil)
}

// Archive takes a product and all its variants out of the catalogue for good. An archived one stays as it is.
//
// Faults: RESOURCE_NOT_FOUND, PRODUCT_IN_USE, PRODUCT_IN_OPEN_CHECKOUT_SESSION.
func (s *Service) Archive(ctx context.Context, tx db.Tx, scope tenant.Scope, productID string) (*Product, error) {
	p, err := load(tx, scope, productID, tx.ForUpdate())
	if err != nil || p.Status == StatusArchived {
		return p, err
	}
	live := p.Live()
	use, err := s.inUse(tx, scope, live)
	switch {
	case err != nil:
		return nil, err
	case use == UsedByCheckout:
		return nil, fault.Conflict("PRODUCT_IN_OPEN_CHECKOUT_SESSION", "An open checkout session sells the product.").
			Then("Close the checkout session or wait for its end, or set the product inactive so that nobody else buys it.")
	case use != "":
		return nil, fault.Conflict("PRODUCT_IN_USE", "An open order or an active payment link sells the product.").With("used_by", string(use)).
			Then("Close the order or deactivate the link first, or set the product inactive so that nobody else buys it.")
	}
	now := s.Clock.Now()
	for _, v := range live {
		v.Status, v.UpdatedAt = StatusArchived, now
		v.Version++
		if err := updateVariant(tx, v); err != nil {
			return nil, err
		}
	}
	p.Status, p.UpdatedAt = StatusArchived, now
	p.Version++
	return p, updateProduct(tx, p, false)
}

// inUse asks who needs the variants; the most specific answer wins by the order of InUse.
func (s *Service) inUse(tx db.Tx, scope tenant.Scope, variants []*Variant) (Use, error) {
	ids := make([]string, len(variants))
	for i, v := range variants {
		ids[i] = v.ID
	}
	for _, ask := range s.InUse {
		if use, err := ask(tx, scope, ids); err != nil || use != "" {
			return use, err
		}
	}
	return "", nil
}

func set[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

func patchMetadata(m *map[string]string, p *metadata.Patch) error {
	if p == nil {
		return nil
	}
	merged, err := metadata.Merge(*m, *p)
	if err != nil {
		var l fault.List
		l.AddError("metadata", err)
		return l.Err()
	}
	*m = merged
	return nil
}
