package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/onboarding"
)

// OnboardingStartRequest is who wants to begin.
type OnboardingStartRequest struct {
	Email     string `json:"email" minLength:"1" maxLength:"254" fault:"required=EMAIL_REQUIRED,invalid=INVALID_EMAIL_FORMAT,long=INVALID_EMAIL_FORMAT"`
	FirstName string `json:"first_name" minLength:"1" maxLength:"100" fault:"required=FIRST_NAME_REQUIRED"`
	LastName  string `json:"last_name" minLength:"1" maxLength:"100" fault:"required=LAST_NAME_REQUIRED"`
}

// OnboardingStartResult is the same whether the address is known or not.
type OnboardingStartResult struct {
	Started   bool      `json:"verification_started"`
	Token     string    `json:"verification_token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// OnboardingVerifyEmailRequest is the code of the mail.
type OnboardingVerifyEmailRequest struct {
	Token      string `json:"verification_token" minLength:"1" maxLength:"128" fault:"long=INVALID_VERIFICATION"`
	Code       string `json:"verification_code" minLength:"1" maxLength:"16" fault:"long=INVALID_VERIFICATION"`
	MerchantID string `json:"merchant_id,omitzero" maxLength:"64" doc:"Picks one when the address works for several merchants."`
}

// OnboardingVerifyEmailResult is an open session.
type OnboardingVerifyEmailResult struct {
	Token           string              `json:"onboarding_session_token"`
	ExpiresAt       time.Time           `json:"onboarding_session_expires_at"`
	User            OnboardingUser      `json:"user"`
	Merchant        Merchant            `json:"merchant"`
	MerchantCreated bool                `json:"merchant_created"`
	SandboxID       string              `json:"default_sandbox_id,omitzero"`
	CanIssueKey     bool                `json:"can_issue_api_key"`
	NextStep        *OnboardingNextStep `json:"next_step,omitzero"`
}

// OnboardingUser is the person who proved the address.
type OnboardingUser struct {
	UserID    string `json:"user_id"`
	Email     string `json:"email,omitzero"`
	FirstName string `json:"first_name,omitzero"`
	LastName  string `json:"last_name,omitzero"`
}

// OnboardingState is where an onboarding stands.
type OnboardingState struct {
	Status        string                 `json:"status" enum:"ready_for_api_key,needs_input,needs_external_action,waiting_for_review,complete"`
	MerchantID    string                 `json:"merchant_id"`
	Profile       OnboardingProfile      `json:"profile"`
	Requirements  OnboardingRequirements `json:"requirements"`
	CanIssueKey   bool                   `json:"can_issue_api_key"`
	Country       string                 `json:"country,omitzero" enum:"US"`
	SandboxID     string                 `json:"default_sandbox_id,omitzero"`
	NextStep      *OnboardingNextStep    `json:"next_step,omitzero"`
	Available     []OnboardingNextStep   `json:"available_actions,omitzero"`
	Pending       []OnboardingNextStep   `json:"pending_steps,omitzero"`
	Capabilities  []string               `json:"requested_capabilities,omitzero" enum:"accept_card_payments,receive_payouts,accept_ach_debit_payments"`
	SyncedAt      *time.Time             `json:"capabilities_synced_at,omitzero"`
	ReadinessSeen *time.Time             `json:"readiness_observed_at,omitzero"`
}

// OnboardingNextStep is something to be done, and by whom.
type OnboardingNextStep struct {
	Code     string                     `json:"code" enum:"check_onboarding_state,start_onboarding,complete_business_profile,complete_verification_step,wait_for_review,create_api_key"`
	Owner    string                     `json:"owner" enum:"agent,human,system"`
	Machine  bool                       `json:"machine_completable" doc:"A program can do it without a person."`
	Fields   []string                   `json:"required_fields,omitzero"`
	Endpoint string                     `json:"submit_endpoint,omitzero"`
	Method   string                     `json:"submit_method,omitzero"`
	Launch   *OnboardingLaunchReference `json:"launch,omitzero"`
}

// OnboardingLaunchReference is how a hosted step is opened. No connected processor has one so far.
type OnboardingLaunchReference struct {
	Component string                 `json:"component" enum:"account_onboarding"`
	Endpoint  string                 `json:"endpoint"`
	Method    string                 `json:"method" enum:"POST"`
	SandboxID string                 `json:"sandbox_id,omitzero"`
	Policy    OnboardingLaunchPolicy `json:"recommended_policy"`
}

// OnboardingLaunchPolicy is what a hosted step collects.
type OnboardingLaunchPolicy struct {
	Strategy string `json:"collection_strategy" enum:"upfront,incremental"`
	Future   string `json:"future_requirements" enum:"omit,include"`
}

// OnboardingProfile is the part of the merchant's profile that onboarding asks for.
type OnboardingProfile struct {
	Email        string `json:"email"`
	WebsiteURL   string `json:"website_url,omitzero"`
	SupportEmail string `json:"support_email,omitzero"`
	SupportPhone string `json:"support_phone,omitzero"`
	SupportURL   string `json:"support_url,omitzero"`
}

// OnboardingProfileRequest changes it; what is left out stays.
type OnboardingProfileRequest struct {
	Email        *string `json:"email,omitzero" maxLength:"254" fault:"long=INVALID_EMAIL_FORMAT"`
	WebsiteURL   *string `json:"website_url,omitzero" maxLength:"2048" fault:"long=URL_TOO_LONG"`
	SupportEmail *string `json:"support_email,omitzero" maxLength:"254" fault:"long=INVALID_SUPPORT_EMAIL"`
	SupportPhone *string `json:"support_phone,omitzero" maxLength:"32" fault:"long=INVALID_SUPPORT_PHONE"`
	SupportURL   *string `json:"support_url,omitzero" maxLength:"2048" fault:"long=URL_TOO_LONG"`
}

// OnboardingRequirements is what is still asked for.
type OnboardingRequirements struct {
	CurrentlyDue        []string   `json:"currently_due,omitzero"`
	PastDue             []string   `json:"past_due,omitzero"`
	EventuallyDue       []string   `json:"eventually_due,omitzero"`
	PendingVerification []string   `json:"pending_verification,omitzero"`
	DisabledReason      string     `json:"disabled_reason,omitzero" enum:"account_attention_required,account_paused,account_rejected,account_requirements_due,account_under_review,requirements_past_due,requirements_pending_verification"`
	CurrentDeadlineAt   *time.Time `json:"current_deadline_at,omitzero"`
}

// OnboardingAdvanceRequest tells what is known; {} only asks what is missing.
type OnboardingAdvanceRequest struct {
	Country      string                    `json:"country,omitzero" maxLength:"2" fault:"long=INVALID_COUNTRY" doc:"US is the only one so far."`
	Profile      *OnboardingProfileRequest `json:"profile,omitzero"`
	Capabilities []string                  `json:"requested_capabilities,omitzero" maxItems:"10" enum:"accept_card_payments,receive_payouts,accept_ach_debit_payments" fault:"invalid=CAPABILITY_SET_UNSUPPORTED"`
	SandboxID    string                    `json:"sandbox_id,omitzero" maxLength:"64"`
}

// OnboardingAPIKeyRequest describes the first key.
type OnboardingAPIKeyRequest struct {
	Name      string   `json:"name" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Scopes    []string `json:"scopes,omitzero" doc:"All that a first key may have, when left out."`
	SandboxID string   `json:"sandbox_id,omitzero" maxLength:"64"`
}

