package returns

import (
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/returnpolicy"
	"flint/internal/tenant"
)

// AddLineInput adds a line to a return that is requested.
type AddLineInput struct {
	Scope           tenant.Scope
	ReturnID        string
	Line            LineInput
	ExpectedVersion *int64
	Cause           event.Cause
}

// AddLine adds a line to a return that nobody decided yet.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, and of the line those of Create.
func (s *Service) AddLine(tx db.Tx, in AddLineInput) (*Return, error) {
	r, o, err := s.Load(tx, in.Scope, in.ReturnID)
	if err != nil {
		return nil, err
	}
	if err := r.checkRequested(in.ExpectedVersion); err != nil {
		return nil, err
	}
	if len(r.Lines) >= MaxLines {
		return nil, fault.Invalid("RETURN_INVALID", "line_item", "A return has at most %d lines.", MaxLines)
	}
	if err := s.ask(tx, o, r, []LineInput{in.Line}, "line_item", s.Clock.Now()); err != nil {
		return nil, err
	}
	return r, s.save(tx, o, r, in.Cause, change{})
}

// UpdateLineInput edits a line of a return that is requested; nil fields stay as they are.
type UpdateLineInput struct {
	Scope           tenant.Scope
	ReturnID        string
	LineID          string
	Quantity        *int64
	ReasonID        *string
	ResolutionType  *string // empty removes the wish
	BuyerNote       *string // empty removes the note
	ExpectedVersion *int64
	Cause           event.Cause
}

// UpdateLine edits a line of a return that nobody decided yet. The policy that judged the line judges it again, as of
// the time it was asked for.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID.
func (s *Service) UpdateLine(tx db.Tx, in UpdateLineInput) (*Return, error) {
	r, o, l, err := s.loadLine(tx, in.Scope, in.ReturnID, in.LineID)
	if err != nil {
		return nil, err
	}
	if err := r.checkRequested(in.ExpectedVersion); err != nil {
		return nil, err
	}
	found, err := s.Handed(tx, o, r.ID)
	if err != nil {
		return nil, err
	}
	if in.Quantity != nil {
		k := slices.IndexFunc(found, func(f returnpolicy.FulfilledLine) bool {
			return f.FulfillmentID == l.FulfillmentID && f.OrderLineItemID == l.OrderLineID
		})
		available := int64(0)
		if k >= 0 {
			available = found[k].Available()
		}
		if err := l.setQuantity(*in.Quantity, available); err != nil {
			return nil, err
		}
	}
	reason, note := l.ReasonID, l.BuyerNote
	if in.ReasonID != nil {
		reason = *in.ReasonID
	}
	if in.BuyerNote != nil {
		note = *in.BuyerNote
	}
	if err := s.setReason(tx, in.Scope, l, reason, note); err != nil {
		return nil, err
	}
	if in.ResolutionType != nil {
		l.RequestedResolution = *in.ResolutionType
	}
	revisions, err := s.revisionsFor(tx, in.Scope, l.Eligibility.RevisionID)
	if err != nil {
		return nil, err
	}
	judged, err := s.judge(tx, o, found, []returnpolicy.Request{l.request()}, revisions, l.CreatedAt)
	if err != nil {
		return nil, err
	}
	l.freeze(&judged.Lines[0])
	if err := s.aim(tx, in.Scope, l, revisions); err != nil {
		return nil, err
	}
	l.UpdatedAt = s.Clock.Now()
	r.summarize()
	return r, s.save(tx, o, r, in.Cause, change{})
}

// DeleteLineInput removes a line of a return that is requested.
type DeleteLineInput struct {
	Scope    tenant.Scope
	ReturnID string
	LineID   string
	Cause    event.Cause
}

// DeleteLine removes a line of a return that nobody decided yet. The last line stays: such a return is canceled.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) DeleteLine(tx db.Tx, in DeleteLineInput) (*Return, error) {
	r, o, l, err := s.loadLine(tx, in.Scope, in.ReturnID, in.LineID)
	if err != nil {
		return nil, err
	}
	if err := r.checkRequested(nil); err != nil {
		return nil, err
	}
	if len(r.Lines) == 1 {
		return nil, notAllowed(r.Status, "Cancel the return.", "The last line of a return cannot be removed.")
	}
	r.Lines = slices.DeleteFunc(r.Lines, func(other Line) bool { return other.ID == l.ID })
	r.summarize()
	return r, s.save(tx, o, r, in.Cause, change{})
}

// checkRequested refuses edits of what was decided, and those that were decided on another version.
func (r *Return) checkRequested(expected *int64) error {
	if err := r.checkVersion(expected); err != nil {
		return err
	}
	if r.Status != StatusRequested {
		return notAllowed(r.Status, "Ask for another return, or cancel units of a line.", "Lines can be edited only while the return is requested.")
	}
	return nil
}
