package settings

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/fault"
	"flint/internal/text"
)

// Bounds of single settings.
const (
	MaxCornerRadius     = 32
	MaxOrigins          = 20
	MaxReminderRules    = 20
	MaxRetryOffsets     = 5
	MaxRetryOffset      = 60 // days
	MaxPromotions       = 20
	MaxRecoveryStep     = 30 * 24 * 60 * 60 // seconds
	MaxReceiptText      = 1000
	MaxDocumentText     = 4096
	maxURL              = 2048
	maxTaxIDs           = 20
	maxTaxIDBytes       = 1024
	maxReasons          = 8
	maxCycles           = 12
	maxNumberPrefix     = 12
	maxCapMails, maxCap = 10, 30

	MaxExchangePaymentDays = 90
)

var (
	colorForm   = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	prefixForm  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,12}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
	allOptions  = []string{"card", "apple_pay", "google_pay", "affirm", "ach_debit"}
)

// Check reports every field that does not fit, with its path.
func (s *Settings) Check() error {
	var f fault.List
	s.Branding.check(&f)
	s.Checkout.check(&f)
	s.CustomerAccount.check(&f)
	s.EmailDelivery.check(&f)
	s.Invoices.check(&f)
	s.Legal.check(&f)
	text.Rule{Max: MaxReceiptText, Lines: true}.Check(&f, "receipts.header_text", s.Receipts.Header)
	text.Rule{Max: MaxReceiptText, Lines: true}.Check(&f, "receipts.footer_text", s.Receipts.Footer)
	s.Tipping.check(&f)
	between(&f, "INVALID_REQUEST", "promotions.max_promotions_per_order", s.Promotions.MaxPerOrder, 1, MaxPromotions)
	s.TaxIdentity.check(&f)
	s.Recovery.check(&f)
	if limit := s.Refunds.ApprovalLimit; limit != nil {
		if limit.Minor < 0 {
			f.Add("INVALID_AMOUNT", "refunds.refund_approval_limit_money.amount", "A limit is not negative.")
		}
		if !limit.Currency.Known() {
			f.Add("UNSUPPORTED_CURRENCY", "refunds.refund_approval_limit_money.currency", "Use a currency of the table.")
		}
	}
	between(&f, "INVALID_REQUEST", "returns.exchange_payment_days", s.Returns.PaymentDays, 1, MaxExchangePaymentDays)
	if d := s.Checkout.CustomDomain; d != "" && d == s.CustomerAccount.Presentation.CustomDomain {
		f.Add("INVALID_CUSTOM_DOMAIN", "customer_account.presentation.custom_domain", "Checkout and account need different hostnames.")
	}
	return f.Err()
}

func between(f *fault.List, code, param string, v, low, high int64) {
	if v < low || v > high {
		f.Add(code, param, "This lies between %d and %d.", low, high)
	}
}

func (b Branding) check(f *fault.List) {
	for _, c := range []struct{ param, v string }{{"primary_color", b.PrimaryColor}, {"accent_color", b.AccentColor},
		{"background_color", b.BackgroundColor}, {"text_color", b.TextColor}} {
		if !colorForm.MatchString(c.v) {
			f.Add("INVALID_COLOR", "branding."+c.param, "A color is written #rrggbb.")
		}
	}
	between(f, "INVALID_CORNER_RADIUS", "branding.corner_radius", b.CornerRadius, 0, MaxCornerRadius)
	if !slices.Contains([]string{FontInstrumentSans, FontSystemSans, FontSystemSerif, FontMonospace}, b.FontFamily) {
		f.Add("INVALID_FONT_FAMILY", "branding.font_family", "There is no such family of fonts.")
	}
}

