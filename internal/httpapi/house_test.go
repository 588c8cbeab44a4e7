package httpapi_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/httpapi"
	"flint/internal/money"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// house is a merchant environment with one object of every kind, all of them marked: no other house may
// ever see the mark or an id.
type house struct {
	scope tenant.Scope
	key   string // with every scope
	mark  string
	ids   map[string]string // by the name of the path parameter
	grant *app.Grant        // of an app of the same merchant
	buyer []string          // the headers of a checkout credential over another order than order_id
}

// bodies are valid requests of the operations that take one; {name} stands for an id. An operation that is
// not here is called with {}.
var bodies = map[string]string{
	"createAPIKey": `{"name":"x","scopes":["customers.read"],"sandbox_id":"{sandbox_id}"}`, "updateAPIKey": `{"name":"x"}`,
	"createDeveloperSandbox": `{"name":"x"}`, "issueDeveloperSandboxTestKey": `{"name":"x","scopes":["customers.read"]}`,
	"revokeAPIKey": ``, "deleteDeveloperSandbox": ``, "resetDeveloperSandbox": ``,
	"updateMerchant":     `{"business_name":"x"}`,
	"createOrganization": `{"name":"x","parent_organization_id":"{organization_id}"}`, "updateOrganization": `{"name":"x"}`, "deleteOrganization": ``,
	"grantOrganizationMembership": `{"user_id":"{user_id}","role":"operator"}`, "revokeOrganizationMembership": ``,
	"transferOrganizationOwnership": `{"new_owner_user_id":"{user_id}"}`,
	"createCustomer":                `{"email":"x@buyer.test","name":"x"}`, "updateCustomer": `{"name":"x"}`,
	"createOrder": `{"customer_id":"{customer_id}","line_items":[{"name":"x","unit_price_money":` + usd(500) + `}]}`,
	"updateOrder": `{"customer_id":"{customer_id}"}`, "closeOrder": `{"reason_message":"x"}`,
	"addOrderLineItems":   `{"line_items":[{"name":"x","unit_price_money":` + usd(100) + `}]}`,
	"updateOrderLineItem": `{"metadata":{"k":"x"}}`, "deleteOrderLineItem": ``,
	"addOrderCharge":    `{"charge":{"type":"delivery_fee","name":"x","amount_money":` + usd(300) + `}}`,
	"updateOrderCharge": `{"name":"x"}`, "deleteOrderCharge": ``,
	"applyOrderDiscount":   `{"manual":{"name":"x","amount_money":` + usd(1) + `,"discount_class":"order"}}`,
	"removeOrderDiscounts": `{"order_discount_ids":["disc_01J00000000000000000000000"]}`, "repriceOrderDiscounts": ``,
	"sendOrderReceipt": `{"email":"x@buyer.test"}`,
	"payOrder": `{"action":"confirm_payment_intents","payment_intents":[{"payment_intent_id":"{payment_intent_id}","token":"simtok_approve"}],
		"expected_outstanding_money":` + usd(500) + `}`,
	"createOrderPaymentIntent": `{"amount_money":` + usd(100) + `}`,
	"captureOrderPayment":      ``, "cancelOrderPayment": ``, "cancelOrderPaymentAttempt": ``,
	"createRefund": `{"order_id":"{order_id}","amount_money":` + usd(1) + `}`, "updateRefund": `{"metadata":{"a":"x"}}`,
	"checkoutSessions.create": `{"order_id":"{open_order_id}"}`, "checkoutSessions.update": `{"metadata":{"a":"x"}}`, "checkoutSessions.closeSession": ``,
	"createCheckoutSessionRecoveryAction": `{"type":"recovery_link"}`, "createOrderRecoveryAction": `{"type":"recovery_link"}`, "revokeOrderRecoveryLinks": ``,
	"createWebhookEndpoint": `{"url":"https://x.test/hook"}`, "updateWebhookEndpoint": `{"description":"x"}`, "deleteWebhookEndpoint": ``,
	"createDeveloperPartnerApp": `{"name":"x","redirect_uris":["https://x.test/"],"permission_manifest":[{"permission_id":"x","title":"x","description":"x","required_scopes":["customers.read"]}]}`,
	"updateDeveloperPartnerApp": `{"api_version":"` + httpapi.Version + `"}`, "rotateDeveloperPartnerAppSecret": ``, "deleteDeveloperPartnerApp": ``,
	"publishDeveloperPartnerAppVersion": `{"name":"x"}`, "acknowledgeDeveloperPartnerAppDataRequest": `{}`,
	"revokeDeveloperPartnerAppInstall": ``, "revokeDeveloperPartnerEnvironmentGrant": ``,
	"pauseInstalledApp": ``, "resumeInstalledApp": ``, "removeInstalledApp": ``, "revokeInstalledAppGrant": ``,
	"updateInstalledAppLimits": `{"own_orders_only":false}`, "acceptInstalledAppPermissions": `{"app_version":1}`,
	"approveAppApproval": ``, "refuseAppApproval": `{"reason":"x"}`, "createDataRequest": `{"topic":"customer_redact","customer_id":"{customer_id}"}`,
	"acknowledgeDataRequest": `{}`,
	"settings.update":        `{"receipts":{"header_text":"x"}}`, "settings.validateCustomDomain": ``,
	"createPaymentMethodDomain": `{"domain_name":"x.test"}`, "updatePaymentMethodDomain": `{"status":"inactive"}`,
	"rotateWebhookSecret": ``, "createWebhookTestEvent": `{"event_type":"order.paid"}`, "resendWebhookDelivery": ``,
}

