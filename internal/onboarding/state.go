package onboarding

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/tenant"
)

// Status is where an onboarding stands.
type Status string

// Statuses that occur here; the contract has two more, for processors that review a merchant.
const (
	StatusReadyForKey Status = "ready_for_api_key"
	StatusNeedsInput  Status = "needs_input"
	StatusComplete    Status = "complete"
)

// Steps that lead on.
const (
	StepProfile = "complete_business_profile"
	StepKey     = "create_api_key"
)

// capabilities are those that can be asked for.
var capabilities = []string{"accept_card_payments", "receive_payouts", "accept_ach_debit_payments"}

// Country is the only one so far.
const Country = "US"

// State is what is known of an onboarding and what is missing.
type State struct {
	Scope        tenant.Scope // the environment it is about
	Status       Status
	Merchant     merchant.Merchant
	Country      string
	Capabilities []string
	SyncedAt     time.Time // when the capabilities were asked for
	Missing      []string  // fields of Advance
	CanIssueKey  bool      // the merchant has no key yet
}

// Steps are what can be done now, the most urgent first.
func (s State) Steps() []string {
	var out []string
	if s.CanIssueKey {
		out = append(out, StepKey)
	}
	if len(s.Missing) > 0 {
		out = append(out, StepProfile)
	}
	return out
}

// Get reads the state of the caller's onboarding, or of the named sandbox of its merchant.
func (s *Service) Get(ctx context.Context, tx db.Tx, p auth.Principal, sandboxID string) (State, error) {
	scope, err := s.sandboxOf(ctx, tx, p, sandboxID)
	if err != nil {
		return State{}, err
	}
	return s.state(ctx, tx, scope)
}

func (s *Service) state(ctx context.Context, tx db.Tx, scope tenant.Scope) (State, error) {
	out := State{Scope: scope}
	var asked string
	var synced *time.Time
	err := tx.QueryRow([]any{&out.Country, &asked, &synced}, `SELECT country, capabilities, synced_at FROM onboardings
		WHERE merchant_id = $1 AND environment_id = $2`, scope.MerchantID, scope.EnvironmentID)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return State{}, fmt.Errorf("read an onboarding: %w", err)
	}
	out.Capabilities = strings.Fields(asked)
	if synced != nil {
		out.SyncedAt = *synced
	}
	if out.Merchant, err = s.Merchants.Get(ctx, tx, scope.MerchantID); err != nil {
		return State{}, err
	}
	keys, err := auth.CountKeys(tx, scope.MerchantID)
	if err != nil {
		return State{}, err
	}
	out.CanIssueKey = keys == 0 && scope.Mode() == tenant.ModeTest
	if out.Country == "" {
		out.Missing = append(out.Missing, "country")
	}
	if out.Merchant.WebsiteURL == "" {
		out.Missing = append(out.Missing, "profile.website_url")
	}
	if out.Merchant.SupportEmail == "" {
		out.Missing = append(out.Missing, "profile.support_email")
	}
	if len(out.Capabilities) == 0 {
		out.Missing = append(out.Missing, "requested_capabilities")
	}
	switch {
	case out.CanIssueKey:
		out.Status = StatusReadyForKey
	case len(out.Missing) > 0:
		out.Status = StatusNeedsInput
	default:
		out.Status = StatusComplete
	}
	return out, nil
}

// AdvanceInput is what somebody tells of a merchant; zero fields tell nothing.
type AdvanceInput struct {
	Caller       auth.Principal
	SandboxID    string
	Country      string
	Email        *string
	WebsiteURL   *string
	SupportEmail *string
	SupportPhone *string
	SupportURL   *string
	Capabilities []string
	Now          time.Time
}

// Validate reports every fault of the input.
func (in AdvanceInput) Validate() error {
	var faults fault.List
	switch {
	case in.Country == "" || in.Country == Country:
	case len(in.Country) == 2 && in.Country == strings.ToUpper(in.Country):
		faults.Add("COUNTRY_NOT_SUPPORTED", "country", "Only merchants of the US can be set up.")
	default:
		faults.Add("INVALID_COUNTRY", "country", "A country is two capital letters.")
	}
	if in.Capabilities != nil {
		checkCapabilities(&faults, in.Capabilities)
	}
	return faults.Err()
}

