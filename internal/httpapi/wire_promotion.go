package httpapi

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/promotion"
)

// PromotionRule compares one attribute; docs/promotions.md has the matrix.
type PromotionRule struct {
	Attribute       string           `json:"attribute"`
	Operator        string           `json:"operator" enum:"eq,ne,gt,gte,lt,lte,in,contains,is_defined"`
	Values          []any            `json:"values,omitempty" doc:"Texts, whole numbers, true, false or money."`
	CurrencyOptions map[string]Money `json:"currency_options,omitempty"`
}

// PromotionRuleGroup is an array of rules, all of which must hold, or an object with all or any.
type PromotionRuleGroup jsontext.Value

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (g *PromotionRuleGroup) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	*g = PromotionRuleGroup(v.Clone())
	return err
}

// MarshalJSONTo implements json.MarshalerTo.
func (g PromotionRuleGroup) MarshalJSONTo(enc *jsontext.Encoder) error {
	if len(g) == 0 {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteValue(jsontext.Value(g))
}

// Schema implements huma.SchemaProvider.
func (PromotionRuleGroup) Schema(r huma.Registry) *huma.Schema {
	rule := r.Schema(reflect.TypeFor[PromotionRule](), true, "PromotionRule")
	list := func() *huma.Schema { return &huma.Schema{Type: huma.TypeArray, Items: rule} }
	nested := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Description: "A rule, or a group again."}}
	object := func(name string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeObject, Required: []string{name}, Properties: map[string]*huma.Schema{name: nested}}
	}
	return &huma.Schema{OneOf: []*huma.Schema{list(), object("all"), object("any")}, Description: "All rules of an array hold, or of all; one of any."}
}

func wireGroup(g *promotion.Group) PromotionRuleGroup {
	if g == nil {
		return nil
	}
	raw, err := json.Marshal(g)
	if err != nil { // it was read from JSON
		return nil
	}
	return PromotionRuleGroup(raw)
}

// PromotionRecurrence is for orders that come again.
type PromotionRecurrence struct {
	Type   string `json:"type" enum:"once"`
	Period *int64 `json:"period_count,omitzero" doc:"Reserved."`
}

// PromotionMethod is what a promotion gives.
type PromotionMethod struct {
	Type            string               `json:"type" enum:"percent_off,amount_off,buy_x_get_y" fault:"invalid=INVALID_APPLICATION_METHOD"`
	PercentOff      *money.Percent       `json:"percent_off,omitzero" fault:"invalid=INVALID_PERCENT_OFF" doc:"1 to 100, step 0.0001."`
	AmountOff       *Money               `json:"amount_off_money,omitzero" fault:"small=INVALID_AMOUNT_OFF"`
	CurrencyOptions map[string]Money     `json:"currency_options,omitempty" doc:"The amount in other currencies."`
	Qualifying      PromotionRuleGroup   `json:"qualifying_item_rules,omitzero" doc:"What has to be bought, of buy_x_get_y."`
	BuyQuantity     *int64               `json:"buy_min_quantity,omitzero" minimum:"1"`
	Discounted      PromotionRuleGroup   `json:"discounted_item_rules,omitzero" doc:"What gets cheaper."`
	GetQuantity     *int64               `json:"get_quantity,omitzero" minimum:"1"`
	GetPercentOff   *money.Percent       `json:"get_percent_off,omitzero" fault:"invalid=INVALID_PERCENT_OFF"`
	Allocation      string               `json:"allocation,omitzero" enum:"each,across" fault:"invalid=INVALID_ALLOCATION" doc:"each for line_item and service_charge, across for order."`
	Basis           string               `json:"calculation_basis,omitzero" enum:"subtotal_pre_tax,subtotal_post_tax"`
	MaxApplications *int64               `json:"max_applications_per_order,omitzero" minimum:"1"`
	MaxUnits        *int64               `json:"max_discounted_quantity,omitzero" minimum:"1"`
	Selection       string               `json:"reward_selection,omitzero" enum:"cheapest,highest_price,first_added"`
	Recurrence      *PromotionRecurrence `json:"recurrence,omitzero"`
}

// AppliedPromotionMethod is PromotionMethod with what it applies to.
type AppliedPromotionMethod struct {
	PromotionMethod
	AppliesTo string `json:"applies_to,omitzero" enum:"order,line_item,subscription,subscription_item"`
}

