package organization

import (
	"time"

	"flint/internal/db"
	"flint/internal/fault"
)

// Move puts a merchant into another organization that it sees. It cannot come back on its own, for it
// sees no more than what is below. Fault: INVALID_ORGANIZATION_ID.
func Move(tx db.Tx, merchantID, organizationID string, now time.Time) error {
	from, err := placeOf(tx, merchantID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return errTarget()
	}
	if err == nil {
		err = lockTree(tx, from.founderID)
	}
	if err != nil {
		return err
	}
	o, err := visible(tx, from, organizationID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && o.Status != StatusActive {
		return errTarget()
	}
	if err != nil || o.ID == from.organizationID {
		return err
	}
	return link(tx, merchantID, from, place{o.FounderID, o.ID}, now)
}

// Place puts a merchant into an active organization of any tree. It is for operators alone: it gives
// the members of that tree their roles in the merchant. founderID is the merchant whose tree it is.
func Place(tx db.Tx, merchantID, founderID, organizationID string, now time.Time) error {
	from, err := placeOf(tx, merchantID)
	if err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND") {
		return err
	}
	if err := lockTree(tx, founderID); err != nil {
		return err
	}
	o, err := visible(tx, place{founderID, organizationID}, organizationID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && o.Status != StatusActive {
		return errTarget()
	}
	if err != nil {
		return err
	}
	return link(tx, merchantID, from, place{o.FounderID, o.ID}, now)
}

func errTarget() error {
	return fault.Invalid("INVALID_ORGANIZATION_ID", "organization_id", "This must be an active organization that you see.")
}
