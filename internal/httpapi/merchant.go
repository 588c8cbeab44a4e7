package httpapi

import (
	"time"

	"flint/internal/merchant"
)

// Merchant is the wire form of a merchant. Flint needs no onboarding with a platform, so payments are
// ready and payouts do not apply.
type Merchant struct {
	MerchantID         string               `json:"merchant_id"`
	Email              string               `json:"email"`
	BusinessName       string               `json:"business_name,omitzero"`
	BusinessType       string               `json:"business_type,omitzero" enum:"individual,company,non_profit,government_entity,other"`
	Status             string               `json:"status" enum:"active,suspended,restricted,closed"`
	StatusReason       string               `json:"status_reason,omitzero"`
	OnboardingStatus   string               `json:"onboarding_status" enum:"not_started,in_progress,completed"`
	Payments           Readiness            `json:"payments"`
	Payouts            Readiness            `json:"payouts"`
	Requirements       MerchantRequirements `json:"requirements"`
	HasPastDue         bool                 `json:"has_past_due"`
	CurrentDeadlineAt  *time.Time           `json:"current_deadline_at,omitzero"`
	ObservedAt         time.Time            `json:"observed_at"`
	Address            *PostalAddress       `json:"address,omitzero"`
	Phone              string               `json:"phone,omitzero"`
	WebsiteURL         string               `json:"website_url,omitzero"`
	SupportEmail       string               `json:"support_email,omitzero"`
	SupportPhone       string               `json:"support_phone,omitzero"`
	SupportURL         string               `json:"support_url,omitzero"`
	ReportingTimezone  string               `json:"reporting_timezone,omitzero"`
	AccentColor        string               `json:"accent_color,omitzero" flint:"extension" doc:"Color of the merchant's pages, #rrggbb."`
	Logo               *Image               `json:"logo,omitzero"`
	Icon               *Image               `json:"icon,omitzero"`
	Banners            []Banner             `json:"banners,omitzero"`
	Metadata           map[string]string    `json:"metadata,omitzero"`
	OrganizationID     string               `json:"organization_id,omitzero"`
	Organization       *Organization        `json:"organization,omitzero" flint:"nullable" doc:"With expand=organization."`
	APIVersion         string               `json:"api_version,omitzero"`
	APIVersionPinnedAt *time.Time           `json:"api_version_pinned_at,omitzero"`

	APIVersionChangedAt         *time.Time `json:"api_version_changed_at,omitzero"`
	APIVersionPrevious          string     `json:"api_version_previous,omitzero"`
	APIVersionRollbackExpiresAt *time.Time `json:"api_version_rollback_expires_at,omitzero" doc:"For 72 hours after a change of the version."`
	Version                     int64      `json:"version" doc:"Rises with every change of the profile."`
	CreatedAt                   *time.Time `json:"created_at,omitzero"`
	UpdatedAt                   *time.Time `json:"updated_at,omitzero"`
}

// PostalAddress is the contract's address.
type PostalAddress struct {
	Line1      string `json:"line1" minLength:"1" maxLength:"200"`
	Line2      string `json:"line2,omitzero" maxLength:"200"`
	City       string `json:"city" minLength:"1" maxLength:"100"`
	State      string `json:"state" minLength:"1" maxLength:"100"`
	PostalCode string `json:"postal_code" minLength:"1" maxLength:"20"`
	Country    string `json:"country" pattern:"^[A-Z]{2}$" fault:"invalid=INVALID_COUNTRY" doc:"ISO 3166-1 alpha-2."`
}

// Image is a picture by its address.
type Image struct {
	URL                 string `json:"url" minLength:"1" maxLength:"2048" fault:"invalid=INVALID_URL,long=URL_TOO_LONG,required=MISSING_URL"`
	Width               int64  `json:"width" minimum:"1" maximum:"10000"`
	Height              int64  `json:"height" minimum:"1" maximum:"10000"`
	Alt                 string `json:"alt,omitzero" maxLength:"500"`
	ExternalReferenceID string `json:"external_reference_id,omitzero" maxLength:"255"`
}

// Readiness tells whether a capability can be used.
type Readiness struct {
	Status       string       `json:"status" enum:"ready,blocked,pending,not_available,not_requested"`
	StatusReason string       `json:"status_reason,omitzero" enum:"requirements_due,requirements_past_due,pending_verification,disabled_by_platform_policy,service_unavailable,onboarding_not_started"`
	NextActions  []NextAction `json:"next_actions"`
}