type startOnboardingInput struct{ Body OnboardingStartRequest }

type verifyOnboardingInput struct{ Body OnboardingVerifyEmailRequest }

type onboardingStateInput struct {
	SandboxID string `query:"sandbox_id" maxLength:"64"`
}

type advanceOnboardingInput struct {
	SandboxID string `query:"sandbox_id" maxLength:"64"`
	Body      OnboardingAdvanceRequest
}

type onboardingKeyInput struct {
	SandboxID string `query:"sandbox_id" maxLength:"64"`
	Body      OnboardingAPIKeyRequest
}

func registerOnboarding(a *API, s *Services) {
	Handle(a, "startOnboarding", func(ctx context.Context, c *Caller, in *startOnboardingInput) (OnboardingStartResult, error) {
		out, err := s.Setup.Start(ctx, onboarding.StartInput{Email: in.Body.Email, FirstName: in.Body.FirstName, LastName: in.Body.LastName, Address: c.Address, Now: c.Now})
		return OnboardingStartResult{Started: true, Token: out.Token.Reveal(), ExpiresAt: out.ExpiresAt}, c.limitedBy("setup-flow", err)
	}, Doc("Begin to set a merchant up", "Mails a code of six digits to the address. The answer is the same whether the address is known or not."),
		Errors("EMAIL_REQUIRED", "INVALID_EMAIL_FORMAT", "FIRST_NAME_REQUIRED", "LAST_NAME_REQUIRED", "VERIFICATION_EMAIL_FAILED", "ONBOARDING_UNAVAILABLE", "RATE_LIMIT_EXCEEDED"))

	Write(a, "verifyOnboardingEmail", func(ctx context.Context, tx db.Tx, c *Caller, in *verifyOnboardingInput) (OnboardingVerifyEmailResult, error) {
		v, err := s.Setup.Verify(ctx, tx, onboarding.VerifyInput{Token: in.Body.Token, Code: in.Body.Code, MerchantID: in.Body.MerchantID, Address: c.Address, Now: c.Now})
		if err != nil {
			return OnboardingVerifyEmailResult{}, err
		}
		state, err := s.Setup.Get(ctx, tx, auth.Principal{Kind: auth.OnboardingSession, Scope: v.Scope}, "")
		seen := *c
		seen.Scope = v.Scope
		out := OnboardingVerifyEmailResult{Token: v.Token.Reveal(), ExpiresAt: v.ExpiresAt,
			User:     OnboardingUser{UserID: v.User.ID, Email: v.User.Email, FirstName: v.User.FirstName, LastName: v.User.LastName},
			Merchant: a.wireMerchant(&seen, v.Merchant), MerchantCreated: v.Created, SandboxID: v.Scope.EnvironmentID, CanIssueKey: state.CanIssueKey,
		}
		if steps := wireSteps(state); len(steps) > 0 {
			out.NextStep = &steps[0]
		}
		return out, err
	}, Doc("Prove the address", "Finds the merchant that the address works for, or makes one with a default sandbox, and opens a session that cannot be prolonged."), OneTimeSecrets(),
		Errors("INVALID_VERIFICATION", "VERIFICATION_ATTEMPTS_EXCEEDED", "VERIFICATION_ALREADY_USED", "MERCHANT_SELECTION_REQUIRED", "INVALID_MERCHANT_SELECTION"))

	Get(a, "getOnboardingState", func(ctx context.Context, tx db.Tx, c *Caller, in *onboardingStateInput) (OnboardingState, error) {
		state, err := s.Setup.Get(ctx, tx, c.Principal, in.SandboxID)
		return wireOnboarding(state, c.Now), err
	}, Doc("Read where the set-up stands", "What is missing, and what can be done next."), Errors("SANDBOX_SELECTION_FORBIDDEN", "SANDBOX_INACTIVE"))

	Write(a, "advanceOnboarding", func(ctx context.Context, tx db.Tx, c *Caller, in *advanceOnboardingInput) (OnboardingState, error) {
		sandboxID, err := oneSandbox(in.SandboxID, in.Body.SandboxID)
		if err != nil {
			return OnboardingState{}, err
		}
		advance := onboarding.AdvanceInput{Caller: c.Principal, SandboxID: sandboxID, Country: in.Body.Country, Capabilities: in.Body.Capabilities, Now: c.Now}
		if p := in.Body.Profile; p != nil {
			advance.Email, advance.WebsiteURL, advance.SupportEmail, advance.SupportPhone, advance.SupportURL = p.Email, p.WebsiteURL, p.SupportEmail, p.SupportPhone, p.SupportURL
		}
		state, err := s.Setup.Advance(ctx, tx, advance)
		return wireOnboarding(state, c.Now), err
	}, Doc("Tell what is known", "Stores it and answers with what is missing then; {} only asks."),
		Errors("INVALID_COUNTRY", "COUNTRY_NOT_SUPPORTED", "CAPABILITIES_IMMUTABLE", "CAPABILITY_SET_UNSUPPORTED", "CAPABILITY_DEPENDENCY_REQUIRED",
			"DUPLICATE_CAPABILITY", "EMPTY_CAPABILITY_SET", "SANDBOX_SELECTION_FORBIDDEN", "SANDBOX_INACTIVE"))

	Write(a, "createOnboardingAPIKey", func(ctx context.Context, tx db.Tx, c *Caller, in *onboardingKeyInput) (APIKeyWithSecret, error) {
		sandboxID, err := oneSandbox(in.SandboxID, in.Body.SandboxID)
		if err != nil {
			return APIKeyWithSecret{}, err
		}
		key, text, err := s.Setup.FirstKey(ctx, tx, onboarding.FirstKeyInput{Caller: c.Principal, SandboxID: sandboxID, Name: in.Body.Name, Scopes: in.Body.Scopes, Now: c.Now})
		if err != nil {
			return APIKeyWithSecret{}, err
		}
		return APIKeyWithSecret{APIKey: wireKey(key), SecretKey: text.Reveal()}, nil
	}, Doc("Make the first key", "Of a sandbox, once for a merchant. The secret is shown once."), OneTimeSecrets(),
		Errors("INITIAL_API_KEY_ALREADY_CREATED", "INVALID_BOOTSTRAP_SCOPES", "ONBOARDING_DIRECT_OWNER_REQUIRED", "ONBOARDING_SESSION_REQUIRED", "SANDBOX_INACTIVE"))
}

