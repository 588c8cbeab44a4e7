package returns

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// CompleteInput ends the work on a return.
type CompleteInput struct {
	Scope           tenant.Scope
	ReturnID        string
	Reason          string // manual_completion, exception_waived, other; manual_completion when empty
	Message         string
	ExpectedVersion *int64
	Cause           event.Cause
}

// Complete ends the work on an open return that nothing blocks.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_COMPLETION_BLOCKED.
func (s *Service) Complete(tx db.Tx, in CompleteInput) (*Return, error) {
	r, o, err := s.loadToAct(tx, in.Scope, in.ReturnID, in.Message, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	if r.Status != StatusOpen {
		return nil, notAllowed(r.Status, "Read the return: supported_actions says what can be done.", "Only an open return can be completed.")
	}
	if len(r.CompletionBlockers) > 0 {
		return nil, fault.Conflict("RETURN_COMPLETION_BLOCKED", "The return cannot complete yet: %s", r.CompletionBlockers[0].Message).
			Then("Read completion_blockers of the return; each says what is missing.").With("current_status", r.Status)
	}
	reason := in.Reason
	if reason == "" {
		reason = "manual_completion"
	}
	var c change
	r.complete(actorOf(in.Cause), s.Clock.Now(), reason, in.Message, &c)
	return r, s.save(tx, o, r, in.Cause, c)
}

// advanceCompletion completes a return that completes by itself once its last blocker is gone.
func (s *Service) advanceCompletion(r *Return, c *change) bool {
	if r.Status != StatusOpen || r.CompletionMode != ModeAutomatic || len(r.CompletionBlockers) > 0 {
		return false
	}
	r.complete(Actor{Type: ActorSystem}, s.Clock.Now(), "", "", c)
	return true
}

// complete notes that the work is done.
func (r *Return) complete(actor Actor, now time.Time, reason, message string, c *change) {
	r.Ended, r.CompletedAt, r.CompletedBy = StatusCompleted, now, &actor
	r.Acts = append(r.Acts, Act{Kind: "completed", Actor: actor, At: now, Reason: reason, Message: message})
	c.tell(EventCompleted, "")
	c.write(LetterCompleted)
}

// ReopenInput opens a completed return again.
type ReopenInput struct {
	Scope           tenant.Scope
	ReturnID        string
	Reason          string // linked_effect_changed, correction_required, additional_merchandise_received, merchant_request, other
	Message         string
	ExpectedVersion *int64
	Cause           event.Cause
}

// Reopen opens a completed return for late facts and corrections. It does not complete by itself any more, since
// nothing might be missing.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) Reopen(tx db.Tx, in ReopenInput) (*Return, error) {
	r, o, err := s.loadToAct(tx, in.Scope, in.ReturnID, in.Message, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	if r.Status != StatusCompleted {
		return nil, notAllowed(r.Status, "Read the return: supported_actions says what can be done.", "Only a completed return can be opened again.")
	}
	r.Ended, r.CompletedAt, r.CompletedBy = "", time.Time{}, nil
	r.CompletionMode = ModeManual
	r.Acts = append(r.Acts, Act{Kind: "reopened", Actor: actorOf(in.Cause), At: s.Clock.Now(), Reason: in.Reason, Message: in.Message})
	var c change
	c.tell(EventReopened, "")
	return r, s.save(tx, o, r, in.Cause, c)
}
