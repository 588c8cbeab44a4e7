package httpapi

import (
	"slices"
	"time"

	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
)

// PricingAmounts is what an order should cost.
type PricingAmounts struct {
	Subtotal     Money `json:"subtotal_money"`
	Discount     Money `json:"discount_money"`
	Charge       Money `json:"charge_money"`
	Tax          Money `json:"tax_money" doc:"Tax on top of the price; inclusive tax is inside the subtotal."`
	RequestedTip Money `json:"requested_tip_money"`
	Total        Money `json:"total_money"`
}

// SettlementAmounts is what money really moved.
type SettlementAmounts struct {
	Paid         Money       `json:"paid_money" doc:"Settled captures, gross."`
	Refunded     Money       `json:"refunded_money" doc:"Succeeded refunds."`
	NetCollected Money       `json:"net_collected_money"`
	Outstanding  Money       `json:"outstanding_money" doc:"What a pay call would collect. A refund does not raise it."`
	Credit       Money       `json:"credit_money" doc:"What the buyer has overpaid and not got back."`
	SettledTip   Money       `json:"settled_tip_money"`
	Balance      SignedMoney `json:"balance_money" doc:"Outstanding less credit: positive is owed by the buyer."`
	Disputed     *Money      `json:"disputed_money,omitzero" flint:"extension" doc:"Part of net_collected_money that buyers' banks hold until they have decided disputes. Absent: nothing."`
	DisputeLost  *Money      `json:"dispute_lost_money,omitzero" flint:"extension" doc:"Part of net_collected_money that buyers' banks took back for good. Absent: nothing."`
}

// AuthorizationAmounts is an open hold.
type AuthorizationAmounts struct {
	Authorized Money      `json:"authorized_money"`
	Capturable Money      `json:"capturable_money"`
	ExpiresAt  *time.Time `json:"expires_at,omitzero"`
}

// OrderBuyerContact is the contact left with a payment.
type OrderBuyerContact struct {
	Email          *string `json:"email" nullable:"true"`
	Phone          *string `json:"phone" nullable:"true" doc:"E.164."`
	IsEmailCleared bool    `json:"is_email_cleared"`
	IsPhoneCleared bool    `json:"is_phone_cleared"`
}

// Jurisdiction is a tax authority.
type Jurisdiction struct {
	Code    string `json:"code" minLength:"1" maxLength:"100" fault:"required=INVALID_TAX_JURISDICTION,long=INVALID_TAX_JURISDICTION"`
	Country string `json:"country" pattern:"^[A-Z]{2}$" fault:"required=INVALID_TAX_JURISDICTION,invalid=INVALID_TAX_JURISDICTION"`
	Level   string `json:"level" enum:"state,county,city,district,country" fault:"required=INVALID_TAX_JURISDICTION,invalid=INVALID_TAX_JURISDICTION" doc:"country is ours: a national tax such as VAT."`
	Name    string `json:"name" minLength:"1" maxLength:"100" fault:"required=INVALID_TAX_JURISDICTION,long=INVALID_TAX_JURISDICTION"`
	State   string `json:"state,omitzero" maxLength:"100"`
}

// Address is a postal address, as far as it is known.
type Address struct {
	Line1      string `json:"line1,omitzero" maxLength:"255"`
	Line2      string `json:"line2,omitzero" maxLength:"255"`
	City       string `json:"city,omitzero" maxLength:"100"`
	State      string `json:"state,omitzero" maxLength:"100"`
	PostalCode string `json:"postal_code,omitzero" maxLength:"20"`
	Country    string `json:"country" pattern:"^[A-Z]{2}$" fault:"invalid=INVALID_COUNTRY" doc:"ISO 3166-1 alpha-2."`
}

// TaxLocation is where an order is taxed.
type TaxLocation struct {
	Address       Address `json:"address"`
	AddressSource string  `json:"address_source" enum:"provided,fulfillment,customer,device,location,merchant"`
	AddressType   string  `json:"address_type,omitzero" enum:"postal_code,tax_address,billing_address,shipping_address,business_address"`
	CustomerID    string  `json:"customer_id,omitzero"`
	DeviceID      string  `json:"device_id,omitzero"`
	FulfillmentID string  `json:"fulfillment_id,omitzero"`
	LocationID    string  `json:"location_id,omitzero"`
}