// limitedBy names the limit that refused a call in the answer's header.
func (c *Caller) limitedBy(reason string, err error) error {
	if fault.Is(err, "RATE_LIMIT_EXCEEDED") {
		c.header.Set("Flint-Rate-Limited-Reason", reason)
	}
	return err
}

// oneSandbox is the sandbox that query or body name.
func oneSandbox(query, body string) (string, error) {
	if query != "" && body != "" && query != body {
		return "", fault.Invalid("INVALID_SANDBOX_ID", "sandbox_id", "Query and body name two different sandboxes.")
	}
	return or(query, body), nil
}

func wireOnboarding(s onboarding.State, now time.Time) OnboardingState {
	m := s.Merchant
	out := OnboardingState{
		Status: string(s.Status), MerchantID: m.ID, CanIssueKey: s.CanIssueKey, Country: s.Country, Capabilities: s.Capabilities, SyncedAt: timeIf(s.SyncedAt),
		Profile:      OnboardingProfile{Email: m.Email, WebsiteURL: m.WebsiteURL, SupportEmail: m.SupportEmail, SupportPhone: m.SupportPhone, SupportURL: m.SupportURL},
		Requirements: OnboardingRequirements{CurrentlyDue: s.Missing}, ReadinessSeen: &now, Available: wireSteps(s), Pending: wireSteps(s),
	}
	if p := (auth.Principal{Scope: s.Scope}); s.Scope.EnvironmentID != "" {
		out.SandboxID = p.SandboxID()
	}
	if len(out.Pending) > 0 {
		out.NextStep = &out.Pending[0]
	}
	return out
}

func wireSteps(s onboarding.State) []OnboardingNextStep {
	var out []OnboardingNextStep
	for _, code := range s.Steps() {
		step := OnboardingNextStep{Code: code, Owner: "agent", Machine: true, Method: "POST", Endpoint: "/v1/onboarding/api-key", Fields: []string{"name"}}
		if code == onboarding.StepProfile {
			step.Owner, step.Endpoint, step.Fields = "human", "/v1/onboarding/advance", s.Missing
		}
		out = append(out, step)
	}
	return out
}
