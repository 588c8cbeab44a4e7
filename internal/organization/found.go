package organization

import (
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
)

// Found makes the organization that a new merchant begins with and returns its id. Whoever makes the
// merchant calls it, in the same transaction.
func Found(tx db.Tx, ids *id.Source, merchantID, name string, now time.Time) (string, error) {
	o := Organization{FounderID: merchantID, ID: ids.New(id.Organization), Name: name, Status: StatusActive, CreatedAt: now, UpdatedAt: now}
	if err := insertOrganization(tx, o); err != nil {
		return "", err
	}
	return o.ID, link(tx, merchantID, place{}, place{merchantID, o.ID}, now)
}

// Join gives a new user of a merchant a role in its organization: that of the owner to the first of
// them, and the given one to others, none when it is empty. Nothing is done for a merchant without
// organization. Fault: OWNERSHIP_TRANSFER_REQUIRED for a second owner.
func Join(tx db.Tx, merchantID, userID, role string, now time.Time) error {
	at, err := placeOf(tx, merchantID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return nil
	}
	if err == nil {
		err = lockTree(tx, at.founderID)
	}
	if err != nil {
		return err
	}
	owner, err := ownerOf(tx, at)
	if err != nil {
		return err
	}
	if owner.UserID == "" && at.founderID == merchantID {
		role = Owner
	}
	if role == "" {
		return nil
	}
	if role == Owner && owner.UserID != "" {
		return errTransfer()
	}
	return saveMembership(tx, Membership{FounderID: at.founderID, OrganizationID: at.organizationID, UserID: userID, Role: role,
		Status: StatusActive, CreatedAt: now, UpdatedAt: now})
}
