package httpapi

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/promotion"
)

// ListPromotionsInput is the request of listPromotions.
type ListPromotionsInput struct {
	PageQuery
	Status              []string  `query:"status" enum:"active,inactive,expired,not_yet_started,exhausted,no_active_codes,archived" doc:"All but archived when left out."`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255" doc:"Exact."`
	Query               string    `query:"query" maxLength:"255" doc:"Part of a name or of the external reference."`
	ProductID           string    `query:"product_id" maxLength:"64" doc:"A rule names it."`
	VariantID           string    `query:"variant_id" maxLength:"64" doc:"A rule names it."`
	BundleID            string    `query:"bundle_id" maxLength:"64" doc:"Reserved: no rule names bundles."`
	CategoryHandle      string    `query:"category_handle" maxLength:"255" doc:"A rule names it."`
	Redemption          string    `query:"redemption_type" enum:"automatic,code"`
	Class               string    `query:"discount_class" enum:"order,line_item,service_charge"`
	SortBy              string    `query:"sort_by" enum:"name,created_at,updated_at"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
}

// Validate implements Validator.
func (in *ListPromotionsInput) Validate() error {
	var f fault.List
	if in.ProductID != "" && in.VariantID != "" || in.ProductID+in.VariantID != "" && in.CategoryHandle != "" {
		f.Add("INVALID_QUERY_PARAMETER", "product_id", "Filter by a product, a variant or a category, one at a time.")
	}
	return f.Err()
}

func (in *ListPromotionsInput) target() string {
	for attribute, v := range map[string]string{
		"line_item.product_id": in.ProductID, "line_item.variant_id": in.VariantID, "line_item.category_handle": in.CategoryHandle,
	} {
		if v != "" {
			return strings.ToLower(attribute + "=" + v)
		}
	}
	return ""
}

// PromotionInput names a promotion.
type PromotionInput struct {
	PromotionID string `path:"promotion_id" id:"promo"`
}

// CreatePromotionRequest describes a new promotion.
type CreatePromotionRequest struct {
	Name                string                       `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG" doc:"Internal."`
	Method              PromotionMethod              `json:"application_method"`
	DisplayName         string                       `json:"display_name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG" doc:"What buyers read; the name when left out."`
	Description         string                       `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Redemption          string                       `json:"redemption_type,omitzero" enum:"automatic,code" doc:"code when codes are sent, else automatic."`
	Class               string                       `json:"discount_class,omitzero" enum:"order,line_item,service_charge" fault:"invalid=INVALID_DISCOUNT_CLASS" doc:"line_item for buy_x_get_y, else order."`
	Eligibility         PromotionRuleGroup           `json:"eligibility_rules,omitzero"`
	CombinesWith        *PromotionCombinesWith       `json:"combines_with,omitzero"`
	Exclusivity         *PromotionExclusivity        `json:"exclusivity,omitzero"`
	Stacking            string                       `json:"stacking_mode,omitzero" enum:"continue,stop_after"`
	Schedule            *PromotionSchedule           `json:"schedule,omitzero"`
	MaxUses             *int64                       `json:"max_uses,omitzero" minimum:"1" fault:"small=INVALID_MAX_USES"`
	MaxPerCustomer      *int64                       `json:"max_uses_per_customer,omitzero" minimum:"1" fault:"small=INVALID_MAX_USES" flint:"extension" doc:"Needs a known customer."`
	Codes               []CreatePromotionCodeRequest `json:"codes,omitempty" maxItems:"100"`
	ExternalReferenceID string                       `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata            map[string]string            `json:"metadata,omitempty"`
}

// CreatePromotionInput is the request of createPromotion.
type CreatePromotionInput struct {
	Body CreatePromotionRequest

	domain promotion.CreateInput
}

