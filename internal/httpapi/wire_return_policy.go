package httpapi

import (
	"time"

	"flint/internal/money"
	"flint/internal/returnpolicy"
)

// ReturnPolicyScope says which lines a revision rules. Goods are alternatives of each other; channels and
// locations narrow them.
type ReturnPolicyScope struct {
	MatchType       string   `json:"match_type,omitzero" enum:"all,include" doc:"include when something is named, else all."`
	ProductIDs      []string `json:"product_ids,omitempty"`
	VariantIDs      []string `json:"variant_ids,omitempty"`
	CategoryHandles []string `json:"category_handles,omitempty"`
	ChannelTypes    []string `json:"channel_types,omitempty" doc:"Origins of orders, such as api, checkout or payment_link."`
	LocationIDs     []string `json:"location_ids,omitempty" doc:"Where the goods were fulfilled from."`
}

// ReturnWindow is how long after an event goods may be asked back. A window whose event has not happened has
// not begun.
type ReturnWindow struct {
	StartsAt string `json:"starts_at_event" enum:"fulfilled,delivered,picked_up,service_completed"`
	Seconds  int64  `json:"duration_seconds"`
}

// ReturnRestockingFeePolicy is a fee on a return line, at most the line's value.
type ReturnRestockingFeePolicy struct {
	Calculation string         `json:"calculation_type" enum:"flat,percent"`
	Flat        *Money         `json:"flat_money,omitzero" doc:"Once for a line of a return."`
	Percent     *money.Percent `json:"percent,omitzero" doc:"Of the units' price after discounts, before tax on top."`
}

// ReturnShippingPolicy says who pays the way back.
type ReturnShippingPolicy struct {
	Payer string `json:"payer" enum:"merchant,buyer"`
	Fee   *Money `json:"fee_money,omitzero" flint:"extension" doc:"What a buyer pays for the merchant's label, once for a return. Without it the buyer pays the carrier."`
}

// ReturnReceivingDestination is where goods are sent.
type ReturnReceivingDestination struct {
	Name         string  `json:"name,omitzero"`
	Address      Address `json:"address"`
	Instructions string  `json:"instructions,omitzero" doc:"What buyers are told about sending the goods."`
}

// ReturnPolicyRules are what a revision says.
type ReturnPolicyRules struct {
	Scope                   ReturnPolicyScope           `json:"scope"`
	Priority                int64                       `json:"priority" doc:"The higher number rules; then the narrower scope; then the newer revision."`
	Result                  string                      `json:"eligibility_result" enum:"eligible,ineligible,review_required"`
	IneligibilityReason     string                      `json:"ineligibility_reason,omitzero" enum:"final_sale,product_excluded,category_excluded,market_restricted,channel_restricted,outside_return_window,other"`
	ApprovalMode            string                      `json:"approval_mode" enum:"automatic,manual"`
	MerchandiseRequired     bool                        `json:"is_merchandise_return_required"`
	LocationID              string                      `json:"receiving_location_id,omitzero" doc:"Required when goods must come back."`
	Destination             *ReturnReceivingDestination `json:"receiving_destination,omitzero" flint:"extension" doc:"The address of the location, as buyers are told it."`
	InspectionRequired      bool                        `json:"is_inspection_required,omitzero"`
	ReceiptDispositionMode  string                      `json:"receipt_disposition_mode,omitzero" enum:"automatic,manual" doc:"automatic when left out."`
	Allowed                 []string                    `json:"allowed_resolution_types,omitempty" enum:"refund,exchange,replacement,no_monetary_action" doc:"Required unless ineligible."`
	ResolutionMode          string                      `json:"resolution_mode,omitzero" enum:"automatic,manual" doc:"Required unless ineligible."`
	ResolutionSelectionMode string                      `json:"resolution_selection_mode,omitzero" enum:"policy_default,buyer_requested" doc:"Required with an automatic resolution."`
	AutomaticResolutionType string                      `json:"automatic_resolution_type,omitzero" enum:"refund,exchange,replacement,no_monetary_action"`
	RefundTiming            string                      `json:"refund_timing,omitzero" enum:"after_approval,after_handoff,after_receipt,after_inspection,manual" doc:"Required when a refund is allowed."`
	CompletionMode          string                      `json:"completion_mode,omitzero" enum:"manual,automatic" doc:"Required unless ineligible."`
	Window                  *ReturnWindow               `json:"return_window,omitzero" doc:"Without it a line may always come back."`
	RestockingFee           *ReturnRestockingFeePolicy  `json:"restocking_fee,omitzero"`
	Shipping                *ReturnShippingPolicy       `json:"return_shipping,omitzero"`
}