func (m *PromotionMethod) domain(f *fault.List, class string) promotion.Method {
	const at = "application_method."
	out := promotion.Method{
		Type: m.Type, BuyQuantity: value(m.BuyQuantity), GetQuantity: value(m.GetQuantity), Percent: value(m.PercentOff), GetPercent: value(m.GetPercentOff),
		Allocation: m.Allocation, Basis: m.Basis, MaxApplications: value(m.MaxApplications), MaxUnits: value(m.MaxUnits), Selection: m.Selection,
	}
	if m.AmountOff != nil {
		out.Amount = &promotion.Money{Amount: m.AmountOff.Amount, Currency: money.Currency(m.AmountOff.Currency)}
	}
	if len(m.CurrencyOptions) > 0 {
		out.CurrencyOptions = map[money.Currency]promotion.Money{}
		for c, v := range m.CurrencyOptions {
			out.CurrencyOptions[money.Currency(c)] = promotion.Money{Amount: v.Amount, Currency: money.Currency(v.Currency)}
		}
	}
	if m.Qualifying != nil {
		out.Qualifying = promotion.ParseItems(f, at+"qualifying_item_rules", jsontext.Value(m.Qualifying), promotion.ClassLineItem)
	}
	if m.Discounted != nil {
		out.Discounted = promotion.ParseItems(f, at+"discounted_item_rules", jsontext.Value(m.Discounted), class)
	}
	if m.Recurrence != nil {
		out.Once = true
		refuseReserved(f, m.Recurrence.Period != nil, at+"recurrence.period_count")
	}
	return out
}

func value[T any](v *T) T {
	var zero T
	if v == nil {
		return zero
	}
	return *v
}

func wireMethod(p *promotion.Promotion) AppliedPromotionMethod {
	m := &p.Method
	out := AppliedPromotionMethod{PromotionMethod: PromotionMethod{
		Type: m.Type, Qualifying: wireGroup(m.Qualifying), Discounted: wireGroup(m.Discounted), BuyQuantity: unlessZero(m.BuyQuantity),
		GetQuantity: unlessZero(m.GetQuantity), PercentOff: unlessZero(m.Percent), GetPercentOff: unlessZero(m.GetPercent), Allocation: m.Allocation,
		Basis: m.Basis, MaxApplications: unlessZero(m.MaxApplications), MaxUnits: unlessZero(m.MaxUnits), Selection: m.Selection,
	}}
	if m.Amount != nil {
		out.AmountOff = &Money{m.Amount.Amount, string(m.Amount.Currency)}
	}
	for c, v := range m.CurrencyOptions {
		if out.CurrencyOptions == nil {
			out.CurrencyOptions = map[string]Money{}
		}
		out.CurrencyOptions[string(c)] = Money{v.Amount, string(v.Currency)}
	}
	if m.Once {
		out.Recurrence = &PromotionRecurrence{Type: "once"}
	}
	if p.Class != promotion.ClassServiceCharge {
		out.AppliesTo = p.Class
	}
	return out
}

func unlessZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// PromotionCombinesWith tells beside which classes a promotion may stand; what is left out is true.
type PromotionCombinesWith struct {
	Order         *bool `json:"order,omitzero"`
	LineItem      *bool `json:"line_item,omitzero"`
	ServiceCharge *bool `json:"service_charge,omitzero"`
}

// PromotionExclusivity names a group of which an order gets one.
type PromotionExclusivity struct {
	Group     string `json:"group" maxLength:"100" fault:"required=INVALID_EXCLUSIVITY,long=INVALID_EXCLUSIVITY"`
	Selection string `json:"selection" enum:"best_of,highest_priority" fault:"required=INVALID_EXCLUSIVITY,invalid=INVALID_EXCLUSIVITY"`
	Priority  *int64 `json:"priority,omitzero" doc:"Higher goes first; 0 when left out."`
}

func (x *PromotionExclusivity) domain() *promotion.Exclusivity {
	if x == nil {
		return nil
	}
	return &promotion.Exclusivity{Group: x.Group, Selection: x.Selection, Priority: value(x.Priority)}
}

// PromotionSchedule is when a promotion applies; the end is exclusive.
type PromotionSchedule struct {
	StartsAt *time.Time `json:"starts_at,omitzero"`
	EndsAt   *time.Time `json:"ends_at,omitzero"`
	Timezone string     `json:"timezone,omitzero" maxLength:"64" doc:"IANA name in which people read the schedule."`
}

// PromotionCodesSummary counts the codes of a promotion.
type PromotionCodesSummary struct {
	Active int64  `json:"active_count"`
	Total  int64  `json:"total_count"`
	Newest string `json:"newest_active_code,omitzero"`
}

