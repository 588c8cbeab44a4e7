package httpapi

import (
	"slices"

	"flint/internal/auth"
)

// Tier classes operations for limits.
type Tier uint8

// Tiers of the contract.
const (
	TierRead Tier = iota
	TierWrite
	TierSensitive // secrets, keys, apps, endpoints
	TierProvider  // calls a processor
)

var tierNames = [...]string{"read", "write", "sensitive_write", "external_provider_action"}

// String is the contract's name of the tier.
func (t Tier) String() string { return tierNames[t] }

// KeyUse tells whether an operation takes an Idempotency-Key.
type KeyUse uint8

// Uses of the key.
const (
	KeyNone KeyUse = iota
	KeyOptional
	KeyRequired
)

// Route is one row of the authorization table: the only place that decides who may call what.
type Route struct {
	ID      string // operation id of the contract
	Method  string
	Path    string
	By      auth.Kind // union of the kinds of credential it accepts
	Need    auth.Need // of API keys and onboarding sessions
	AppNeed auth.Need // of install tokens, which check nothing else
	Cleanup bool      // open to the token of an app that was removed
	Launch  bool      // open to the launch token of a hosted checkout
	Recover bool      // open to the credential of a checkout that ended over an unresolved payment
	Tier    Tier
	Key     KeyUse
	Status  int  // of success
	List    bool // data is an array with a page token beside it
	Flat    bool // answers without the envelope
	Ours    bool // beyond the contract
}

// Short names keep the table on one line a row.
const (
	byKey        = auth.APIKey
	byApp        = auth.InstallToken
	byCheckout   = auth.CheckoutCredential
	byInvoice    = auth.InvoiceToken
	byCustomer   = auth.CustomerSession
	byOnboarding = auth.OnboardingSession
	byNobody     = auth.Nobody
)

func allOf(scopes ...string) auth.Need { return auth.AllOf(scopes...) }
func anyOf(scopes ...string) auth.Need { return auth.AnyOf(scopes...) }

// ourRoutes lists what goes beyond the contract.
var ourRoutes = []Route{
	{ID: "getOpenAPI", Method: "GET", Path: "/v1/openapi.json", By: byNobody, Tier: TierRead, Status: 200, Flat: true, Ours: true},
}

// Routes is the whole table. Rows without a handler are reported by API.Missing.
func Routes() []Route {
	return slices.Concat(accountRoutes, appRoutes, buyerRoutes, checkoutRoutes, customerRoutes, fulfillmentRoutes,
		invoiceRoutes, orderRoutes, paymentLinkRoutes, paymentRoutes, returnRoutes, strandedRoutes, supportRoutes, recoveryRoutes, webhookRoutes, ourRoutes)
}
