package httpapi

import (
	"context"

	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/fault"
)

// ProductOptionInput is an option of a product. An id keeps one that exists; a key names a new one for the
// variants of the same request.
type ProductOptionInput struct {
	ID       string                    `json:"option_id,omitzero" maxLength:"64" doc:"In an update: the option to keep."`
	Key      string                    `json:"client_option_key,omitzero" maxLength:"255" doc:"The name when left out."`
	Name     string                    `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Position *int64                    `json:"position,omitzero"`
	Values   []ProductOptionValueInput `json:"values" minItems:"1" maxItems:"100" fault:"required=INVALID_PRODUCT_OPTIONS,long=INVALID_PRODUCT_OPTIONS"`
	Metadata map[string]string         `json:"metadata,omitempty"`
}

// ProductOptionValueInput is a value of an option.
type ProductOptionValueInput struct {
	ID       string            `json:"option_value_id,omitzero" maxLength:"64" doc:"In an update: the value to keep."`
	Key      string            `json:"client_value_key,omitzero" maxLength:"255" doc:"The value when left out."`
	Value    string            `json:"value" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Position *int64            `json:"position,omitzero"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// SelectedOptionValueInput chooses a value by its id, or by the keys of the request that makes it.
type SelectedOptionValueInput struct {
	ValueID   string `json:"option_value_id,omitzero" maxLength:"64"`
	OptionKey string `json:"client_option_key,omitzero" maxLength:"255"`
	ValueKey  string `json:"client_value_key,omitzero" maxLength:"255"`
}

// ReservedVariantFields are fields of variants whose features are not part of this version.
type ReservedVariantFields struct {
	InventoryItemID   Opt[string] `json:"inventory_item_id,omitzero" doc:"Reserved; null is accepted."`
	InventoryItem     any         `json:"inventory_item,omitzero" doc:"Reserved."`
	DeliveryProfileID string      `json:"delivery_profile_id,omitzero" maxLength:"64" doc:"Reserved."`
	ModifierSetID     Opt[string] `json:"modifier_set_id,omitzero" doc:"Reserved; null is accepted."`
	GiftCard          any         `json:"gift_card_configuration,omitzero" doc:"Reserved."`
}

func (r *ReservedVariantFields) refuse(f *fault.List, at string) {
	refuseReserved(f, r.InventoryItemID.Set(), at+"inventory_item_id")
	refuseReserved(f, r.InventoryItem != nil, at+"inventory_item")
	refuseReserved(f, r.DeliveryProfileID != "", at+"delivery_profile_id")
	refuseReserved(f, r.ModifierSetID.Set(), at+"modifier_set_id")
	refuseReserved(f, r.GiftCard != nil, at+"gift_card_configuration")
}

// ProductVariantRequest describes a new variant.
type ProductVariantRequest struct {
	UnitPrice         *Money                     `json:"unit_price_money" fault:"small=INVALID_AMOUNT"`
	Name              string                     `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG" doc:"What sets it apart; the option values when left out."`
	SKU               string                     `json:"sku,omitzero" maxLength:"100"`
	Barcode           string                     `json:"barcode,omitzero" maxLength:"100"`
	Status            string                     `json:"status,omitzero" enum:"active,inactive" fault:"invalid=INVALID_STATUS"`
	Position          *int64                     `json:"position,omitzero"`
	Selected          []SelectedOptionValueInput `json:"selected_option_values,omitempty" maxItems:"10" fault:"long=INVALID_OPTION_SELECTION" doc:"One value of each option."`
	Taxable           *bool                      `json:"taxable,omitzero" doc:"True when left out."`
	TaxCategory       string                     `json:"line_item_tax_category,omitzero" enum:"general,physical_goods,digital_goods,software,saas,services,professional_services,food,prepared_food,clothing,medical_goods,admission" fault:"invalid=INVALID_TAX_CATEGORY"`
	Images            []LineImageInput           `json:"images,omitempty" maxItems:"8" fault:"long=RESOURCE_LIMIT_EXCEEDED"`
	ExternalReference string                     `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata          map[string]string          `json:"metadata,omitempty"`
	ReservedVariantFields
}

func (r *ProductVariantRequest) domain(f *fault.List, at string) catalog.VariantInput {
	r.refuse(f, at)
	return catalog.VariantInput{
		UnitPrice: r.UnitPrice.amount(), Name: r.Name, SKU: r.SKU, Barcode: r.Barcode, Status: r.Status, Position: r.Position,
		Selected: domainSelection(r.Selected), Taxable: r.Taxable, TaxCategory: r.TaxCategory, Images: domainImages(f, at+"images", r.Images),
		ExternalReferenceID: r.ExternalReference, Metadata: r.Metadata,
	}
}

// CreateProductRequest describes a new product: with a default variant, or with options and variants.
type CreateProductRequest struct {
	Name              string                  `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Type              string                  `json:"product_type" enum:"physical,service,fee,digital,gift_card" fault:"required=INVALID_PRODUCT_TYPE,invalid=INVALID_PRODUCT_TYPE" doc:"gift_card is reserved."`
	DefaultVariant    *ProductVariantRequest  `json:"default_variant,omitzero"`
	Options           []ProductOptionInput    `json:"options,omitempty" minItems:"1" maxItems:"10" fault:"long=INVALID_PRODUCT_OPTIONS"`
	Variants          []ProductVariantRequest `json:"variants,omitempty" minItems:"1" maxItems:"250" fault:"long=RESOURCE_LIMIT_EXCEEDED"`
	Description       string                  `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Categories        []string                `json:"categories,omitempty" maxItems:"100" fault:"long=RESOURCE_LIMIT_EXCEEDED" doc:"Names or handles; one that does not exist is made."`
	Images            []LineImageInput        `json:"images,omitempty" maxItems:"8" fault:"long=RESOURCE_LIMIT_EXCEEDED" doc:"The first is the main one."`
	ModifierSetID     Opt[string]             `json:"modifier_set_id,omitzero" doc:"Reserved; null is accepted."`
	Status            string                  `json:"status,omitzero" enum:"active,inactive" fault:"invalid=INVALID_STATUS"`
	ExternalReference string                  `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata          map[string]string       `json:"metadata,omitempty"`
}

