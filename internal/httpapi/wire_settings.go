package httpapi

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/money"
	"flint/internal/settings"
)

// Settings is the settings of an environment: what was said, or what holds.
type Settings struct {
	ID                          string                         `json:"settings_id"`
	Scope                       string                         `json:"settings_scope" enum:"organization,merchant,location,device" doc:"Always merchant."`
	MerchantID                  string                         `json:"merchant_id,omitzero"`
	OrganizationID              string                         `json:"organization_id,omitzero" doc:"Reserved."`
	LocationID                  string                         `json:"location_id,omitzero" doc:"Reserved."`
	DeviceID                    string                         `json:"device_id,omitzero" doc:"Reserved."`
	Version                     int64                          `json:"version" doc:"Rises with every change; 1 before the first."`
	Branding                    *BrandingSettings              `json:"branding,omitzero"`
	Checkout                    *CheckoutSettings              `json:"checkout,omitzero"`
	CheckoutDomainStatus        *CustomDomainStatus            `json:"checkout_domain_status,omitzero"`
	CustomerAccount             *CustomerAccountSettings       `json:"customer_account,omitzero"`
	CustomerAccountDomainStatus *CustomDomainStatus            `json:"customer_account_domain_status,omitzero"`
	EmailDelivery               *CustomerEmailDeliverySettings `json:"customer_email_delivery,omitzero"`
	Invoices                    *InvoiceSettings               `json:"invoices,omitzero"`
	Legal                       *LegalSettings                 `json:"legal,omitzero"`
	Receipts                    *ReceiptSettings               `json:"receipts,omitzero"`
	Tipping                     *TippingSettings               `json:"tipping,omitzero"`
	PaymentLimits               *PaymentLimitSettings          `json:"payment_limits,omitzero"`
	Promotions                  *PromotionSettings             `json:"promotions,omitzero"`
	Catalog                     *CatalogSettings               `json:"catalog,omitzero"`
	Fulfillment                 *FulfillmentSettings           `json:"fulfillment,omitzero"`
	Inventory                   any                            `json:"inventory,omitzero" doc:"Reserved."`
	Subscriptions               any                            `json:"subscriptions,omitzero" doc:"Reserved."`
	Tax                         *TaxSettings                   `json:"tax,omitzero"`
	TaxIdentity                 *SettingsTaxIdentity           `json:"tax_identity,omitzero" flint:"nullable"`
	Recovery                    *RecoverySettings              `json:"recovery,omitzero" flint:"extension"`
	Refunds                     *RefundSettings                `json:"refunds,omitzero" flint:"extension"`
	Returns                     *ReturnSettings                `json:"returns,omitzero" flint:"extension"`
	Metadata                    map[string]string              `json:"metadata,omitzero"`
	CreatedAt                   *time.Time                     `json:"created_at,omitzero" doc:"Of the first change."`
	UpdatedAt                   *time.Time                     `json:"updated_at,omitzero"`
}

// BrandingSettings is the look of pages and mails. Contrast is corrected where a color is used.
type BrandingSettings struct {
	PrimaryColor    *string `json:"primary_color,omitzero" maxLength:"7" fault:"long=INVALID_COLOR" doc:"#rrggbb; buttons and links."`
	AccentColor     *string `json:"accent_color,omitzero" maxLength:"7" fault:"long=INVALID_COLOR"`
	BackgroundColor *string `json:"background_color,omitzero" maxLength:"7" fault:"long=INVALID_COLOR"`
	TextColor       *string `json:"text_color,omitzero" maxLength:"7" fault:"long=INVALID_COLOR"`
	CornerRadius    *int64  `json:"corner_radius,omitzero" doc:"Pixels, 0 to 32."`
	FontFamily      *string `json:"font_family,omitzero" enum:"instrument_sans,system_sans,system_serif,monospace" fault:"invalid=INVALID_FONT_FAMILY"`
}