// NextAction is something a caller can do next.
type NextAction struct {
	ActionType                 string     `json:"action_type" enum:"get_operation,get_checkout_session,get_payment_intent,confirm_payment_intent,capture_payment_intent,cancel_payment_intent,get_order,capture_order_payment,cancel_order_payment,pay_order,close_order,add_line_items,update_checkout_session,close_checkout_session,create_refund,get_refund,review_onboarding_state,review_merchant_readiness,list_capabilities,recreate_delivery_quote,create_merchant_account_session,issue_developer_sandbox_test_key,start_new_image_ingestion,get_payout_settings,payment_authentication"`
	URL                        string     `json:"url,omitzero"`
	RequiredScope              string     `json:"required_scope,omitzero"`
	RequiredFields             []string   `json:"required_fields,omitzero"`
	ReasonCode                 string     `json:"reason_code,omitzero"`
	ReasonMessage              string     `json:"reason_message,omitzero"`
	RequiresHumanConfirmation  bool       `json:"requires_human_confirmation,omitzero"`
	SuggestedDelayMilliseconds int64      `json:"suggested_delay_milliseconds,omitzero"`
	ExpiresAt                  *time.Time `json:"expires_at,omitzero"`

	MerchantAccountSession *NextActionMerchantAccountSession `json:"merchant_account_session,omitzero"`
}

// NextActionMerchantAccountSession tells which hosted component to open.
type NextActionMerchantAccountSession struct {
	Component          string `json:"component" enum:"account_onboarding,account_management,payouts,balances,tax_documents,notification_banner"`
	CollectionStrategy string `json:"collection_strategy,omitzero" enum:"upfront,incremental"`
	FutureRequirements string `json:"future_requirements,omitzero" enum:"omit,include"`
}

// MerchantRequirements is what a processor still asks for.
type MerchantRequirements struct {
	CurrentlyDue        []string   `json:"currently_due"`
	PastDue             []string   `json:"past_due"`
	EventuallyDue       []string   `json:"eventually_due"`
	PendingVerification []string   `json:"pending_verification"`
	DisabledReason      string     `json:"disabled_reason,omitzero" enum:"account_attention_required,account_paused,account_rejected,account_requirements_due,account_under_review,requirements_past_due,requirements_pending_verification"`
	CurrentDeadlineAt   *time.Time `json:"current_deadline_at,omitzero"`
}

// Banner is a notice to show to the merchant.
type Banner struct {
	Message       string `json:"message"`
	Style         string `json:"style" enum:"info,warning,error,success"`
	ActionLabel   string `json:"action_label,omitzero"`
	ActionHref    string `json:"action_href,omitzero"`
	DismissibleID string `json:"dismissible_id,omitzero"`
}

// wireMerchant shows a merchant to a caller. Payments are ready where a processor takes the money of the
// caller's environment; payouts are the processor's own business.
func (a *API) wireMerchant(c *Caller, m merchant.Merchant) Merchant {
	payments := "not_available"
	if a.processor(c.Scope) != "" {
		payments = capabilityReady
	}
	return Merchant{MerchantID: m.ID, Email: m.Email, BusinessName: m.BusinessName, BusinessType: m.BusinessType, Status: m.Status,
		OnboardingStatus: "completed", Payments: Readiness{Status: payments, NextActions: []NextAction{}},
		Payouts:      Readiness{Status: "not_available", NextActions: []NextAction{}},
		Requirements: MerchantRequirements{CurrentlyDue: []string{}, PastDue: []string{}, EventuallyDue: []string{}, PendingVerification: []string{}},
		ObservedAt:   c.Now, Address: (*PostalAddress)(m.Address), Phone: m.Phone, WebsiteURL: m.WebsiteURL, SupportEmail: m.SupportEmail,
		SupportPhone: m.SupportPhone, SupportURL: m.SupportURL, ReportingTimezone: m.ReportingTimezone, AccentColor: m.AccentColor,
		Logo: (*Image)(m.Logo), Icon: (*Image)(m.Icon), Banners: banners(m, c.Now), Metadata: m.Metadata, OrganizationID: m.OrganizationID,
		APIVersion: m.APIVersion, APIVersionPinnedAt: moment(m.APIVersionPinnedAt), APIVersionChangedAt: moment(m.APIVersionChangedAt),
		APIVersionPrevious: m.APIVersionPrevious, APIVersionRollbackExpiresAt: moment(m.RollbackUntil(c.Now)),
		Version: m.Version, CreatedAt: moment(m.CreatedAt), UpdatedAt: moment(m.UpdatedAt)}
}

// banners are what a merchant should be told: that the version of its requests changed and can change back.
func banners(m merchant.Merchant, now time.Time) []Banner {
	if m.RollbackUntil(now).IsZero() {
		return nil
	}
	return []Banner{{Message: "The API version was changed and can be changed back to " + m.APIVersionPrevious + ".", Style: "info",
		DismissibleID: "api-version-" + m.APIVersion}}
}
