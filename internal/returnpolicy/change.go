package returnpolicy

import (
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/tenant"
	"flint/internal/text"
)

// MaxPolicies is how many policies of an environment may be active at a time.
const MaxPolicies = 500

// CreateInput describes a policy with its first revision.
type CreateInput struct {
	Scope               tenant.Scope
	Name                string
	Rules               Rules
	ExternalReferenceID string
	Metadata            map[string]string
}

// Validate reports every fault of the input and fills what was left out.
func (in *CreateInput) Validate() error {
	var l fault.List
	checkPolicyText(&l, &in.Name, in.ExternalReferenceID)
	l.AddError("metadata", metadata.Check(in.Metadata))
	in.Rules.defaults()
	in.Rules.check(&l, "revision.")
	return l.Err()
}

func checkPolicyText(l *fault.List, name *string, reference string) {
	if name != nil {
		text.Rule{Max: maxName, Required: true, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(l, "name", *name)
	}
	text.Rule{Max: maxReference, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(l, "external_reference_id", reference)
}

// Create makes a policy, inactive, with its first revision.
func (s *Service) Create(tx db.Tx, in CreateInput) (*Policy, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	p := &Policy{
		Scope: in.Scope, ID: s.IDs.New(id.ReturnPolicy), Name: in.Name, Status: StatusInactive, ExternalReferenceID: in.ExternalReferenceID,
		Metadata: in.Metadata, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.publish(tx, p, in.Rules); err != nil {
		return nil, err
	}
	return p, insertPolicy(tx, p)
}

// publish makes rules the current revision of a policy, whose row the caller writes.
func (s *Service) publish(tx db.Tx, p *Policy, rules Rules) error {
	r := &Revision{ID: s.IDs.New(id.ReturnPolicyRevision), PolicyID: p.ID, CreatedAt: s.Clock.Now(), Rules: rules}
	p.Revision, p.RevisionID = r, r.ID
	return insertRevision(tx, p.Scope, r)
}

// UpdateInput changes what is not nil. Status is active, inactive or empty.
type UpdateInput struct {
	Scope               tenant.Scope
	PolicyID            string
	Name                *string
	Status              string
	ExternalReferenceID *string
	Metadata            *metadata.Patch
	ExpectedVersion     *int64
}

// Validate reports every fault of the input.
func (in UpdateInput) Validate() error {
	var l fault.List
	checkPolicyText(&l, in.Name, deref(in.ExternalReferenceID))
	oneOf(&l, "status", in.Status, []string{StatusActive, StatusInactive}, false)
	return l.Err()
}

// Update renames a policy, or turns it on or off. Returns that were made keep the revision they have.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_POLICY_ARCHIVED, RETURN_VERSION_CONFLICT, RESOURCE_LIMIT_EXCEEDED.
func (s *Service) Update(tx db.Tx, in UpdateInput) (*Policy, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	p, err := s.open(tx, in.Scope, in.PolicyID, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	if in.Status == StatusActive && p.Status != StatusActive {
		if err := checkRoom(tx, in.Scope); err != nil {
			return nil, err
		}
	}
	set(&p.Name, in.Name)
	set(&p.ExternalReferenceID, in.ExternalReferenceID)
	if in.Status != "" {
		p.Status = in.Status
	}
	if in.Metadata != nil {
		if p.Metadata, err = metadata.Merge(p.Metadata, *in.Metadata); err != nil {
			var l fault.List
			l.AddError("metadata", err)
			return nil, l.Err()
		}
	}
	return p, s.savePolicy(tx, p)
}

func checkRoom(tx db.Tx, scope tenant.Scope) error {
	var n int64
	err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM return_policies WHERE merchant_id = $1 AND environment_id = $2 AND status = 'active'`,
		scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return err
	}
	if n >= MaxPolicies {
		return fault.Invalid("RESOURCE_LIMIT_EXCEEDED", "status", "At most %d return policies are active at a time.", MaxPolicies)
	}
	return nil
}

// PublishInput puts new rules on top of the revision that the caller has read.
type PublishInput struct {
	Scope              tenant.Scope
	PolicyID           string
	ExpectedRevisionID string
	ExpectedVersion    *int64
	Rules              Rules
}

// Validate reports every fault of the input and fills what was left out.
func (in *PublishInput) Validate() error {
	var l fault.List
	if in.ExpectedRevisionID == "" {
		l.Add("FIELD_REQUIRED", "expected_current_return_policy_revision_id", "This field is required.")
	}
	in.Rules.defaults()
	in.Rules.check(&l, "revision.")
	return l.Err()
}

// Publish makes new rules current at once; what was there stays as history.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_POLICY_ARCHIVED, RETURN_POLICY_CONFLICT, RETURN_VERSION_CONFLICT.
func (s *Service) Publish(tx db.Tx, in PublishInput) (*Policy, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	p, err := s.open(tx, in.Scope, in.PolicyID, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	if p.RevisionID != in.ExpectedRevisionID {
		e := fault.Conflict("RETURN_POLICY_CONFLICT", "Another revision was published since the policy was read.").
			With("current_return_policy_revision_id", p.RevisionID).Then("Read the policy again, and publish on top of what it says.")
		e.Param = "expected_current_return_policy_revision_id"
		return nil, e
	}
	if err := s.publish(tx, p, in.Rules); err != nil {
		return nil, err
	}
	return p, s.savePolicy(tx, p)
}

// Archive ends a policy for good and gives its final state. Archiving twice changes nothing.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT.
func (s *Service) Archive(tx db.Tx, scope tenant.Scope, policyID string, expected *int64) (*Policy, error) {
	p, err := loadPolicy(tx, scope, policyID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if err := checkVersion(expected, p.Version, "return policy"); err != nil || p.Status == StatusArchived {
		return p, err
	}
	p.Status = StatusArchived
	return p, s.savePolicy(tx, p)
}

// open locks a policy that may be changed.
func (s *Service) open(tx db.Tx, scope tenant.Scope, policyID string, expected *int64) (*Policy, error) {
	p, err := loadPolicy(tx, scope, policyID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if p.Status == StatusArchived {
		return nil, fault.Conflict("RETURN_POLICY_ARCHIVED", "An archived return policy is not changed any more.").Then("Create another policy.")
	}
	return p, checkVersion(expected, p.Version, "return policy")
}