// CheckoutSettings is how checkout sessions behave that do not say it themselves.
type CheckoutSettings struct {
	CustomDomain             Opt[string]                          `json:"custom_domain,omitzero" maxLength:"253" fault:"long=INVALID_CUSTOM_DOMAIN" doc:"Exact hostname; null removes it and redirects for 30 days."`
	DefaultExpiresIn         *int64                               `json:"default_expires_in_seconds,omitzero" doc:"60 to 86400. Sessions of invoices have a deadline of their own."`
	DefaultDeliveryMethodIDs []string                             `json:"default_delivery_method_ids,omitzero" maxItems:"50" doc:"Reserved."`
	EnabledPaymentOptions    []string                             `json:"enabled_payment_options,omitzero" maxItems:"10" fault:"long=PAYMENT_OPTION_UNAVAILABLE"`
	PromotionCodeEntry       *bool                                `json:"promotion_code_entry_enabled,omitzero"`
	RequireEmail             *bool                                `json:"require_email,omitzero"`
	RequirePhone             *bool                                `json:"require_phone,omitzero"`
	RequireBillingAddress    *bool                                `json:"require_billing_address,omitzero"`
	RecoveryEmail            *CheckoutRecoveryEmailSettings       `json:"recovery_email,omitzero"`
	SavedPaymentDetails      *CheckoutSavedPaymentDetailsSettings `json:"saved_payment_details,omitzero"`
	AllowedOrigins           []string                             `json:"allowed_origins,omitzero" maxItems:"50" flint:"extension" doc:"Origins whose pages may embed checkout, such as https://shop.example."`
}

// CheckoutRecoveryEmailSettings is the reminder of a checkout that a buyer left.
type CheckoutRecoveryEmailSettings struct {
	Enabled      *bool  `json:"enabled,omitzero"`
	DelaySeconds *int64 `json:"delay_seconds,omitzero" doc:"900 to 86400, whole minutes, after the last change of contact."`
}

// CheckoutSavedPaymentDetailsSettings offers buyers to keep their card.
type CheckoutSavedPaymentDetailsSettings struct {
	Enabled *bool `json:"enabled,omitzero"`
}

// CustomerAccountSettings is where buyers look after their purchases.
type CustomerAccountSettings struct {
	Mode               *string                        `json:"mode,omitzero" enum:"flint_hosted,merchant_hosted"`
	MerchantAccountURL *string                        `json:"merchant_account_url,omitzero" maxLength:"2048" fault:"long=INVALID_CUSTOMER_ACCOUNT_URL"`
	RouteTemplates     *CustomerAccountRouteTemplates `json:"route_templates,omitzero"`
	Presentation       *CustomerAccountPresentation   `json:"presentation,omitzero"`
	BuyerCapabilities  *BuyerCapabilities             `json:"buyer_capabilities,omitzero" doc:"Replaced as a whole; what is left out takes its default."`
}

// CustomerAccountRouteTemplates are addresses of the merchant's own site, each with the placeholder of its id.
type CustomerAccountRouteTemplates struct {
	Order            *string `json:"order,omitzero" maxLength:"2048" fault:"long=INVALID_CUSTOMER_ACCOUNT_ROUTE_TEMPLATE" doc:"With {order_id}."`
	Invoice          *string `json:"invoice,omitzero" maxLength:"2048" fault:"long=INVALID_CUSTOMER_ACCOUNT_ROUTE_TEMPLATE" doc:"With {invoice_id}."`
	Subscription     *string `json:"subscription,omitzero" maxLength:"2048" doc:"Reserved."`
	Return           *string `json:"return,omitzero" maxLength:"2048" fault:"long=INVALID_CUSTOMER_ACCOUNT_ROUTE_TEMPLATE" doc:"With {return_id}."`
	EmailPreferences *string `json:"email_preferences,omitzero" maxLength:"2048" fault:"long=INVALID_CUSTOMER_ACCOUNT_ROUTE_TEMPLATE"`
}

// CustomerAccountPresentation is how the hosted account presents itself.
type CustomerAccountPresentation struct {
	AccountName  *string     `json:"account_name,omitzero" maxLength:"100"`
	CustomDomain Opt[string] `json:"custom_domain,omitzero" maxLength:"253" fault:"long=INVALID_CUSTOM_DOMAIN"`
}

// BuyerCapabilities is what buyers may do themselves with subscriptions, which are not built yet.
type BuyerCapabilities struct {
	CancellationTiming  *string               `json:"cancellation_timing,omitzero" enum:"end_of_period,buyer_chooses" fault:"invalid=INVALID_BUYER_CANCELLATION_TIMING"`
	CancellationReasons []string              `json:"cancellation_reasons,omitzero" maxItems:"50"`
	Pause               *BuyerPauseCapability `json:"pause,omitzero"`
	RetentionOffer      *BuyerRetentionOffer  `json:"retention_offer,omitzero"`
}

