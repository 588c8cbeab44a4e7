package httpapi_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// fakeDNS is a domain name system that says what a test wrote into it.
type fakeDNS struct {
	mu         sync.Mutex
	cname, txt map[string]string
	err        error
}

func (d *fakeDNS) set(cname, txt map[string]string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cname, d.txt, d.err = cname, txt, err
}

func (d *fakeDNS) find(records func() map[string]string, name string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return "", d.err
	}
	v, ok := records()[name]
	if !ok {
		return "", &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return v, nil
}

func (d *fakeDNS) resolver() settings.Resolver {
	return settings.Resolver{
		CNAME: func(_ context.Context, host string) (string, error) {
			return d.find(func() map[string]string { return d.cname }, host)
		},
		TXT: func(_ context.Context, name string) ([]string, error) {
			v, err := d.find(func() map[string]string { return d.txt }, name)
			return []string{"v=spf1 -all", v}, err
		},
	}
}

func in(data map[string]any, path string) any {
	var v any = data
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func TestSettingsInheritAndMerge(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key := s.a.test
		raw := s.want(t, 200, s.call(t, "GET", "/v1/settings", key, "")).data()
		if raw["version"] != float64(1) || raw["checkout"] != nil || raw["settings_scope"] != "merchant" || raw["created_at"] != nil {
			t.Fatalf("settings before the first change: %v", raw)
		}
		whole := s.want(t, 200, s.call(t, "GET", "/v1/settings/effective", key, "")).data()
		for path, want := range map[string]any{"checkout.default_expires_in_seconds": float64(86400), "checkout.saved_payment_details.enabled": true,
			"checkout.recovery_email.enabled": false, "checkout.recovery_email.delay_seconds": float64(3600), "branding.font_family": "system_sans",
			"customer_email_delivery.order_receipts": "flint_sends", "customer_account.mode": "flint_hosted", "invoices.timezone": "UTC",
			"receipts.is_auto_email_enabled": true, "settings_id": raw["settings_id"]} {
			if got := in(whole, path); got != want {
				t.Errorf("the default of %s is %v, want %v", path, got, want)
			}
		}
		changed := s.want(t, 200, s.call(t, "PATCH", "/v1/settings", key, `{"expected_version":1,"branding":{"primary_color":"#0a7d4f"},
			"checkout":{"require_phone":true,"allowed_origins":["https://shop.example"]},
			"tipping":{"tip_percent_options":[10,12.5,20.0001],"default_tip_percent":12.5},
			"invoices":{"invoice_number_prefix":"A-","default_memo":"Thanks","remit_to_address":{"line1":"1 Main","line2":"Rear","city":"Ghent","state":"OV","postal_code":"9000","country":"BE"}},
			"customer_account":{"buyer_capabilities":{"pause":{"enabled":true,"max_cycles":5},"cancellation_reasons":["Price"]}},
			"tax_identity":{"legal_name":"Shop NV","tax_ids":[{"type":"eu_vat","value":"BE0123456789"}]},
			"recovery":{"steps":[{"delay_seconds":3600},{"delay_seconds":86400}],"quiet_hours":{"enabled":false}},"metadata":{"a":"1","b":"2"}}`)).data()
		if changed["version"] != float64(2) || in(changed, "tipping.default_tip_percent") != 12.5 || in(changed, "checkout.require_email") != nil {
			t.Fatalf("after a change: %v", changed)
		}
		again := s.want(t, 200, s.call(t, "PATCH", "/v1/settings", key, `{"checkout":{"require_email":true},"invoices":{"default_memo":null,
			"remit_to_address":{"line1":"2 Main","city":"Ghent","state":"OV","postal_code":"9000","country":"BE"}},
			"customer_account":{"buyer_capabilities":{"cancellation_timing":"buyer_chooses"}},"tax_identity":{"legal_name":null,"tax_ids":[]},"metadata":{"a":null}}`)).data()
		for path, want := range map[string]any{"version": float64(3), "checkout.require_phone": true, "checkout.require_email": true,
			"invoices.default_memo": nil, "invoices.invoice_number_prefix": "A-", "invoices.remit_to_address.line2": nil, "invoices.remit_to_address.line1": "2 Main",
			"customer_account.buyer_capabilities.pause": nil, "customer_account.buyer_capabilities.cancellation_timing": "buyer_chooses",
			"tax_identity.legal_name": nil, "metadata.a": nil, "metadata.b": "2", "branding.primary_color": "#0a7d4f"} {
			if got := in(again, path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		whole = s.want(t, 200, s.call(t, "GET", "/v1/settings/effective", key, "")).data()
		if in(whole, "customer_account.buyer_capabilities.pause.enabled") != false || in(whole, "recovery.quiet_hours.enabled") != false || in(whole, "version") != float64(3) {
			t.Errorf("what was left out of a whole has no default: %v", whole)
		}
		cleared := s.want(t, 200, s.call(t, "PATCH", "/v1/settings", key, `{"invoices":null,"customer_account":null,"tax_identity":null,"metadata":null}`)).data()
		for _, group := range []string{"invoices", "customer_account", "tax_identity", "metadata"} {
			if cleared[group] != nil {
				t.Errorf("%s is still there: %v", group, cleared[group])
			}
		}
		if a := s.want(t, 409, s.call(t, "PATCH", "/v1/settings", key, `{"expected_version":2,"checkout":{"require_email":false}}`)); a.code() != "SETTINGS_CONCURRENT_MODIFICATION" || a.fault()["current_version"] != float64(4) {
			t.Errorf("an old version: %s", a.body)
		}
		if live := s.want(t, 200, s.call(t, "GET", "/v1/settings", s.a.live, "")).data(); live["checkout"] != nil || live["settings_id"] == raw["settings_id"] {
			t.Errorf("the live environment sees what test was told: %v", live)
		}
		if in(whole, "returns.exchange_payment_days") != float64(14) || in(whole, "returns.ship_unpaid_exchanges") != false {
			t.Errorf("exchanges: %v", whole["returns"])
		}
		s.want(t, 200, s.call(t, "PATCH", "/v1/settings", key, `{"returns":{"exchange_payment_days":3,"ship_unpaid_exchanges":true}}`))
		whole = s.want(t, 200, s.call(t, "GET", "/v1/settings/effective", key, "")).data()
		if in(whole, "returns.exchange_payment_days") != float64(3) || in(whole, "returns.ship_unpaid_exchanges") != true {
			t.Errorf("exchanges after a change: %v", whole["returns"])
		}
		for _, q := range []string{"location_id=loc_1", "device_id=dev_1"} {
			if a := s.want(t, 404, s.call(t, "GET", "/v1/settings/effective?"+q, key, "")); a.code() != "RESOURCE_NOT_FOUND" {
				t.Errorf("%s: %s", q, a.body)
			}
		}
	})
}

func TestSettingsThatDoNotFit(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.Open(t, db.SQLite))
	for _, c := range []struct{ body, code, param string }{
		{`{}`, "NO_FIELDS_TO_UPDATE", ""},
		{`{"expected_version":1}`, "NO_FIELDS_TO_UPDATE", ""},
		{`{"returns":{"exchange_payment_days":0}}`, "INVALID_REQUEST", "returns.exchange_payment_days"},
		{`{"returns":{"exchange_payment_days":91}}`, "INVALID_REQUEST", "returns.exchange_payment_days"},
		{`{"branding":{"primary_color":"red"}}`, "INVALID_COLOR", "branding.primary_color"},
		{`{"branding":{"corner_radius":33}}`, "INVALID_CORNER_RADIUS", "branding.corner_radius"},
		{`{"branding":{"font_family":"comic"}}`, "INVALID_FONT_FAMILY", "branding.font_family"},
		{`{"checkout":{"default_expires_in_seconds":59}}`, "INVALID_EXPIRATION", "checkout.default_expires_in_seconds"},
		{`{"checkout":{"enabled_payment_options":[]}}`, "PAYMENT_OPTION_UNAVAILABLE", "checkout.enabled_payment_options"},
		{`{"checkout":{"enabled_payment_options":["card","cash"]}}`, "PAYMENT_OPTION_UNAVAILABLE", "checkout.enabled_payment_options[1]"},
		{`{"checkout":{"recovery_email":{"delay_seconds":930}}}`, "INVALID_RECOVERY_EMAIL_DELAY", "checkout.recovery_email.delay_seconds"},
		{`{"checkout":{"recovery_email":{"enabled":true}}}`, "CHECKOUT_RECOVERY_EMAIL_ADDRESS_REQUIRED", "checkout.recovery_email.enabled"},
		{`{"checkout":{"custom_domain":"pay.shop.example"}}`, "CUSTOM_DOMAIN_LIVE_MODE_REQUIRED", "checkout.custom_domain"},
		{`{"checkout":{"custom_domain":"Pay.shop.example"}}`, "INVALID_CUSTOM_DOMAIN", "checkout.custom_domain"},
		{`{"checkout":{"default_delivery_method_ids":["dm_1"]}}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "checkout.default_delivery_method_ids"},
		{`{"checkout":{"allowed_origins":["https://a.example","https://a.example/x"]}}`, "INVALID_ALLOWED_ORIGIN", "checkout.allowed_origins[1]"},
		{`{"checkout":{"allowed_origins":["http://a.example"]}}`, "INVALID_ALLOWED_ORIGIN", "checkout.allowed_origins[0]"},
		{`{"customer_account":{"mode":"merchant_hosted"}}`, "CUSTOMER_ACCOUNT_URL_REQUIRED", "customer_account.merchant_account_url"},
		{`{"customer_account":{"merchant_account_url":"https://a.example"}}`, "CUSTOMER_ACCOUNT_MODE_CONFLICT", "customer_account.merchant_account_url"},
		{`{"customer_account":{"mode":"merchant_hosted","merchant_account_url":"ftp://a.example"}}`, "INVALID_CUSTOMER_ACCOUNT_URL", "customer_account.merchant_account_url"},
		{`{"customer_account":{"mode":"merchant_hosted","merchant_account_url":"https://a.example","route_templates":{"order":"https://a.example/o"}}}`, "INVALID_CUSTOMER_ACCOUNT_ROUTE_TEMPLATE", "customer_account.route_templates.order"},
		{`{"customer_account":{"route_templates":{"subscription":"https://a.example/{subscription_id}"}}}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "customer_account.route_templates.subscription"},
		{`{"customer_account":{"buyer_capabilities":{"cancellation_timing":"now"}}}`, "INVALID_BUYER_CANCELLATION_TIMING", "customer_account.buyer_capabilities.cancellation_timing"},
		{`{"customer_account":{"buyer_capabilities":{"cancellation_reasons":["a","a"]}}}`, "CANCELLATION_REASON_DUPLICATE", "customer_account.buyer_capabilities.cancellation_reasons[1]"},
		{`{"customer_account":{"buyer_capabilities":{"cancellation_reasons":[" "]}}}`, "INVALID_CANCELLATION_REASON", "customer_account.buyer_capabilities.cancellation_reasons[0]"},
		{`{"customer_account":{"buyer_capabilities":{"cancellation_reasons":["1","2","3","4","5","6","7","8","9"]}}}`, "CANCELLATION_REASON_LIMIT_EXCEEDED", "customer_account.buyer_capabilities.cancellation_reasons"},
		{`{"customer_account":{"buyer_capabilities":{"pause":{"max_cycles":13}}}}`, "INVALID_BUYER_PAUSE_MAX_CYCLES", "customer_account.buyer_capabilities.pause.max_cycles"},
		{`{"customer_account":{"buyer_capabilities":{"retention_offer":{"kind":"discount"}}}}`, "INVALID_RETENTION_OFFER_KIND", "customer_account.buyer_capabilities.retention_offer.kind"},
		{`{"customer_account":{"buyer_capabilities":{"retention_offer":{"kind":"pause_instead","pause_cycles":4}}}}`, "INVALID_RETENTION_OFFER_PAUSE_CYCLES", "customer_account.buyer_capabilities.retention_offer.pause_cycles"},
		{`{"customer_email_delivery":{"subscription_lifecycle":"flint_sends"}}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "customer_email_delivery.subscription_lifecycle"},
		{`{"invoices":{"invoice_number_prefix":"A B"}}`, "INVALID_NUMBER_PREFIX", "invoices.invoice_number_prefix"},
		{`{"invoices":{"default_collection_mode":"never"}}`, "INVALID_INVOICE_COLLECTION_MODE", "invoices.default_collection_mode"},
		{`{"invoices":{"default_invoice_payment_term_id":"ipt_01J00000000000000000000000"}}`, "INVOICE_PAYMENT_TERM_UNAVAILABLE", "invoices.default_invoice_payment_term_id"},
		{`{"invoices":{"reply_to_email":"nobody"}}`, "INVALID_INVOICE_REPLY_TO_EMAIL", "invoices.reply_to_email"},
		{`{"invoices":{"timezone":"Mars/Base"}}`, "INVALID_INVOICE_TIMEZONE", "invoices.timezone"},
		{`{"invoices":{"payment_policy":{"enabled_payment_options":["card"],"payment_option_limits":[{"payment_option":"ach_debit","max_total_money":` + usd(1) + `}]}}}`, "INVALID_INVOICE_PAYMENT_POLICY", "invoices.payment_policy.payment_option_limits[0].payment_option"},
		{`{"invoices":{"reminder_policy":{"rules":[{"days_from_due":366}]}}}`, "INVALID_INVOICE_REMINDER_OFFSET", "invoices.reminder_policy.rules[0].days_from_due"},
		{`{"invoices":{"reminder_policy":{"rules":[` + strings.TrimSuffix(strings.Repeat(`{"days_from_due":1},`, 21), ",") + `]}}}`, "INVALID_REQUEST", "invoices.reminder_policy.rules"},
		{`{"invoices":{"autopay_retry_policy":{"retry_day_offsets":[3,1]}}}`, "INVALID_INVOICE_AUTOPAY_RETRY_OFFSETS", "invoices.autopay_retry_policy.retry_day_offsets[1]"},
		{`{"invoices":{"autopay_retry_policy":{"retry_day_offsets":[1,2,3,4,5,6]}}}`, "INVOICE_AUTOPAY_RETRY_LIMIT_EXCEEDED", "invoices.autopay_retry_policy.retry_day_offsets"},
		{`{"legal":{"require_terms_of_service":true}}`, "FIELD_REQUIRED", "legal.terms_of_service_url"},
		{`{"legal":{"refund_policy_url":"javascript:alert(1)"}}`, "INVALID_URL", "legal.refund_policy_url"},
		{`{"tipping":{"tip_percent_options":[10,20]}}`, "INVALID_TIP_PERCENTAGES_COUNT", "tipping.tip_percent_options"},
		{`{"tipping":{"default_tip_percent":11}}`, "INVALID_DEFAULT_TIP_PERCENTAGE", "tipping.default_tip_percent"},
		{`{"tipping":{"is_smart_tips_enabled":true}}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "tipping.is_smart_tips_enabled"},
		{`{"inventory":{}}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "inventory"},
		{`{"subscriptions":{}}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "subscriptions"},
		{`{"catalog":{},"branding":{"corner_radius":3}}`, "INVALID_REQUEST", "catalog"},
		{`{"payment_limits":{}}`, "UNKNOWN_FIELD", "payment_limits"},
		{`{"tax_identity":{"tax_ids":["DE1"]}}`, "INVALID_TAX_IDENTITY", "tax_identity.tax_ids[0]"},
		{`{"recovery":{"steps":[{"delay_seconds":3600},{"delay_seconds":3600}]}}`, "INVALID_RECOVERY_PLAN", "recovery.steps[1].delay_seconds"},
		{`{"recovery":{"quiet_hours":{"start":"9 pm"}}}`, "INVALID_RECOVERY_PLAN", "recovery.quiet_hours.start"},
		{`{"recovery":{"frequency_cap":{"days":31}}}`, "INVALID_RECOVERY_PLAN", "recovery.frequency_cap.days"},
		{`{"branding":null}`, "NULL_NOT_ALLOWED", "branding"},
	} {
		a := s.call(t, "PATCH", "/v1/settings", s.a.test, c.body)
		if a.status != 400 || a.code() != c.code || a.param() != c.param {
			t.Errorf("%s: %d %s %s, want %s at %s", c.body, a.status, a.code(), a.param(), c.code, c.param)
		}
	}
	if v := s.call(t, "GET", "/v1/settings", s.a.test, "").data()["version"]; v != float64(1) {
		t.Errorf("refused changes made version %v", v)
	}
}