// TaxBreakdown is one computed component of tax.
type TaxBreakdown struct {
	ID            string         `json:"tax_breakdown_id"`
	Calculation   string         `json:"calculation_type" enum:"percentage,flat_amount"`
	Percent       *money.Percent `json:"percent,omitzero"`
	Flat          *Money         `json:"flat_money,omitzero"`
	Taxable       Money          `json:"taxable_money"`
	Tax           Money          `json:"tax_money"`
	PriceMode     string         `json:"price_mode" enum:"additive,inclusive"`
	TaxType       string         `json:"tax_type" enum:"sales_tax,use_tax,retail_delivery_fee,vat,gst" doc:"vat and gst are ours."`
	Reason        string         `json:"taxability_reason" enum:"standard_rated,not_taxable,customer_exempt,tax_disabled,no_jurisdiction,location_required"`
	Jurisdiction  Jurisdiction   `json:"jurisdiction"`
	LineID        string         `json:"order_line_item_id,omitzero"`
	ChargeID      string         `json:"order_charge_id,omitzero"`
	ChoiceGroupID string         `json:"fulfillment_choice_group_id,omitzero"`
	LocationID    string         `json:"location_id,omitzero"`
}

// TaxExemption tells whose exemption applies.
type TaxExemption struct {
	Exempt     bool   `json:"tax_exempt"`
	Source     string `json:"source" enum:"none,customer"`
	CustomerID string `json:"customer_id,omitzero"`
}

// OrderTax is an order's tax setting and result.
type OrderTax struct {
	Enabled    bool           `json:"enabled"`
	Mode       string         `json:"mode" enum:"automatic,external"`
	Status     string         `json:"status" enum:"not_required,requires_location,calculated,exempt,incomplete"`
	Reason     string         `json:"taxability_reason" enum:"standard_rated,not_taxable,customer_exempt,tax_disabled,no_jurisdiction,location_required"`
	Failure    string         `json:"failure_reason,omitzero" enum:"calculation_unavailable,location_unsupported,rate_unavailable"`
	Profile    string         `json:"automatic_profile,omitzero" enum:"standard,connected"`
	Inputs     []string       `json:"available_location_inputs,omitempty"`
	Location   *TaxLocation   `json:"location,omitzero"`
	Exemption  *TaxExemption  `json:"exemption,omitzero"`
	Breakdowns []TaxBreakdown `json:"tax_breakdowns,omitempty"`
}

// ItemTaxComponent is one percentage of one authority.
type ItemTaxComponent struct {
	TaxType      string        `json:"tax_type" enum:"sales_tax,use_tax,vat,gst" fault:"invalid=INVALID_TAX_TYPE" doc:"vat and gst are ours."`
	Calculation  string        `json:"calculation_type,omitzero" enum:"percentage" fault:"invalid=INVALID_TAX_CALCULATION_TYPE"`
	Percent      money.Percent `json:"percent" fault:"invalid=INVALID_TAX_PERCENTAGE" doc:"0 to 100, step 0.0001."`
	Jurisdiction Jurisdiction  `json:"jurisdiction"`
}

// ItemTaxCalculation is the caller's choice for one line or charge.
type ItemTaxCalculation struct {
	Mode       string             `json:"mode" enum:"automatic,external" fault:"invalid=INVALID_TAX_MODE"`
	PriceMode  string             `json:"price_mode" enum:"additive,inclusive" fault:"invalid=INVALID_TAX_PRICE_MODE"`
	Components []ItemTaxComponent `json:"components,omitempty" maxItems:"20"`
}

// LineItemTax is how a line is taxed.
type LineItemTax struct {
	Taxable     *bool               `json:"taxable,omitzero"`
	Category    string              `json:"line_item_tax_category,omitzero" enum:"general,physical_goods,digital_goods,software,saas,services,professional_services,food,prepared_food,clothing,medical_goods,admission" fault:"invalid=INVALID_TAX_CATEGORY"`
	Calculation *ItemTaxCalculation `json:"calculation,omitzero"`
}

