package httpapi

import (
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
)

// FulfillmentDimensions is reserved.
type FulfillmentDimensions struct {
	Length int64  `json:"length"`
	Width  int64  `json:"width"`
	Height int64  `json:"height"`
	Unit   string `json:"unit"`
}

// FulfillmentWeight is reserved.
type FulfillmentWeight struct {
	Value int64  `json:"value"`
	Unit  string `json:"unit" enum:"gram,kilogram,ounce,pound"`
}

// FulfillmentOriginPolicy is reserved.
type FulfillmentOriginPolicy struct {
	Type       string `json:"origin_policy_type" enum:"fixed_location,inventory_routing,method_origin"`
	LocationID string `json:"location_id,omitzero"`
}

// LineFulfillmentInput is reserved: how a line is to be fulfilled.
type LineFulfillmentInput struct {
	Requirement       string                   `json:"requirement" enum:"none,required"`
	ResolutionMode    string                   `json:"resolution_mode,omitzero" enum:"quote,manual"`
	AllowedTypes      []string                 `json:"allowed_types,omitempty"`
	CombinationPolicy string                   `json:"combination_policy,omitzero" enum:"combine_when_compatible,separate_profile,separate_line_item,fulfill_alone"`
	SplittingPolicy   string                   `json:"splitting_policy,omitzero" enum:"whole_line_item,quantity_split_allowed"`
	Dimensions        *FulfillmentDimensions   `json:"dimensions,omitzero"`
	Weight            *FulfillmentWeight       `json:"weight,omitzero"`
	OriginPolicy      *FulfillmentOriginPolicy `json:"origin_policy,omitzero"`
}

// LineImageInput is a picture by its public address.
type LineImageInput struct {
	LineImage
	AssetID string `json:"image_asset_id,omitzero" maxLength:"64" doc:"Reserved."`
}