// ReturnPolicyRevisionRequest is the content of a new revision.
type ReturnPolicyRevisionRequest struct{ ReturnPolicyRules }

// ReturnPolicyRevision is one immutable set of rules.
type ReturnPolicyRevision struct {
	ID       string `json:"return_policy_revision_id"`
	PolicyID string `json:"return_policy_id"`
	ReturnPolicyRules
	CreatedAt   time.Time `json:"created_at"`
	EffectiveAt time.Time `json:"effective_at,omitzero" doc:"Since when it could rule; when it was published."`
}

// ReturnPolicy is what revisions belong to.
type ReturnPolicy struct {
	ID                  string                `json:"return_policy_id"`
	Name                string                `json:"name"`
	Status              string                `json:"status" enum:"active,inactive,archived"`
	RevisionID          string                `json:"current_return_policy_revision_id"`
	Revision            *ReturnPolicyRevision `json:"current_revision,omitzero" flint:"nullable" doc:"With expand=current_revision."`
	ExternalReferenceID string                `json:"external_reference_id,omitzero"`
	Metadata            map[string]string     `json:"metadata"`
	SupportedActions    []string              `json:"supported_actions" doc:"update, publish_revision, activate, deactivate, archive: what can be done now."`
	Version             int64                 `json:"version"`
	CreatedAt           time.Time             `json:"created_at"`
	UpdatedAt           time.Time             `json:"updated_at"`
}

// ReturnReason is what a buyer may say about why goods come back.
type ReturnReason struct {
	ID                  string    `json:"return_reason_id"`
	Handle              string    `json:"handle"`
	Name                string    `json:"name"`
	Description         string    `json:"description,omitzero"`
	CategoryHandles     []string  `json:"category_handles" doc:"Lines of which categories it fits; empty for all."`
	NoteRequired        bool      `json:"is_note_required"`
	Source              string    `json:"source" enum:"flint,merchant"`
	Status              string    `json:"status" enum:"active,archived"`
	ExternalReferenceID string    `json:"external_reference_id,omitzero"`
	SupportedActions    []string  `json:"supported_actions" doc:"update, archive; nothing for built-in reasons."`
	Version             int64     `json:"version"`
	CreatedAt           time.Time `json:"created_at"`
	UpdatedAt           time.Time `json:"updated_at"`
}

func (r *ReturnPolicyRules) domain() returnpolicy.Rules {
	out := returnpolicy.Rules{
		Match: returnpolicy.Match{
			Type: r.Scope.MatchType, ProductIDs: r.Scope.ProductIDs, VariantIDs: r.Scope.VariantIDs, CategoryHandles: r.Scope.CategoryHandles,
			ChannelTypes: r.Scope.ChannelTypes, LocationIDs: r.Scope.LocationIDs,
		},
		Priority: r.Priority, Result: r.Result, IneligibilityReason: r.IneligibilityReason, ApprovalMode: r.ApprovalMode,
		MerchandiseRequired: r.MerchandiseRequired, ReceivingLocationID: r.LocationID, InspectionRequired: r.InspectionRequired,
		ReceiptDispositionMode: r.ReceiptDispositionMode, AllowedResolutionTypes: r.Allowed, ResolutionMode: r.ResolutionMode,
		ResolutionSelectionMode: r.ResolutionSelectionMode, AutomaticResolutionType: r.AutomaticResolutionType, RefundTiming: r.RefundTiming,
		CompletionMode: r.CompletionMode,
	}
	if d := r.Destination; d != nil {
		out.Destination = &returnpolicy.Destination{Name: d.Name, Address: returnpolicy.Address(d.Address), Instructions: d.Instructions}
	}
	if w := r.Window; w != nil {
		out.Window = &returnpolicy.Window{StartsAt: w.StartsAt, Seconds: w.Seconds}
	}
	if f := r.RestockingFee; f != nil {
		out.RestockingFee = &returnpolicy.Fee{Calculation: f.Calculation, Flat: amountOf(f.Flat), Percent: value(f.Percent)}
	}
	if s := r.Shipping; s != nil {
		out.Shipping = &returnpolicy.Shipping{Payer: s.Payer, Fee: amountOf(s.Fee)}
	}
	return out
}