// Validate implements Validator.
func (in *CreatePromotionInput) Validate() error {
	var f fault.List
	r := &in.Body
	class := r.Class
	if class == "" && r.Method.Type == promotion.BuyXGetY {
		class = promotion.ClassLineItem
	}
	p := promotion.Promotion{
		Name: r.Name, DisplayName: r.DisplayName, Description: r.Description, Redemption: r.Redemption, Class: class, Method: r.Method.domain(&f, class),
		CombinesWith: (*promotion.Combines)(r.CombinesWith), Exclusivity: r.Exclusivity.domain(), Stacking: r.Stacking, MaxUses: r.MaxUses,
		PerCustomer: r.MaxPerCustomer, ExternalReferenceID: r.ExternalReferenceID, Metadata: r.Metadata,
	}
	if r.Eligibility != nil {
		p.Eligibility = promotion.ParseEligibility(&f, "eligibility_rules", jsontext.Value(r.Eligibility))
	}
	r.Schedule.apply(&p)
	in.domain = promotion.CreateInput{Promotion: p}
	for i := range r.Codes {
		in.domain.Codes = append(in.domain.Codes, r.Codes[i].domain())
	}
	if f.Err() == nil { // what was not parsed would be missing
		addRules(&f, in.domain.Validate())
	}
	return f.Err()
}

func (s *PromotionSchedule) apply(p *promotion.Promotion) {
	if s == nil {
		p.StartsAt, p.EndsAt, p.Timezone = time.Time{}, time.Time{}, ""
		return
	}
	p.StartsAt, p.EndsAt, p.Timezone = value(s.StartsAt), value(s.EndsAt), s.Timezone
}

// UpdatePromotionRequest changes the fields that are sent; null takes away.
type UpdatePromotionRequest struct {
	Name                *string                    `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Method              *PromotionMethod           `json:"application_method,omitzero" doc:"Replaces the whole method; its type stays."`
	DisplayName         *string                    `json:"display_name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Description         *string                    `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	Class               string                     `json:"discount_class,omitzero" enum:"order,line_item,service_charge" doc:"Cannot become another one."`
	Eligibility         Opt[PromotionRuleGroup]    `json:"eligibility_rules,omitzero"`
	CombinesWith        Opt[PromotionCombinesWith] `json:"combines_with,omitzero"`
	Exclusivity         Opt[PromotionExclusivity]  `json:"exclusivity,omitzero"`
	Stacking            string                     `json:"stacking_mode,omitzero" enum:"continue,stop_after"`
	Schedule            Opt[PromotionSchedule]     `json:"schedule,omitzero"`
	MaxUses             Opt[int64]                 `json:"max_uses,omitzero" minimum:"1" fault:"small=INVALID_MAX_USES"`
	MaxPerCustomer      Opt[int64]                 `json:"max_uses_per_customer,omitzero" minimum:"1" fault:"small=INVALID_MAX_USES" flint:"extension"`
	Status              string                     `json:"status,omitzero" enum:"active,inactive"`
	ExternalReferenceID *string                    `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata            MetadataPatch              `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
}

// UpdatePromotionInput is the request of updatePromotion.
type UpdatePromotionInput struct {
	PromotionID string `path:"promotion_id" id:"promo"`
	Body        UpdatePromotionRequest
}

// change edits a promotion as the request says.
func (r *UpdatePromotionRequest) change(p *promotion.Promotion) error {
	var f fault.List
	setSent(&p.Name, r.Name)
	setSent(&p.DisplayName, r.DisplayName)
	setSent(&p.Description, r.Description)
	setSent(&p.ExternalReferenceID, r.ExternalReferenceID)
	setSent(&p.Class, unlessZero(r.Class))
	setSent(&p.Stacking, unlessZero(r.Stacking))
	if r.Method != nil {
		p.Method = r.Method.domain(&f, p.Class)
	}
	if r.Eligibility.Sent {
		p.Eligibility = nil
	}
	if r.Eligibility.Set() {
		p.Eligibility = promotion.ParseEligibility(&f, "eligibility_rules", jsontext.Value(r.Eligibility.Value))
	}
	if r.CombinesWith.Sent {
		p.CombinesWith = nil
	}
	if r.CombinesWith.Set() {
		v := promotion.Combines(r.CombinesWith.Value)
		p.CombinesWith = &v
	}
	if r.Exclusivity.Sent {
		p.Exclusivity = nil
	}
	if r.Exclusivity.Set() {
		p.Exclusivity = r.Exclusivity.Value.domain()
	}
	if r.Schedule.Sent {
		r.Schedule.Value.apply(p)
	}
	for _, limit := range []struct {
		field *(*int64)
		sent  Opt[int64]
	}{{&p.MaxUses, r.MaxUses}, {&p.PerCustomer, r.MaxPerCustomer}} {
		if limit.sent.Sent {
			*limit.field = nil
		}
		if limit.sent.Set() {
			*limit.field = &limit.sent.Value
		}
	}
	return f.Err()
}

