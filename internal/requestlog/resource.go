package requestlog

import (
	"bytes"
	"slices"
	"strings"

	"flint/internal/id"
)

// resources are the types of resources by the prefix of their ids, as the contract names both.
var resources = map[string]string{
	"ord": "order", "li": "order_line_item", "chg": "order_charge", "cus": "customer", "cad": "customer_address", "pi": "payment_intent",
	"opat": "order_payment_attempt", "pm": "payment_method", "ref": "refund", "dp": "dispute", "ful": "fulfillment", "shp": "shipment", "pkg": "package",
	"ret": "return", "rtli": "return_line_item", "rrec": "return_receipt", "rins": "return_inspection", "rdis": "return_disposition",
	"rres": "return_resolution", "rpol": "return_policy", "rrsn": "return_reason", "cn": "credit_note", "cs": "checkout_session", "pl": "payment_link",
	"inv": "invoice", "ipt": "invoice_payment_term", "prod": "product", "var": "product_variant", "promo": "promotion", "pcode": "promotion_code",
	"mer": "merchant", "user": "user", "test": "sandbox", "key": "api_key", "papp": "partner_app", "pinst": "partner_app_install",
	"egrt": "environment_grant", "whep": "webhook_endpoint", "whev": "webhook_event", "wdel": "webhook_delivery", "rlog": "api_request_log", "org": "organization",
}

// ResourceType is the type of the resource that an id names, empty for what is no id of a known kind.
func ResourceType(v string) string {
	prefix, _, _ := strings.Cut(v, "_")
	if typ := resources[prefix]; typ != "" && id.Valid(prefix, v) {
		return typ
	}
	return ""
}

// KnownResource reports whether logs name this type of resource.
func KnownResource(typ string) bool {
	return slices.Contains(resourceTypes, typ)
}

// resourceTypes is the contract's list.
var resourceTypes = strings.Fields(`api_key api_request_log balance balance_transaction bundle bundle_component capability category
	checkout_session credit_note credit_note_allocation custom_domain customer customer_address customer_deletion_request customer_session
	customer_verification delivery_location_set delivery_method delivery_profile delivery_quote delivery_rate delivery_rate_callback
	delivery_revocation delivery_selection delivery_zone device dispute email_change_request environment_grant feedback_report fraud_warning
	fulfillment fulfillment_event fulfillment_notification gift_card gift_card_load gift_card_notification gift_card_redemption
	inventory_allocation_policy inventory_count inventory_item inventory_level inventory_receipt inventory_reservation
	inventory_reservation_line inventory_transfer invoice invoice_late_fee invoice_payment_attempt invoice_payment_term location merchant
	merchant_billing_balance merchant_subscription_invoice modifier modifier_group modifier_set order order_charge order_line_item
	order_payment_attempt organization package package_item partner_app partner_app_install payment_intent payment_link payment_method
	payment_method_domain payout payout_destination payout_settings product product_option product_variant promotion promotion_code refund
	report report_download return return_disposition return_inspection return_inspection_line_item return_line_item return_policy
	return_policy_revision return_reason return_receipt return_receipt_line_item return_resolution review risk_list risk_list_item risk_rule
	sandbox shipment subscription subscription_delivery_migration subscription_line_item subscription_offer subscription_payment_retry
	subscription_plan user webhook_delivery webhook_endpoint webhook_event`)

// resourceOf tells what a request was about: the last id of its path, and the first one when that names
// what the last belongs to; without an id in the path, what the answer to a successful write begins with.
func resourceOf(e *Entry) (typ, resourceID, parent string) {
	for _, v := range slices.Backward(e.PathIDs) {
		if typ = ResourceType(v); typ == "" {
			continue
		}
		if first := e.PathIDs[0]; first != v && ResourceType(first) != "" {
			parent = first
		}
		return typ, v, parent
	}
	head := e.Response[:min(len(e.Response), 256)]
	if e.Method == "GET" || e.Status >= 300 || !bytes.HasPrefix(head, []byte(`{"data":{"`)) {
		return "", "", ""
	}
	_, rest, _ := bytes.Cut(head, []byte(`_id":"`))
	v, _, ok := bytes.Cut(rest, []byte(`"`))
	if typ = ResourceType(string(v)); !ok || typ == "" {
		return "", "", ""
	}
	return typ, string(v), ""
}