func amountOf(m *Money) *money.Amount {
	if m == nil {
		return nil
	}
	return &money.Amount{Minor: m.Amount, Currency: money.Currency(m.Currency)}
}

func moneyOf(a *money.Amount) *Money {
	if a == nil {
		return nil
	}
	return &Money{Amount: a.Minor, Currency: string(a.Currency)}
}

func wireReturnPolicyRevision(r *returnpolicy.Revision) *ReturnPolicyRevision {
	m := r.Match
	out := &ReturnPolicyRevision{ID: r.ID, PolicyID: r.PolicyID, CreatedAt: r.CreatedAt, EffectiveAt: r.CreatedAt, ReturnPolicyRules: ReturnPolicyRules{
		Scope: ReturnPolicyScope{
			MatchType: m.Type, ProductIDs: m.ProductIDs, VariantIDs: m.VariantIDs, CategoryHandles: m.CategoryHandles, ChannelTypes: m.ChannelTypes,
			LocationIDs: m.LocationIDs,
		},
		Priority: r.Priority, Result: r.Result, IneligibilityReason: r.IneligibilityReason, ApprovalMode: r.ApprovalMode,
		MerchandiseRequired: r.MerchandiseRequired, LocationID: r.ReceivingLocationID, InspectionRequired: r.InspectionRequired,
		ReceiptDispositionMode: r.ReceiptDispositionMode, Allowed: listed(r.AllowedResolutionTypes), ResolutionMode: r.ResolutionMode,
		ResolutionSelectionMode: r.ResolutionSelectionMode, AutomaticResolutionType: r.AutomaticResolutionType, RefundTiming: r.RefundTiming,
		CompletionMode: r.CompletionMode,
	}}
	if d := r.Destination; d != nil {
		out.Destination = &ReturnReceivingDestination{Name: d.Name, Address: Address(d.Address), Instructions: d.Instructions}
	}
	if w := r.Window; w != nil {
		out.Window = &ReturnWindow{StartsAt: w.StartsAt, Seconds: w.Seconds}
	}
	if f := r.RestockingFee; f != nil {
		out.RestockingFee = &ReturnRestockingFeePolicy{Calculation: f.Calculation, Flat: moneyOf(f.Flat), Percent: unlessZero(f.Percent)}
	}
	if s := r.Shipping; s != nil {
		out.Shipping = &ReturnShippingPolicy{Payer: s.Payer, Fee: moneyOf(s.Fee)}
	}
	return out
}

func wireReturnPolicy(p *returnpolicy.Policy, expanded bool) *ReturnPolicy {
	out := &ReturnPolicy{
		ID: p.ID, Name: p.Name, Status: p.Status, RevisionID: p.RevisionID, ExternalReferenceID: p.ExternalReferenceID, Metadata: mapped(p.Metadata),
		SupportedActions: []string{}, Version: p.Version, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	switch p.Status {
	case returnpolicy.StatusActive:
		out.SupportedActions = []string{"update", "publish_revision", "deactivate", "archive"}
	case returnpolicy.StatusInactive:
		out.SupportedActions = []string{"update", "publish_revision", "activate", "archive"}
	}
	if expanded {
		out.Revision = wireReturnPolicyRevision(p.Revision)
	}
	return out
}

func wireReturnReason(r *returnpolicy.Reason) *ReturnReason {
	out := &ReturnReason{
		ID: r.ID, Handle: r.Handle, Name: r.Name, Description: r.Description, CategoryHandles: listed(r.CategoryHandles), NoteRequired: r.NoteRequired,
		Source: r.Source, Status: r.Status, ExternalReferenceID: r.ExternalReferenceID, SupportedActions: []string{}, Version: r.Version,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	if r.Source == returnpolicy.SourceMerchant && r.Status == returnpolicy.StatusActive {
		out.SupportedActions = []string{"update", "archive"}
	}
	return out
}
