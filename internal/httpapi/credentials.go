package httpapi

import (
	"context"
	"net/http"
	"strings"

	"flint/internal/auth"
	"flint/internal/fault"
)

// credential is what a request carries, not yet believed.
type credential struct {
	kind            auth.Kind
	subject, secret string
}

// bearerKinds tells kinds apart by prefix.
var bearerKinds = []struct {
	prefix string
	kind   auth.Kind
}{
	{auth.PrefixTestKey, auth.APIKey}, {auth.PrefixLiveKey, auth.APIKey}, {auth.PrefixInstallToken, auth.InstallToken},
	{auth.PrefixCustomerSession, auth.CustomerSession}, {auth.PrefixInvoiceToken, auth.InvoiceToken},
	{auth.PrefixOnboardingSession, auth.OnboardingSession}, {auth.PrefixCLIToken, auth.CLIToken},
}

// readCredential finds the one credential of a request; the zero one when there is none.
func readCredential(h http.Header) (credential, error) {
	var found []credential
	if values := h.Values("Authorization"); len(values) > 0 {
		scheme, token, ok := strings.Cut(values[0], " ")
		if len(values) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " ,") {
			return credential{}, fault.Unauthenticated("INVALID_AUTHORIZATION_HEADER", "The Authorization header must be: Bearer, a space, one token.")
		}
		found = append(found, credential{kind: kindOf(token), secret: token})
	}
	if values := h.Values("X-API-Key"); len(values) > 0 {
		if len(values) > 1 {
			return credential{}, errAmbiguous()
		}
		c := credential{kind: auth.APIKey, secret: values[0]}
		if len(found) == 0 || found[0].secret != c.secret {
			found = append(found, c)
		}
	}
	session, secret := h.Get("X-Checkout-Session-ID"), h.Get("X-Checkout-Session-Secret")
	if session != "" || secret != "" {
		if session == "" || secret == "" {
			return credential{}, fault.Unauthenticated("CHECKOUT_SESSION_SECRET_REQUIRED",
				"X-Checkout-Session-ID and X-Checkout-Session-Secret belong together.")
		}
		found = append(found, credential{kind: auth.CheckoutCredential, subject: session, secret: secret})
	}
	switch len(found) {
	case 0:
		return credential{}, nil
	case 1:
		return found[0], nil
	default:
		return credential{}, errAmbiguous()
	}
}

func errAmbiguous() error {
	return fault.Invalid("AMBIGUOUS_AUTH", "", "The request carries two different credentials; send exactly one.")
}

func kindOf(token string) auth.Kind {
	for _, b := range bearerKinds {
		if strings.HasPrefix(token, b.prefix) {
			return b.kind
		}
	}
	return auth.APIKey // an unknown token is a wrong key, as far as anybody needs to know
}

// authenticate finds out who calls and whether the row of the operation lets them.
func (a *API) authenticate(ctx context.Context, route *Route, h http.Header) (auth.Principal, error) {
	if route.By == auth.Nobody {
		return auth.Principal{Kind: auth.Nobody}, nil
	}
	cred, err := readCredential(h)
	if err != nil {
		return auth.Principal{}, err
	}
	if cred.kind == 0 {
		if route.By&auth.Nobody != 0 {
			return auth.Principal{Kind: auth.Nobody}, nil
		}
		return auth.Principal{}, errNoCredential(route.By)
	}
	verify := a.Verify[cred.kind]
	if verify == nil {
		return auth.Principal{}, fault.Unauthenticated("AUTHENTICATION_FAILED", "This kind of credential is not accepted here.")
	}
	p, err := verify(ctx, cred.subject, cred.secret)
	if err != nil {
		return auth.Principal{}, err
	}
	if err := p.Scope.Check(); err != nil {
		return auth.Principal{}, err
	}
	return p, authorize(route, p)
}

// authorize is the one decision about who may call what.
func authorize(route *Route, p auth.Principal) error {
	kind := p.Kind
	if kind == auth.CLIToken { // a user's own program stands where their key would
		kind = auth.APIKey
	}
	if kind == 0 || route.By&kind == 0 {
		if p.Kind == auth.InstallToken {
			return fault.Forbidden("PARTNER_AUTH_UNSUPPORTED", "This operation is closed to app tokens.")
		}
		return fault.Forbidden("AUTHORIZATION_FAILED", "This operation does not accept this kind of credential.")
	}
	var need auth.Need
	switch kind {
	case auth.APIKey, auth.OnboardingSession:
		need = route.Need
	case auth.CheckoutCredential:
		return authorizeCheckout(route, p)
	case auth.InstallToken:
		if need = route.AppNeed; need.Empty() {
			return fault.Forbidden("PARTNER_AUTH_UNSUPPORTED", "This operation is closed to app tokens.")
		}
		if p.CleanupOnly && !route.Cleanup {
			return fault.Forbidden("PARTNER_AUTH_UNSUPPORTED", "The app was removed; this token only puts the app's own endpoints away.")
		}
	}
	if missing := need.Missing(p.Scopes); len(missing) > 0 {
		return insufficientScope(need, missing)
	}
	return nil
}

// authorizeCheckout holds a launch token, and the credential of a session that ended over a payment, to the
// few things that they are for.
func authorizeCheckout(route *Route, p auth.Principal) error {
	switch {
	case p.LaunchOnly && !route.Launch:
		return fault.Forbidden("CHECKOUT_LAUNCH_TOKEN_RESTRICTED", "A launch token opens the hosted page and reads its session.").
			Then("Send checkout_auth_token as X-Checkout-Session-Secret.")
	case p.RecoveryID != "" && !route.Recover:
		return fault.Conflict("CHECKOUT_RECOVERY_RESTRICTED", "The checkout session has ended; only its unresolved payment can be seen through.").
			Then("Resume or cancel the unresolved payment, or open a new session.").
			With("recovery_payment_attempt_id", p.RecoveryID)
	}
	return nil
}

func errNoCredential(by auth.Kind) error {
	switch {
	case by&auth.APIKey != 0:
		return fault.Unauthenticated("API_KEY_REQUIRED", "Send an API key as Authorization: Bearer, or as X-API-Key.")
	case by&auth.CustomerSession != 0:
		return fault.Unauthenticated("CUSTOMER_SESSION_REQUIRED", "Send a customer session token as Authorization: Bearer.")
	case by&auth.InvoiceToken != 0:
		return fault.Unauthenticated("BUYER_INVOICE_CREDENTIAL_REQUIRED", "Send an invoice access token as Authorization: Bearer.")
	case by&auth.OnboardingSession != 0:
		return fault.Unauthenticated("ONBOARDING_SESSION_REQUIRED", "Send an onboarding session token as Authorization: Bearer.")
	default:
		return fault.Unauthenticated("CHECKOUT_SESSION_AUTH_REQUIRED", "Send X-Checkout-Session-ID and X-Checkout-Session-Secret.")
	}
}
