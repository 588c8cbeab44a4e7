package returnpolicy

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Get reads a policy with its current revision; RESOURCE_NOT_FOUND.
func (s *Service) Get(tx db.Tx, scope tenant.Scope, policyID string) (*Policy, error) {
	return loadPolicy(tx, scope, policyID, "")
}

// ActiveRevisions are the current revisions of all active policies, in no order that means anything.
func (s *Service) ActiveRevisions(tx db.Tx, scope tenant.Scope) ([]*Revision, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []*Revision
	err := tx.Query(func(row db.Row) error {
		r, err := scanRevision(row)
		out = append(out, r)
		return err
	}, `SELECT r.return_policy_revision_id, r.return_policy_id, r.doc, r.created_at FROM return_policies p
		JOIN return_policy_revisions r ON r.merchant_id = p.merchant_id AND r.environment_id = p.environment_id
			AND r.return_policy_revision_id = p.current_revision_id
		WHERE p.merchant_id = $1 AND p.environment_id = $2 AND p.status = 'active' ORDER BY r.return_policy_revision_id`,
		scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return nil, fmt.Errorf("read the active return policies: %w", err)
	}
	return out, nil
}

// RevisionByID reads a revision, current or past; RESOURCE_NOT_FOUND.
func (s *Service) RevisionByID(tx db.Tx, scope tenant.Scope, revisionID string) (*Revision, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.ReturnPolicyRevision, revisionID) {
		return nil, fault.NotFound("return policy revision")
	}
	return revision(tx, scope, revisionID)
}

// Reasons are all reasons of an environment, built-in ones first, archived ones included.
func (s *Service) Reasons(tx db.Tx, scope tenant.Scope) ([]*Reason, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	own, err := reasons(tx, scope, ` ORDER BY created_at, return_reason_id`)
	if err != nil {
		return nil, err
	}
	return append(BuiltIn(), own...), nil
}

// ReasonByID reads a reason, archived ones included; RESOURCE_NOT_FOUND.
func (s *Service) ReasonByID(tx db.Tx, scope tenant.Scope, reasonID string) (*Reason, error) {
	return s.reason(tx, scope, `return_reason_id`, reasonID, func(r *Reason) bool { return r.ID == reasonID })
}

// ReasonByHandle reads a reason, archived ones included; RESOURCE_NOT_FOUND.
func (s *Service) ReasonByHandle(tx db.Tx, scope tenant.Scope, handle string) (*Reason, error) {
	return s.reason(tx, scope, `handle`, handle, func(r *Reason) bool { return r.Handle == handle })
}

func (s *Service) reason(tx db.Tx, scope tenant.Scope, column, v string, fits func(*Reason) bool) (*Reason, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if all := BuiltIn(); slices.ContainsFunc(all, fits) {
		return all[slices.IndexFunc(all, fits)], nil
	}
	found, err := reasons(tx, scope, ` AND `+column+` = $3`, v)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("return reason")
	}
	return found[0], nil
}

// RevisionOf reads a revision of a policy; RESOURCE_NOT_FOUND when the policy does not have it.
func (s *Service) RevisionOf(tx db.Tx, scope tenant.Scope, policyID, revisionID string) (*Revision, error) {
	r, err := s.RevisionByID(tx, scope, revisionID)
	if err == nil && r.PolicyID != policyID {
		err = fault.NotFound("return policy revision")
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Judge judges requests against an order by the policies that are active now. Nothing is stored.
func (s *Service) Judge(tx db.Tx, o *order.Order, fulfilled []FulfilledLine, requests []Request, now time.Time) (Evaluation, error) {
	revisions, err := s.ActiveRevisions(tx, o.Scope)
	if err != nil {
		return Evaluation{}, err
	}
	reasons, err := s.Reasons(tx, o.Scope)
	if err != nil {
		return Evaluation{}, err
	}
	return Evaluate(EvaluateInput{Order: o, Fulfilled: fulfilled, Revisions: revisions, Reasons: reasons, Requests: requests, Now: now}), nil
}