// BuyerPauseCapability lets buyers pause for some cycles.
type BuyerPauseCapability struct {
	Enabled   *bool  `json:"enabled,omitzero"`
	MaxCycles *int64 `json:"max_cycles,omitzero" doc:"1 to 12."`
}

// BuyerRetentionOffer is shown to who is about to cancel.
type BuyerRetentionOffer struct {
	Kind        *string `json:"kind,omitzero" enum:"none,pause_instead" fault:"invalid=INVALID_RETENTION_OFFER_KIND"`
	PauseCycles *int64  `json:"pause_cycles,omitzero" doc:"1 to 12."`
}

// CustomerEmailDeliverySettings says who sends the mails of each family.
type CustomerEmailDeliverySettings struct {
	OrderReceipts         *string `json:"order_receipts,omitzero" enum:"flint_sends,merchant_sends"`
	FulfillmentUpdates    *string `json:"fulfillment_updates,omitzero" enum:"flint_sends,merchant_sends"`
	Invoices              *string `json:"invoices,omitzero" enum:"flint_sends,merchant_sends"`
	Returns               *string `json:"returns,omitzero" enum:"flint_sends,merchant_sends"`
	SubscriptionLifecycle *string `json:"subscription_lifecycle,omitzero" enum:"flint_sends,merchant_sends" doc:"Reserved."`
	Dunning               *string `json:"dunning,omitzero" enum:"flint_sends,merchant_sends"`
}

// InvoiceSettings are defaults of invoices; null clears a member.
type InvoiceSettings struct {
	NumberPrefix       Opt[string]                    `json:"invoice_number_prefix,omitzero" doc:"Up to 12 letters, digits, _ and -."`
	CreditNotePrefix   Opt[string]                    `json:"credit_note_number_prefix,omitzero" doc:"As invoice_number_prefix."`
	CollectionMode     Opt[string]                    `json:"default_collection_mode,omitzero" enum:"buyer_initiated,automatic,external" fault:"invalid=INVALID_INVOICE_COLLECTION_MODE"`
	DefaultTermID      Opt[string]                    `json:"default_invoice_payment_term_id,omitzero" maxLength:"64" fault:"long=INVOICE_PAYMENT_TERM_UNAVAILABLE"`
	Memo               Opt[string]                    `json:"default_memo,omitzero" maxLength:"4096"`
	Footer             Opt[string]                    `json:"default_footer,omitzero" maxLength:"4096"`
	ReplyToEmail       Opt[string]                    `json:"reply_to_email,omitzero" maxLength:"255" fault:"long=INVALID_INVOICE_REPLY_TO_EMAIL"`
	Timezone           Opt[string]                    `json:"timezone,omitzero" maxLength:"64" fault:"long=INVALID_INVOICE_TIMEZONE" doc:"IANA name; the merchant's reporting time zone unless set."`
	RemitToAddress     Opt[PostalAddress]             `json:"remit_to_address,omitzero"`
	PaymentPolicy      Opt[SettingsPaymentPolicy]     `json:"payment_policy,omitzero"`
	ReminderPolicy     Opt[InvoiceReminderPolicy]     `json:"reminder_policy,omitzero"`
	AutopayRetryPolicy Opt[InvoiceAutopayRetryPolicy] `json:"autopay_retry_policy,omitzero"`
}

// SettingsPaymentPolicy limits how invoices are paid.
type SettingsPaymentPolicy struct {
	EnabledPaymentOptions []string               `json:"enabled_payment_options" enum:"card,apple_pay,google_pay,affirm,ach_debit" maxItems:"5" fault:"long=INVALID_INVOICE_PAYMENT_POLICY,invalid=INVALID_INVOICE_PAYMENT_POLICY"`
	PaymentOptionLimits   []SettingsPaymentLimit `json:"payment_option_limits,omitzero" maxItems:"100" fault:"long=INVALID_INVOICE_PAYMENT_POLICY"`
	ShowCostComparison    *bool                  `json:"show_cost_comparison,omitzero"`
}

// SettingsPaymentLimit is the largest total that an option takes.
type SettingsPaymentLimit struct {
	PaymentOption string `json:"payment_option" enum:"card,apple_pay,google_pay,affirm,ach_debit"`
	MaxTotal      Money  `json:"max_total_money"`
}

// InvoiceReminderPolicy lists the reminders of an unpaid invoice.
type InvoiceReminderPolicy struct {
	Rules []InvoiceReminderRule `json:"rules" maxItems:"100" doc:"At most 20."`
}

