package httpapi

import (
	"slices"
	"strings"
	"time"

	"flint/internal/catalog"
)

// ProductOption is something to choose of a product.
type ProductOption struct {
	ID        string               `json:"option_id"`
	ProductID string               `json:"product_id"`
	Name      string               `json:"name"`
	Position  int64                `json:"position"`
	Status    string               `json:"status" enum:"active,inactive,archived"`
	Values    []ProductOptionValue `json:"values"`
	Metadata  map[string]string    `json:"metadata,omitempty"`
	CreatedAt time.Time            `json:"created_at"`
	UpdatedAt time.Time            `json:"updated_at"`
}

// ProductOptionValue is one choice of an option.
type ProductOptionValue struct {
	ID       string            `json:"option_value_id"`
	Value    string            `json:"value"`
	Position int64             `json:"position"`
	Status   string            `json:"status" enum:"active,inactive,archived"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// ProductVariant is what has a price and can be sold.
type ProductVariant struct {
	ID                string            `json:"variant_id"`
	ProductID         string            `json:"product_id"`
	UnitPrice         Money             `json:"unit_price_money"`
	Name              string            `json:"name,omitzero"`
	SKU               string            `json:"sku,omitzero"`
	Barcode           string            `json:"barcode,omitzero"`
	Status            string            `json:"status" enum:"active,inactive,archived"`
	Position          int64             `json:"position"`
	Version           int64             `json:"version"`
	SelectedOptions   []SelectedOption  `json:"selected_options,omitempty"`
	Taxable           bool              `json:"taxable"`
	TaxCategory       string            `json:"line_item_tax_category,omitzero" enum:"general,physical_goods,digital_goods,software,saas,services,professional_services,food,prepared_food,clothing,medical_goods,admission"`
	AvailableForSale  bool              `json:"available_for_sale" doc:"Whether variant and product are active."`
	InventoryTracking string            `json:"inventory_tracking" enum:"not_tracked,tracked" doc:"Always not_tracked: stock is not kept yet."`
	InventoryItemID   string            `json:"inventory_item_id,omitzero" doc:"Reserved."`
	Images            []LineImage       `json:"images"`
	EffectiveImages   []LineImage       `json:"effective_images" doc:"Its own images, or else the product's."`
	ImagesInherited   bool              `json:"images_inherited"`
	ModifierSetID     *string           `json:"modifier_set_id" nullable:"true" doc:"Always null: modifiers are not available yet."`
	ModifierSet       any               `json:"modifier_set,omitzero" doc:"Reserved."`
	DeliveryProfileID string            `json:"delivery_profile_id,omitzero" doc:"Reserved."`
	DeliveryRevision  string            `json:"current_delivery_profile_revision_id,omitzero" doc:"Reserved."`
	DeliveryStatus    string            `json:"delivery_configuration_status" enum:"configured,action_required,not_applicable" doc:"Always not_applicable: delivery profiles are not available yet."`
	DeliveryReason    string            `json:"delivery_configuration_reason,omitzero" enum:"delivery_profile_missing,delivery_profile_inactive" doc:"Reserved."`
	GiftCard          any               `json:"gift_card_configuration,omitzero" doc:"Reserved."`
	ExternalReference string            `json:"external_reference_id,omitzero"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	MerchantID        string            `json:"merchant_id"`
	CreatedAt         time.Time         `json:"created_at"`
	UpdatedAt         time.Time         `json:"updated_at"`
}

// MatchedVariant is the variant that a search of products found.
type MatchedVariant struct {
	ID   string `json:"variant_id"`
	SKU  string `json:"sku,omitzero"`
	Name string `json:"name,omitzero"`
}

// PriceRange spans the prices of a product's variants.
type PriceRange struct {
	Min Money `json:"min_unit_price_money"`
	Max Money `json:"max_unit_price_money"`
}

// Product is a thing that is sold.
type Product struct {
	ID                 string              `json:"product_id"`
	Name               string              `json:"name"`
	Description        string              `json:"description,omitzero"`
	Type               string              `json:"product_type" enum:"physical,service,fee,digital,gift_card"`
	Status             string              `json:"status" enum:"active,inactive,archived"`
	Version            int64               `json:"version"`
	Options            []ProductOption     `json:"options"`
	DefaultVariantID   string              `json:"default_variant_id,omitzero" doc:"Its first active variant, or its first."`
	DefaultVariant     *ProductVariant     `json:"default_variant,omitzero"`
	MatchedVariant     *MatchedVariant     `json:"matched_variant,omitzero" doc:"In a list by sku or query: the variant that was found."`
	VariantCount       int64               `json:"variant_count" doc:"Not archived."`
	ActiveVariantCount int64               `json:"active_variant_count"`
	OptionCount        int64               `json:"option_count"`
	PriceRange         *PriceRange         `json:"price_range,omitzero" doc:"Of the variants that are not archived."`
	AvailableForSale   bool                `json:"available_for_sale"`
	Categories         []CategoryReference `json:"categories,omitempty"`
	Images             []LineImage         `json:"images" doc:"The first is the main one."`
	ModifierSetID      *string             `json:"modifier_set_id" nullable:"true" doc:"Always null: modifiers are not available yet."`
	ModifierSet        any                 `json:"modifier_set,omitzero" doc:"Reserved."`
	DeliveryStatus     string              `json:"delivery_configuration_status" enum:"configured,action_required,not_applicable"`
	ExternalReference  string              `json:"external_reference_id,omitzero"`
	Metadata           map[string]string   `json:"metadata,omitempty"`
	MerchantID         string              `json:"merchant_id"`
	CreatedAt          time.Time           `json:"created_at"`
	UpdatedAt          time.Time           `json:"updated_at"`
}

