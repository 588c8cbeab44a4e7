package returns

import (
	"fmt"
	"strings"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Load reads a return with all its parts for a change: it locks its order first, then the return.
// RESOURCE_NOT_FOUND when the environment has none with the id.
func (s *Service) Load(tx db.Tx, scope tenant.Scope, returnID string) (*Return, *order.Order, error) {
	peek, err := head(tx, scope, returnID, "")
	if err != nil {
		return nil, nil, err
	}
	o, err := s.Orders.Load(tx, scope, peek.OrderID)
	if err != nil {
		return nil, nil, fmt.Errorf("lock the order of return %s: %w", returnID, err)
	}
	r, err := s.locked(tx, scope, returnID)
	return r, o, err
}

// locked reads a return for a change; its order is locked by the caller.
func (s *Service) locked(tx db.Tx, scope tenant.Scope, returnID string) (*Return, error) {
	r, err := head(tx, scope, returnID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	return r, parts(tx, r)
}

// loadAt loads a return for a change that was decided on a version of it; nil expects none.
func (s *Service) loadAt(tx db.Tx, scope tenant.Scope, returnID string, expected *int64) (*Return, *order.Order, error) {
	r, o, err := s.Load(tx, scope, returnID)
	if err != nil {
		return nil, nil, err
	}
	return r, o, r.checkVersion(expected)
}

// loadToAct loads a return for an act that somebody gives a reason for in words, decided on a version of the return.
func (s *Service) loadToAct(tx db.Tx, scope tenant.Scope, returnID, message string, expected *int64) (*Return, *order.Order, error) {
	if err := checkMessage("reason_message", message); err != nil {
		return nil, nil, err
	}
	return s.loadAt(tx, scope, returnID, expected)
}

// loadLine loads a return for a change of one of its lines.
func (s *Service) loadLine(tx db.Tx, scope tenant.Scope, returnID, lineID string) (*Return, *order.Order, *Line, error) {
	r, o, err := s.Load(tx, scope, returnID)
	if err != nil {
		return nil, nil, nil, err
	}
	l := r.Line(lineID)
	if l == nil {
		return nil, nil, nil, fault.NotFound("return line item")
	}
	return r, o, l, nil
}

// lineToAct is loadToAct for an act on a line.
func (s *Service) lineToAct(tx db.Tx, scope tenant.Scope, returnID, lineID, message string, expected *int64) (*Return, *order.Order, *Line, error) {
	if err := checkMessage("reason_message", message); err != nil {
		return nil, nil, nil, err
	}
	r, o, l, err := s.loadLine(tx, scope, returnID, lineID)
	if err != nil {
		return nil, nil, nil, err
	}
	return r, o, l, r.checkVersion(expected)
}

// checkMessage checks a reason in words.
func checkMessage(param, message string) error {
	var faults fault.List
	text.Rule{Max: 500, Lines: true}.Check(&faults, param, message)
	return faults.Err()
}

// checkVersion refuses a change that was decided on another version; nil expects none.
func (r *Return) checkVersion(expected *int64) error {
	if expected == nil || *expected == r.Version {
		return nil
	}
	return versionConflict("return", r.Version)
}

// versionConflict is the answer to a change that was decided on an older version of what.
func versionConflict(what string, current int64) error {
	return fault.Conflict("RETURN_VERSION_CONFLICT", "The %s was changed since it was read.", what).
		Then("Read the %s again and repeat the call with its version.", what).With("current_version", current)
}

// partKind is a kind of part that can be addressed by its id alone. Its table and key are called after it.
type partKind struct{ name, prefix string }

var (
	receiptPart     = partKind{"return_receipt", id.ReturnReceipt}
	inspectionPart  = partKind{"return_inspection", id.ReturnInspection}
	dispositionPart = partKind{"return_disposition", id.ReturnDisposition}
	resolutionPart  = partKind{"return_resolution", id.ReturnResolution}
)

func (k partKind) table() string { return k.name + "s" }

// words is what a caller is told that does not exist.
func (k partKind) words() string { return strings.ReplaceAll(k.name, "_", " ") }

// returnOf finds the return that a part belongs to; RESOURCE_NOT_FOUND when the environment has none with the id.
func (k partKind) returnOf(tx db.Tx, scope tenant.Scope, partID string) (returnID string, err error) {
	if err := scope.Check(); err != nil {
		return "", err
	}
	if !id.Valid(k.prefix, partID) {
		return "", fault.NotFound(k.words())
	}
	err = tx.Query(func(row db.Row) error { return row.Scan(&returnID) },
		`SELECT return_id FROM `+k.table()+` WHERE merchant_id = $1 AND environment_id = $2 AND `+k.name+`_id = $3`,
		scope.MerchantID, scope.EnvironmentID, partID)
	if err != nil {
		return "", fmt.Errorf("find the return of %s: %w", partID, err)
	}
	if returnID == "" {
		return "", fault.NotFound(k.words())
	}
	return returnID, nil
}

// loadOf loads the return of a part for a change.
func (s *Service) loadOf(tx db.Tx, scope tenant.Scope, k partKind, partID string) (*Return, *order.Order, error) {
	returnID, err := k.returnOf(tx, scope, partID)
	if err != nil {
		return nil, nil, err
	}
	return s.Load(tx, scope, returnID)
}

// HasPart refuses, with RESOURCE_NOT_FOUND, the id of a receipt, inspection, disposition or resolution that the
// environment has none of. typ is the type of resource, return_receipt for one.
func HasPart(tx db.Tx, scope tenant.Scope, typ, partID string) error {
	for _, k := range []partKind{receiptPart, inspectionPart, dispositionPart, resolutionPart} {
		if k.name == typ {
			_, err := k.returnOf(tx, scope, partID)
			return err
		}
	}
	return fault.NotFound("part of a return")
}
