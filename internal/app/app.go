package app

import (
	"time"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/secret"
)

// Types of an app.
const (
	TypeServer = "server"
	TypePlugin = "plugin"
)

// VisibilityPrivate is an app that is installed by its link alone. There is no other visibility.
const VisibilityPrivate = "private"

// Statuses of an app. A deleting app takes no installs and waits for those it has to wind down.
const (
	AppActive   = "active"
	AppDeleting = "deleting"
	AppDeleted  = "deleted"
)

// Limits of apps.
const (
	MaxApps         = 50 // live ones of a merchant
	MaxRedirectURIs = 20
	MaxPermissions  = 50
	MaxScopes       = 93 // of one permission: every scope there is

	maxName        = 100 // characters
	maxURL         = 2048
	maxID          = 64
	maxTitle       = 100
	maxDescription = 500
)

// SecretOverlap is how long a replaced client secret stays good.
const SecretOverlap = 24 * time.Hour

// Permission is one thing an app asks for, in words a merchant reads, and the scopes it stands for.
type Permission struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Scopes      []string `json:"scopes"`
	Optional    bool     `json:"optional,omitzero"` // the merchant may decline it
}

// App is an app with its current version.
type App struct {
	MerchantID string // of the owner
	ID         string // papp_…
	ClientID   string // fpc_…
	Type       string
	Visibility string
	Status     string

	Version            int64
	Name               string
	IconURL            string
	RedirectURIs       []string
	Manifest           []Permission
	DefaultPermissions []string // ids

	APIVersion          string
	APIVersionPrevious  string
	APIVersionChangedAt time.Time
	CreatedAt           time.Time
	UpdatedAt           time.Time

	secretHash          string
	previousSecretHash  string
	previousSecretUntil time.Time
}

// Service does what owners and installers ask of apps. All fields but the hooks are needed.
type Service struct {
	DB     db.DB // for jobs; operations run in the caller's transaction
	IDs    *id.Source
	Clock  clock.Clock
	Events *event.Log
	Jobs   *job.Queue
	Box    *secret.Box // seals what CleanupToken makes; needed with it alone

	// OnWindDown runs for each grant in the transaction in which it stops being active: its ordinary
	// tokens end there.
	OnWindDown []func(tx db.Tx, g Grant, now time.Time) error
	// OnRevoke runs for each grant in the transaction that removes it for good: what is left of its
	// tokens, its endpoints and their queued deliveries end there. It tells g.Removed what it ended.
	OnRevoke []func(tx db.Tx, g Grant, now time.Time) error
	// OnDelete runs in the transaction in which an app is gone: what is its own at its owner ends there.
	OnDelete []func(tx db.Tx, ownerID, appID string, now time.Time) error
	// CleanupToken, when set, makes the token a removed app cleans up with. It holds
	// Grant.CleanupScopes and is good until the given time at most. It runs after OnWindDown.
	CleanupToken func(tx db.Tx, g Grant, i Install, until time.Time) (secret.Text, error)
}

// Granted is the union of the scopes of the named permissions.
func (a *App) Granted(permissionIDs []string) auth.ScopeSet {
	return scopesOf(a.Manifest, permissionIDs)
}

// AllowedScopes is every scope the app may ask for.
func (a *App) AllowedScopes() auth.ScopeSet {
	var names []string
	for _, p := range a.Manifest {
		names = append(names, p.Scopes...)
	}
	return auth.ScopesOf(names...)
}

// Permission finds a permission of the current version, nil when there is none of the id.
func (a *App) Permission(permissionID string) *Permission {
	for i := range a.Manifest {
		if a.Manifest[i].ID == permissionID {
			return &a.Manifest[i]
		}
	}
	return nil
}

// CheckSecret reports whether the secret is one of the app's live ones, in constant time.
func (s *Service) CheckSecret(a *App, text string) bool {
	hash := secret.Hash(text)
	current := secret.Equal(hash, a.secretHash)
	previous := secret.Equal(hash, a.previousSecretHash) && s.Clock.Now().Before(a.previousSecretUntil)
	return a.Status == AppActive && (current || previous)
}
