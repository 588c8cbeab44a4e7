package returnpolicy

import (
	"slices"
	"strconv"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Limits of reasons.
const (
	MaxReasons    = 200 // of one environment, archived ones included
	maxHandle     = 64
	maxName       = 255
	maxText       = 5000
	maxReference  = 255
	maxCategories = 100
)

// CreateReasonInput describes a reason of the merchant.
type CreateReasonInput struct {
	Scope               tenant.Scope
	Handle              string // letters, digits, _ and -, in lower case; never changes
	Name                string
	Description         string
	CategoryHandles     []string
	NoteRequired        bool
	ExternalReferenceID string
}

// Validate reports every fault of the input.
func (in CreateReasonInput) Validate() error {
	var l fault.List
	checkHandle(&l, "handle", in.Handle)
	text.Rule{Max: maxName, Required: true, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(&l, "name", in.Name)
	checkReasonText(&l, in.Description, in.CategoryHandles, in.ExternalReferenceID)
	return l.Err()
}

func checkReasonText(l *fault.List, description string, handles []string, reference string) {
	text.Rule{Max: maxText, Lines: true, TooLong: "DESCRIPTION_TOO_LONG"}.Check(l, "description", description)
	checkHandles(l, "category_handles", handles)
	text.Rule{Max: maxReference, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(l, "external_reference_id", reference)
}

func checkHandle(l *fault.List, param, v string) {
	switch {
	case v == "":
		l.Add("FIELD_REQUIRED", param, "This field is required.")
	case len(v) > maxHandle || !isHandle(v):
		l.Add("RETURN_INVALID", param, "A handle has 1 to %d lower-case letters, digits, underscores and hyphens.", maxHandle)
	}
}

func isHandle(v string) bool {
	for i := range len(v) {
		c := v[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (i == 0 || c != '_' && c != '-') {
			return false
		}
	}
	return v != ""
}

// checkHandles looks at handles of categories, which may have letters of any script.
func checkHandles(l *fault.List, param string, list []string) {
	if len(list) > maxCategories {
		l.Add("RETURN_INVALID", param, "At most %d may be named.", maxCategories)
		return
	}
	for i, v := range list {
		at := param + "[" + strconv.Itoa(i) + "]"
		text.Rule{Max: maxName, Required: true}.Check(l, at, v)
		if slices.Contains(list[:i], v) {
			l.Add("RETURN_INVALID", at, "This is named twice.")
		}
	}
}

func handleTaken() error {
	e := fault.Conflict("RETURN_REASON_HANDLE_TAKEN", "Another reason of this environment has the handle; archived and built-in ones keep theirs.").
		Then("Choose another handle, or use the reason that has it.")
	e.Param = "handle"
	return e
}

// CreateReason adds a reason, active at once.
//
// Faults: those of Validate, RETURN_REASON_HANDLE_TAKEN, RESOURCE_LIMIT_EXCEEDED.
func (s *Service) CreateReason(tx db.Tx, in CreateReasonInput) (*Reason, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	all, err := s.Reasons(tx, in.Scope)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(all, func(r *Reason) bool { return r.Handle == in.Handle }) {
		return nil, handleTaken()
	}
	if len(all)-len(BuiltIn()) >= MaxReasons {
		return nil, fault.Invalid("RESOURCE_LIMIT_EXCEEDED", "", "An environment has at most %d return reasons of its own.", MaxReasons)
	}
	now := s.Clock.Now()
	r := &Reason{
		ID: s.IDs.New(id.ReturnReason), Handle: in.Handle, Name: in.Name, Description: in.Description, CategoryHandles: in.CategoryHandles,
		NoteRequired: in.NoteRequired, Source: SourceMerchant, Status: StatusActive, ExternalReferenceID: in.ExternalReferenceID, Version: 1,
		CreatedAt: now, UpdatedAt: now,
	}
	return r, insertReason(tx, in.Scope, r)
}

// UpdateReasonInput changes what is not nil. New CategoryHandles replace all, and then ExpectedVersion is
// required.
type UpdateReasonInput struct {
	Scope               tenant.Scope
	ReasonID            string
	Name                *string
	Description         *string
	CategoryHandles     *[]string
	NoteRequired        *bool
	ExternalReferenceID *string
	ExpectedVersion     *int64
}

// Validate reports every fault of the input.
func (in UpdateReasonInput) Validate() error {
	var l fault.List
	if in.Name != nil {
		text.Rule{Max: maxName, Required: true, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(&l, "name", *in.Name)
	}
	checkReasonText(&l, deref(in.Description), deref(in.CategoryHandles), deref(in.ExternalReferenceID))
	if in.CategoryHandles != nil && in.ExpectedVersion == nil {
		l.Add("FIELD_REQUIRED", "expected_version", "A list that is replaced needs the version it was read at.")
	}
	return l.Err()
}

func deref[T any](v *T) T {
	var zero T
	if v == nil {
		return zero
	}
	return *v
}

// UpdateReason edits a reason of the merchant. Returns that were made keep its name as it was.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_REASON_BUILT_IN, RETURN_REASON_ARCHIVED, RETURN_VERSION_CONFLICT.
func (s *Service) UpdateReason(tx db.Tx, in UpdateReasonInput) (*Reason, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	r, err := s.ownReason(tx, in.Scope, in.ReasonID, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	if r.Status == StatusArchived {
		return nil, fault.Conflict("RETURN_REASON_ARCHIVED", "An archived return reason is not changed any more.")
	}
	set(&r.Name, in.Name)
	set(&r.Description, in.Description)
	set(&r.CategoryHandles, in.CategoryHandles)
	set(&r.NoteRequired, in.NoteRequired)
	set(&r.ExternalReferenceID, in.ExternalReferenceID)
	return r, s.saveReason(tx, in.Scope, r)
}

func set[T any](field, v *T) {
	if v != nil {
		*field = *v
	}
}

// ArchiveReason takes a reason of the merchant from the offer, for good. Archiving twice changes nothing.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_REASON_BUILT_IN, RETURN_VERSION_CONFLICT.
func (s *Service) ArchiveReason(tx db.Tx, scope tenant.Scope, reasonID string, expected *int64) (*Reason, error) {
	r, err := s.ownReason(tx, scope, reasonID, expected)
	if err != nil || r.Status == StatusArchived {
		return r, err
	}
	r.Status = StatusArchived
	return r, s.saveReason(tx, scope, r)
}

// ownReason reads and locks a reason that the merchant may change.
func (s *Service) ownReason(tx db.Tx, scope tenant.Scope, reasonID string, expected *int64) (*Reason, error) {
	r, err := s.ReasonByID(tx, scope, reasonID)
	if err != nil {
		return nil, err
	}
	if r.Source == SourceFlint {
		return nil, fault.Conflict("RETURN_REASON_BUILT_IN", "A built-in return reason is the same for everybody.").
			Then("Create a reason of your own with another handle.")
	}
	found, err := reasons(tx, scope, ` AND return_reason_id = $3`+tx.ForUpdate(), reasonID)
	if err != nil {
		return nil, err
	}
	r = found[0]
	return r, checkVersion(expected, r.Version, "return reason")
}

// checkVersion refuses a change that was decided on another version; nil expects none.
func checkVersion(expected *int64, current int64, what string) error {
	if expected == nil || *expected == current {
		return nil
	}
	return fault.Conflict("RETURN_VERSION_CONFLICT", "The %s was changed since it was read.", what).With("current_version", current).
		Then("Read the %s again and repeat the call with its version.", what)
}
