package catalog

import (
	"cmp"
	"context"
	"strconv"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// CreateInput describes a new product: with Default, or with Options and Variants.
type CreateInput struct {
	Scope tenant.Scope

	Name                string
	Type                string
	Description         string
	Status              string // active when empty
	Categories          []string
	Images              []Image
	ExternalReferenceID string
	Metadata            map[string]string

	Default  *VariantInput
	Options  []OptionInput
	Variants []VariantInput
}

// Validate reports every fault of the input that can be told without looking at other data.
func (in CreateInput) Validate() error {
	var l fault.List
	checkName(&l, "name", in.Name, true)
	checkOneOf(&l, "INVALID_PRODUCT_TYPE", "product_type", cmp.Or(in.Type, "none"), types)
	checkDescription(&l, "description", in.Description)
	checkOneOf(&l, "INVALID_STATUS", "status", in.Status, settable)
	checkCategories(&l, in.Categories)
	checkImages(&l, "images", in.Images)
	checkReference(&l, "external_reference_id", in.ExternalReferenceID)
	l.AddError("metadata", metadata.Check(in.Metadata))
	switch {
	case in.Default != nil && (len(in.Options) > 0 || len(in.Variants) > 0):
		l.Add("INVALID_PRODUCT_CREATE_SHAPE", "default_variant", "A product has a default variant, or options and variants, not both.")
	case in.Default == nil && (len(in.Options) == 0 || len(in.Variants) == 0):
		l.Add("INVALID_PRODUCT_CREATE_SHAPE", "", "A product needs a default_variant, or options and variants.")
	case in.Default != nil:
		in.Default.check(&l, "default_variant.")
		if len(in.Default.Selected) > 0 {
			l.Add("INVALID_OPTION_SELECTION", "default_variant.selected_option_values", "A product without options has nothing to select.")
		}
	default:
		checkOptions(&l, in.Options)
		if len(in.Variants) > MaxVariants {
			l.Add("RESOURCE_LIMIT_EXCEEDED", "variants", "A product has at most %d variants.", MaxVariants)
			break
		}
		for i := range in.Variants {
			in.Variants[i].check(&l, "variants["+strconv.Itoa(i)+"].")
		}
	}
	return l.Err()
}

// Create writes a product with its variants.
//
// Faults: SKU_ALREADY_EXISTS, BARCODE_ALREADY_EXISTS, MIXED_VARIANT_CURRENCIES, INVALID_OPTION_SELECTION,
// VARIANT_OPTION_COMBINATION_ALREADY_EXISTS.
func (s *Service) Create(ctx context.Context, tx db.Tx, in CreateInput) (*Product, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	p := &Product{
		Scope: in.Scope, ID: s.IDs.New(id.Product), Name: in.Name, Type: in.Type, Status: cmp.Or(in.Status, StatusActive), Version: 1,
		ExternalReferenceID: in.ExternalReferenceID, CreatedAt: now, UpdatedAt: now, Description: in.Description, Images: in.Images,
		Metadata: in.Metadata,
	}
	var err error
	if p.Categories, err = s.categories(tx, in.Scope, in.Categories); err != nil {
		return nil, err
	}
	keys := s.newOptions(p, in.Options)
	variants, at := in.Variants, func(i int) string { return "variants[" + strconv.Itoa(i) + "]." }
	if in.Default != nil {
		variants, at = []VariantInput{*in.Default}, func(int) string { return "default_variant." }
	}
	for i := range variants {
		v, err := s.newVariant(p, variants[i], keys, at(i))
		if err != nil {
			return nil, err
		}
		if err := checkNew(tx, p, v, at(i)); err != nil {
			return nil, err
		}
		p.Variants = append(p.Variants, v)
	}
	sortVariants(p.Variants)
	if err := insertProduct(tx, p); err != nil {
		return nil, err
	}
	for _, v := range p.Variants {
		if err := insertVariant(tx, v); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// valueKeys finds the values that a request makes: option key and value key to the selection.
type valueKeys map[[2]string]Selection

// newOptions puts the options of a new product on it.
func (s *Service) newOptions(p *Product, in []OptionInput) valueKeys {
	keys := valueKeys{}
	for i, o := range in {
		made := s.makeOption(o, int64(i), p.CreatedAt)
		for k, v := range o.Values {
			keys[[2]string{cmp.Or(o.Key, o.Name), cmp.Or(v.Key, v.Value)}] = Selection{OptionID: made.ID, ValueID: made.Values[k].ID}
		}
		p.Options = append(p.Options, made)
	}
	sortOptions(p.Options)
	return keys
}

// newVariant makes a variant of p and settles its selection.
func (s *Service) newVariant(p *Product, in VariantInput, keys valueKeys, at string) (*Variant, error) {
	now := s.Clock.Now()
	v := &Variant{
		Scope: p.Scope, ID: s.IDs.New(id.ProductVariant), ProductID: p.ID, Name: in.Name, SKU: in.SKU, Barcode: in.Barcode,
		Status: cmp.Or(in.Status, StatusActive), Version: 1, UnitPrice: in.UnitPrice.Minor, Currency: in.UnitPrice.Currency,
		ExternalReferenceID: in.ExternalReferenceID, CreatedAt: now, UpdatedAt: now,
		Taxable: in.Taxable == nil || *in.Taxable, TaxCategory: in.TaxCategory, Images: in.Images, Metadata: in.Metadata,
	}
	if in.Position != nil {
		v.Position = *in.Position
	} else {
		for _, other := range p.Variants {
			v.Position = max(v.Position, other.Position+1)
		}
	}
	var err error
	v.Selected, err = p.choose(in.Selected, keys, at+"selected_option_values")
	return v, err
}

// checkNew refuses a variant that does not fit in among the live ones of its product, or whose codes are taken.
func checkNew(tx db.Tx, p *Product, v *Variant, at string) error {
	for _, other := range p.Live() {
		if other.ID == v.ID {
			continue
		}
		switch {
		case other.Currency != v.Currency:
			return fault.Invalid("MIXED_VARIANT_CURRENCIES", at+"unit_price_money.currency", "All variants of a product have one currency.")
		case other.combination() == v.combination():
			e := fault.Conflict("VARIANT_OPTION_COMBINATION_ALREADY_EXISTS", "Another variant of the product has the same option values.")
			e.Param = at + "selected_option_values"
			return e
		case v.SKU != "" && other.SKU == v.SKU:
			return taken("SKU_ALREADY_EXISTS", at+"sku")
		case v.Barcode != "" && other.Barcode == v.Barcode:
			return taken("BARCODE_ALREADY_EXISTS", at+"barcode")
		}
	}
	return checkCodes(tx, v, at)
}
