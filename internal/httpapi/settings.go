package httpapi

import (
	"context"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/settings"
)

// UpdateSettingsRequest changes what is sent; groups are merged, lists are replaced.
type UpdateSettingsRequest struct {
	ExpectedVersion *int64                         `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
	Branding        *BrandingSettings              `json:"branding,omitzero"`
	Checkout        *CheckoutSettings              `json:"checkout,omitzero"`
	CustomerAccount Opt[CustomerAccountSettings]   `json:"customer_account,omitzero" doc:"null clears the group."`
	EmailDelivery   *CustomerEmailDeliverySettings `json:"customer_email_delivery,omitzero"`
	Invoices        Opt[InvoiceSettings]           `json:"invoices,omitzero" doc:"null clears the group."`
	Legal           *LegalSettings                 `json:"legal,omitzero"`
	Receipts        *ReceiptSettings               `json:"receipts,omitzero"`
	Tipping         *TippingSettings               `json:"tipping,omitzero"`
	Promotions      *PromotionSettings             `json:"promotions,omitzero"`
	Catalog         *UpdateCatalogSettings         `json:"catalog,omitzero" doc:"Sent alone. There are no settings of the catalog yet."`
	Fulfillment     *FulfillmentSettings           `json:"fulfillment,omitzero"`
	Inventory       any                            `json:"inventory,omitzero" doc:"Reserved."`
	Subscriptions   any                            `json:"subscriptions,omitzero" doc:"Reserved."`
	Tax             *TaxSettings                   `json:"tax,omitzero" doc:"There are no settings of taxes yet."`
	TaxIdentity     Opt[SettingsTaxIdentity]       `json:"tax_identity,omitzero" doc:"null takes it away."`
	Recovery        *RecoverySettings              `json:"recovery,omitzero" flint:"extension"`
	Refunds         *RefundSettings                `json:"refunds,omitzero" flint:"extension"`
	Returns         *ReturnSettings                `json:"returns,omitzero" flint:"extension"`
	Metadata        MetadataPatch                  `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
}

// UpdateSettingsInput is the request of settings.update.
type UpdateSettingsInput struct {
	Body UpdateSettingsRequest
}

// Validate implements Validator.
func (in *UpdateSettingsInput) Validate() error {
	var f fault.List
	r := &in.Body
	refuseReserved(&f, r.Inventory != nil, "inventory")
	refuseReserved(&f, r.Subscriptions != nil, "subscriptions")
	if c := r.Checkout; c != nil {
		refuseReserved(&f, len(c.DefaultDeliveryMethodIDs) > 0, "checkout.default_delivery_method_ids")
	}
	if t := r.Tipping; t != nil {
		refuseReserved(&f, t.SmartTipsEnabled != nil && *t.SmartTipsEnabled, "tipping.is_smart_tips_enabled")
		refuseReserved(&f, t.SmartTipOptions != nil, "tipping.smart_tip_money_options")
		refuseReserved(&f, t.DefaultSmartTipAmount.Set(), "tipping.default_smart_tip_money")
	}
	if e := r.EmailDelivery; e != nil {
		refuseReserved(&f, e.SubscriptionLifecycle != nil, "customer_email_delivery.subscription_lifecycle")
	}
	if a := r.CustomerAccount; a.Set() && a.Value.RouteTemplates != nil {
		refuseReserved(&f, a.Value.RouteTemplates.Subscription != nil, "customer_account.route_templates.subscription")
	}
	if r.Catalog != nil {
		alone := *r
		alone.Catalog, alone.ExpectedVersion = nil, nil
		if rest, err := json.Marshal(alone); err != nil || string(rest) != "{}" || r.ExpectedVersion != nil {
			f.Add("INVALID_REQUEST", "catalog", "The settings of the catalog are changed alone, with their own expected_version.")
		} else {
			f.Add("NO_FIELDS_TO_UPDATE", "catalog", "There are no settings of the catalog yet.")
		}
	}
	return f.Err()
}

// EffectiveSettingsInput is the request of settings.getEffective.
type EffectiveSettingsInput struct {
	LocationID string `query:"location_id" maxLength:"64" doc:"Reserved: there are no locations yet."`
	DeviceID   string `query:"device_id" maxLength:"64" doc:"Reserved: there are no devices yet."`
}

// ValidateCustomDomainInput is the request of settings.validateCustomDomain.
type ValidateCustomDomainInput struct {
	DomainType string `path:"domain_type" id:"checkout|customer_account"`
	Body       *EmptyBody
}