// furnish makes the objects of a house through the API.
func (s *shop) furnish(t *testing.T, name string, owner party, scope tenant.Scope, key, hook string) *house {
	t.Helper()
	h := &house{scope: scope, key: key, mark: "mark-of-" + name, ids: map[string]string{"sandbox_id": scope.EnvironmentID}}
	take := func(a answer, names ...string) answer {
		t.Helper()
		if a.status > 201 {
			t.Fatalf("furnish %s: %s", name, a.body)
		}
		for _, n := range names {
			v := textIn(a.data(), func(name, _ string) bool { return name == n })
			if v == "" {
				t.Fatalf("furnish %s: no %s in %s", name, n, a.body)
			}
			h.ids[n] = v
		}
		return a
	}
	post := func(path, body string) answer { t.Helper(); return s.call(t, "POST", "/v1/"+path, key, body) }
	order := func() string {
		return take(post("orders", `{"internal_note":"`+h.mark+`","customer_id":"`+h.ids["customer_id"]+
			`","line_items":[{"name":"`+h.mark+`","unit_price_money":`+usd(500)+`}]}`)).data()["order_id"].(string)
	}
	take(post("customers", `{"email":"`+h.mark+`@buyer.test","name":"`+h.mark+`"}`), "customer_id")
	take(post("webhook-endpoints", `{"url":"`+hook+`","description":"`+h.mark+`"}`), "webhook_endpoint_id")
	take(post("webhook-endpoints/"+h.ids["webhook_endpoint_id"]+"/test-events", `{"event_type":"order.paid"}`), "webhook_delivery_id", "webhook_event_id")
	_, made := s.keyOf(t, scope, h.mark, []string{"customers.read"}, time.Time{})
	h.ids["api_key_id"] = made.ID
	h.ids["organization_id"] = s.call(t, "GET", "/v1/merchant", key, "").data()["organization_id"].(string)
	h.ids["user_id"] = s.user(t, owner, h.mark+"@staff.test", "viewer")

	h.ids["order_id"], h.ids["open_order_id"] = order(), order()
	o := "orders/" + h.ids["order_id"]
	charged := take(post(o+"/charges", `{"charge":{"type":"delivery_fee","name":"`+h.mark+`","amount_money":`+usd(100)+`}}`)).data()
	h.ids["order_line_item_id"] = charged["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
	h.ids["order_charge_id"] = charged["charges"].([]any)[0].(map[string]any)["order_charge_id"].(string)
	take(post("checkout-sessions", `{"order_id":"`+h.ids["order_id"]+`","metadata":{"m":"`+h.mark+`"}}`), "checkout_session_id")
	if err := s.db.Write(context.Background(), func(tx db.Tx) error {
		return s.services.Checkouts.NoteOpened(tx, scope, h.ids["checkout_session_id"])
	}); err != nil {
		t.Fatal(err)
	}
	h.ids["recovery_id"] = s.call(t, "GET", "/v1/recoveries?order_id="+h.ids["order_id"], key, "").list()[0].(map[string]any)["recovery_id"].(string)
	paid := take(post(o+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(600)+`}`)).data()
	h.ids["order_payment_attempt_id"] = paid["payment_attempt"].(map[string]any)["order_payment_attempt_id"].(string)
	intents := s.call(t, "GET", "/v1/payment-intents?order_id="+h.ids["order_id"], key, "").list()
	h.ids["payment_intent_id"] = intents[0].(map[string]any)["payment_intent_id"].(string)
	take(post("refunds", `{"order_id":"`+h.ids["order_id"]+`","amount_money":`+usd(100)+`,"reason_message":"`+h.mark+`"}`), "refund_id")
	its, grant := s.install(t, owner.Live.Scope, scope)
	h.grant = grant
	h.ids["partner_app_id"], h.ids["partner_app_install_id"], h.ids["environment_grant_id"] = its.ID, grant.InstallID, grant.ID
	if err := s.db.Write(context.Background(), func(tx db.Tx) error {
		_, err := s.services.Apps.SetLimits(tx.Context(), tx, app.SetLimitsInput{MerchantID: scope.MerchantID, InstallID: grant.InstallID,
			ApprovalAbove: &[]money.Amount{{Minor: 1, Currency: "USD"}}, Now: s.clock.Now()})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	asked := s.call(t, "POST", "/v1/refunds", tokenOf(grant), `{"order_id":"`+h.ids["order_id"]+`","amount_money":`+usd(2)+`}`)
	if h.ids["app_approval_id"], _ = asked.fault()["app_approval_id"].(string); h.ids["app_approval_id"] == "" {
		t.Fatalf("furnish %s: %s", name, asked.body)
	}
	take(post("data-requests", `{"topic":"customer_data","customer_id":"`+h.ids["customer_id"]+`","note":"`+h.mark+`"}`), "data_request_id")
	take(post("payment-method-domains", `{"domain_name":"`+h.mark+`.test"}`), "payment_method_domain_id")
	take(s.call(t, "PATCH", "/v1/settings", key, `{"receipts":{"header_text":"`+h.mark+`"}}`))
	h.ids["domain_type"] = "customer_account"
	h.ids["resource_id"] = h.ids["order_id"]
	h.ids["api_request_log_id"] = s.call(t, "GET", "/v1/developer/request-logs?path_query=customers", key, "").list()[0].(map[string]any)["api_request_log_id"].(string)
	access := take(post("checkout-sessions", `{"order_id":"`+order()+`"}`)).data()
	h.buyer = credentialIn(t, access)
	return h
}

// credentialIn finds the credential pair in the answer that opened a session.
func credentialIn(t *testing.T, data map[string]any) []string {
	t.Helper()
	session := textIn(data, func(name, _ string) bool { return name == "checkout_session_id" })
	key := textIn(data, func(_, v string) bool { return strings.HasPrefix(v, "csauth_") })
	if session == "" || key == "" {
		t.Fatalf("no credential in %v", data)
	}
	return []string{"X-Checkout-Session-ID: " + session, "X-Checkout-Session-Secret: " + key}
}

// textIn finds a text in an object and the objects below it.
func textIn(data map[string]any, is func(name, v string) bool) string {
	for name, v := range data {
		switch v := v.(type) {
		case string:
			if is(name, v) {
				return v
			}
		case map[string]any:
			if found := textIn(v, is); found != "" {
				return found
			}
		}
	}
	return ""
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// fill puts ids into a path or body; a name that nobody knows fails the test, for then a new kind of
// object is not furnished.
func fill(t *testing.T, template string, ids map[string]string) string {
	t.Helper()
	return placeholder.ReplaceAllStringFunc(template, func(p string) string {
		v, ok := ids[p[1:len(p)-1]]
		if !ok {
			t.Fatalf("no house has a %s: furnish makes one of every kind", p)
		}
		return v
	})
}

// ghosts are ids of the same kinds that nothing has.
func ghosts(ids map[string]string) map[string]string {
	out := map[string]string{}
	for name, v := range ids {
		prefix, _, _ := strings.Cut(v, "_")
		out[name] = prefix + "_01J00000000000000000000000"
	}
	return out
}

func (s *shop) keyOf(t *testing.T, scope tenant.Scope, name string, scopes []string, expires time.Time) (string, auth.Key) {
	t.Helper()
	var text secret.Text
	var k auth.Key
	if err := s.db.Write(context.Background(), func(tx db.Tx) (err error) {
		k, text, err = s.keys.CreateKey(tx.Context(), tx, auth.CreateKeyInput{Scope: scope, Name: name, Scopes: scopes, ExpiresAt: expires, Now: s.clock.Now()})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return text.Reveal(), k
}

func streams(a *httpapi.API, r httpapi.Route) bool {
	item := a.Document().Paths[r.Path]
	if item == nil || r.Method != "GET" {
		return false
	}
	for _, res := range item.Get.Responses {
		if res.Content["text/event-stream"] != nil {
			return true
		}
	}
	return false
}
