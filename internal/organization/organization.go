package organization

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
)

// Statuses of organizations and memberships.
const (
	StatusActive  = "active"
	StatusDeleted = "deleted" // of an organization
	StatusRevoked = "revoked" // of a membership
)

// Organization is one node of a tree.
type Organization struct {
	FounderID string // the merchant whose tree it is part of
	ID        string
	ParentID  string // empty for the root
	Name      string
	Metadata  map[string]string
	Status    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Membership is the role of a user in one organization.
type Membership struct {
	FounderID      string
	OrganizationID string
	UserID         string
	Role           string
	Status         string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// View is who looks and acts: a merchant, whose organization's subtree is all there is for it, and the
// person acting for it. Without a person the merchant itself acts, by its key, with an owner's rights
// over its subtree.
type View struct {
	MerchantID string
	UserID     string
}

// Limits of one tree.
const (
	MaxOrganizations = 1000
	maxName          = 100 // characters
)

// Service holds what the operations need.
type Service struct {
	IDs *id.Source
	// Users tells whether the user is one of the merchants'. It is asked when somebody is given a role.
	Users func(tx db.Tx, merchantIDs []string, userID string) (bool, error)
	// Changed is told, in the same transaction, of every user whose role was taken or became another.
	Changed []Changed
}

// Changed is told that a user's role in a merchant may be another from now on, for each merchant in or below
// the organization of the membership.
type Changed func(ctx context.Context, tx db.Tx, merchantID, userID string, now time.Time) error

func (s *Service) tell(ctx context.Context, tx db.Tx, m Membership) error {
	if len(s.Changed) == 0 {
		return nil
	}
	merchants, err := merchantsBelow(tx, place{m.FounderID, m.OrganizationID})
	if err != nil {
		return err
	}
	for _, merchantID := range merchants {
		for _, changed := range s.Changed {
			if err := changed(ctx, tx, merchantID, m.UserID, m.UpdatedAt); err != nil {
				return fmt.Errorf("tell of a changed membership: %w", err)
			}
		}
	}
	return nil
}

func errDeleted() error {
	return fault.Conflict("INVALID_STATUS_TRANSITION", "This organization was deleted and stays so.").With("current_status", StatusDeleted)
}
