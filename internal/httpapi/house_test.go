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
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// house is a merchant environment with one object of every kind, all of them marked: no other house may
// ever see the mark or an id.
type house struct {
	scope   tenant.Scope
	key     string // with every scope
	mark    string
	ids     map[string]string // by the name of the path parameter
	grant   *app.Grant        // of an app of the same merchant
	invoice string            // the token of the link of invoice_id
	buyer   []string          // the headers of a checkout credential over another order than order_id
	me      string            // the secret of a session of customer_id
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
	"createDiscountPreview": `{"order_id":"{open_order_id}"}`,
	"createPromotion":       `{"name":"x","application_method":{"type":"percent_off","percent_off":5}}`, "updatePromotion": `{"name":"x"}`, "deletePromotion": ``,
	"createPromotionCode": `{"code":"x"}`, "updatePromotionCode": `{"max_uses":9}`, "deletePromotionCode": ``,
	"sendOrderReceipt": `{"email":"x@buyer.test"}`,
	"payOrder": `{"action":"confirm_payment_intents","payment_intents":[{"payment_intent_id":"{payment_intent_id}","token":"simtok_approve"}],
		"expected_outstanding_money":` + usd(500) + `}`,
	"createOrderPaymentIntent": `{"amount_money":` + usd(100) + `}`,
	"captureOrderPayment":      ``, "cancelOrderPayment": ``, "cancelOrderPaymentAttempt": ``,
	"createRefund": `{"order_id":"{order_id}","amount_money":` + usd(1) + `}`, "updateRefund": `{"metadata":{"a":"x"}}`,
	"checkoutSessions.create": `{"order_id":"{open_order_id}"}`, "checkoutSessions.update": `{"metadata":{"a":"x"}}`, "checkoutSessions.closeSession": ``,
	"checkoutSessions.createCustomerVerification": `{"purpose":"save_payment_method","email":"x@buyer.test"}`, "checkoutSessions.confirmCustomerVerification": `{"code":"424242"}`,
	"resolveStrandedPayment": `{"action":"apply"}`,
	"createWebhookEndpoint":  `{"url":"https://x.test/hook"}`, "updateWebhookEndpoint": `{"description":"x"}`, "deleteWebhookEndpoint": ``,
	"createCheckoutSessionRecoveryAction": `{"type":"recovery_link"}`, "createOrderRecoveryAction": `{"type":"recovery_link"}`, "revokeOrderRecoveryLinks": ``,
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
	"invoices.create": `{"order_id":"{open_order_id}"}`, "invoices.update": `{"reminders_paused":true}`, "invoices.cancelPaymentAttempt": ``,
	"invoices.recordManualPayment": `{"amount_money":` + usd(1) + `}`, "invoices.reverseManualPayment": `{"amount_money":` + usd(1) + `}`,
	"invoices.sendReminder": ``, "invoices.waiveLateFee": `{"reason_message":"x"}`,
	"invoicePaymentTerms.create": `{"name":"x","calculation":{"type":"on_receipt"}}`, "invoicePaymentTerms.update": `{"name":"x"}`,
	"invoicePaymentTerms.remove": ``,
	"rotateWebhookSecret":        ``, "createWebhookTestEvent": `{"event_type":"order.paid"}`, "resendWebhookDelivery": ``,
	"createCustomerSession": `{"customer_id":"{customer_id}"}`, "refreshCustomerSession": `{"refresh_token":"x"}`,
	"revokeCustomerSession": ``, "revokeCustomerSessions": ``,
	"createCustomerVerification":  `{"customer_id":"{customer_id}","email":"guest@buyer.test","purpose":"link_guest_purchases"}`,
	"confirmCustomerVerification": `{"code":"000000"}`, "linkCustomerGuestPurchases": `{"customer_verification_id":"{customer_verification_id}"}`,
	"createCustomerAddress": anAddress, "updateCustomerAddress": `{"label":"x"}`, "setDefaultCustomerAddress": `{"default_for":"both"}`,
	"createCustomerDeletionRequest": ``, "resolveCustomerDeletionRequest": `{"resolution":"reject"}`, "createOrderAccessLink": ``,
	"me.update": `{"name":"x"}`, "me.createAddress": anAddress, "me.updateAddress": `{"label":"x"}`, "me.deleteAddress": ``, "me.setDefaultAddress": `{"default_for":"both"}`,
	"me.createEmailChangeRequest": `{"new_email":"y@buyer.test"}`, "me.createDeletionRequest": ``, "me.updateEmailPreferences": `{"checkout_reminders":false}`,
	"me.sendOrderReceipt": ``,
	"createProduct":       `{"name":"x","product_type":"digital","default_variant":{"unit_price_money":` + usd(100) + `}}`, "updateProduct": `{"name":"x"}`,
	"createProductVariant": `{"unit_price_money":` + usd(100) + `,"selected_option_values":[{"option_value_id":"{option_value_id}"}]}`, "updateProductVariant": `{"name":"x"}`,
	"paymentLinks.create": `{"name":"x","line_items":[{"name":"x","unit_price_money":` + usd(100) + `}]}`, "paymentLinks.update": `{"name":"x"}`,
	"paymentLinks.resolve": `{"resolution_context":"x"}`,
	"createFulfillment":    `{"type":"shipment","line_items":[{"order_line_item_id":"{order_line_item_id}","quantity":1}]}`,
	"updateFulfillment":    `{"external_reference_id":"x"}`, "transitionFulfillment": `{"action":"start"}`, "createFulfillmentEvent": `{"event_type":"custom"}`,
	"createShipment": `{}`, "updateShipment": `{"external_system":"x"}`, "voidShipment": ``, "createPackage": `{}`, "updatePackage": `{"carrier":"x"}`,
	"transitionPackage": `{"action":"mark_packed"}`, "voidPackage": ``, "createPackageItem": `{"order_line_item_id":"{order_line_item_id}","quantity":1}`,
	"updatePackageItem": `{"quantity":1}`, "deletePackageItem": ``,
	"deleteProduct": ``, "deleteProductVariant": ``,
	"createReturn": aReturn, "createMeReturn": aReturn, "updateReturn": `{"metadata":{"k":"x"}}`, "deleteReturnLineItem": ``, "createReturnAccessLink": ``,
	"addReturnLineItem":    `{"line_item":{"order_line_item_id":"{return_order_line_item_id}","fulfillment_id":"{return_fulfillment_id}","requested_quantity":1,"return_reason_id":"{return_reason_id}"}}`,
	"updateReturnLineItem": `{"buyer_note":"x"}`, "cancelReturnLineItem": `{"quantity":1,"handback_quantity":1,"reason":"other"}`,
	"decideReturn": `{"line_items":[{"return_line_item_id":"{return_line_item_id}","decision_basis":"policy_evaluation","approved_quantity":0,"decline_reason":"other"}]}`,
	"cancelReturn": `{"reason":"other"}`, "cancelMeReturn": `{"reason":"other"}`, "completeReturn": `{}`, "reopenReturn": `{"reason":"other"}`,
	"processExistingReturn": `{"line_items":[{"return_line_item_id":"{return_line_item_id}","received_quantity":1}],
		"receipt":{"received_at":"2026-09-07T12:00:00Z","receiving_location_id":"desk"}}`,
	"createReturnReceipt": `{"received_at":"2026-09-07T12:00:00Z","receiving_location_id":"desk","line_items":[{"return_line_item_id":"{return_line_item_id}","quantity":1}]}`,
	"createReturnInspection": `{"return_receipt_id":"{return_receipt_id}","inspected_at":"2026-09-07T12:00:00Z","location_id":"desk",
		"line_items":[{"return_receipt_line_item_id":"{return_receipt_line_item_id}","quantity":1,"condition":"new","acceptance_status":"accepted"}]}`,
	"createReturnDisposition": `{"disposition_type":"sellable","quantity":1,"occurred_at":"2026-09-07T12:00:00Z","reason":"other",
		"return_inspection_line_item_id":"{return_inspection_line_item_id}"}`,
	"cancelReturnDisposition": `{"reason":"other"}`, "retryReturnDisposition": `{"reason":"other"}`,
	"verifyReturnReceiptLineItem":    `{"return_line_item_id":"{return_line_item_id}","verification_reason":"other"}`,
	"decideReturnInspectionLineItem": `{"acceptance_status":"accepted","acceptance_decision_reason":"other"}`,
	"waiveReturnLineInspection":      `{"reason":"other"}`,
	"createReturnResolution":         `{"resolution_type":"refund","line_items":[{"return_line_item_id":"{return_line_item_id}","quantity":1}]}`,
	"updateReturnResolution":         `{"metadata":{"k":"x"}}`, "confirmReturnResolution": `{}`, "releaseReturnResolution": `{"reason":"other"}`,
	"retryReturnResolution": `{"reason":"other"}`, "cancelReturnResolution": `{"reason":"other"}`, "collectReturnResolution": `{"door":"payment_link"}`,
	"getOrCreateReturnResolutionCheckoutSession": `{}`, "createMeReturnResolutionCheckoutSession": `{}`,
	"createReturnPreview": aPreview, "createMeReturnPreview": aPreview,
}