// InvoiceReminderRule is one reminder.
type InvoiceReminderRule struct {
	DaysFromDue int64 `json:"days_from_due" doc:"-90 to 365; negative before it is due."`
}

// InvoiceAutopayRetryPolicy is when a failed automatic collection is tried again.
type InvoiceAutopayRetryPolicy struct {
	RetryDayOffsets []int64 `json:"retry_day_offsets" maxItems:"100" doc:"At most 5, rising."`
}

// LegalSettings are the links that checkouts show.
type LegalSettings struct {
	TermsURL     *string `json:"terms_of_service_url,omitzero" maxLength:"2048" fault:"long=INVALID_URL"`
	RequireTerms *bool   `json:"require_terms_of_service,omitzero"`
	RefundURL    *string `json:"refund_policy_url,omitzero" maxLength:"2048" fault:"long=INVALID_URL"`
	ShippingURL  *string `json:"shipping_policy_url,omitzero" maxLength:"2048" fault:"long=INVALID_URL"`
	ContractURL  *string `json:"contract_url,omitzero" maxLength:"2048" fault:"long=INVALID_URL"`
}

// ReceiptSettings is what receipts look like and whether they go out by themselves.
type ReceiptSettings struct {
	AutoEmail  *bool   `json:"is_auto_email_enabled,omitzero"`
	Itemized   *bool   `json:"is_itemized,omitzero"`
	HeaderText *string `json:"header_text,omitzero" maxLength:"1000"`
	FooterText *string `json:"footer_text,omitzero" maxLength:"1000"`
}

// TippingSettings is what checkouts offer that ask for a tip.
type TippingSettings struct {
	DefaultEnabled        *bool              `json:"default_enabled,omitzero"`
	CustomTipEnabled      *bool              `json:"is_custom_tip_enabled,omitzero"`
	SmartTipsEnabled      *bool              `json:"is_smart_tips_enabled,omitzero" doc:"Reserved."`
	PercentOptions        []money.Percent    `json:"tip_percent_options,omitzero" maxItems:"50" doc:"Exactly three, 1 to 100, at most 4 decimals."`
	DefaultPercent        Opt[money.Percent] `json:"default_tip_percent,omitzero" doc:"One of the options; null for none."`
	SmartTipOptions       []Money            `json:"smart_tip_money_options,omitzero" doc:"Reserved."`
	DefaultSmartTipAmount Opt[Money]         `json:"default_smart_tip_money,omitzero" doc:"Reserved."`
}

// PaymentLimitSettings are bounds of payments; they are read only.
type PaymentLimitSettings struct {
	MinAmounts map[string]Money `json:"min_amounts,omitzero"`
	MaxAmounts map[string]Money `json:"max_amounts,omitzero"`
}

// PromotionSettings bounds promotions.
type PromotionSettings struct {
	MaxPerOrder *int64 `json:"max_promotions_per_order,omitzero" doc:"1 to 20."`
}

// CatalogSettings is reserved for the settings of products.
type CatalogSettings struct{}

// UpdateCatalogSettings changes the settings of products. It is sent alone.
type UpdateCatalogSettings struct {
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
}

// FulfillmentSettings says whether fulfillments wait for the merchant's word.
type FulfillmentSettings struct {
	ApprovalRequired *bool `json:"approval_required,omitzero"`
}

// TaxSettings is reserved for defaults of taxes.
type TaxSettings struct{}

// SettingsTaxIdentity is the seller as documents name it.
type SettingsTaxIdentity struct {
	LegalName         Opt[string]        `json:"legal_name,omitzero" maxLength:"255" fault:"long=INVALID_TAX_IDENTITY"`
	RegisteredAddress Opt[PostalAddress] `json:"registered_address,omitzero"`
	TaxIDs            []jsontext.Value   `json:"tax_ids" maxItems:"20" fault:"long=INVALID_TAX_IDENTITY" doc:"Kept as sent."`
}

// RecoverySettings is the plan by which buyers are brought back to what they left.
type RecoverySettings struct {
	Steps          []RecoveryStep    `json:"steps,omitzero" maxItems:"50" doc:"At most three, in order of time; none: the one of checkout.recovery_email."`
	RequireConsent *bool             `json:"require_consent,omitzero" doc:"Remind only buyers who agreed to it."`
	QuietHours     *QuietHours       `json:"quiet_hours,omitzero"`
	FrequencyCap   *ReminderInterval `json:"frequency_cap,omitzero"`
}

