package httpapi

import (
	"context"

	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

// ListProductOptionsInput is the request of listProductOptions.
type ListProductOptionsInput struct {
	PageQuery
	ProductID string `path:"product_id" id:"prod"`
	Status    string `query:"status" enum:"active,inactive,archived" doc:"Without it archived ones are left out."`
}

// ProductOptionPath names an option of a product.
type ProductOptionPath struct {
	ProductID string `path:"product_id" id:"prod"`
	OptionID  string `path:"option_id" id:"popt"`
}

// ListProductVariantsInput is the request of listProductVariants.
type ListProductVariantsInput struct {
	PageQuery
	ProductID         string `path:"product_id" id:"prod"`
	Status            string `query:"status" enum:"active,inactive,archived" doc:"Without it archived ones are left out."`
	ExternalReference string `query:"external_reference_id" maxLength:"255" doc:"Exact."`
	Query             string `query:"query" maxLength:"255" doc:"Part of name, SKU, barcode or reference."`
	SortBy            string `query:"sort_by" enum:"position,created_at,updated_at,unit_price"`
	SortDirection     string `query:"sort_direction" enum:"asc,desc" doc:"Ascending when left out."`
	DeliveryProfileID string `query:"delivery_profile_id" maxLength:"64" doc:"No variant has one yet."`
	DeliveryStatus    string `query:"delivery_configuration_status" enum:"configured,action_required,not_applicable" doc:"All variants are not_applicable."`
}

// ProductVariantPath names a variant of a product.
type ProductVariantPath struct {
	ProductID string `path:"product_id" id:"prod"`
	VariantID string `path:"variant_id" id:"var"`
}

// GetProductVariantInput is the request of getProductVariant.
type GetProductVariantInput struct {
	ProductID string   `path:"product_id" id:"prod"`
	VariantID string   `path:"variant_id" id:"var"`
	Expand    []string `query:"expand" enum:"modifier_set" doc:"No variant has one yet."`
}

// CreateProductVariantInput is the request of createProductVariant.
type CreateProductVariantInput struct {
	ProductID string `path:"product_id" id:"prod"`
	Body      ProductVariantRequest

	domain catalog.AddVariantInput
}

// Validate implements Validator.
func (in *CreateProductVariantInput) Validate() error {
	var f fault.List
	in.domain = catalog.AddVariantInput{ProductID: in.ProductID, Variant: in.Body.domain(&f, "")}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

// UpdateProductVariantRequest changes the fields that are sent.
type UpdateProductVariantRequest struct {
	UnitPrice         *Money                     `json:"unit_price_money,omitzero" fault:"small=INVALID_AMOUNT"`
	Name              *string                    `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	SKU               *string                    `json:"sku,omitzero" maxLength:"100"`
	Barcode           *string                    `json:"barcode,omitzero" maxLength:"100"`
	Status            *string                    `json:"status,omitzero" enum:"active,inactive" fault:"invalid=INVALID_STATUS"`
	Position          *int64                     `json:"position,omitzero"`
	Selected          []SelectedOptionValueInput `json:"selected_option_values,omitzero" maxItems:"10" fault:"long=INVALID_OPTION_SELECTION"`
	Taxable           *bool                      `json:"taxable,omitzero"`
	TaxCategory       *string                    `json:"line_item_tax_category,omitzero" enum:"general,physical_goods,digital_goods,software,saas,services,professional_services,food,prepared_food,clothing,medical_goods,admission" fault:"invalid=INVALID_TAX_CATEGORY"`
	Images            []LineImageInput           `json:"images,omitzero" maxItems:"8" fault:"long=RESOURCE_LIMIT_EXCEEDED" doc:"The complete list."`
	ExternalReference *string                    `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata          MetadataPatch              `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	ExpectedVersion   *int64                     `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION" doc:"Needed to replace images."`
	ReservedVariantFields
}

// UpdateProductVariantInput is the request of updateProductVariant.
type UpdateProductVariantInput struct {
	ProductID string `path:"product_id" id:"prod"`
	VariantID string `path:"variant_id" id:"var"`
	Body      UpdateProductVariantRequest

	domain catalog.UpdateVariantInput
}

// Validate implements Validator.
func (in *UpdateProductVariantInput) Validate() error {
	var f fault.List
	r := &in.Body
	r.refuse(&f, "")
	in.domain = catalog.UpdateVariantInput{
		ProductID: in.ProductID, VariantID: in.VariantID, ExpectedVersion: r.ExpectedVersion, UnitPrice: r.UnitPrice.amount(), Name: r.Name,
		SKU: r.SKU, Barcode: r.Barcode, Status: r.Status, Position: r.Position, Taxable: r.Taxable, TaxCategory: r.TaxCategory,
		ExternalReferenceID: r.ExternalReference, Metadata: metadataIf(r.Metadata),
	}
	if r.Selected != nil {
		selected := domainSelection(r.Selected)
		in.domain.Selected = &selected
	}
	if r.Images != nil {
		images := domainImages(&f, "images", r.Images)
		in.domain.Images = &images
	}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

func registerProductVariants(a *API, s *Services) {
	answer := func(p *catalog.Product, v *catalog.Variant, err error) (*ProductVariant, error) {
		if err != nil {
			return nil, err
		}
		return wireVariant(p, v), nil
	}

	Get(a, "listProductOptions", func(ctx context.Context, tx db.Tx, c *Caller, in *ListProductOptionsInput) (Page[ProductOption], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]catalog.Option, *listing.Cursor, error) {
			return s.Catalog.ListOptions(ctx, tx, c.Scope, in.ProductID, in.Status, after, limit)
		})
		return MapPage(page, func(o catalog.Option) ProductOption { return wireOption(in.ProductID, &o) }), err
	}, Doc("List the options of a product", "By position."))

	Get(a, "getProductOption", func(ctx context.Context, tx db.Tx, c *Caller, in *ProductOptionPath) (*ProductOption, error) {
		o, err := s.Catalog.GetOption(ctx, tx, c.Scope, in.ProductID, in.OptionID)
		if err != nil {
			return nil, err
		}
		out := wireOption(in.ProductID, o)
		return &out, nil
	}, Doc("Read an option of a product", "With its values."))

	Get(a, "listProductVariants", func(ctx context.Context, tx db.Tx, c *Caller, in *ListProductVariantsInput) (Page[*ProductVariant], error) {
		var of *catalog.Product
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*catalog.Variant, *listing.Cursor, error) {
			p, found, next, err := s.Catalog.ListVariants(ctx, tx, catalog.VariantsInput{
				Scope: c.Scope, ProductID: in.ProductID, Status: in.Status, ExternalReferenceID: in.ExternalReference, Query: in.Query,
				SortBy: in.SortBy, Descending: in.SortDirection == "desc", After: after, Limit: limit,
			})
			if of = p; err == nil && withDelivery(in.DeliveryProfileID, in.DeliveryStatus) {
				return nil, nil, nil
			}
			return found, next, err
		})
		return MapPage(page, func(v *catalog.Variant) *ProductVariant { return wireVariant(of, v) }), err
	}, Doc("List the variants of a product", "By position unless sorted otherwise."))

	Get(a, "getProductVariant", func(ctx context.Context, tx db.Tx, c *Caller, in *GetProductVariantInput) (*ProductVariant, error) {
		return answer(s.Catalog.GetVariant(ctx, tx, c.Scope, in.ProductID, in.VariantID))
	}, Doc("Read a variant", "What has a price and can be sold."))

	Write(a, "createProductVariant", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateProductVariantInput) (*ProductVariant, error) {
		in.domain.Scope = c.Scope
		return answer(s.Catalog.AddVariant(ctx, tx, in.domain))
	}, Doc("Add a variant", "It chooses option values that no other variant of the product has."),
		Errors("SKU_ALREADY_EXISTS", "BARCODE_ALREADY_EXISTS", "MIXED_VARIANT_CURRENCIES", "VARIANT_OPTION_COMBINATION_ALREADY_EXISTS",
			"INVALID_OPTION_SELECTION", "PRODUCT_ARCHIVED", "RESOURCE_LIMIT_EXCEEDED"))

	Write(a, "updateProductVariant", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateProductVariantInput) (*ProductVariant, error) {
		in.domain.Scope = c.Scope
		return answer(s.Catalog.UpdateVariant(ctx, tx, in.domain))
	}, Doc("Change a variant", "A sparse update; orders keep the price they copied."),
		Errors("VERSION_CONFLICT", "EXPECTED_VERSION_REQUIRED", "PRODUCT_ARCHIVED", "VARIANT_ARCHIVED", "SKU_ALREADY_EXISTS", "BARCODE_ALREADY_EXISTS",
			"MIXED_VARIANT_CURRENCIES", "VARIANT_OPTION_COMBINATION_ALREADY_EXISTS", "INVALID_OPTION_SELECTION", "NO_FIELDS_TO_UPDATE"))

	Write(a, "deleteProductVariant", func(ctx context.Context, tx db.Tx, c *Caller, in *ProductVariantPath) (*ProductVariant, error) {
		return answer(s.Catalog.ArchiveVariant(ctx, tx, c.Scope, in.ProductID, in.VariantID))
	}, Doc("Archive a variant", "For good. Refused while somebody could still pay for it, and for the last variant of a product."),
		Errors("VARIANT_IN_OPEN_ORDER", "VARIANT_IN_OPEN_CHECKOUT_SESSION", "VARIANT_IN_ACTIVE_PAYMENT_LINK", "PRODUCT_NEEDS_VARIANT"))
}