const aReturn = `{"order_id":"{return_order_id}","line_items":[{"order_line_item_id":"{return_order_line_item_id}","fulfillment_id":"{return_fulfillment_id}","requested_quantity":1,
	"return_reason_id":"{return_reason_id}"}]}`

const aPreview = `{"mode":"eligibility","eligibility":{"order_id":"{return_order_id}","selection":{"selection_type":"all_remaining_fulfilled"}}}`

const anAddress = `{"recipient_name":"x","address":{"line1":"1 Main","city":"Town","state":"CA","postal_code":"90001","country":"US"}}`

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
	post := func(path, body string, headers ...string) answer {
		t.Helper()
		return s.call(t, "POST", "/v1/"+path, key, body, headers...)
	}
	order := func() string {
		return take(post("orders", `{"internal_note":"`+h.mark+`","customer_id":"`+h.ids["customer_id"]+
			`","line_items":[{"name":"`+h.mark+`","unit_price_money":`+usd(500)+`}]}`)).data()["order_id"].(string)
	}
	take(post("customers", `{"email":"`+h.mark+`@buyer.test","name":"`+h.mark+`"}`), "customer_id")
	product := take(post("products", `{"name":"`+h.mark+`","product_type":"physical","options":[{"name":"Size","values":[{"value":"`+h.mark+`"},{"value":"L"},{"value":"XL"}]}],
		"variants":[{"sku":"`+h.mark+`","unit_price_money":`+usd(500)+`,"selected_option_values":[{"client_option_key":"Size","client_value_key":"`+h.mark+`"}]},
			{"unit_price_money":`+usd(600)+`,"selected_option_values":[{"client_option_key":"Size","client_value_key":"L"}]}]}`), "product_id").data()
	h.ids["variant_id"] = product["default_variant_id"].(string)
	option := product["options"].([]any)[0].(map[string]any)
	h.ids["option_id"] = option["option_id"].(string)
	h.ids["option_value_id"] = option["values"].([]any)[2].(map[string]any)["option_value_id"].(string)
	take(post("payment-links", `{"name":"`+h.mark+`","metadata":{"m":"`+h.mark+`"},"line_items":[{"name":"x","unit_price_money":`+usd(500)+`}]}`), "payment_link_id")
	take(post("webhook-endpoints", `{"url":"`+hook+`","description":"`+h.mark+`"}`), "webhook_endpoint_id")
	take(post("webhook-endpoints/"+h.ids["webhook_endpoint_id"]+"/test-events", `{"event_type":"order.paid"}`), "webhook_delivery_id", "webhook_event_id")
	_, made := s.keyOf(t, scope, h.mark, []string{"customers.read"}, time.Time{})
	h.ids["api_key_id"] = made.ID
	h.ids["organization_id"] = s.call(t, "GET", "/v1/merchant", key, "").data()["organization_id"].(string)
	h.ids["user_id"] = s.user(t, owner, h.mark+"@staff.test", "viewer")

	take(post("promotions", `{"name":"`+h.mark+`","application_method":{"type":"percent_off","percent_off":1},"codes":[{"code":"`+h.mark+`"}]}`), "promotion_id")
	h.ids["promotion_code_id"] = s.call(t, "GET", "/v1/promotion-codes?promotion_id="+h.ids["promotion_id"], key, "").list()[0].(map[string]any)["promotion_code_id"].(string)

	take(post("return-policies", `{"name":"`+h.mark+`","metadata":{"m":"`+h.mark+`"},"revision":{"scope":{},"priority":0,"eligibility_result":"ineligible",
		"approval_mode":"manual","is_merchandise_return_required":false}}`), "return_policy_id", "return_policy_revision_id")
	take(post("return-reasons", `{"handle":"`+strings.ToLower(h.mark)+`","name":"`+h.mark+`"}`), "return_reason_id")

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
	h.ship(t, take, post)
	h.takeBack(t, take, post)
	if _, err := s.simulator.OpenDispute(context.Background(), simulator.OpenInput{Scope: scope, PaymentID: h.ids["payment_intent_id"], CaseType: "inquiry"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.simulator.DeliverDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.ids["dispute_id"] = s.call(t, "GET", "/v1/disputes?order_id="+h.ids["order_id"], key, "").list()[0].(map[string]any)["dispute_id"].(string)
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
	h.bill(t, take, post, order)
	take(post("data-requests", `{"topic":"customer_data","customer_id":"`+h.ids["customer_id"]+`","note":"`+h.mark+`"}`), "data_request_id")
	take(post("payment-method-domains", `{"domain_name":"`+h.mark+`.test"}`), "payment_method_domain_id")
	take(s.call(t, "PATCH", "/v1/settings", key, `{"receipts":{"header_text":"`+h.mark+`"}}`))
	h.ids["domain_type"] = "customer_account"
	session := take(post("customer-sessions", `{"customer_id":"`+h.ids["customer_id"]+`","expires_in_seconds":86400}`), "customer_session_id").data()
	h.me = session["secret"].(string)
	mine := func(path, body string) answer { t.Helper(); return s.call(t, "POST", "/v1/me/"+path, h.me, body) }
	take(mine("addresses", strings.Replace(anAddress, "x", h.mark, 1)), "customer_address_id")
	take(mine("addresses", anAddress))
	take(mine("email-change-requests", `{"new_email":"`+h.mark+`-new@buyer.test"}`), "email_change_request_id")
	take(mine("deletion-requests", ""), "customer_deletion_request_id")
	take(post("customer-verifications", `{"customer_id":"`+h.ids["customer_id"]+`","email":"`+h.mark+`-guest@buyer.test","purpose":"link_guest_purchases"}`), "customer_verification_id")
	saving := take(post("payment-methods", `{"customer_id":"`+h.ids["customer_id"]+`"}`))
	h.ids["payment_method_id"] = saving.data()["payment_method"].(map[string]any)["payment_method_id"].(string)
	s.completeSetup(t, saving)
	h.ids["resource_id"] = h.ids["order_id"]
	h.ids["api_request_log_id"] = s.call(t, "GET", "/v1/developer/request-logs?path_query=customers", key, "").list()[0].(map[string]any)["api_request_log_id"].(string)
	access := take(post("checkout-sessions", `{"order_id":"`+order()+`"}`)).data()
	h.buyer = credentialIn(t, access)
	opened := textIn(access, func(name, _ string) bool { return name == "checkout_session_id" })
	proof := take(s.call(t, "POST", "/v1/checkout-sessions/"+opened+"/customer-verifications", "",
		`{"purpose":"save_payment_method","email":"`+h.mark+`@buyer.test"}`, h.buyer...))
	h.ids["checkout_verification_id"] = textIn(proof.data(), func(name, _ string) bool { return name == "customer_verification_id" })
	s.strand(t, h, order())
	return h
}

// ship makes a fulfilment with a parcel, an item and a letter that was not written.
func (h *house) ship(t *testing.T, take func(answer, ...string) answer, post func(path, body string, headers ...string) answer) {
	t.Helper()
	made := take(post("orders/"+h.ids["order_id"]+"/fulfillments", `{"type":"shipment","external_reference_id":"`+h.mark+
		`","line_items":[{"order_line_item_id":"`+h.ids["order_line_item_id"]+`","quantity":1}]}`), "fulfillment_id").data()
	take(post("fulfillments/"+made["fulfillment_id"].(string)+"/shipments", `{"metadata":{"m":"`+h.mark+`"}}`), "shipment_id")
	told := take(post("shipments/"+h.ids["shipment_id"]+"/packages", `{"tracking_number":"`+h.mark+`"}`), "package_id", "fulfillment_event_id").data()
	h.ids["fulfillment_notification_id"] = told["fulfillment_notifications"].([]any)[0].(map[string]any)["fulfillment_notification_id"].(string)
	take(post("packages/"+h.ids["package_id"]+"/items", `{"order_line_item_id":"`+h.ids["order_line_item_id"]+`","quantity":1}`), "package_item_id")
}

// takeBack makes a return of a picked-up order: six of its nine units are approved, one of them arrived and was looked
// at, and a refund of it is proposed.
func (h *house) takeBack(t *testing.T, take func(answer, ...string) answer, post func(path, body string, headers ...string) answer) {
	t.Helper()
	first := func(a answer, list, name string) string {
		return a.data()[list].([]any)[0].(map[string]any)[name].(string)
	}
	made := take(post("orders", `{"customer_id":"`+h.ids["customer_id"]+`","line_items":[{"name":"`+h.mark+`","quantity":9,"unit_price_money":`+usd(500)+`}]}`))
	orderID, lineID := text(made.data(), "order_id"), first(made, "line_items", "order_line_item_id")
	take(post("orders/"+orderID+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(4500)+`}`))
	given := text(take(post("orders/"+orderID+"/fulfillments", `{"type":"pickup","line_items":[{"order_line_item_id":"`+lineID+`","quantity":9}]}`)).data(), "fulfillment_id")
	take(post("fulfillments/"+given+"/transitions", `{"action":"complete"}`))
	h.ids["return_order_id"], h.ids["return_order_line_item_id"], h.ids["return_fulfillment_id"] = orderID, lineID, given
	asked := take(post("returns", `{"order_id":"`+orderID+`","line_items":[{"order_line_item_id":"`+lineID+`","requested_quantity":6,"return_reason_id":"`+
		h.ids["return_reason_id"]+`","buyer_note":"`+h.mark+`"}]}`), "return_id")
	line := first(asked, "line_items", "return_line_item_id")
	h.ids["return_line_item_id"] = line
	it := "returns/" + h.ids["return_id"]
	take(post(it+"/decide", `{"line_items":[{"return_line_item_id":"`+line+`","decision_basis":"explicit","approved_quantity":6,"return_required_quantity":6,
		"allowed_resolution_types":["refund","exchange"],"resolution_mode":"manual","refund_timing":"manual","receiving_location_id":"desk","is_inspection_required":true,
		"destination":{"name":"`+h.mark+`","address":{"line1":"1 Main","city":"Town","state":"CA","postal_code":"90001","country":"US"}}}]}`))
	got := take(post(it+"/receipts", `{"received_at":"2026-09-07T11:00:00Z","receiving_location_id":"desk","line_items":[{"return_line_item_id":"`+line+
		`","quantity":1}]}`), "return_receipt_id")
	h.ids["return_receipt_line_item_id"] = first(got, "line_items", "return_receipt_line_item_id")
	seen := take(post(it+"/inspections", `{"return_receipt_id":"`+h.ids["return_receipt_id"]+`","inspected_at":"2026-09-07T11:00:00Z","location_id":"desk","line_items":[{
		"return_receipt_line_item_id":"`+h.ids["return_receipt_line_item_id"]+`","quantity":1,"condition":"new","acceptance_status":"accepted","internal_note":"`+h.mark+`"}]}`),
		"return_inspection_id")
	h.ids["return_inspection_line_item_id"] = first(seen, "line_items", "return_inspection_line_item_id")
	take(post(it+"/dispositions", `{"disposition_type":"sellable","quantity":1,"occurred_at":"2027-09-07T11:00:00Z","reason":"other","return_inspection_line_item_id":"`+
		h.ids["return_inspection_line_item_id"]+`"}`), "return_disposition_id")
	take(post(it+"/resolutions", `{"resolution_type":"refund","line_items":[{"return_line_item_id":"`+line+`","quantity":1}]}`), "return_resolution_id")
	h.ids["resolution_id"] = h.ids["return_resolution_id"]
}

// strand makes money come in for an order that was closed while its payment counted as declined.
func (s *shop) strand(t *testing.T, h *house, orderID string) {
	t.Helper()
	s.call(t, "POST", "/v1/orders/"+orderID+"/pay", h.key, `{"action":"pay","payment_source":{"token":"simtok_decline_card_declined"},"expected_outstanding_money":`+usd(500)+`}`)
	s.want(t, 200, s.call(t, "POST", "/v1/orders/"+orderID+"/close", h.key, ""))
	var i *payment.Intent
	n := payment.Notice{ID: "late " + orderID, Scope: h.scope, Processor: "simulator", Outcome: payment.Outcome{State: payment.OutcomeSucceeded, Version: 9}}
	if err := s.db.Read(context.Background(), func(tx db.Tx) error {
		legs, err := payment.OfOrder(tx, h.scope, orderID, false)
		if err != nil {
			return err
		}
		i = legs[0]
		return tx.QueryRow([]any{&n.OperationID}, `SELECT operation_id FROM processor_operations WHERE payment_intent_id = $1`, i.ID)
	}); err != nil {
		t.Fatal(err)
	}
	n.Outcome.PaymentID, n.Outcome.Amount, n.Outcome.Currency, n.Outcome.ProcessorRef = i.ID, i.Amount, i.Currency, "simch_late"
	if err := s.services.Payments.Notify(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	rows := s.call(t, "GET", "/v1/stranded-payments?order_id="+orderID, h.key, "").list()
	if len(rows) != 1 {
		t.Fatalf("%d rows are in the inbox of order %s", len(rows), orderID)
	}
	h.ids["stranded_payment_id"] = rows[0].(map[string]any)["stranded_payment_id"].(string)
}

// bill issues an invoice with a late fee that was charged, and takes the token of its link.
func (h *house) bill(t *testing.T, take func(answer, ...string) answer, post func(path, body string, headers ...string) answer, order func() string) {
	t.Helper()
	take(post("invoice-payment-terms", `{"name":"`+h.mark+`","calculation":{"type":"on_receipt"},"late_fee_policy":{"type":"fixed","amount_money":`+usd(10)+
		`,"grace_period_days":0}}`), "invoice_payment_term_id")
	of := func(a answer, list, name string) string {
		return a.data()[list].([]any)[0].(map[string]any)[name].(string)
	}
	draft := take(post("invoices", `{"order_id":"`+order()+`","memo":"`+h.mark+`","recipient_email":"`+h.mark+
		`@buyer.test","payment_due":{"type":"payment_terms","invoice_payment_term_id":"`+h.ids["invoice_payment_term_id"]+`"},"schedule_entries":[{"kind":"balance",`+
		`"amount_specification":{"type":"remaining_balance"},"due":{"type":"date","due_at":"2020-01-01T00:00:00Z"}}]}`), "invoice_id")
	entry := of(draft, "schedule_entries", "invoice_schedule_entry_id")
	issued := take(post("invoices/"+h.ids["invoice_id"]+"/issue", `{}`)).data()
	_, h.invoice, _ = strings.Cut(issued["public_url"].(string), "#invoice_token=")
	h.ids["invoice_late_fee_id"] = of(take(post("invoices/"+h.ids["invoice_id"]+"/late-fees", `{"invoice_schedule_entry_id":"`+entry+`"}`)), "late_fees", "invoice_late_fee_id")
	lines := issued["invoice"].(map[string]any)["snapshot"].(map[string]any)["line_items"].([]any)
	lineID := lines[0].(map[string]any)["invoice_line_item_id"].(string)
	take(post("credit-notes", `{"invoice_id":"`+h.ids["invoice_id"]+`","reason":"goodwill","memo":"`+h.mark+`","credit_note_lines":[{"invoice_line_item_id":"`+
		lineID+`","correction":{"type":"amount","amount_money":`+usd(3)+`}}]}`), "credit_note_id")
	take(post("credit-notes/"+h.ids["credit_note_id"]+"/issue", `{}`))
	take(post("credit-notes/"+h.ids["credit_note_id"]+"/allocations", `{"amount_money":`+usd(1)+`}`, "Idempotency-Key: "+h.mark), "credit_note_allocation_id")
	take(post("invoices/"+h.ids["invoice_id"]+"/checkout-session", `{}`), "invoice_payment_attempt_id")
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

// queries are what lists need to be asked for anything.
var queries = map[string]string{"me.listFulfillmentEvents": "?order_id={order_id}"}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// fill puts ids into a path or body; a name that nobody knows fails the test, for then a new kind of
// object is not furnished.
func fill(t *testing.T, template string, ids map[string]string) string {
	t.Helper()
	return placeholder.ReplaceAllStringFunc(template, func(p string) string {
		name := p[1 : len(p)-1]
		if name == "customer_verification_id" && strings.HasPrefix(template, "/v1/checkout-sessions/") {
			name = "checkout_verification_id" // the two kinds share the contract's name
		}
		v, ok := ids[name]
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