// RefundSettings are the merchant's rules for refunds.
type RefundSettings struct {
	ApprovalLimit Opt[Money] `json:"refund_approval_limit_money,omitzero" doc:"A refund above it, or in another currency, waits for a second person; null for no limit."`
}

// ReturnSettings are the merchant's rules for exchanges.
type ReturnSettings struct {
	PaymentDays *int64 `json:"exchange_payment_days,omitzero" doc:"Days that a buyer has to pay the difference of an exchange, 1 to 90; 14 when nothing is said. Confirmed exchanges keep their date."`
	ShipsUnpaid *bool  `json:"ship_unpaid_exchanges,omitzero" doc:"Goods of an exchange may be handed over before the difference is paid."`
}

// RecoveryStep is one reminder.
type RecoveryStep struct {
	DelaySeconds int64  `json:"delay_seconds" doc:"After the checkout was left: 900 to 2592000, whole minutes."`
	Subject      string `json:"subject,omitzero" enum:"reminder,question,last_call" doc:"Wording; by the step's number when left out."`
}

// QuietHours is when no reminder is sent, in the buyer's time zone.
type QuietHours struct {
	Enabled *bool   `json:"enabled,omitzero"`
	Start   *string `json:"start,omitzero" doc:"HH:MM"`
	End     *string `json:"end,omitzero" doc:"HH:MM, the first minute that is not quiet; may lie after midnight."`
}

// ReminderInterval bounds reminders to one address.
type ReminderInterval struct {
	MaxMails *int64 `json:"max_mails,omitzero" doc:"1 to 10."`
	Days     *int64 `json:"days,omitzero" doc:"1 to 30."`
}

// CustomDomainStatus is how far a hostname of the merchant's has come.
type CustomDomainStatus struct {
	Hostname                  string                  `json:"hostname"`
	Status                    string                  `json:"domain_status" enum:"provisioning,active,attention_required,inactive,removed"`
	Reason                    string                  `json:"status_reason,omitzero" enum:"dns_record_missing,dns_record_mismatch,ownership_record_missing,ownership_record_mismatch,caa_record_blocks_certificate,proxied_by_another_provider,certificate_pending,custom_domains_inactive,removed_by_merchant,other"`
	DNSRecords                []CustomDomainDNSRecord `json:"dns_records" doc:"What the domain's DNS has to hold."`
	PaymentMethodDomainID     string                  `json:"payment_method_domain_id,omitzero"`
	ActivePaymentAttemptCount *int64                  `json:"active_payment_attempt_count,omitzero" doc:"Reserved."`
	LastCheckedAt             *time.Time              `json:"last_checked_at,omitzero"`
	RedirectExpiresAt         *time.Time              `json:"redirect_expires_at,omitzero"`
}

// CustomDomainDNSRecord is one record of a domain's DNS.
type CustomDomainDNSRecord struct {
	Type  string `json:"dns_record_type" enum:"cname,txt"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// wireSettings shows a document of settings, the record as it was written or the resolved whole.
func wireSettings(v *settings.View) (*Settings, error) {
	out := &Settings{}
	if err := json.Unmarshal(v.Document, out); err != nil {
		return nil, fmt.Errorf("show the settings: %w", err)
	}
	out.ID, out.Scope, out.MerchantID, out.Version = v.ID, "merchant", v.Scope.MerchantID, v.Version
	out.CreatedAt, out.UpdatedAt = timeIf(v.CreatedAt), timeIf(v.UpdatedAt)
	out.CheckoutDomainStatus, out.CustomerAccountDomainStatus = wireDomain(v.CheckoutDomain), wireDomain(v.AccountDomain)
	return out, nil
}

func wireDomain(d *settings.Domain) *CustomDomainStatus {
	if d == nil {
		return nil
	}
	out := &CustomDomainStatus{Hostname: d.Hostname, Status: d.Status, Reason: d.Reason, PaymentMethodDomainID: d.WalletDomainID,
		LastCheckedAt: timeIf(d.CheckedAt), DNSRecords: []CustomDomainDNSRecord{}}
	if d.Status == settings.DomainRemoved {
		out.RedirectExpiresAt = timeIf(d.RedirectUntil)
	}
	for _, r := range d.Records {
		out.DNSRecords = append(out.DNSRecords, CustomDomainDNSRecord{Type: r.Type, Name: r.Name, Value: r.Value})
	}
	return out
}