func setSent[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

func registerPromotions(a *API, s *Services) {
	Get(a, "listPromotions", func(_ context.Context, tx db.Tx, c *Caller, in *ListPromotionsInput) (Page[*Promotion], error) {
		if in.BundleID != "" {
			return Page[*Promotion]{Data: []*Promotion{}}, nil
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*promotion.Promotion, *listing.Cursor, error) {
			return s.Promotions.List(tx, promotion.ListInput{
				Scope: c.Scope, Statuses: in.Status, Query: in.Query, ExternalReferenceID: in.ExternalReferenceID, Target: in.target(),
				Redemption: in.Redemption, Class: in.Class, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
				UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore, SortBy: in.SortBy, Ascending: in.SortDirection == "asc",
				After: after, Limit: limit,
			})
		})
		return MapPage(page, func(p *promotion.Promotion) *Promotion { return wirePromotion(p, c.Now) }), err
	}, Doc("List promotions", "Newest first unless sorted otherwise; archived ones only when asked for."))

	Write(a, "createPromotion", func(_ context.Context, tx db.Tx, c *Caller, in *CreatePromotionInput) (*Promotion, error) {
		in.domain.Scope = c.Scope
		p, err := s.Promotions.Create(tx, in.domain)
		return promotionAnswer(c, p, err)
	}, Doc("Create a promotion", "It applies at once, unless its schedule says later."),
		Errors("INVALID_RULE_GROUP", "INVALID_RULE_OPERATOR", "INVALID_RULE_VALUE", "INVALID_OPERATOR", "UNKNOWN_ATTRIBUTE", "DISCOUNTED_ITEM_RULES_REQUIRED",
			"QUALIFYING_ITEM_RULES_REQUIRED", "INVALID_PERCENT_OFF", "INVALID_AMOUNT_OFF", "INVALID_ALLOCATION", "INVALID_APPLICATION_METHOD",
			"INVALID_EXCLUSIVITY", "INVALID_SCHEDULE", "INVALID_MAX_USES", "DUPLICATE_CODE", "CODES_NOT_ALLOWED", "CODE_EMPTY", "CODE_TOO_LONG"))

	Get(a, "getPromotion", func(_ context.Context, tx db.Tx, c *Caller, in *PromotionInput) (*Promotion, error) {
		p, err := s.Promotions.Get(tx, c.Scope, in.PromotionID)
		return promotionAnswer(c, p, err)
	}, Doc("Read a promotion", "With the uses it has and the count of its codes."))

	Write(a, "updatePromotion", func(_ context.Context, tx db.Tx, c *Caller, in *UpdatePromotionInput) (*Promotion, error) {
		u := promotion.UpdateInput{Scope: c.Scope, PromotionID: in.PromotionID, State: in.Body.Status, Metadata: metadataIf(in.Body.Metadata), Change: in.Body.change}
		p, err := s.Promotions.Update(tx, u)
		return promotionAnswer(c, p, err)
	}, Doc("Change a promotion", "Orders that have it keep what they got until they are priced again."),
		Errors("PROMOTION_SHAPE_IMMUTABLE", "PROMOTION_ARCHIVED", "INVALID_MAX_USES"))

	Write(a, "deletePromotion", func(_ context.Context, tx db.Tx, c *Caller, in *PromotionInput) (*Promotion, error) {
		p, err := s.Promotions.Archive(tx, c.Scope, in.PromotionID)
		return promotionAnswer(c, p, err)
	}, Doc("Archive a promotion", "For good. Redeemed discounts stay what they are."))
}

func promotionAnswer(c *Caller, p *promotion.Promotion, err error) (*Promotion, error) {
	if err != nil {
		return nil, err
	}
	return wirePromotion(p, c.Now), nil
}