func (c Checkout) check(f *fault.List) {
	between(f, "INVALID_EXPIRATION", "checkout.default_expires_in_seconds", c.ExpiresIn, MinExpiresIn, MaxExpiresIn)
	checkOptions(f, "PAYMENT_OPTION_UNAVAILABLE", "checkout.enabled_payment_options", c.Options)
	if d := c.RecoveryEmail.DelaySeconds; d < MinRecoveryDelay || d > MaxRecoveryDelay || d%60 != 0 {
		f.Add("INVALID_RECOVERY_EMAIL_DELAY", "checkout.recovery_email.delay_seconds", "The delay is %d to %d seconds, in whole minutes.",
			MinRecoveryDelay, MaxRecoveryDelay)
	}
	checkHostname(f, "checkout.custom_domain", c.CustomDomain)
	if len(c.AllowedOrigins) > MaxOrigins {
		f.Add("INVALID_ALLOWED_ORIGIN", "checkout.allowed_origins", "There are at most %d origins.", MaxOrigins)
	}
	for n, o := range c.AllowedOrigins {
		param := fmt.Sprintf("checkout.allowed_origins[%d]", n)
		if canonical, ok := Origin(o); !ok || canonical != o {
			f.Add("INVALID_ALLOWED_ORIGIN", param, "An origin is https://, a host in lower case and a port other than 443; http is accepted for localhost only.")
		} else if slices.Contains(c.AllowedOrigins[:n], o) {
			f.Add("INVALID_ALLOWED_ORIGIN", param, "This origin is there twice.")
		}
	}
}

// checkOptions wants options that exist, each once and at least one.
func checkOptions(f *fault.List, code, param string, options []string) {
	if len(options) == 0 {
		f.Add(code, param, "At least one payment option stays enabled.")
	}
	for n, o := range options {
		if !slices.Contains(allOptions, o) || slices.Contains(options[:n], o) {
			f.Add(code, fmt.Sprintf("%s[%d]", param, n), "This payment option does not exist or is there twice.")
		}
	}
}