func checkCapabilities(faults *fault.List, asked []string) {
	if len(asked) == 0 {
		faults.Add("EMPTY_CAPABILITY_SET", "requested_capabilities", "Ask for at least one capability.")
	}
	for i, c := range asked {
		at := fmt.Sprintf("requested_capabilities[%d]", i)
		switch {
		case !slices.Contains(capabilities, c):
			faults.Add("CAPABILITY_SET_UNSUPPORTED", at, "This capability cannot be asked for.")
		case slices.Index(asked, c) < i:
			faults.Add("DUPLICATE_CAPABILITY", at, "This capability is listed twice.")
		}
	}
	if len(asked) > 0 && (!slices.Contains(asked, "accept_card_payments") || !slices.Contains(asked, "receive_payouts")) {
		faults.Add("CAPABILITY_DEPENDENCY_REQUIRED", "requested_capabilities", "accept_card_payments and receive_payouts go together.")
	}
}

// Advance stores what is told and says what is missing then; telling nothing only says it. Faults:
// CAPABILITIES_IMMUTABLE for another set than the first, those of Get and of the merchant's profile.
func (s *Service) Advance(ctx context.Context, tx db.Tx, in AdvanceInput) (State, error) {
	if err := in.Validate(); err != nil {
		return State{}, err
	}
	scope, err := s.sandboxOf(ctx, tx, in.Caller, in.SandboxID)
	if err != nil {
		return State{}, err
	}
	if in.Email != nil || in.WebsiteURL != nil || in.SupportEmail != nil || in.SupportPhone != nil || in.SupportURL != nil {
		_, err := s.Merchants.Update(ctx, tx, merchant.UpdateInput{MerchantID: scope.MerchantID, Email: in.Email, WebsiteURL: in.WebsiteURL,
			SupportEmail: in.SupportEmail, SupportPhone: in.SupportPhone, SupportURL: in.SupportURL, Now: in.Now})
		if err != nil {
			return State{}, below("profile", err)
		}
	}
	if in.Country == "" && in.Capabilities == nil {
		return s.state(ctx, tx, scope)
	}
	if err := tx.Send(`INSERT INTO onboardings (merchant_id, environment_id, updated_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		scope.MerchantID, scope.EnvironmentID, in.Now); err != nil {
		return State{}, fmt.Errorf("begin an onboarding: %w", err)
	}
	var country, asked string
	if err := tx.QueryRow([]any{&country, &asked}, `SELECT country, capabilities FROM onboardings WHERE merchant_id = $1 AND environment_id = $2`+tx.ForUpdate(),
		scope.MerchantID, scope.EnvironmentID); err != nil {
		return State{}, fmt.Errorf("lock an onboarding: %w", err)
	}
	set := slices.Sorted(slices.Values(in.Capabilities))
	if before := strings.Fields(asked); len(before) > 0 && in.Capabilities != nil && !slices.Equal(before, set) {
		return State{}, fault.Conflict("CAPABILITIES_IMMUTABLE", "Capabilities were asked for before and cannot be changed here.")
	}
	if in.Country != "" {
		country = in.Country
	}
	var synced any
	if in.Capabilities != nil {
		asked, synced = strings.Join(set, " "), in.Now
	}
	if err := tx.Send(`UPDATE onboardings SET country = $3, capabilities = $4, synced_at = COALESCE(CAST($5 AS BIGINT), synced_at), updated_at = $6
		WHERE merchant_id = $1 AND environment_id = $2`, scope.MerchantID, scope.EnvironmentID, country, asked, synced, in.Now); err != nil {
		return State{}, fmt.Errorf("keep an onboarding: %w", err)
	}
	return s.state(ctx, tx, scope)
}

// below puts the faults of a structure under its field.
func below(param string, err error) error {
	if f := fault.Of(err); f == nil || f.Class != fault.ClassInvalid {
		return err
	}
	var faults fault.List
	faults.AddError(param, err)
	return faults.Err()
}