// CreateProductInput is the request of createProduct.
type CreateProductInput struct {
	Body CreateProductRequest

	domain catalog.CreateInput
}

// Validate implements Validator.
func (in *CreateProductInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.Type == "gift_card", "product_type")
	refuseReserved(&f, r.ModifierSetID.Set(), "modifier_set_id")
	in.domain = catalog.CreateInput{
		Name: r.Name, Type: r.Type, Description: r.Description, Status: r.Status, Categories: r.Categories,
		Images: domainImages(&f, "images", r.Images), ExternalReferenceID: r.ExternalReference, Metadata: r.Metadata, Options: domainOptions(r.Options),
	}
	if r.DefaultVariant != nil {
		v := r.DefaultVariant.domain(&f, "default_variant.")
		in.domain.Default = &v
	}
	for n := range r.Variants {
		in.domain.Variants = append(in.domain.Variants, r.Variants[n].domain(&f, index("variants", n)+"."))
	}
	if r.Type != "gift_card" {
		addRules(&f, in.domain.Validate())
	}
	return f.Err()
}

// UpdateProductRequest changes the fields that are sent.
type UpdateProductRequest struct {
	Name              *string              `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Type              *string              `json:"product_type,omitzero" enum:"physical,service,fee,digital,gift_card" fault:"invalid=INVALID_PRODUCT_TYPE"`
	Description       *string              `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Options           []ProductOptionInput `json:"options,omitzero" maxItems:"10" fault:"long=INVALID_PRODUCT_OPTIONS" doc:"The complete list; what is left out is archived."`
	Categories        []string             `json:"categories,omitzero" maxItems:"100" fault:"long=RESOURCE_LIMIT_EXCEEDED" doc:"The complete list."`
	Images            []LineImageInput     `json:"images,omitzero" maxItems:"8" fault:"long=RESOURCE_LIMIT_EXCEEDED" doc:"The complete list."`
	ModifierSetID     Opt[string]          `json:"modifier_set_id,omitzero" doc:"Reserved; null is accepted."`
	Status            *string              `json:"status,omitzero" enum:"active,inactive" fault:"invalid=INVALID_STATUS"`
	ExternalReference *string              `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata          MetadataPatch        `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	ExpectedVersion   *int64               `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION" doc:"Needed to replace categories, options or images."`
}