// Origin is the canonical form of a web origin, false for what is none that may embed a checkout.
func Origin(v string) (string, bool) {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || (u.Path != "" && u.Path != "/") || len(v) > maxURL {
		return "", false
	}
	if strings.HasSuffix(u.Host, ":") || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", false
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, true
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

func (a CustomerAccount) check(f *fault.List) {
	merchant := a.Mode == AccountMerchantHosted
	if !merchant && a.Mode != AccountFlintHosted {
		f.Add("INVALID_REQUEST", "customer_account.mode", "The mode is flint_hosted or merchant_hosted.")
	}
	switch {
	case merchant && a.URL == "":
		f.Add("CUSTOMER_ACCOUNT_URL_REQUIRED", "customer_account.merchant_account_url", "An account that the merchant hosts needs its address.")
	case !merchant && a.URL != "":
		f.Add("CUSTOMER_ACCOUNT_MODE_CONFLICT", "customer_account.merchant_account_url", "This address needs the mode merchant_hosted.")
	case a.URL != "" && !webAddress(a.URL):
		f.Add("INVALID_CUSTOMER_ACCOUNT_URL", "customer_account.merchant_account_url", "This must be an https address of at most %d characters.", maxURL)
	}
	for _, r := range []struct{ name, v, holder string }{{"order", a.Routes.Order, "{order_id}"}, {"invoice", a.Routes.Invoice, "{invoice_id}"},
		{"return", a.Routes.Return, "{return_id}"}, {"email_preferences", a.Routes.EmailPreferences, ""}} {
		param := "customer_account.route_templates." + r.name
		rest := strings.Replace(r.v, r.holder, "id", 1)
		switch {
		case r.v == "":
		case !merchant:
			f.Add("CUSTOMER_ACCOUNT_MODE_CONFLICT", param, "A page of the merchant's own needs the mode merchant_hosted.")
		case r.holder != "" && rest == r.v, strings.ContainsAny(rest, "{}"), !webAddress(rest):
			f.Add("INVALID_CUSTOMER_ACCOUNT_ROUTE_TEMPLATE", param, "This is an https address with its own placeholder, once, and no other.")
		}
	}
	if merchant && a.Presentation.CustomDomain != "" {
		f.Add("CUSTOMER_ACCOUNT_MODE_CONFLICT", "customer_account.presentation.custom_domain", "A domain for the hosted account needs the mode flint_hosted.")
	}
	text.Rule{Max: 100}.Check(f, "customer_account.presentation.account_name", a.Presentation.Name)
	checkHostname(f, "customer_account.presentation.custom_domain", a.Presentation.CustomDomain)
	a.Capabilities.check(f)
}

func (b BuyerCapabilities) check(f *fault.List) {
	const at = "customer_account.buyer_capabilities."
	if b.CancellationTiming != "end_of_period" && b.CancellationTiming != "buyer_chooses" {
		f.Add("INVALID_BUYER_CANCELLATION_TIMING", at+"cancellation_timing", "The timing is end_of_period or buyer_chooses.")
	}
	if len(b.CancellationReasons) > maxReasons {
		f.Add("CANCELLATION_REASON_LIMIT_EXCEEDED", at+"cancellation_reasons", "There are at most %d reasons.", maxReasons)
	}
	for n, r := range b.CancellationReasons {
		param := fmt.Sprintf(at+"cancellation_reasons[%d]", n)
		if slices.Contains(b.CancellationReasons[:n], r) {
			f.Add("CANCELLATION_REASON_DUPLICATE", param, "This reason is there twice.")
		}
		text.Rule{Max: 100, Required: true, TooLong: "INVALID_CANCELLATION_REASON", Missing: "INVALID_CANCELLATION_REASON"}.Check(f, param, r)
	}
	between(f, "INVALID_BUYER_PAUSE_MAX_CYCLES", at+"pause.max_cycles", b.Pause.MaxCycles, 1, maxCycles)
	switch b.RetentionOffer.Kind {
	case "none":
		if b.RetentionOffer.PauseCycles != 0 {
			f.Add("INVALID_RETENTION_OFFER_PAUSE_CYCLES", at+"retention_offer.pause_cycles", "There are cycles only with pause_instead.")
		}
	case "pause_instead":
		between(f, "INVALID_RETENTION_OFFER_PAUSE_CYCLES", at+"retention_offer.pause_cycles", b.RetentionOffer.PauseCycles, 1, b.Pause.MaxCycles)
	default:
		f.Add("INVALID_RETENTION_OFFER_KIND", at+"retention_offer.kind", "The kind is none or pause_instead.")
	}
}

func (d EmailDelivery) check(f *fault.List) {
	for _, v := range []struct{ name, who string }{{"order_receipts", d.OrderReceipts}, {"fulfillment_updates", d.FulfillmentUpdates},
		{"invoices", d.Invoices}, {"returns", d.Returns}, {"dunning", d.Dunning}} {
		if v.who != FlintSends && v.who != MerchantSends {
			f.Add("INVALID_REQUEST", "customer_email_delivery."+v.name, "This is flint_sends or merchant_sends.")
		}
	}
}

func (i Invoices) check(f *fault.List) {
	for _, p := range []struct{ name, v string }{{"invoice_number_prefix", i.NumberPrefix}, {"credit_note_number_prefix", i.CreditNotePrefix}} {
		if p.v != "" && !prefixForm.MatchString(p.v) {
			f.Add("INVALID_NUMBER_PREFIX", "invoices."+p.name, "A prefix has up to %d letters, digits, _ and -.", maxNumberPrefix)
		}
	}
	if !slices.Contains([]string{"buyer_initiated", "automatic", "external"}, i.CollectionMode) {
		f.Add("INVALID_INVOICE_COLLECTION_MODE", "invoices.default_collection_mode", "There is no such mode.")
	}
	text.Rule{Max: MaxDocumentText, Lines: true}.Check(f, "invoices.default_memo", i.Memo)
	text.Rule{Max: MaxDocumentText, Lines: true}.Check(f, "invoices.default_footer", i.Footer)
	if a, err := mail.ParseAddress(i.ReplyTo); i.ReplyTo != "" && (err != nil || a.Address != i.ReplyTo || len(i.ReplyTo) > 255) {
		f.Add("INVALID_INVOICE_REPLY_TO_EMAIL", "invoices.reply_to_email", "This is not an e-mail address.")
	}
	if _, err := time.LoadLocation(i.Timezone); err != nil || i.Timezone == "" || i.Timezone == "Local" {
		f.Add("INVALID_INVOICE_TIMEZONE", "invoices.timezone", "The time zone is an IANA name such as Europe/Berlin.")
	}
	checkAddress(f, "invoices.remit_to_address", i.RemitTo)
	if p := i.PaymentPolicy; p != nil {
		p.check(f)
	}
	if len(i.Reminders.Rules) > MaxReminderRules {
		f.Add("INVOICE_REMINDER_RULE_LIMIT_EXCEEDED", "invoices.reminder_policy.rules", "There are at most %d rules.", MaxReminderRules)
	}
	for n, r := range i.Reminders.Rules {
		if r.DaysFromDue < -90 || r.DaysFromDue > 365 || slices.Contains(i.Reminders.Rules[:n], r) {
			f.Add("INVALID_INVOICE_REMINDER_OFFSET", fmt.Sprintf("invoices.reminder_policy.rules[%d].days_from_due", n), "Days are -90 to 365, each once.")
		}
	}
	offsets := i.AutopayRetry.DayOffsets
	if len(offsets) > MaxRetryOffsets {
		f.Add("INVOICE_AUTOPAY_RETRY_LIMIT_EXCEEDED", "invoices.autopay_retry_policy.retry_day_offsets", "There are at most %d retries.", MaxRetryOffsets)
	}
	for n, d := range offsets {
		if d < 1 || d > MaxRetryOffset || n > 0 && d <= offsets[n-1] {
			f.Add("INVALID_INVOICE_AUTOPAY_RETRY_OFFSETS", fmt.Sprintf("invoices.autopay_retry_policy.retry_day_offsets[%d]", n), "Days are 1 to %d and rise.", MaxRetryOffset)
		}
	}
}

func (p PaymentPolicy) check(f *fault.List) {
	const code, at = "INVALID_INVOICE_PAYMENT_POLICY", "invoices.payment_policy."
	checkOptions(f, code, at+"enabled_payment_options", p.Options)
	for n, l := range p.Limits {
		param := fmt.Sprintf(at+"payment_option_limits[%d]", n)
		if !slices.Contains(p.Options, l.Option) {
			f.Add(code, param+".payment_option", "A limit needs an option that is enabled.")
		}
		if l.MaxTotal.Amount < 1 || !l.MaxTotal.Currency.Known() {
			f.Add(code, param+".max_total_money", "A limit is a positive amount of a known currency.")
		}
	}
}

func checkAddress(f *fault.List, param string, a *Address) {
	if a == nil {
		return
	}
	for _, l := range []struct {
		name, v  string
		max      int
		required bool
	}{{"line1", a.Line1, 200, true}, {"line2", a.Line2, 200, false}, {"city", a.City, 100, true}, {"state", a.State, 100, true}, {"postal_code", a.PostalCode, 20, true}} {
		text.Rule{Max: l.max, Required: l.required}.Check(f, param+"."+l.name, l.v)
	}
	if !countryForm.MatchString(a.Country) {
		f.Add("INVALID_COUNTRY", param+".country", "A country is two capital letters.")
	}
}

func (l Legal) check(f *fault.List) {
	for _, u := range []struct{ name, v string }{{"terms_of_service_url", l.TermsURL}, {"refund_policy_url", l.RefundURL},
		{"shipping_policy_url", l.ShippingURL}, {"contract_url", l.ContractURL}} {
		if u.v != "" && !webAddress(u.v) {
			f.Add("INVALID_URL", "legal."+u.name, "The address must be an absolute https address of at most %d characters; http is accepted for localhost only.", maxURL)
		}
	}
	if l.RequireTerms && l.TermsURL == "" {
		f.Add("FIELD_REQUIRED", "legal.terms_of_service_url", "Terms that must be accepted need an address.")
	}
}

// webAddress tells an absolute https address; http is one for this machine only.
func webAddress(v string) bool {
	u, err := url.Parse(v)
	return err == nil && u.Host != "" && u.User == nil && len(v) <= maxURL && !strings.ContainsAny(v, " \t\r\n\"<>") &&
		(u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func (t Tipping) check(f *fault.List) {
	if len(t.Percents) != 3 {
		f.Add("INVALID_TIP_PERCENTAGES_COUNT", "tipping.tip_percent_options", "There are exactly three tip percentages.")
	}
	for n, p := range t.Percents {
		if p < percent(1) || p > percent(100) {
			f.Add("INVALID_DEFAULT_TIP_PERCENTAGE", fmt.Sprintf("tipping.tip_percent_options[%d]", n), "A tip percentage lies between 1 and 100.")
		}
	}
	if p := t.DefaultPercent; p != nil && !slices.Contains(t.Percents, *p) {
		f.Add("INVALID_DEFAULT_TIP_PERCENTAGE", "tipping.default_tip_percent", "The default tip is one of tip_percent_options.")
	}
}

func (t *TaxIdentity) check(f *fault.List) {
	if t == nil {
		return
	}
	text.Rule{Max: 255, TooLong: "INVALID_TAX_IDENTITY"}.Check(f, "tax_identity.legal_name", t.LegalName)
	checkAddress(f, "tax_identity.registered_address", t.Address)
	if len(t.TaxIDs) > maxTaxIDs {
		f.Add("INVALID_TAX_IDENTITY", "tax_identity.tax_ids", "There are more than %d tax ids.", maxTaxIDs)
	}
	for n, v := range t.TaxIDs {
		if v.Kind() != jsontext.KindBeginObject || len(v) > maxTaxIDBytes {
			f.Add("INVALID_TAX_IDENTITY", fmt.Sprintf("tax_identity.tax_ids[%d]", n), "A tax id is an object of at most %d bytes.", maxTaxIDBytes)
		}
	}
}

func (r Recovery) check(f *fault.List) {
	if len(r.Steps) > MaxRecoverySteps {
		f.Add("INVALID_RECOVERY_PLAN", "recovery.steps", "There are at most %d steps.", MaxRecoverySteps)
	}
	for n, s := range r.Steps {
		if s.DelaySeconds < MinRecoveryDelay || s.DelaySeconds > MaxRecoveryStep || s.DelaySeconds%60 != 0 || n > 0 && s.DelaySeconds <= r.Steps[n-1].DelaySeconds {
			f.Add("INVALID_RECOVERY_PLAN", fmt.Sprintf("recovery.steps[%d].delay_seconds", n), "Delays are %d to %d seconds in whole minutes, and rise.",
				MinRecoveryDelay, MaxRecoveryStep)
		}
	}
	start, ok := minuteOfDay(r.QuietHours.Start)
	if !ok {
		f.Add("INVALID_RECOVERY_PLAN", "recovery.quiet_hours.start", "A time of the day is written 21:00.")
	}
	if end, fine := minuteOfDay(r.QuietHours.End); !fine || ok && end == start {
		f.Add("INVALID_RECOVERY_PLAN", "recovery.quiet_hours.end", "A time of the day is written 08:00 and differs from the start.")
	}
	between(f, "INVALID_RECOVERY_PLAN", "recovery.frequency_cap.max_mails", r.FrequencyCap.MaxMails, 1, maxCapMails)
	between(f, "INVALID_RECOVERY_PLAN", "recovery.frequency_cap.days", r.FrequencyCap.Days, 1, maxCap)
}
