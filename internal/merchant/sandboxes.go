package merchant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// EndFunc ends something that belongs to an environment.
type EndFunc func(ctx context.Context, tx db.Tx, scope tenant.Scope, now time.Time) error

// CreateSandboxInput describes a new sandbox.
type CreateSandboxInput struct {
	MerchantID string
	Name       string
	Now        time.Time
}

// Validate reports every fault of the input.
func (in CreateSandboxInput) Validate() error {
	var faults fault.List
	switch n := utf8.RuneCountInString(strings.TrimSpace(in.Name)); {
	case n == 0:
		faults.Add("NAME_REQUIRED", "name", "A sandbox needs a name.")
	case n > 100:
		faults.Add("NAME_TOO_LONG", "name", "A name has at most 100 characters.")
	}
	return faults.Err()
}

// CreateSandbox makes a sandbox. Fault: SANDBOX_ALREADY_EXISTS when an active one has the name.
func (s *Service) CreateSandbox(_ context.Context, tx db.Tx, in CreateSandboxInput) (Environment, error) {
	if err := in.Validate(); err != nil {
		return Environment{}, err
	}
	return s.newSandbox(tx, in.MerchantID, strings.TrimSpace(in.Name), in.Now)
}

func (s *Service) newSandbox(tx db.Tx, merchantID, name string, now time.Time) (Environment, error) {
	e := Environment{Scope: tenant.Scope{MerchantID: merchantID, EnvironmentID: s.ids.New(id.Sandbox)}, Name: name,
		Status: StatusActive, CreatedAt: now, UpdatedAt: now}
	ok, err := insertEnvironment(tx, e)
	if err != nil {
		return Environment{}, fmt.Errorf("insert a sandbox: %w", err)
	}
	if !ok {
		return Environment{}, fault.Conflict("SANDBOX_ALREADY_EXISTS", "An active sandbox has this name.")
	}
	return e, nil
}

// GetSandbox reads one sandbox.
func (s *Service) GetSandbox(_ context.Context, tx db.Tx, scope tenant.Scope) (Environment, error) {
	return sandbox(tx, scope, "")
}

// LockActiveSandbox reads a sandbox that can be used and keeps it from being archived until the end of
// tx. Faults: RESOURCE_NOT_FOUND, SANDBOX_ARCHIVED.
func (s *Service) LockActiveSandbox(_ context.Context, tx db.Tx, scope tenant.Scope) (Environment, error) {
	e, err := sandbox(tx, scope, tx.ForUpdate())
	if err == nil && e.Status != StatusActive {
		return Environment{}, fault.Conflict("SANDBOX_ARCHIVED", "This sandbox was retired and stays so.")
	}
	return e, err
}

func sandbox(tx db.Tx, scope tenant.Scope, lock string) (Environment, error) {
	if err := scope.Check(); err != nil {
		return Environment{}, err
	}
	if scope.Mode() != tenant.ModeTest {
		return Environment{}, fault.NotFound("sandbox")
	}
	e, err := environmentByID(tx, scope, lock)
	if errors.Is(err, db.ErrNoRows) {
		return Environment{}, fault.NotFound("sandbox")
	}
	if err != nil {
		return Environment{}, fmt.Errorf("read a sandbox: %w", err)
	}
	return e, nil
}

// ArchiveSandbox retires a sandbox and frees its name. Faults: RESOURCE_NOT_FOUND, SANDBOX_ARCHIVED,
// DEFAULT_SANDBOX_CANNOT_BE_ARCHIVED.
func (s *Service) ArchiveSandbox(ctx context.Context, tx db.Tx, scope tenant.Scope, now time.Time) (Environment, error) {
	e, err := s.LockActiveSandbox(ctx, tx, scope)
	if err != nil {
		return Environment{}, err
	}
	if e.Default {
		return Environment{}, fault.Conflict("DEFAULT_SANDBOX_CANNOT_BE_ARCHIVED", "The default sandbox always stays.")
	}
	return s.end(ctx, tx, e, now)
}

// ResetSandbox retires a sandbox and gives its name to an empty one with a new id. Faults:
// RESOURCE_NOT_FOUND, SANDBOX_ARCHIVED, DEFAULT_SANDBOX_CANNOT_BE_RESET.
func (s *Service) ResetSandbox(ctx context.Context, tx db.Tx, scope tenant.Scope, now time.Time) (Environment, error) {
	e, err := s.LockActiveSandbox(ctx, tx, scope)
	if err != nil {
		return Environment{}, err
	}
	if e.Default {
		return Environment{}, fault.Conflict("DEFAULT_SANDBOX_CANNOT_BE_RESET", "The default sandbox always stays.")
	}
	if _, err := s.end(ctx, tx, e, now); err != nil {
		return Environment{}, err
	}
	return s.newSandbox(tx, scope.MerchantID, e.Name, now)
}

func (s *Service) end(ctx context.Context, tx db.Tx, e Environment, now time.Time) (Environment, error) {
	e.Status, e.UpdatedAt = StatusArchived, now
	if err := archiveEnvironment(tx, e); err != nil {
		return Environment{}, err
	}
	for _, f := range s.ended {
		if err := f(ctx, tx, e.Scope, now); err != nil {
			return Environment{}, err
		}
	}
	return e, nil
}

// ListSandboxesInput selects sandboxes, oldest first.
type ListSandboxesInput struct {
	MerchantID    string
	EnvironmentID string // empty: all of the merchant's
	Status        string // empty: any
	After         *listing.Cursor
	Limit         int
}

// ListSandboxes reads one page of sandboxes and the cursor of the next, nil on the last page.
func (s *Service) ListSandboxes(_ context.Context, tx db.Tx, in ListSandboxesInput) ([]Environment, *listing.Cursor, error) {
	q := listing.OfMerchant("environments", environmentColumns, "environment_id", in.MerchantID).
		And("mode = 'test'").Equal("environment_id", in.EnvironmentID).Equal("status", in.Status)
	if err := q.Sort("created_at", true, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (Environment, error) {
		e := Environment{Scope: tenant.Scope{MerchantID: in.MerchantID}}
		err := r.Scan(&e.Scope.EnvironmentID, &e.Name, &e.Default, &e.Status, &e.CreatedAt, &e.UpdatedAt)
		return e, err
	}, func(e Environment) listing.Cursor { return listing.At(e.CreatedAt, e.Scope.EnvironmentID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list sandboxes: %w", err)
	}
	return found, next, nil
}
