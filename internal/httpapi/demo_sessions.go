package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/onboarding"
)

// DemoSessionRequest asks for a demo session.
type DemoSessionRequest struct {
	Template string `json:"template,omitzero" maxLength:"64" fault:"long=INVALID_TEMPLATE" doc:"What the sandbox begins with; blank is the only one so far."`
}

// DemoSession is a sandbox for a while, without an account.
type DemoSession struct {
	ID        string         `json:"demo_session_id"`
	SandboxID string         `json:"sandbox_id"`
	ExpiresAt time.Time      `json:"expires_at"`
	APIKey    DemoSessionKey `json:"api_key"`
}

// DemoSessionKey is the key of a demo session.
type DemoSessionKey struct {
	SecretKey string   `json:"secret_key" doc:"Shown once."`
	Scopes    []string `json:"scopes"`
}

type demoSessionInput struct {
	Turnstile string `header:"X-Turnstile-Token" maxLength:"4096" doc:"Accepted and not looked at: there is nobody to keep out of a development environment."`
	Body      *DemoSessionRequest
}

func registerDemoSessions(a *API, s *Services) {
	open := func(how func(context.Context, db.Tx, onboarding.DemoInput) (onboarding.Demo, error)) func(context.Context, db.Tx, *Caller, *demoSessionInput) (DemoSession, error) {
		return func(ctx context.Context, tx db.Tx, c *Caller, in *demoSessionInput) (DemoSession, error) {
			template := ""
			if in.Body != nil {
				template = in.Body.Template
			}
			d, err := how(ctx, tx, onboarding.DemoInput{Template: template, Address: c.Address, Now: c.Now})
			if err != nil {
				return DemoSession{}, err
			}
			return DemoSession{ID: d.ID, SandboxID: d.Scope.EnvironmentID, ExpiresAt: d.ExpiresAt,
				APIKey: DemoSessionKey{SecretKey: d.Secret.Reveal(), Scopes: d.Key.Scopes.Names()}}, nil
		}
	}
	Write(a, "createDemoSession", open(func(ctx context.Context, tx db.Tx, in onboarding.DemoInput) (onboarding.Demo, error) {
		return s.Setup.OpenDemo(ctx, tx, in)
	}),
		Doc("Open a demo session", "A sandbox and a key without an account, for two hours, in development environments. A client has one at a time."), OneTimeSecrets(),
		Errors("ACTIVE_DEMO_SESSION_EXISTS", "INVALID_TEMPLATE", "DEMO_SESSIONS_UNAVAILABLE"))
	Write(a, "resetDemoSession", open(func(ctx context.Context, tx db.Tx, in onboarding.DemoInput) (onboarding.Demo, error) {
		return s.Setup.ResetDemo(ctx, tx, in)
	}),
		Doc("Reset the demo session", "Ends what the client has and opens another."), OneTimeSecrets(), Errors("INVALID_TEMPLATE", "DEMO_SESSIONS_UNAVAILABLE"))
}

// MerchantAccountSessionRequest names hosted components for accounts of a processor.
type MerchantAccountSessionRequest struct {
	Components   []string `json:"components,omitzero" enum:"account_onboarding,account_management,payouts,balances,tax_documents,notification_banner"`
	Strategy     string   `json:"collection_strategy,omitzero" enum:"upfront,incremental"`
	Future       string   `json:"future_requirements,omitzero" enum:"omit,include"`
	Requirements []string `json:"targeted_requirement_ids,omitzero"`
	SandboxID    string   `json:"sandbox_id,omitzero" maxLength:"64"`
}

// RefreshMerchantAccountSessionRequest continues one.
type RefreshMerchantAccountSessionRequest struct {
	LaunchToken string `json:"launch_token,omitzero" maxLength:"512"`
}

// MerchantAccountSession is what a browser opens such components with.
type MerchantAccountSession struct {
	Components  []string  `json:"components"`
	LaunchToken string    `json:"launch_token"`
	ExpiresAt   time.Time `json:"launch_token_expires_at"`
}

// registerAccountSessions keeps the place of sessions in which a processor's own pages about an account are
// shown. No connected processor has such pages, so every call is refused with a clear word.
func registerAccountSessions(a *API, _ *Services) {
	refuse := func(field string) error {
		return fault.Invalid("RESERVED_FIELD_NOT_YET_SUPPORTED", field, "Hosted account components are not supported yet.")
	}
	Handle(a, "createMerchantAccountSession", func(context.Context, *Caller, *struct{ Body MerchantAccountSessionRequest }) (MerchantAccountSession, error) {
		return MerchantAccountSession{}, refuse("components")
	}, Doc("Open hosted account components", "Reserved: refused for now."), Errors("RESERVED_FIELD_NOT_YET_SUPPORTED"))
	Handle(a, "refreshMerchantAccountSession", func(context.Context, *Caller, *struct {
		Body RefreshMerchantAccountSessionRequest
	}) (MerchantAccountSession, error) {
		return MerchantAccountSession{}, refuse("launch_token")
	}, Doc("Refresh hosted account components", "Reserved: refused for now."), Errors("RESERVED_FIELD_NOT_YET_SUPPORTED"))
}