func registerSettings(a *API, s *Services) {
	show := func(tx db.Tx, c *Caller, resolved bool) (*Settings, error) {
		v, err := s.Settings.Read(tx, c.Scope, resolved)
		if err != nil {
			return nil, err
		}
		return wireSettings(v)
	}
	Get(a, "settings.get", func(_ context.Context, tx db.Tx, c *Caller, _ *struct{}) (*Settings, error) {
		return show(tx, c, false)
	}, Doc("Read the settings as written", "Only what this environment's merchant has said; nothing is inherited or filled in."))

	Get(a, "settings.getEffective", func(_ context.Context, tx db.Tx, c *Caller, in *EffectiveSettingsInput) (*Settings, error) {
		switch {
		case in.LocationID != "":
			return nil, fault.NotFound("location")
		case in.DeviceID != "":
			return nil, fault.NotFound("device")
		}
		return show(tx, c, true)
	}, Doc("Read the settings that hold", "The merchant's settings over the platform's defaults."))

	Write(a, "settings.update", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateSettingsInput) (*Settings, error) {
		b := in.Body
		b.ExpectedVersion, b.Metadata = nil, MetadataPatch{}
		changes, err := json.Marshal(b, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		if err := s.Settings.Patch(ctx, tx, settings.PatchInput{Scope: c.Scope, Changes: changes, Metadata: metadataPatch(in.Body.Metadata),
			ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause()}); err != nil {
			return nil, err
		}
		return show(tx, c, false)
	}, Doc("Change the settings", "A sparse update: groups are merged, lists are replaced, null clears where it is allowed."),
		Errors("SETTINGS_CONCURRENT_MODIFICATION", "NO_FIELDS_TO_UPDATE", "INVALID_COLOR", "INVALID_FONT_FAMILY", "INVALID_CORNER_RADIUS",
			"INVALID_RECOVERY_EMAIL_DELAY", "CHECKOUT_RECOVERY_EMAIL_ADDRESS_REQUIRED", "INVALID_RECOVERY_PLAN", "INVALID_ALLOWED_ORIGIN",
			"INVALID_CUSTOM_DOMAIN", "CUSTOM_DOMAIN_LIVE_MODE_REQUIRED", "CUSTOM_DOMAIN_UNAVAILABLE", "INVALID_CUSTOMER_ACCOUNT_URL",
			"INVALID_CUSTOMER_ACCOUNT_ROUTE_TEMPLATE", "CUSTOMER_ACCOUNT_URL_REQUIRED", "CUSTOMER_ACCOUNT_MODE_CONFLICT",
			"INVALID_INVOICE_TIMEZONE", "INVALID_INVOICE_REMINDER_OFFSET", "INVOICE_REMINDER_RULE_LIMIT_EXCEEDED", "INVALID_INVOICE_PAYMENT_POLICY",
			"INVOICE_PAYMENT_TERM_UNAVAILABLE", "INVALID_NUMBER_PREFIX", "INVALID_TIP_PERCENTAGES_COUNT", "INVALID_DEFAULT_TIP_PERCENTAGE", "INVALID_TAX_IDENTITY"))

	Staged(a, "settings.validateCustomDomain", Steps[ValidateCustomDomainInput, *CustomDomainStatus]{
		Start: func(_ context.Context, tx db.Tx, c *Caller, in *ValidateCustomDomainInput) (string, error) {
			return s.Settings.BeginValidation(tx, c.Scope, in.DomainType)
		},
		Finish: func(ctx context.Context, c *Caller, in *ValidateCustomDomainInput, hostname string, settle func(db.Tx, *CustomDomainStatus) error) (*CustomDomainStatus, error) {
			found, err := s.Settings.EndValidation(ctx, a.DB, c.Scope, in.DomainType, hostname, c.Cause(), func(tx db.Tx, d *settings.Domain) error {
				return settle(tx, wireDomain(d))
			})
			return wireDomain(found), err
		},
	}, Doc("Check a custom domain again", "Asks the DNS at most once a minute for a domain."),
		Errors("CUSTOM_DOMAIN_NOT_CONFIGURED", "CUSTOM_DOMAIN_VALIDATION_RATE_LIMITED", "CUSTOM_DOMAIN_UNAVAILABLE", "CUSTOM_DOMAIN_LIVE_MODE_REQUIRED", "REQUEST_BODY_NOT_ALLOWED"))
}
