package event

import (
	"slices"
	"strings"
)

// Source tells whose events an endpoint wants.
type Source string

// Sources of the contract.
const (
	SourceMerchant           Source = "merchant"            // what happens to the merchant that owns the endpoint
	SourcePartnerApp         Source = "partner_app"         // the life of an app's installs, for its developer
	SourceInstalledMerchants Source = "installed_merchants" // what happens to merchants that installed an app
)

// Type is one kind of event.
type Type struct {
	Name        string // order.paid
	Resource    string // order
	Description string
}

// Types lists the whole catalogue in the contract's order.
func Types() []Type { return slices.Clone(catalog) }

// TypeOf finds a type by its name.
func TypeOf(name string) (Type, bool) {
	i := slices.IndexFunc(catalog, func(t Type) bool { return t.Name == name })
	if i < 0 {
		return Type{}, false
	}
	return catalog[i], true
}

// Sources is where an endpoint may subscribe to the type. Everything that happens to a merchant can
// also be forwarded to the apps it installed.
func (t Type) Sources() []Source {
	if strings.HasPrefix(t.Name, "partner_app.") {
		return []Source{SourcePartnerApp}
	}
	return []Source{SourceMerchant, SourceInstalledMerchants}
}

// From reports whether the type can be subscribed to at the source.
func (t Type) From(s Source) bool { return slices.Contains(t.Sources(), s) }

// recorded are the resources that an event's record names. Events of other resources are recorded
// without one.
var recorded = []string{
	"app_approval", "balance", "balance_transaction", "capability", "checkout_session", "customer", "dispute", "fraud_warning",
	"inventory_count", "inventory_level", "inventory_receipt", "inventory_reservation", "inventory_reservation_line",
	"inventory_transfer", "invoice", "merchant", "order", "payment_intent", "payment_method", "payout",
	"payout_destination", "payout_settings", "refund", "return", "return_disposition", "return_inspection",
	"return_receipt", "return_resolution", "review", "stranded_payment", "subscription",
}

// Recorded reports whether records of events show this resource type, and lists may filter by it.
func Recorded(resource string) bool { return slices.Contains(recorded, resource) }

// ReadScope is the scope a key needs, beside that for webhooks, to read payloads about the resource;
// empty when payloads about it are shown to nobody who asks for them one by one.
func ReadScope(resource string) string {
	if !Recorded(resource) {
		return ""
	}
	return PayloadScope(resource)
}

// PayloadScope is the scope an app needs to be told of the resource, whether or not records name it;
// empty when nothing about it is forwarded.
func PayloadScope(resource string) string {
	switch head, _, _ := strings.Cut(resource, "_"); head {
	case "return":
		return "commerce.returns.read"
	case "subscription":
		return "commerce.subscriptions.read"
	case "inventory":
		return "commerce.inventory.read"
	case "credit":
		return "commerce.credit_notes.read"
	case "delivery":
		return "commerce.delivery.read"
	case "gift":
		return "commerce.gift_cards.read"
	}
	switch resource {
	case "order":
		return "commerce.orders.read"
	case "refund", "app_approval":
		return "commerce.refunds.read"
	case "invoice":
		return "commerce.invoices.read"
	case "checkout_session":
		return "checkouts.checkout_sessions.read"
	case "customer":
		return "customers.read"
	case "payment_intent", "stranded_payment":
		return "payments.payment_intents.read"
	case "payment_method":
		return "payments.payment_methods.read"
	case "dispute", "fraud_warning":
		return "payments.disputes.read"
	case "balance":
		return "money_movement.balances.read"
	case "balance_transaction":
		return "money_movement.balance_transactions.read"
	case "payout", "payout_destination":
		return "money_movement.payouts.read"
	case "payout_settings":
		return "money_movement.payout_settings.read"
	case "review":
		return "risk.read"
	case "capability":
		return "capabilities.read"
	case "merchant":
		return "merchants.profile.read"
	case "report":
		return "reports.read"
	case "merchant_billing_balance", "merchant_subscription_invoice":
		return "merchant_billing.read"
	}
	return ""
}