// CreateLineInput is a new line: of a variant, or with a name and a unit price.
type CreateLineInput struct {
	Name             string                `json:"name,omitzero" maxLength:"255" fault:"long=LINE_ITEM_NAME_TOO_LONG" doc:"Required, unless variant_id is sent."`
	Description      string                `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Quantity         *int64                `json:"quantity,omitzero" minimum:"1" maximum:"1000000" fault:"small=LINE_ITEM_INVALID_QUANTITY,long=LINE_ITEM_QUANTITY_TOO_LARGE" doc:"1 when left out."`
	UnitPrice        *Money                `json:"unit_price_money,omitzero" fault:"small=LINE_ITEM_NEGATIVE_PRICE" doc:"Required, unless variant_id is sent. Its currency is that of the order."`
	Tax              *LineItemTax          `json:"tax,omitzero"`
	Image            *LineImageInput       `json:"image,omitzero"`
	Metadata         map[string]string     `json:"metadata,omitempty"`
	VariantID        string                `json:"variant_id,omitzero" maxLength:"64" doc:"Copies name, description, price, image and tax category of a variant of the catalogue."`
	BundleID         string                `json:"bundle_id,omitzero" maxLength:"64" doc:"Reserved."`
	Modifiers        any                   `json:"modifiers,omitzero" doc:"Reserved."`
	Fulfillment      *LineFulfillmentInput `json:"fulfillment,omitzero" doc:"Reserved."`
	InventoryDemands any                   `json:"inventory_demands,omitzero" doc:"Reserved."`
	GiftCardPurchase any                   `json:"gift_card_purchase,omitzero" doc:"Reserved."`
	Subscription     any                   `json:"subscription,omitzero" doc:"Reserved."`
}

func (in *CreateLineInput) refuseReserved(f *fault.List, at string) {
	refuseReserved(f, in.BundleID != "", at+".bundle_id")
	refuseReserved(f, in.Modifiers != nil, at+".modifiers")
	refuseReserved(f, in.Fulfillment != nil, at+".fulfillment")
	refuseReserved(f, in.InventoryDemands != nil, at+".inventory_demands")
	refuseReserved(f, in.GiftCardPurchase != nil, at+".gift_card_purchase")
	refuseReserved(f, in.Subscription != nil, at+".subscription")
	refuseReserved(f, in.Image != nil && in.Image.AssetID != "", at+".image.image_asset_id")
}

func (in *CreateLineInput) domain() order.LineInput {
	out := order.LineInput{
		VariantID: in.VariantID, Name: in.Name, Description: in.Description, Quantity: in.Quantity, UnitPrice: in.UnitPrice.amount(),
		Tax: in.Tax.domain(), Metadata: in.Metadata,
	}
	if in.Image != nil {
		out.Image = &order.Image{URL: in.Image.URL, Alt: in.Image.Alt}
	}
	return out
}

// domainLines is nil when a line is of a bundle, which is reserved: what such a line lacks is not a fault of its own.
func domainLines(f *fault.List, lines []CreateLineInput) []order.LineInput {
	out := make([]order.LineInput, len(lines))
	bundle := false
	for n := range lines {
		lines[n].refuseReserved(f, index("line_items", n))
		bundle = bundle || lines[n].BundleID != ""
		out[n] = lines[n].domain()
	}
	if bundle {
		return nil
	}
	return out
}

func (t *LineItemTax) domain() *order.ItemTaxInput {
	if t == nil {
		return nil
	}
	return &order.ItemTaxInput{Taxable: t.Taxable, Category: t.Category, Calculation: t.Calculation.domain()}
}

func (t *ChargeTax) domain() *order.ItemTaxInput {
	if t == nil {
		return nil
	}
	return &order.ItemTaxInput{Taxable: t.Taxable, Category: t.Category, Calculation: t.Calculation.domain()}
}

func (t *ItemTaxCalculation) domain() *order.ItemTaxMethod {
	if t == nil {
		return nil
	}
	out := &order.ItemTaxMethod{Mode: t.Mode, PriceMode: t.PriceMode}
	for _, c := range t.Components {
		out.Components = append(out.Components, order.TaxComponent{TaxType: c.TaxType, Percent: c.Percent, Jurisdiction: order.Jurisdiction(c.Jurisdiction)})
	}
	return out
}

// TipInput asks for a tip: an amount, or a percentage of the merchandise after discounts.
type TipInput struct {
	Amount      *Money            `json:"amount_money,omitzero" fault:"small=INVALID_TIP_AMOUNT"`
	Percent     *money.Percent    `json:"percent,omitzero" fault:"invalid=INVALID_TIP_PERCENT" doc:"1 to 100, step 0.0001."`
	Name        string            `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Description string            `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

func (t *TipInput) domain() *order.TipInput {
	if t == nil {
		return nil
	}
	return &order.TipInput{Amount: t.Amount.amount(), Percent: t.Percent, Name: t.Name, Description: t.Description, Metadata: t.Metadata}
}

// TaxLocationInput is where the caller says an order is taxed: a full address, or a country and a postal code.
type TaxLocationInput struct {
	Address Address `json:"address"`
	Type    string  `json:"address_type,omitzero" enum:"tax_address,billing_address,shipping_address,postal_code" doc:"Told from the address when left out."`
	Source  string  `json:"address_source,omitzero" enum:"provided"`
}

// FlatTaxInput is a flat tax of the order as a whole.
type FlatTaxInput struct {
	TaxType      string       `json:"tax_type" enum:"retail_delivery_fee" fault:"invalid=INVALID_TAX_TYPE"`
	Calculation  string       `json:"calculation_type,omitzero" enum:"flat_amount" fault:"invalid=INVALID_TAX_CALCULATION_TYPE"`
	Flat         Money        `json:"flat_money" fault:"small=INVALID_FLAT_TAX"`
	Jurisdiction Jurisdiction `json:"jurisdiction"`
}

// TaxCalculationInput is how an order is taxed; percentages belong to lines and charges.
type TaxCalculationInput struct {
	Mode       string         `json:"mode" enum:"automatic,external" fault:"invalid=INVALID_TAX_MODE"`
	PriceMode  string         `json:"price_mode" enum:"additive,inclusive" fault:"invalid=INVALID_TAX_PRICE_MODE"`
	Components []FlatTaxInput `json:"components,omitempty" maxItems:"20"`
}

// OrderTaxInput changes how an order is taxed.
type OrderTaxInput struct {
	Enabled     *bool                `json:"enabled,omitzero"`
	Location    *TaxLocationInput    `json:"location,omitzero"`
	Calculation *TaxCalculationInput `json:"calculation,omitzero"`
}

func (t *OrderTaxInput) domain() *order.TaxInput {
	if t == nil {
		return nil
	}
	out := &order.TaxInput{Enabled: t.Enabled}
	if l := t.Location; l != nil {
		out.Location = &order.TaxLocationInput{Address: order.Address(l.Address), AddressType: l.Type}
	}
	if c := t.Calculation; c != nil {
		out.Calculation = &order.TaxCalculationInput{Mode: c.Mode, PriceMode: c.PriceMode}
		for _, k := range c.Components {
			out.Calculation.Components = append(out.Calculation.Components, order.FlatTaxInput{
				TaxType: k.TaxType, Amount: *k.Flat.amount(), Jurisdiction: order.Jurisdiction(k.Jurisdiction),
			})
		}
	}
	return out
}

// DeliveryAddress is where goods go.
type DeliveryAddress struct {
	Line1      string `json:"line1" minLength:"1" maxLength:"255" fault:"required=DELIVERY_DESTINATION_ADDRESS_INCOMPLETE,long=DELIVERY_DESTINATION_FIELD_TOO_LONG"`
	Line2      string `json:"line2,omitzero" maxLength:"255" fault:"long=DELIVERY_DESTINATION_FIELD_TOO_LONG"`
	City       string `json:"city" minLength:"1" maxLength:"100" fault:"required=DELIVERY_DESTINATION_ADDRESS_INCOMPLETE,long=DELIVERY_DESTINATION_FIELD_TOO_LONG"`
	State      string `json:"state,omitzero" maxLength:"100" fault:"long=DELIVERY_DESTINATION_FIELD_TOO_LONG"`
	PostalCode string `json:"postal_code,omitzero" maxLength:"20" fault:"long=DELIVERY_DESTINATION_FIELD_TOO_LONG"`
	Country    string `json:"country" pattern:"^[A-Z]{2}$" fault:"required=DELIVERY_DESTINATION_ADDRESS_INCOMPLETE,invalid=DELIVERY_DESTINATION_COUNTRY_INVALID" doc:"ISO 3166-1 alpha-2."`
}

// DeliveryInput is where the goods go and who receives them.
type DeliveryInput struct {
	Address   DeliveryAddress    `json:"address" fault:"required=DELIVERY_DESTINATION_ADDRESS_REQUIRED"`
	Recipient *DeliveryRecipient `json:"recipient,omitzero" doc:"A name, a phone number, or both."`
}

func (d *DeliveryInput) domain(f *fault.List) *order.DeliveryInput {
	if d == nil {
		return nil
	}
	out := &order.DeliveryInput{Address: order.Address(d.Address)}
	if r := d.Recipient; r != nil {
		out.RecipientName, out.RecipientPhone = r.Name, r.Phone
		if *r == (DeliveryRecipient{}) {
			f.Add("FIELD_REQUIRED", "delivery_destination.recipient", "A recipient has a name, a phone number, or both.")
		}
	}
	return out
}

// PromotionReference names a promotion, by its code or by its id.
type PromotionReference struct {
	Code string `json:"promotion_code,omitzero" maxLength:"100" fault:"long=CODE_TOO_LONG" doc:"In any letter case."`
	ID   string `json:"promotion_id,omitzero" maxLength:"64" doc:"Of an automatic one; buyers cannot use it."`
}

func (p *PromotionReference) ask() *order.PromotionAsk {
	if p == nil {
		return nil
	}
	return &order.PromotionAsk{Code: p.Code, PromotionID: p.ID}
}

// ManualDiscountInput is a flat amount off the order, off some lines or off some charges.
type ManualDiscountInput struct {
	Name      string   `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Amount    Money    `json:"amount_money" fault:"small=DISCOUNT_AMOUNT_INVALID"`
	Class     string   `json:"discount_class,omitzero" enum:"order,line_item,service_charge" fault:"invalid=INVALID_DISCOUNT_CLASS" doc:"order when left out."`
	Scope     string   `json:"scope,omitzero" enum:"order,line_item" fault:"invalid=INVALID_DISCOUNT_SCOPE" doc:"An older word for discount_class."`
	LineIDs   []string `json:"order_line_item_ids,omitempty" maxItems:"250"`
	ChargeIDs []string `json:"order_charge_ids,omitempty" maxItems:"100"`
}

// DiscountRequest asks for one discount: a promotion or a manual one.
type DiscountRequest struct {
	Promotion *PromotionReference  `json:"promotion,omitzero"`
	Manual    *ManualDiscountInput `json:"manual,omitzero"`
}

// domain notes what cannot be applied, and is nil then. at is the path before the members' names.
func (d *DiscountRequest) domain(f *fault.List, at string) (*order.DiscountInput, *order.PromotionAsk) {
	switch m := d.Manual; {
	case (d.Promotion == nil) == (m == nil):
		f.Add("EXACTLY_ONE_REQUIRED", trimDot(at), "A discount is either a promotion or a manual one.")
		return nil, nil
	case m == nil:
		ask := d.Promotion.ask()
		ask.Param = at + "promotion"
		return nil, ask
	default:
		return &order.DiscountInput{Name: m.Name, Amount: *m.Amount.amount(), Class: m.Class, Scope: m.Scope, LineIDs: m.LineIDs, ChargeIDs: m.ChargeIDs}, nil
	}
}
