package organization

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
)

// below are the ids of an organization and of all that is under it, deleted ones included. $1 is the
// tree, $2 the organization.
const below = `WITH RECURSIVE below(organization_id) AS (
		SELECT organization_id FROM organizations WHERE merchant_id = $1 AND organization_id = $2
		UNION SELECT o.organization_id FROM organizations o JOIN below b ON o.parent_organization_id = b.organization_id WHERE o.merchant_id = $1)
	SELECT organization_id FROM below`

// place is where a merchant stands: a tree and the organization in it.
type place struct{ founderID, organizationID string }

// placeOf reads where a merchant stands. Fault: RESOURCE_NOT_FOUND when it belongs to no organization.
func placeOf(tx db.Tx, merchantID string) (place, error) {
	var p place
	err := tx.QueryRow([]any{&p.founderID, &p.organizationID},
		`SELECT founder_id, organization_id FROM merchant_organizations WHERE merchant_id = $1`, merchantID)
	if errors.Is(err, db.ErrNoRows) {
		return place{}, fault.NotFound("organization")
	}
	if err != nil {
		return place{}, fmt.Errorf("read the organization of a merchant: %w", err)
	}
	return p, nil
}

// lockTree keeps everybody else from changing the tree until the end of tx.
func lockTree(tx db.Tx, founderID string) error {
	var root string
	err := tx.QueryRow([]any{&root}, `SELECT organization_id FROM organizations WHERE merchant_id = $1 AND parent_organization_id = ''`+tx.ForUpdate(), founderID)
	if err != nil {
		return fmt.Errorf("lock a tree of organizations: %w", err)
	}
	return nil
}

// rolesAbove are the roles of a user in the organization of a merchant and in all above it.
func rolesAbove(tx db.Tx, merchantID, userID string) ([]string, error) {
	return rolesFrom(tx, `SELECT o.merchant_id, o.organization_id, o.parent_organization_id FROM merchant_organizations l
		JOIN organizations o ON o.merchant_id = l.founder_id AND o.organization_id = l.organization_id WHERE l.merchant_id = $2`, userID, merchantID)
}

// rolesAt are the roles of a user in an organization and in all above it.
func rolesAt(tx db.Tx, p place, userID string) ([]string, error) {
	return rolesFrom(tx, `SELECT merchant_id, organization_id, parent_organization_id FROM organizations
		WHERE merchant_id = $2 AND organization_id = $3`, userID, p.founderID, p.organizationID)
}

func rolesFrom(tx db.Tx, start, userID string, args ...any) ([]string, error) {
	var held []string
	err := tx.Query(func(r db.Row) error {
		var role string
		err := r.Scan(&role)
		held = append(held, role)
		return err
	}, `WITH RECURSIVE above(merchant_id, organization_id, parent_organization_id) AS (`+start+`
			UNION SELECT o.merchant_id, o.organization_id, o.parent_organization_id FROM above a
			JOIN organizations o ON o.merchant_id = a.merchant_id AND o.organization_id = a.parent_organization_id)
		SELECT m.role FROM above a JOIN organization_memberships m ON m.merchant_id = a.merchant_id AND m.organization_id = a.organization_id
		WHERE m.user_id = $1 AND m.status = 'active'`, append([]any{userID}, args...)...)
	return held, err
}

const organizationColumns = `merchant_id, organization_id, parent_organization_id, name, metadata, status, created_at, updated_at`

func scanOrganization(r db.Row) (Organization, error) {
	var o Organization
	var meta string
	if err := r.Scan(&o.FounderID, &o.ID, &o.ParentID, &o.Name, &meta, &o.Status, &o.CreatedAt, &o.UpdatedAt); err != nil || meta == "" {
		return o, err
	}
	if err := json.Unmarshal([]byte(meta), &o.Metadata); err != nil {
		return o, fmt.Errorf("read the metadata of an organization: %w", err)
	}
	return o, nil
}

// visible reads an organization of the subtree below top. Fault: RESOURCE_NOT_FOUND.
func visible(tx db.Tx, top place, organizationID string) (Organization, error) {
	var out []Organization
	err := tx.Query(func(r db.Row) error {
		o, err := scanOrganization(r)
		out = append(out, o)
		return err
	}, `SELECT `+organizationColumns+` FROM organizations WHERE merchant_id = $1 AND organization_id = $3 AND organization_id IN (`+below+`)`,
		top.founderID, top.organizationID, organizationID)
	if err != nil {
		return Organization{}, fmt.Errorf("read an organization: %w", err)
	}
	if len(out) == 0 {
		return Organization{}, fault.NotFound("organization")
	}
	return out[0], nil
}

// within reports whether an organization is in the subtree below top.
func within(tx db.Tx, top place, organizationID string) (bool, error) {
	var n int64
	err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM organizations WHERE merchant_id = $1 AND organization_id = $3 AND organization_id IN (`+below+`)`,
		top.founderID, top.organizationID, organizationID)
	if err != nil {
		return false, fmt.Errorf("look for an organization in a tree: %w", err)
	}
	return n > 0, nil
}

func textOf(meta map[string]string) (string, error) {
	if len(meta) == 0 {
		return "", nil
	}
	b, err := json.Marshal(meta, json.Deterministic(true))
	return string(b), err
}

func insertOrganization(tx db.Tx, o Organization) error {
	meta, err := textOf(o.Metadata)
	if err == nil {
		err = tx.Send(`INSERT INTO organizations (`+organizationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			o.FounderID, o.ID, o.ParentID, o.Name, meta, o.Status, o.CreatedAt, o.UpdatedAt)
	}
	if err != nil {
		return fmt.Errorf("insert an organization: %w", err)
	}
	return nil
}

func updateOrganization(tx db.Tx, o Organization) error {
	meta, err := textOf(o.Metadata)
	if err == nil {
		err = tx.Send(`UPDATE organizations SET parent_organization_id = $3, name = $4, metadata = $5, status = $6, updated_at = $7
			WHERE merchant_id = $1 AND organization_id = $2`, o.FounderID, o.ID, o.ParentID, o.Name, meta, o.Status, o.UpdatedAt)
	}
	if err != nil {
		return fmt.Errorf("update an organization: %w", err)
	}
	return nil
}

func countOrganizations(tx db.Tx, founderID string) (int64, error) {
	var n int64
	if err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM organizations WHERE merchant_id = $1 AND status = 'active'`, founderID); err != nil {
		return 0, fmt.Errorf("count organizations: %w", err)
	}
	return n, nil
}

