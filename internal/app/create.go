package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Bearer prefixes of the contract.
const (
	prefixClient = "fpc_"
	prefixSecret = "fps_"
)

// CreateInput describes a new app.
type CreateInput struct {
	Scope              tenant.Scope // of the caller; apps are managed from the live environment
	Name               string
	Type               string // TypeServer when empty
	Visibility         string // VisibilityPrivate when empty
	IconURL            string
	RedirectURIs       []string
	Manifest           []Permission
	DefaultPermissions []string // every permission that is not optional when nil
	APIVersion         string   // the first of Versions when empty
	Versions           []string // those that may be chosen
	Now                time.Time
}

// Validate reports every fault of the input.
func (in CreateInput) Validate() error {
	var faults fault.List
	checkAppName(&faults, in.Name)
	if !slices.Contains([]string{"", TypeServer, TypePlugin}, in.Type) {
		faults.Add("INVALID_PARTNER_APP", "app_type", "An app is of type server or plugin.")
	}
	if !slices.Contains([]string{"", VisibilityPrivate}, in.Visibility) {
		faults.Add("INVALID_PARTNER_APP", "visibility", "The only visibility is private.")
	}
	checkIcon(&faults, in.IconURL)
	checkRedirectURIs(&faults, in.RedirectURIs)
	checkManifest(&faults, in.Manifest)
	checkDefaults(&faults, in.DefaultPermissions, in.Manifest)
	checkVersion(&faults, in.APIVersion, in.Versions)
	return faults.Err()
}

func checkVersion(faults *fault.List, v string, known []string) {
	if v != "" && !slices.Contains(known, v) {
		faults.Add("INVALID_API_VERSION", "api_version", "This version of the API is not spoken here.")
	}
}

// errLiveOnly refuses a test key that manages what belongs to no sandbox.
func errLiveOnly() error {
	return fault.Forbidden("PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY", "Apps and installs belong to the merchant as a whole; use a live key.")
}

// CheckLive refuses a scope that is not live. Fault: PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY.
func CheckLive(scope tenant.Scope) error {
	if err := scope.Check(); err != nil {
		return err
	}
	if scope.Mode() != tenant.ModeLive {
		return errLiveOnly()
	}
	return nil
}

// Create registers an app and returns its client secret, which nothing can show again. Faults:
// PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY, RESOURCE_LIMIT_EXCEEDED, INVALID_PARTNER_APP, INVALID_URL,
// UNKNOWN_SCOPE, DUPLICATE_SCOPE, SCOPE_NOT_ALLOWED, INVALID_API_VERSION.
func (s *Service) Create(_ context.Context, tx db.Tx, in CreateInput) (*App, secret.Text, error) {
	if err := CheckLive(in.Scope); err != nil {
		return nil, secret.Text{}, err
	}
	if err := in.Validate(); err != nil {
		return nil, secret.Text{}, err
	}
	if err := admit(tx, in.Scope.MerchantID); err != nil {
		return nil, secret.Text{}, err
	}
	token := secret.NewToken(prefixSecret)
	a := &App{MerchantID: in.Scope.MerchantID, ID: s.IDs.New(id.App), ClientID: secret.NewToken(prefixClient), Type: in.Type, Visibility: VisibilityPrivate,
		Status: AppActive, Version: 1, Name: strings.TrimSpace(in.Name), IconURL: in.IconURL, RedirectURIs: in.RedirectURIs, Manifest: in.Manifest,
		DefaultPermissions: in.DefaultPermissions, APIVersion: in.APIVersion, CreatedAt: in.Now, UpdatedAt: in.Now, secretHash: secret.Hash(token)}
	if a.Type == "" {
		a.Type = TypeServer
	}
	if a.DefaultPermissions == nil {
		a.DefaultPermissions = everyPermission(a.Manifest)
	}
	if a.APIVersion == "" {
		a.APIVersion = in.Versions[0]
	}
	if err := insertApp(tx, a); err != nil {
		return nil, secret.Text{}, err
	}
	return a, secret.NewText(token), insertVersion(tx, a)
}

// admit refuses one more app than a merchant may have. It locks the merchant, so that two callers
// cannot both take the last place.
func admit(tx db.Tx, ownerID string) error {
	var n int
	err := tx.QueryRow([]any{&n}, `SELECT 1 FROM merchants WHERE merchant_id = $1`+tx.ForUpdate(), ownerID)
	if err != nil {
		return fmt.Errorf("lock the owner of an app: %w", err)
	}
	if err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM apps WHERE merchant_id = $1 AND status <> 'deleted'`, ownerID); err != nil {
		return fmt.Errorf("count the apps of a merchant: %w", err)
	}
	if n >= MaxApps {
		return fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "A merchant can have %d apps.", MaxApps).With("limit", MaxApps).Then("Delete an app first.")
	}
	return nil
}