// ChargeTax is how a charge is taxed.
type ChargeTax struct {
	Taxable     *bool               `json:"taxable,omitzero"`
	Category    string              `json:"charge_tax_category,omitzero" enum:"service_fee,shipping,delivery,handling,surcharge" fault:"invalid=INVALID_TAX_CATEGORY"`
	Calculation *ItemTaxCalculation `json:"calculation,omitzero"`
}

// LineImage is a picture of a line.
type LineImage struct {
	URL string `json:"url" minLength:"1" maxLength:"2048" fault:"required=IMAGE_URL_INVALID,long=IMAGE_URL_INVALID"`
	Alt string `json:"alt,omitzero" maxLength:"255" fault:"long=INVALID_IMAGE_ALT"`
}

// SelectedOption is a chosen product option.
type SelectedOption struct {
	OptionID      string `json:"option_id"`
	OptionName    string `json:"option_name"`
	OptionValueID string `json:"option_value_id"`
	Value         string `json:"value"`
}

// CategoryReference names a category.
type CategoryReference struct {
	CategoryID string `json:"category_id,omitzero"`
	Handle     string `json:"handle"`
	Name       string `json:"name"`
}

// OrderLineItem is one line of an order.
type OrderLineItem struct {
	ID               string              `json:"order_line_item_id"`
	Version          int64               `json:"version"`
	SourceType       string              `json:"source_type,omitzero" enum:"variant,bundle"`
	ProductID        string              `json:"product_id,omitzero"`
	VariantID        string              `json:"variant_id,omitzero"`
	Name             string              `json:"name"`
	Description      string              `json:"description,omitzero"`
	SKU              string              `json:"sku,omitzero"`
	SelectedOptions  []SelectedOption    `json:"selected_options,omitempty"`
	Categories       []CategoryReference `json:"categories,omitempty"`
	Image            *LineImage          `json:"image,omitzero"`
	Quantity         int64               `json:"quantity"`
	UnitPrice        Money               `json:"unit_price_money"`
	BaseSubtotal     Money               `json:"base_subtotal_money"`
	Subtotal         Money               `json:"subtotal_money"`
	Discount         Money               `json:"discount_money"`
	TaxMoney         Money               `json:"tax_money"`
	Total            SignedMoney         `json:"total_money"`
	Refunded         Money               `json:"refunded_money"`
	RefundedQuantity int64               `json:"refunded_quantity"`
	ModifierTotal    Money               `json:"modifier_total_money" doc:"Always zero: modifiers are not available yet."`
	Tax              *LineItemTax        `json:"tax,omitzero"`
	Metadata         map[string]string   `json:"metadata,omitempty"`
}