// textsOf reads one text column.
func textsOf(tx db.Tx, sql string, args ...any) ([]string, error) {
	var out []string
	err := tx.Query(func(r db.Row) error {
		var v string
		err := r.Scan(&v)
		out = append(out, v)
		return err
	}, sql, args...)
	return out, err
}

// activeBelow are the ids of the active organizations under one, itself left out.
func activeBelow(tx db.Tx, p place) ([]string, error) {
	out, err := textsOf(tx, `SELECT organization_id FROM organizations WHERE merchant_id = $1 AND organization_id <> $2 AND status = 'active'
		AND organization_id IN (`+below+`) ORDER BY organization_id`, p.founderID, p.organizationID)
	if err != nil {
		return nil, fmt.Errorf("read what is below an organization: %w", err)
	}
	return out, nil
}

// merchantsOf are the merchants of one organization.
func merchantsOf(tx db.Tx, p place) ([]string, error) {
	out, err := textsOf(tx, `SELECT member_id FROM organization_merchants WHERE merchant_id = $1 AND organization_id = $2 ORDER BY member_id`,
		p.founderID, p.organizationID)
	if err != nil {
		return nil, fmt.Errorf("read the merchants of an organization: %w", err)
	}
	return out, nil
}

// merchantsBelow are the merchants of an organization and of all below it.
func merchantsBelow(tx db.Tx, p place) ([]string, error) {
	out, err := textsOf(tx, `SELECT member_id FROM organization_merchants WHERE merchant_id = $1 AND organization_id IN (`+below+`) ORDER BY member_id`,
		p.founderID, p.organizationID)
	if err != nil {
		return nil, fmt.Errorf("read the merchants below an organization: %w", err)
	}
	return out, nil
}

// link puts a merchant into an organization and takes it out of the one it was in.
func link(tx db.Tx, merchantID string, from, to place, at time.Time) error {
	if from.founderID != "" {
		if err := tx.Send(`DELETE FROM organization_merchants WHERE merchant_id = $1 AND organization_id = $2 AND member_id = $3`,
			from.founderID, from.organizationID, merchantID); err != nil {
			return fmt.Errorf("take a merchant out of an organization: %w", err)
		}
	}
	err := tx.Send(`INSERT INTO merchant_organizations (merchant_id, founder_id, organization_id, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (merchant_id) DO UPDATE SET founder_id = excluded.founder_id, organization_id = excluded.organization_id, created_at = excluded.created_at`,
		merchantID, to.founderID, to.organizationID, at)
	if err == nil {
		err = tx.Send(`INSERT INTO organization_merchants (merchant_id, organization_id, member_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			to.founderID, to.organizationID, merchantID)
	}
	if err != nil {
		return fmt.Errorf("put a merchant into an organization: %w", err)
	}
	return nil
}

const membershipColumns = `merchant_id, organization_id, user_id, role, status, created_at, updated_at`

func scanMembership(r db.Row) (Membership, error) {
	var m Membership
	err := r.Scan(&m.FounderID, &m.OrganizationID, &m.UserID, &m.Role, &m.Status, &m.CreatedAt, &m.UpdatedAt)
	return m, err
}

// membershipOf is the membership a user has or had, the zero one when there never was any.
func membershipOf(tx db.Tx, p place, userID string) (Membership, error) {
	return oneMembership(tx, `user_id = $3`, p, userID)
}

// ownerOf is the membership of the owner, the zero one when the organization has none of its own.
func ownerOf(tx db.Tx, p place) (Membership, error) {
	return oneMembership(tx, `role = $3 AND status = 'active'`, p, Owner)
}

func oneMembership(tx db.Tx, which string, p place, v string) (Membership, error) {
	var out Membership
	err := tx.Query(func(r db.Row) (err error) { out, err = scanMembership(r); return err },
		`SELECT `+membershipColumns+` FROM organization_memberships WHERE merchant_id = $1 AND organization_id = $2 AND `+which,
		p.founderID, p.organizationID, v)
	if err != nil {
		return Membership{}, fmt.Errorf("read a membership: %w", err)
	}
	return out, nil
}

func saveMembership(tx db.Tx, m Membership) error {
	err := tx.Send(`INSERT INTO organization_memberships (`+membershipColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (merchant_id, organization_id, user_id) DO UPDATE SET role = excluded.role, status = excluded.status,
		created_at = excluded.created_at, updated_at = excluded.updated_at`,
		m.FounderID, m.OrganizationID, m.UserID, m.Role, m.Status, m.CreatedAt, m.UpdatedAt)
	if err != nil {
		return fmt.Errorf("write a membership: %w", err)
	}
	return nil
}

// blocking lists what stands in the way of a change, in the contract's form; it names at most 25.
func blocking(kind string, ids []string) []map[string]string {
	var out []map[string]string
	for _, v := range ids[:min(len(ids), 25)] {
		out = append(out, map[string]string{"resource_type": kind, "resource_id": v})
	}
	return out
}