// UpdateProductInput is the request of updateProduct.
type UpdateProductInput struct {
	ProductID string `path:"product_id" id:"prod"`
	Body      UpdateProductRequest

	domain catalog.UpdateInput
}

// Validate implements Validator.
func (in *UpdateProductInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.Type != nil && *r.Type == "gift_card", "product_type")
	refuseReserved(&f, r.ModifierSetID.Set(), "modifier_set_id")
	in.domain = catalog.UpdateInput{
		ID: in.ProductID, ExpectedVersion: r.ExpectedVersion, Name: r.Name, Type: r.Type, Description: r.Description, Status: r.Status,
		ExternalReferenceID: r.ExternalReference, Metadata: metadataIf(r.Metadata),
	}
	if r.Categories != nil {
		in.domain.Categories = &r.Categories
	}
	if r.Images != nil {
		images := domainImages(&f, "images", r.Images)
		in.domain.Images = &images
	}
	if r.Options != nil {
		options := domainOptions(r.Options)
		in.domain.Options = &options
	}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

func registerWriteProducts(a *API, s *Services) {
	codes := []string{"SKU_ALREADY_EXISTS", "BARCODE_ALREADY_EXISTS", "MIXED_VARIANT_CURRENCIES", "VARIANT_OPTION_COMBINATION_ALREADY_EXISTS",
		"INVALID_OPTION_SELECTION", "INVALID_PRODUCT_OPTIONS", "INVALID_PRODUCT_CREATE_SHAPE"}

	Write(a, "createProduct", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateProductInput) (*Product, error) {
		in.domain.Scope = c.Scope
		p, err := s.Catalog.Create(ctx, tx, in.domain)
		if err != nil {
			return nil, err
		}
		return wireProduct(p), nil
	}, Doc("Create a product", "In one of two shapes: with a default variant, or with options and variants that choose one value of each."), Errors(codes...))

	Write(a, "updateProduct", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateProductInput) (*Product, error) {
		in.domain.Scope = c.Scope
		p, err := s.Catalog.Update(ctx, tx, in.domain)
		if err != nil {
			return nil, err
		}
		return wireProduct(p), nil
	}, Doc("Change a product", "A sparse update; orders keep what they copied."),
		Errors("VERSION_CONFLICT", "EXPECTED_VERSION_REQUIRED", "PRODUCT_ARCHIVED", "PRODUCT_OPTION_IN_USE", "INVALID_PRODUCT_OPTIONS", "NO_FIELDS_TO_UPDATE"))
}

func domainOptions(in []ProductOptionInput) []catalog.OptionInput {
	out := []catalog.OptionInput{}
	for _, o := range in {
		made := catalog.OptionInput{ID: o.ID, Key: o.Key, Name: o.Name, Position: o.Position, Metadata: o.Metadata}
		for _, v := range o.Values {
			made.Values = append(made.Values, catalog.ValueInput(v))
		}
		out = append(out, made)
	}
	return out
}

func domainSelection(in []SelectedOptionValueInput) []catalog.SelectionInput {
	out := []catalog.SelectionInput{}
	for _, v := range in {
		out = append(out, catalog.SelectionInput(v))
	}
	return out
}

func domainImages(f *fault.List, at string, in []LineImageInput) []catalog.Image {
	out := []catalog.Image{}
	for n, im := range in {
		refuseReserved(f, im.AssetID != "", index(at, n)+".image_asset_id")
		out = append(out, catalog.Image{URL: im.URL, Alt: im.Alt})
	}
	return out
}