func TestCustomDomain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key := s.a.live
		validate := func(key string) answer {
			t.Helper()
			return s.call(t, "POST", "/v1/settings/custom-domains/checkout/validate", key, "")
		}
		s.code(t, 400, "CUSTOM_DOMAIN_LIVE_MODE_REQUIRED", validate(s.a.test))
		s.code(t, 409, "CUSTOM_DOMAIN_NOT_CONFIGURED", validate(key))
		s.code(t, 404, "RESOURCE_NOT_FOUND", s.call(t, "POST", "/v1/settings/custom-domains/shop/validate", key, ""))
		s.code(t, 409, "CUSTOM_DOMAIN_UNAVAILABLE", s.call(t, "PATCH", "/v1/settings", key, `{"checkout":{"custom_domain":"flint.test"}}`))
		set := func(key, v string) map[string]any {
			t.Helper()
			return s.want(t, 200, s.call(t, "PATCH", "/v1/settings", key, `{"checkout":{"custom_domain":`+v+`}}`)).data()
		}
		status := set(key, `"pay.shop.example"`)["checkout_domain_status"].(map[string]any)
		records := status["dns_records"].([]any)
		if status["domain_status"] != "provisioning" || in(records[0].(map[string]any), "value") != "flint.test" || len(records) != 2 {
			t.Fatalf("a new domain: %v", status)
		}
		proof := records[1].(map[string]any)
		check := func(want, reason string) {
			t.Helper()
			s.clock.Set(s.clock.Now().Add(settings.ValidateAfter))
			a := s.want(t, 200, validate(key)).data()
			got, _ := a["status_reason"].(string)
			if a["domain_status"] != want || got != reason {
				t.Errorf("the domain is %v because of %q, want %s because of %q", a["domain_status"], got, want, reason)
			}
		}
		check("provisioning", "ownership_record_missing")
		if a := s.code(t, 429, "CUSTOM_DOMAIN_VALIDATION_RATE_LIMITED", validate(key)); a.header.Get("Retry-After") != "60" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
		owned := map[string]string{proof["name"].(string): proof["value"].(string)}
		s.dns.set(nil, map[string]string{proof["name"].(string): "flint-domain=else"}, nil)
		check("provisioning", "ownership_record_mismatch")
		s.dns.set(map[string]string{"pay.shop.example": "pay.shop.example."}, owned, nil)
		check("provisioning", "dns_record_missing")
		s.dns.set(map[string]string{"pay.shop.example": "elsewhere.example."}, owned, nil)
		check("provisioning", "dns_record_mismatch")
		s.dns.set(map[string]string{"pay.shop.example": "FLINT.test."}, owned, nil)
		check("active", "")
		s.dns.set(nil, nil, &net.DNSError{Err: "timeout", IsTimeout: true})
		check("attention_required", "other")
		s.dns.set(map[string]string{"pay.shop.example": "edge.example.", "flint.test": "edge.example."}, owned, nil)
		check("active", "")
		if found := s.call(t, "GET", "/v1/payment-method-domains", key, "").list(); len(found) != 1 || in(found[0].(map[string]any), "domain_name") != "pay.shop.example" {
			t.Errorf("an active checkout domain is registered for wallets: %v", found)
		}
		s.code(t, 409, "CUSTOM_DOMAIN_UNAVAILABLE", s.call(t, "PATCH", "/v1/settings", s.b.live, `{"checkout":{"custom_domain":"pay.shop.example"}}`))
		gone := set(key, "null")
		domain := gone["checkout_domain_status"].(map[string]any)
		until, _ := time.Parse(time.RFC3339, domain["redirect_expires_at"].(string))
		if domain["domain_status"] != "removed" || !until.Equal(s.clock.Now().Add(30*24*time.Hour)) || in(gone, "checkout.custom_domain") != nil {
			t.Errorf("after the removal: %v", domain)
		}
		var told []string
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.Query(func(r db.Row) error {
				var data string
				err := r.Scan(&data)
				told = append(told, data)
				return err
			}, `SELECT data FROM events WHERE merchant_id = $1 AND environment_id = $2 AND type = 'custom_domain.status_changed' ORDER BY sequence`,
				s.a.Live.Scope.MerchantID, s.a.Live.Scope.EnvironmentID)
		}); err != nil {
			t.Fatal(err)
		}
		want := []string{"provisioning", "active", "attention_required", "active", "removed"}
		if len(told) != len(want) {
			t.Fatalf("%d events: %v", len(told), told)
		}
		for n, w := range want {
			if !strings.Contains(told[n], `"domain_status":"`+w+`"`) || !strings.Contains(told[n], `"domain_type":"checkout"`) {
				t.Errorf("event %d is %s, want %s", n, told[n], w)
			}
		}
		set(key, `"pay.shop.example"`)
		set(key, `"other.shop.example"`)
		if domain := s.call(t, "GET", "/v1/settings", key, "").data()["checkout_domain_status"].(map[string]any); domain["hostname"] != "other.shop.example" {
			t.Errorf("the domain in use is %v", domain)
		}
	})
}

