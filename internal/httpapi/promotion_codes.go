package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/promotion"
)

// ListPromotionCodesInput is the request of listPromotionCodes.
type ListPromotionCodesInput struct {
	PageQuery
	PromotionID string   `query:"promotion_id" maxLength:"64"`
	Code        string   `query:"code" minLength:"1" maxLength:"100" doc:"Exact, in any letter case."`
	Status      string   `query:"status" enum:"active,inactive,expired,exhausted"`
	Expand      []string `query:"expand" enum:"promotion"`
}

// CreatePromotionCodeRequest describes a new code.
type CreatePromotionCodeRequest struct {
	Code      string            `json:"code" maxLength:"100" fault:"required=CODE_EMPTY,long=CODE_TOO_LONG" doc:"Letter case makes no difference."`
	MaxUses   *int64            `json:"max_uses,omitzero" minimum:"1" fault:"small=INVALID_MAX_USES"`
	ExpiresAt *time.Time        `json:"expires_at,omitzero"`
	Timezone  string            `json:"timezone,omitzero" maxLength:"64"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

func (r *CreatePromotionCodeRequest) domain() promotion.NewCode {
	return promotion.NewCode{Text: r.Code, MaxUses: r.MaxUses, ExpiresAt: value(r.ExpiresAt), Timezone: r.Timezone, Metadata: r.Metadata}
}

// CreatePromotionCodeInput is the request of createPromotionCode.
type CreatePromotionCodeInput struct {
	PromotionID string `path:"promotion_id" id:"promo"`
	Body        CreatePromotionCodeRequest
}

// Validate implements Validator.
func (in *CreatePromotionCodeInput) Validate() error {
	return promotion.CreateCodeInput{Code: in.Body.domain()}.Validate()
}

// UpdatePromotionCodeRequest changes the fields that are sent; null takes a limit or an end away.
type UpdatePromotionCodeRequest struct {
	Status    string         `json:"status,omitzero" enum:"active,inactive"`
	MaxUses   Opt[int64]     `json:"max_uses,omitzero" minimum:"1" fault:"small=INVALID_MAX_USES"`
	ExpiresAt Opt[time.Time] `json:"expires_at,omitzero"`
	Timezone  *string        `json:"timezone,omitzero" maxLength:"64"`
	Metadata  MetadataPatch  `json:"metadata,omitzero"`
}

// UpdatePromotionCodeInput is the request of updatePromotionCode.
type UpdatePromotionCodeInput struct {
	PromotionID string `path:"promotion_id" id:"promo"`
	CodeID      string `path:"promotion_code_id" id:"pcode"`
	Body        UpdatePromotionCodeRequest
}

func (in *UpdatePromotionCodeInput) domain() promotion.UpdateCodeInput {
	r := &in.Body
	out := promotion.UpdateCodeInput{
		PromotionID: in.PromotionID, CodeID: in.CodeID, State: r.Status, ClearMaxUses: r.MaxUses.Null, ExpiresAt: r.ExpiresAt.Ptr(),
		Timezone: r.Timezone, Metadata: metadataIf(r.Metadata),
	}
	if r.MaxUses.Set() {
		out.MaxUses = &r.MaxUses.Value
	}
	return out
}

// Validate implements Validator.
func (in *UpdatePromotionCodeInput) Validate() error { return in.domain().Validate() }

// PromotionCodeInput names a code.
type PromotionCodeInput struct {
	PromotionID string `path:"promotion_id" id:"promo"`
	CodeID      string `path:"promotion_code_id" id:"pcode"`
}

func registerPromotionCodes(a *API, s *Services) {
	Get(a, "listPromotionCodes", func(_ context.Context, tx db.Tx, c *Caller, in *ListPromotionCodesInput) (Page[*PromotionCode], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*promotion.Code, *listing.Cursor, error) {
			return s.Promotions.ListCodes(tx, promotion.ListCodesInput{
				Scope: c.Scope, PromotionID: in.PromotionID, Code: in.Code, Status: in.Status, After: after, Limit: limit,
			})
		})
		out := MapPage(page, func(v *promotion.Code) *PromotionCode { return wirePromotionCode(v, c.Now) })
		if err != nil || !slices.Contains(in.Expand, "promotion") {
			return out, err
		}
		known := map[string]*Promotion{}
		for _, v := range out.Data {
			if known[v.PromotionID] == nil {
				p, err := s.Promotions.Get(tx, c.Scope, v.PromotionID)
				if err != nil {
					return out, err
				}
				known[v.PromotionID] = wirePromotion(p, c.Now)
			}
			v.Promotion = known[v.PromotionID]
		}
		return out, nil
	}, Doc("List promotion codes", "Newest first, without deleted ones."))

	Write(a, "createPromotionCode", func(_ context.Context, tx db.Tx, c *Caller, in *CreatePromotionCodeInput) (*PromotionCode, error) {
		code, err := s.Promotions.CreateCode(tx, promotion.CreateCodeInput{Scope: c.Scope, PromotionID: in.PromotionID, Code: in.Body.domain()})
		return codeAnswer(c, code, err)
	}, Doc("Add a code to a promotion", "Its text is unique in the environment, whatever the letter case."),
		Errors("PROMOTION_NOT_CODE_GATED", "PROMOTION_ARCHIVED", "DUPLICATE_CODE", "CODE_EMPTY", "CODE_TOO_LONG"))

	Write(a, "updatePromotionCode", func(_ context.Context, tx db.Tx, c *Caller, in *UpdatePromotionCodeInput) (*PromotionCode, error) {
		u := in.domain()
		u.Scope = c.Scope
		code, err := s.Promotions.UpdateCode(tx, u)
		return codeAnswer(c, code, err)
	}, Doc("Change a promotion code", "Its text stays."), Errors("NO_FIELDS_TO_UPDATE", "INVALID_MAX_USES", "INVALID_TIMEZONE"))

	Write(a, "deletePromotionCode", func(_ context.Context, tx db.Tx, c *Caller, in *PromotionCodeInput) (*PromotionCode, error) {
		code, err := s.Promotions.DeleteCode(tx, c.Scope, in.PromotionID, in.CodeID)
		return codeAnswer(c, code, err)
	}, Doc("Delete a promotion code", "Discounts that came by it stay; the text is free again."))
}

func codeAnswer(c *Caller, code *promotion.Code, err error) (*PromotionCode, error) {
	if err != nil {
		return nil, err
	}
	return wirePromotionCode(code, c.Now), nil
}