// Promotion lowers prices by rule.
type Promotion struct {
	ID                  string                 `json:"promotion_id"`
	Name                string                 `json:"name" doc:"Internal."`
	DisplayName         string                 `json:"display_name" doc:"What buyers read."`
	Description         string                 `json:"description,omitzero"`
	Redemption          string                 `json:"redemption_type" enum:"automatic,code"`
	Class               string                 `json:"discount_class" enum:"order,line_item,service_charge"`
	Method              AppliedPromotionMethod `json:"application_method"`
	Eligibility         PromotionRuleGroup     `json:"eligibility_rules,omitzero"`
	CombinesWith        *PromotionCombinesWith `json:"combines_with,omitzero"`
	Exclusivity         *PromotionExclusivity  `json:"exclusivity,omitzero"`
	Stacking            string                 `json:"stacking_mode" enum:"continue,stop_after"`
	Schedule            *PromotionSchedule     `json:"schedule,omitzero"`
	MaxUses             *int64                 `json:"max_uses,omitzero"`
	MaxPerCustomer      *int64                 `json:"max_uses_per_customer,omitzero" flint:"extension"`
	Uses                int64                  `json:"uses_count" doc:"Held by pending discounts, and redeemed."`
	Codes               *PromotionCodesSummary `json:"codes_summary,omitzero"`
	Status              string                 `json:"status" enum:"active,inactive,expired,not_yet_started,exhausted,no_active_codes,archived"`
	ExternalReferenceID string                 `json:"external_reference_id,omitzero"`
	MerchantID          string                 `json:"merchant_id,omitzero"`
	Metadata            map[string]string      `json:"metadata,omitempty"`
	CreatedAt           time.Time              `json:"created_at"`
	UpdatedAt           time.Time              `json:"updated_at"`
}

func wirePromotion(p *promotion.Promotion, now time.Time) *Promotion {
	out := &Promotion{
		ID: p.ID, Name: p.Name, DisplayName: p.DisplayName, Description: p.Description, Redemption: p.Redemption, Class: p.Class,
		Method: wireMethod(p), Eligibility: wireGroup(p.Eligibility), CombinesWith: (*PromotionCombinesWith)(p.CombinesWith),
		Exclusivity: wireExclusivity(p.Exclusivity), Stacking: p.Stacking, MaxUses: p.MaxUses, MaxPerCustomer: p.PerCustomer, Uses: p.Uses,
		Status: p.Status(now), ExternalReferenceID: p.ExternalReferenceID, MerchantID: p.Scope.MerchantID, Metadata: p.Metadata,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	if !p.StartsAt.IsZero() || !p.EndsAt.IsZero() || p.Timezone != "" {
		out.Schedule = &PromotionSchedule{StartsAt: timeIf(p.StartsAt), EndsAt: timeIf(p.EndsAt), Timezone: p.Timezone}
	}
	if p.Redemption == promotion.ByCode {
		out.Codes = &PromotionCodesSummary{Active: p.Codes.Active, Total: p.Codes.Total, Newest: p.Codes.Newest}
	}
	return out
}

func wireExclusivity(x *promotion.Exclusivity) *PromotionExclusivity {
	if x == nil {
		return nil
	}
	return &PromotionExclusivity{Group: x.Group, Selection: x.Selection, Priority: &x.Priority}
}

// PromotionCode is a text by which a promotion is asked for.
type PromotionCode struct {
	ID          string            `json:"promotion_code_id"`
	PromotionID string            `json:"promotion_id"`
	Code        string            `json:"code"`
	Status      string            `json:"status" enum:"active,inactive,expired,exhausted"`
	MaxUses     *int64            `json:"max_uses,omitzero"`
	Uses        int64             `json:"uses_count"`
	ExpiresAt   *time.Time        `json:"expires_at,omitzero"`
	Timezone    string            `json:"timezone,omitzero"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	MerchantID  string            `json:"merchant_id,omitzero"`
	Promotion   *Promotion        `json:"promotion,omitzero" doc:"When expanded."`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

func wirePromotionCode(c *promotion.Code, now time.Time) *PromotionCode {
	return &PromotionCode{
		ID: c.ID, PromotionID: c.PromotionID, Code: c.Text, Status: c.Status(now), MaxUses: c.MaxUses, Uses: c.Uses, ExpiresAt: timeIf(c.ExpiresAt),
		Timezone: c.Timezone, Metadata: c.Metadata, MerchantID: c.Scope.MerchantID, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}