func TestPaymentMethodDomains(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key := s.a.test
		made := s.want(t, 201, s.call(t, "POST", "/v1/payment-method-domains", key, `{"domain_name":"shop.example"}`)).data()
		id, _ := made["payment_method_domain_id"].(string)
		if made["status"] != "active" || made["validation_status"] != "unavailable" || len(made["payment_options"].([]any)) != 2 {
			t.Errorf("a new domain: %v", made)
		}
		s.code(t, 409, "PAYMENT_METHOD_DOMAIN_EXISTS", s.call(t, "POST", "/v1/payment-method-domains", key, `{"domain_name":"shop.example"}`))
		for _, bad := range []string{"", "shop", "https://shop.example", "Shop.example", "*.shop.example", "10.0.0.1", "shop.example."} {
			s.code(t, 400, "INVALID_DOMAIN_NAME", s.call(t, "POST", "/v1/payment-method-domains", key, `{"domain_name":"`+bad+`"}`))
		}
		embeds := func(origin string) (ok bool) {
			t.Helper()
			if err := d.Read(t.Context(), func(tx db.Tx) (err error) {
				ok, err = s.services.Settings.MayEmbed(tx, tenant.Scope(s.a.Sandbox.Scope), origin)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if !embeds("https://shop.example") || embeds("http://shop.example") || embeds("https://shop.example:8443") || embeds("https://x.shop.example") {
			t.Error("the wrong origins may embed")
		}
		off := s.want(t, 200, s.call(t, "PATCH", "/v1/payment-method-domains/"+id, key, `{"status":"inactive"}`)).data()
		if off["status"] != "inactive" || embeds("https://shop.example") {
			t.Errorf("switched off: %v", off)
		}
		s.want(t, 200, s.call(t, "PATCH", "/v1/settings", key, `{"checkout":{"allowed_origins":["http://localhost:3000"]}}`))
		if !embeds("http://localhost:3000") || embeds("http://localhost:3001") {
			t.Error("an allowed origin does not count")
		}
		if got := s.want(t, 200, s.call(t, "GET", "/v1/payment-method-domains/"+id, key, "")).data(); got["status"] != "inactive" {
			t.Errorf("read again: %v", got)
		}
		s.want(t, 404, s.call(t, "GET", "/v1/payment-method-domains/"+id, s.b.test, ""))
		s.want(t, 201, s.call(t, "POST", "/v1/payment-method-domains", s.b.test, `{"domain_name":"shop.example"}`))
		if n := len(s.call(t, "GET", "/v1/payment-method-domains", key, "").list()); n != 1 {
			t.Errorf("%d domains", n)
		}
	})
}

// code wants a refusal by its status and code.
func (s *shop) code(t testing.TB, status int, code string, a answer) answer {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Errorf("%d %s, want %d %s: %s", a.status, a.code(), status, code, a.body)
	}
	return a
}
