package returnpolicy

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

const (
	policyColumns = `return_policy_id, name, status, current_revision_id, external_reference_id, metadata, version, created_at, updated_at`

	revisionColumns = `return_policy_revision_id, return_policy_id, doc, created_at`

	reasonColumns = `return_reason_id, handle, name, description, category_handles, note_required, status, external_reference_id, version,
		created_at, updated_at`
)

func scanPolicy(row db.Row, scope tenant.Scope) (*Policy, error) {
	p := &Policy{Scope: scope}
	var meta string
	if err := row.Scan(&p.ID, &p.Name, &p.Status, &p.RevisionID, &p.ExternalReferenceID, &meta, &p.Version, &p.CreatedAt, &p.UpdatedAt); err != nil {
		return nil, err
	}
	if meta == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(meta), &p.Metadata); err != nil {
		return nil, fmt.Errorf("decode the metadata of return policy %s: %w", p.ID, err)
	}
	return p, nil
}

func scanRevision(row db.Row) (*Revision, error) {
	r := &Revision{}
	var doc string
	if err := row.Scan(&r.ID, &r.PolicyID, &doc, &r.CreatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), &r.Rules); err != nil {
		return nil, fmt.Errorf("decode return policy revision %s: %w", r.ID, err)
	}
	return r, nil
}

func scanReason(row db.Row) (*Reason, error) {
	r := &Reason{Source: SourceMerchant}
	var handles string
	if err := row.Scan(&r.ID, &r.Handle, &r.Name, &r.Description, &handles, &r.NoteRequired, &r.Status, &r.ExternalReferenceID, &r.Version,
		&r.CreatedAt, &r.UpdatedAt); err != nil {
		return nil, err
	}
	if handles != "" {
		r.CategoryHandles = strings.Split(handles, "\n")
	}
	return r, nil
}

func encodeMetadata(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode metadata: %w", err)
	}
	return string(raw), nil
}

// loadPolicy reads a policy with its current revision; RESOURCE_NOT_FOUND when the environment has none
// with the id.
func loadPolicy(tx db.Tx, scope tenant.Scope, policyID, lock string) (*Policy, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.ReturnPolicy, policyID) {
		return nil, fault.NotFound("return policy")
	}
	var p *Policy
	err := tx.Query(func(row db.Row) (err error) {
		p, err = scanPolicy(row, scope)
		return err
	}, `SELECT `+policyColumns+` FROM return_policies WHERE merchant_id = $1 AND environment_id = $2 AND return_policy_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, policyID)
	if err != nil {
		return nil, fmt.Errorf("read the return policy: %w", err)
	}
	if p == nil {
		return nil, fault.NotFound("return policy")
	}
	if p.Revision, err = revision(tx, scope, p.RevisionID); err != nil {
		return nil, err
	}
	return p, nil
}

func revision(tx db.Tx, scope tenant.Scope, revisionID string) (*Revision, error) {
	var r *Revision
	err := tx.Query(func(row db.Row) (err error) {
		r, err = scanRevision(row)
		return err
	}, `SELECT `+revisionColumns+` FROM return_policy_revisions WHERE merchant_id = $1 AND environment_id = $2 AND return_policy_revision_id = $3`,
		scope.MerchantID, scope.EnvironmentID, revisionID)
	if err != nil {
		return nil, fmt.Errorf("read the revision of a return policy: %w", err)
	}
	if r == nil {
		return nil, fault.NotFound("return policy revision")
	}
	return r, nil
}

func insertPolicy(tx db.Tx, p *Policy) error {
	meta, err := encodeMetadata(p.Metadata)
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO return_policies (merchant_id, environment_id, return_policy_id, name, status, current_revision_id,
		external_reference_id, search, metadata, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Name, p.Status, p.RevisionID, p.ExternalReferenceID, p.searchText(), meta,
		p.Version, p.CreatedAt, p.UpdatedAt)
	if err != nil {
		return fmt.Errorf("insert the return policy: %w", err)
	}
	return nil
}

// savePolicy writes a loaded policy under its next version.
func (s *Service) savePolicy(tx db.Tx, p *Policy) error {
	meta, err := encodeMetadata(p.Metadata)
	if err != nil {
		return err
	}
	p.Version, p.UpdatedAt = p.Version+1, s.Clock.Now()
	err = tx.Send(`UPDATE return_policies SET name = $4, status = $5, current_revision_id = $6, external_reference_id = $7, search = $8,
		metadata = $9, version = $10, updated_at = $11 WHERE merchant_id = $1 AND environment_id = $2 AND return_policy_id = $3`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Name, p.Status, p.RevisionID, p.ExternalReferenceID, p.searchText(), meta,
		p.Version, p.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update the return policy: %w", err)
	}
	return nil
}

func (p *Policy) searchText() string {
	return strings.ToLower(strings.Join([]string{p.ID, p.Name, p.ExternalReferenceID}, "\n"))
}

func insertRevision(tx db.Tx, scope tenant.Scope, r *Revision) error {
	doc, err := json.Marshal(&r.Rules, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode the revision of a return policy: %w", err)
	}
	err = tx.Send(`INSERT INTO return_policy_revisions (merchant_id, environment_id, return_policy_revision_id, return_policy_id, doc, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, scope.MerchantID, scope.EnvironmentID, r.ID, r.PolicyID, string(doc), r.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert the revision of a return policy: %w", err)
	}
	return nil
}

// reasons reads the merchant's reasons that a condition holds for; its parameters start at $3.
func reasons(tx db.Tx, scope tenant.Scope, where string, args ...any) ([]*Reason, error) {
	var out []*Reason
	err := tx.Query(func(row db.Row) error {
		r, err := scanReason(row)
		out = append(out, r)
		return err
	}, `SELECT `+reasonColumns+` FROM return_reasons WHERE merchant_id = $1 AND environment_id = $2`+where,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read return reasons: %w", err)
	}
	return out, nil
}

// insertReason adds a reason; RETURN_REASON_EXISTS when the environment has its handle.
func insertReason(tx db.Tx, scope tenant.Scope, r *Reason) error {
	n, err := tx.Exec(`INSERT INTO return_reasons (merchant_id, environment_id, return_reason_id, handle, name, description, category_handles,
		note_required, status, external_reference_id, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (merchant_id, environment_id, handle) DO NOTHING`,
		scope.MerchantID, scope.EnvironmentID, r.ID, r.Handle, r.Name, r.Description, strings.Join(r.CategoryHandles, "\n"), r.NoteRequired,
		r.Status, r.ExternalReferenceID, r.Version, r.CreatedAt, r.UpdatedAt)
	if err != nil {
		return fmt.Errorf("insert the return reason: %w", err)
	}
	if n == 0 {
		return handleTaken()
	}
	return nil
}

func (s *Service) saveReason(tx db.Tx, scope tenant.Scope, r *Reason) error {
	r.Version, r.UpdatedAt = r.Version+1, s.Clock.Now()
	err := tx.Send(`UPDATE return_reasons SET name = $4, description = $5, category_handles = $6, note_required = $7, status = $8,
		external_reference_id = $9, version = $10, updated_at = $11
		WHERE merchant_id = $1 AND environment_id = $2 AND return_reason_id = $3`,
		scope.MerchantID, scope.EnvironmentID, r.ID, r.Name, r.Description, strings.Join(r.CategoryHandles, "\n"), r.NoteRequired, r.Status,
		r.ExternalReferenceID, r.Version, r.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update the return reason: %w", err)
	}
	return nil
}