func wireProduct(p *catalog.Product) *Product {
	live := p.Live()
	out := &Product{
		ID: p.ID, Name: p.Name, Description: p.Description, Type: p.Type, Status: p.Status, Version: p.Version, Options: []ProductOption{},
		VariantCount: int64(len(live)), Categories: wireCategories(p.Categories), Images: wireImages(p.Images),
		DeliveryStatus: "not_applicable", ExternalReference: p.ExternalReferenceID, Metadata: p.Metadata, MerchantID: p.Scope.MerchantID,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	for n := range p.Options {
		if p.Options[n].Status != catalog.StatusArchived {
			out.Options = append(out.Options, wireOption(p.ID, &p.Options[n]))
		}
	}
	out.OptionCount = int64(len(out.Options))
	if d := p.Default(); d != nil {
		out.DefaultVariantID, out.DefaultVariant = d.ID, wireVariant(p, d)
	}
	for _, v := range live {
		if v.Status == catalog.StatusActive {
			out.ActiveVariantCount++
		}
		price := wireMoney(v.UnitPrice, v.Currency)
		if out.PriceRange == nil {
			out.PriceRange = &PriceRange{price, price}
		}
		out.PriceRange.Min.Amount = min(out.PriceRange.Min.Amount, price.Amount)
		out.PriceRange.Max.Amount = max(out.PriceRange.Max.Amount, price.Amount)
	}
	out.AvailableForSale = p.Status == catalog.StatusActive && out.ActiveVariantCount > 0
	return out
}

// matched notes which variant a list's filter has found.
func (out *Product) matched(p *catalog.Product, sku, query string) *Product {
	query = strings.ToLower(query)
	live := p.Live()
	i := slices.IndexFunc(live, func(v *catalog.Variant) bool {
		return sku != "" && v.SKU == sku ||
			sku == "" && query != "" && strings.Contains(strings.ToLower(v.SKU+"\n"+v.Name+"\n"+v.Barcode), query)
	})
	if i >= 0 {
		out.MatchedVariant = &MatchedVariant{live[i].ID, live[i].SKU, live[i].Name}
	}
	return out
}

func wireVariant(p *catalog.Product, v *catalog.Variant) *ProductVariant {
	return &ProductVariant{
		ID: v.ID, ProductID: v.ProductID, UnitPrice: wireMoney(v.UnitPrice, v.Currency), Name: v.Name, SKU: v.SKU, Barcode: v.Barcode,
		Status: v.Status, Position: v.Position, Version: v.Version, SelectedOptions: wireChoices(p.Choices(v)), Taxable: v.Taxable,
		TaxCategory: v.TaxCategory, AvailableForSale: p.ForSale(v), InventoryTracking: "not_tracked", Images: wireImages(v.Images),
		EffectiveImages: wireImages(p.PicturesOf(v)), ImagesInherited: len(v.Images) == 0, DeliveryStatus: "not_applicable",
		ExternalReference: v.ExternalReferenceID, Metadata: v.Metadata, MerchantID: v.Scope.MerchantID, CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt,
	}
}

func wireOption(productID string, o *catalog.Option) ProductOption {
	out := ProductOption{ID: o.ID, ProductID: productID, Name: o.Name, Position: o.Position, Status: o.Status, Values: []ProductOptionValue{},
		Metadata: o.Metadata, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt}
	for _, v := range o.Values {
		if v.Status != catalog.StatusArchived {
			out.Values = append(out.Values, ProductOptionValue{v.ID, v.Value, v.Position, v.Status, v.Metadata})
		}
	}
	return out
}

func wireImages(images []catalog.Image) []LineImage {
	out := make([]LineImage, len(images))
	for n, im := range images {
		out[n] = LineImage{URL: im.URL, Alt: im.Alt}
	}
	return out
}

func wireCategories(categories []catalog.Category) []CategoryReference {
	var out []CategoryReference
	for _, c := range categories {
		out = append(out, CategoryReference{CategoryID: c.ID, Handle: c.Handle, Name: c.Name})
	}
	return out
}

func wireChoices(choices []catalog.Choice) []SelectedOption {
	var out []SelectedOption
	for _, c := range choices {
		out = append(out, SelectedOption{OptionID: c.OptionID, OptionName: c.OptionName, OptionValueID: c.ValueID, Value: c.Value})
	}
	return out
}