// OrderCharge is a fee on an order.
type OrderCharge struct {
	ID            string            `json:"order_charge_id"`
	Type          string            `json:"type" enum:"service_fee,delivery_fee,shipping_fee,handling_fee,packaging_fee,small_order_fee,service_area_fee,setup_fee,installation_fee,cleaning_fee,booking_fee,reservation_fee,ticket_fee,fulfillment_fee,restocking_fee,rush_fee,other"`
	Name          string            `json:"name"`
	Description   string            `json:"description,omitzero"`
	Amount        *Money            `json:"amount_money,omitzero"`
	Percent       *money.Percent    `json:"percent,omitzero"`
	Basis         string            `json:"calculation_basis,omitzero" enum:"subtotal_pre_discount,subtotal_post_discount"`
	Applied       Money             `json:"applied_money" doc:"The fee after its discounts, before its tax."`
	TaxMoney      Money             `json:"tax_money"`
	Total         Money             `json:"total_money"`
	Refunded      Money             `json:"refunded_money"`
	Tax           *ChargeTax        `json:"tax,omitzero"`
	FulfillmentID string            `json:"fulfillment_id,omitzero"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	CreatedAt     time.Time         `json:"created_at"`
	UpdatedAt     time.Time         `json:"updated_at"`
}

// AppliedDiscount is a reduction.
type AppliedDiscount struct {
	ID            string   `json:"order_discount_id"`
	OrderID       string   `json:"order_id"`
	Source        string   `json:"source" enum:"manual,promotion"`
	PromotionID   string   `json:"promotion_id,omitzero"`
	PromotionCode string   `json:"promotion_code,omitzero"`
	Name          string   `json:"customer_facing_name,omitzero"`
	Class         string   `json:"discount_class" enum:"order,line_item,service_charge"`
	Amount        Money    `json:"amount_money"`
	Applied       Money    `json:"applied_money"`
	LineIDs       []string `json:"order_line_item_ids,omitempty"`
	ChargeIDs     []string `json:"order_charge_ids,omitempty"`
	Status        string   `json:"status" enum:"pending,redeemed,canceled"`
}

// RequestedTip is the tip that is asked for now.
type RequestedTip struct {
	Amount      *Money            `json:"amount_money,omitzero"`
	Percent     *money.Percent    `json:"percent,omitzero"`
	Name        string            `json:"name,omitzero"`
	Description string            `json:"description,omitzero"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// TipAllocation is the part of a tip that a payment carried.
type TipAllocation struct {
	PaymentIntentID string `json:"payment_intent_id"`
	Amount          Money  `json:"amount_money"`
}

// ValueTipAllocation is the part of a tip that another tender carried.
type ValueTipAllocation struct {
	SettlementID string `json:"value_settlement_id"`
	Amount       Money  `json:"amount_money"`
}

// Tip is one row of an order's tips.
type Tip struct {
	ID               string               `json:"order_tip_id"`
	Status           string               `json:"status" enum:"requested,settled,partially_refunded,refunded,canceled"`
	Amount           *Money               `json:"amount_money,omitzero"`
	Percent          *money.Percent       `json:"percent,omitzero"`
	Effective        Money                `json:"effective_amount_money"`
	Settled          Money                `json:"settled_amount_money"`
	Refunded         Money                `json:"refunded_money"`
	Allocations      []TipAllocation      `json:"payment_intent_allocations,omitempty"`
	ValueAllocations []ValueTipAllocation `json:"value_settlement_allocations,omitempty"`
	Name             string               `json:"name,omitzero"`
	Description      string               `json:"description,omitzero"`
	Metadata         map[string]string    `json:"metadata,omitempty"`
	CreatedAt        time.Time            `json:"created_at"`
	UpdatedAt        time.Time            `json:"updated_at"`
}

// DeliveryRecipient receives a delivery.
type DeliveryRecipient struct {
	Name  string `json:"name,omitzero" maxLength:"255" fault:"long=DELIVERY_DESTINATION_FIELD_TOO_LONG"`
	Phone string `json:"phone,omitzero" maxLength:"30" fault:"long=DELIVERY_DESTINATION_FIELD_TOO_LONG"`
}

// DeliveryDestination is where the goods go.
type DeliveryDestination struct {
	Address     Address            `json:"address"`
	Recipient   *DeliveryRecipient `json:"recipient,omitzero"`
	Source      string             `json:"source" enum:"delivery_selection,api,dashboard"`
	SelectionID string             `json:"delivery_selection_id,omitzero"`
	FrozenAt    *time.Time         `json:"frozen_at,omitzero"`
}

// CustomerSummary is a customer inside another resource.
type CustomerSummary struct {
	ID        string    `json:"customer_id"`
	Email     string    `json:"email"`
	Name      string    `json:"name,omitzero"`
	Phone     string    `json:"phone,omitzero"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Order is the record on which everything acts.
type Order struct {
	ID                  string                        `json:"order_id"`
	Number              string                        `json:"order_number"`
	Revision            int64                         `json:"order_revision"`
	MerchantID          string                        `json:"merchant_id"`
	Origin              string                        `json:"origin" enum:"virtual_terminal,payment_link,checkout,api,subscription"`
	Status              string                        `json:"status" enum:"open,closed"`
	PaymentStatus       string                        `json:"payment_status" enum:"unpaid,partially_paid,paid"`
	RefundStatus        string                        `json:"refund_status" enum:"none,partially_refunded,refunded"`
	FulfillmentStatus   string                        `json:"fulfillment_status" enum:"not_fulfilled,partially_fulfilled,fulfilled,canceled,not_applicable,closed"`
	Lines               []OrderLineItem               `json:"line_items"`
	Charges             []OrderCharge                 `json:"charges,omitempty"`
	Discounts           []AppliedDiscount             `json:"applied_discounts,omitempty"`
	RequestedTip        *RequestedTip                 `json:"requested_tip,omitzero"`
	Tips                []Tip                         `json:"tips,omitempty"`
	Tax                 OrderTax                      `json:"tax"`
	Pricing             PricingAmounts                `json:"pricing_amounts"`
	Settlement          SettlementAmounts             `json:"settlement_amounts"`
	Authorization       *AuthorizationAmounts         `json:"authorization_amounts,omitzero"`
	ActiveAttempt       *OrderPaymentAttempt          `json:"active_payment_attempt,omitzero"`
	PaymentCollection   *PaymentCollection            `json:"payment_collection,omitzero"`
	PaymentIntentIDs    []string                      `json:"payment_intent_ids,omitempty"`
	PaymentIntents      []PaymentIntentSummary        `json:"payment_intents,omitempty" doc:"With expand=payment_intents."`
	RefundIDs           []string                      `json:"refund_ids,omitempty"`
	CheckoutSessionIDs  []string                      `json:"checkout_session_ids,omitempty"`
	CustomerID          string                        `json:"customer_id,omitzero"`
	Customer            *CustomerSummary              `json:"customer,omitzero" flint:"nullable" doc:"With expand=customer."`
	BuyerContact        *OrderBuyerContact            `json:"buyer_contact,omitzero"`
	BuyerNote           string                        `json:"buyer_note,omitzero"`
	InternalNote        string                        `json:"internal_note,omitzero"`
	ExternalReferenceID string                        `json:"external_reference_id,omitzero"`
	Metadata            map[string]string             `json:"metadata,omitempty"`
	Delivery            *DeliveryDestination          `json:"delivery_destination,omitzero"`
	Fulfillments        []Fulfillment                 `json:"fulfillments,omitempty" doc:"The oldest first; their shipments and packages with expand."`
	ReturnCredits       []OrderReturnCreditSettlement `json:"return_credit_settlements,omitempty" doc:"Value of returned goods that an exchange brought to this order; it is counted in paid_money."`
	PurchasedEvent      any                           `json:"purchased_event,omitzero"`
	BuyerActions        []BuyerAction                 `json:"buyer_actions" doc:"What the buyer may do, for a customer session; empty for everybody else."`
	ClosedReason        string                        `json:"closed_reason,omitzero"`
	CreatedAt           time.Time                     `json:"created_at"`
	UpdatedAt           time.Time                     `json:"updated_at"`
}

// OrderReturnCreditSettlement is the value that one resolution of a return put on the order that replaces the goods.
type OrderReturnCreditSettlement struct {
	ReturnID     string    `json:"return_id"`
	ResolutionID string    `json:"return_resolution_id"`
	Amount       Money     `json:"amount_money"`
	CreatedAt    time.Time `json:"created_at"`
}

// wireReturnCredits sums the credits of an order by resolution, whichever payments gave the value up. One that was
// undone is none.
func wireReturnCredits(o *order.Order, intents []*payment.Intent) (out []OrderReturnCreditSettlement) {
	for _, i := range intents {
		c := i.Detail.Credit
		if c == nil || i.Captured == 0 {
			continue
		}
		n := slices.IndexFunc(out, func(r OrderReturnCreditSettlement) bool { return r.ResolutionID == c.ReturnResolutionID })
		if n < 0 {
			n, out = len(out), append(out, OrderReturnCreditSettlement{o.ReturnID, c.ReturnResolutionID, wireMoney(0, o.Currency), i.CreatedAt})
		}
		out[n].Amount.Amount += i.Captured
	}
	return out
}

// wireOrder is the merchant's view of an order; buyer-facing credentials get wireBuyerOrder.
func wireOrder(o *order.Order) *Order {
	c := o.Currency
	m := func(v int64) Money { return wireMoney(v, c) }
	out := &Order{
		ID: o.ID, Number: o.Number, Revision: o.Revision, MerchantID: o.Scope.MerchantID, Origin: o.Origin, Status: o.Status,
		PaymentStatus: o.DerivePaymentStatus(), RefundStatus: o.DeriveRefundStatus(), FulfillmentStatus: o.FulfillmentStatus,
		Lines: make([]OrderLineItem, len(o.Lines)), Tax: wireOrderTax(o),
		Pricing:    wirePricing(o),
		Settlement: wireSettlement(o),

		PaymentIntentIDs: o.PaymentIntentIDs, RefundIDs: o.RefundIDs, CheckoutSessionIDs: o.CheckoutSessionIDs,
		CustomerID: o.CustomerID, BuyerNote: o.BuyerNote, InternalNote: o.InternalNote,
		ExternalReferenceID: o.ExternalReferenceID, Metadata: o.Metadata, BuyerActions: []BuyerAction{},
		ClosedReason: o.ClosedReason, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
	for n := range o.Lines {
		out.Lines[n] = wireLine(&o.Lines[n], c)
	}
	for n := range o.Charges {
		out.Charges = append(out.Charges, wireCharge(&o.Charges[n], c))
	}
	for _, d := range o.Discounts {
		out.Discounts = append(out.Discounts, AppliedDiscount{
			ID: d.ID, OrderID: o.ID, Source: d.Source, PromotionID: d.PromotionID, PromotionCode: d.Code, Name: d.Name, Class: d.Class, Amount: m(d.Amount), Applied: m(d.Applied),
			LineIDs: d.LineIDs, ChargeIDs: d.ChargeIDs, Status: d.Status,
		})
	}
	for n := range o.Tips {
		t := wireTip(&o.Tips[n], c)
		out.Tips = append(out.Tips, t)
		if t.Status == order.TipRequested {
			out.RequestedTip = &RequestedTip{Amount: t.Amount, Percent: t.Percent, Name: t.Name, Description: t.Description, Metadata: t.Metadata}
		}
	}
	if h := o.Hold; h != nil {
		out.Authorization = &AuthorizationAmounts{Authorized: m(h.Authorized), Capturable: m(h.Capturable), ExpiresAt: timeIf(h.ExpiresAt)}
	}
	if b := o.BuyerContact; b != nil {
		out.BuyerContact = &OrderBuyerContact{IsEmailCleared: b.EmailCleared, IsPhoneCleared: b.PhoneCleared}
		if b.Email != "" {
			out.BuyerContact.Email = &b.Email
		}
		if b.Phone != "" {
			out.BuyerContact.Phone = &b.Phone
		}
	}
	if d := o.Delivery; d != nil {
		out.Delivery = &DeliveryDestination{Address: Address(d.Address), Source: d.Source, FrozenAt: timeIf(d.FrozenAt)}
		if d.RecipientName != "" || d.RecipientPhone != "" {
			out.Delivery.Recipient = &DeliveryRecipient{Name: d.RecipientName, Phone: d.RecipientPhone}
		}
	}
	return out
}

// wireBuyerOrder leaves out what only the merchant may see.
func wireBuyerOrder(o *order.Order) *Order {
	out := wireOrder(o)
	out.InternalNote, out.ExternalReferenceID, out.Metadata, out.ClosedReason = "", "", nil, ""
	return out
}

func wirePricing(o *order.Order) PricingAmounts {
	m := func(v int64) Money { return wireMoney(v, o.Currency) }
	p := o.Pricing
	return PricingAmounts{m(p.Subtotal), m(p.Discount), m(p.Charge), m(p.Tax), m(p.Tip), m(p.Total)}
}

func wireSettlement(o *order.Order) SettlementAmounts {
	m := func(v int64) Money { return wireMoney(v, o.Currency) }
	s := o.Settlement
	out := SettlementAmounts{
		Paid: m(s.Paid), Refunded: m(s.Refunded), NetCollected: m(o.NetCollected()), Outstanding: m(o.Outstanding()),
		Credit: m(o.Credit()), SettledTip: m(s.SettledTip), Balance: SignedMoney{o.Balance(), string(o.Currency)},
	}
	if v := o.Disputes.Open; v != 0 {
		held := m(v)
		out.Disputed = &held
	}
	if v := o.Disputes.Lost; v != 0 {
		lost := m(v)
		out.DisputeLost = &lost
	}
	return out
}

func wireLine(l *order.Line, c money.Currency) OrderLineItem {
	m := func(v int64) Money { return wireMoney(v, c) }
	out := OrderLineItem{
		ID: l.ID, Version: l.Version, Name: l.Name, Description: l.Description, SKU: l.SKU, Quantity: l.Quantity,
		UnitPrice: m(l.UnitPrice), BaseSubtotal: m(l.BaseSubtotal), Subtotal: m(l.Subtotal), Discount: m(l.Discount),
		TaxMoney: m(l.TaxAmount), Total: SignedMoney{l.Total, string(c)}, Refunded: m(l.Refunded),
		RefundedQuantity: l.RefundedQuantity, ModifierTotal: m(0), Metadata: l.Metadata,
		Tax: &LineItemTax{Taxable: &l.Tax.Taxable, Category: l.Tax.Category, Calculation: wireTaxMethod(l.Tax.Calculation)},
	}
	if from := l.Source; from != nil {
		out.SourceType, out.ProductID, out.VariantID = "variant", from.ProductID, from.VariantID
		out.SelectedOptions, out.Categories = wireChoices(from.Selected), wireCategories(from.Categories)
	}
	if l.Image != nil {
		out.Image = &LineImage{URL: l.Image.URL, Alt: l.Image.Alt}
	}
	return out
}

func wireCharge(ch *order.Charge, c money.Currency) OrderCharge {
	m := func(v int64) Money { return wireMoney(v, c) }
	out := OrderCharge{
		ID: ch.ID, Type: ch.Type, Name: ch.Name, Description: ch.Description, Percent: ch.Percent, Basis: ch.Basis,
		Applied: m(ch.Applied - ch.Discount), TaxMoney: m(ch.TaxAmount), Total: m(ch.Total), Refunded: m(ch.Refunded),
		Tax:      &ChargeTax{Taxable: &ch.Tax.Taxable, Category: ch.Tax.Category, Calculation: wireTaxMethod(ch.Tax.Calculation)},
		Metadata: ch.Metadata, CreatedAt: ch.CreatedAt, UpdatedAt: ch.UpdatedAt,
	}
	if ch.Amount != nil {
		v := m(*ch.Amount)
		out.Amount = &v
	}
	return out
}

func wireTip(t *order.Tip, c money.Currency) Tip {
	m := func(v int64) Money { return wireMoney(v, c) }
	out := Tip{
		ID: t.ID, Status: t.Status, Percent: t.Percent, Effective: m(t.Effective), Settled: m(t.Settled), Refunded: m(t.Refunded),
		Name: t.Name, Description: t.Description, Metadata: t.Metadata, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
	if t.Amount != nil {
		v := m(*t.Amount)
		out.Amount = &v
	}
	for _, a := range t.Allocations {
		out.Allocations = append(out.Allocations, TipAllocation{a.PaymentIntentID, m(a.Amount)})
	}
	return out
}

func wireTaxMethod(t *order.ItemTaxMethod) *ItemTaxCalculation {
	if t == nil {
		return nil
	}
	out := &ItemTaxCalculation{Mode: t.Mode, PriceMode: t.PriceMode}
	for _, c := range t.Components {
		out.Components = append(out.Components, ItemTaxComponent{
			TaxType: c.TaxType, Calculation: "percentage", Percent: c.Percent, Jurisdiction: Jurisdiction(c.Jurisdiction),
		})
	}
	return out
}

func wireOrderTax(o *order.Order) OrderTax {
	t := &o.Tax
	out := OrderTax{Enabled: t.Enabled, Mode: t.Mode, Status: t.Status, Reason: t.Reason, Failure: t.Failure}
	if t.Status == "requires_location" {
		out.Inputs = []string{"address"}
	}
	if l := t.Location; l != nil {
		out.Location = &TaxLocation{Address: Address(l.Address), AddressSource: l.Source, AddressType: l.AddressType}
	}
	if t.ExemptBy != "" {
		out.Exemption = &TaxExemption{Exempt: true, Source: "customer", CustomerID: t.ExemptBy}
	}
	for _, b := range t.Breakdowns {
		w := TaxBreakdown{
			ID: b.ID, Calculation: b.Calculation, Percent: b.Percent, Taxable: wireMoney(b.Taxable, o.Currency),
			Tax: wireMoney(b.Amount, o.Currency), PriceMode: b.PriceMode, TaxType: b.TaxType, Reason: b.Reason,
			Jurisdiction: Jurisdiction(b.Jurisdiction), LineID: b.LineID, ChargeID: b.ChargeID,
		}
		if b.Calculation == "flat_amount" {
			w.Flat = &w.Tax
		}
		out.Breakdowns = append(out.Breakdowns, w)
	}
	return out
}
