package returns

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// ResolutionVersion names a resolution and the version that a change was decided on.
type ResolutionVersion struct {
	Scope           tenant.Scope
	ResolutionID    string
	ExpectedVersion *int64
	Cause           event.Cause
}

// at loads the return of a resolution and checks the version.
func (s *Service) at(tx db.Tx, in ResolutionVersion) (*Return, *order.Order, *Resolution, error) {
	r, o, err := s.loadOf(tx, in.Scope, resolutionPart, in.ResolutionID)
	if err != nil {
		return nil, nil, nil, err
	}
	x := r.Resolution(in.ResolutionID)
	if x == nil {
		return nil, nil, nil, fault.NotFound("return resolution")
	}
	if e := in.ExpectedVersion; e != nil && *e != x.Version {
		return nil, nil, nil, versionConflict("resolution", x.Version)
	}
	return r, o, x, nil
}

// finish saves the return and gives the resolution as it is then.
func (s *Service) finish(tx db.Tx, o *order.Order, r *Return, resolutionID string, cause event.Cause) (*Return, *Resolution, error) {
	var c change
	if err := s.save(tx, o, r, cause, c); err != nil {
		return nil, nil, err
	}
	return r, r.Resolution(resolutionID), nil
}

// Confirm freezes the amounts of a proposed resolution and claims its units and their value. It is carried out at
// once, or when its gates open. Amounts that are not those of the proposal any more, or not those of the quote that is
// expected, are refused with the new ones.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_QUOTE_STALE and those of Propose.
func (s *Service) Confirm(tx db.Tx, in ResolutionVersion, expectedQuoteHash string) (*Return, *Resolution, error) {
	r, o, x, err := s.at(tx, in)
	if err != nil {
		return nil, nil, err
	}
	if x.Status != ResolutionProposed {
		return nil, nil, notAllowed(x.Status, "Read the resolution: supported_actions says what can be done.", "Only a proposed resolution can be confirmed.")
	}
	if err := s.confirm(tx, o, r, x, expectedQuoteHash, actorOf(in.Cause)); err != nil {
		return nil, nil, err
	}
	return s.finish(tx, o, r, x.ID, in.Cause)
}

// confirm freezes and claims.
func (s *Service) confirm(tx db.Tx, o *order.Order, r *Return, x *Resolution, expected string, actor Actor) error {
	fresh, q, err := s.draft(tx, o, r, x.asInput(r), x, actor)
	if err != nil {
		return err
	}
	if expected == "" {
		expected = x.QuoteHash
	}
	if q.Hash != expected {
		return stale(r, q)
	}
	s.name(fresh)
	x.Rounding = fresh.Rounding
	x.take(q)
	x.Replacements = fresh.Replacements
	now := s.Clock.Now()
	x.ConfirmedAt, x.ConfirmedBy = now, &actor
	if !x.Automatic {
		x.AppID = appOf(actor)
	}
	if err := s.permit(tx, o, r, x, false); err != nil {
		return err
	}
	s.Failpoints.Hit("return.confirming")
	return s.claim(tx, r, x, now)
}

// claim holds what the resolution gives back of the order.
func (s *Service) claim(tx db.Tx, r *Return, x *Resolution, now time.Time) error {
	credit, back, err := x.split(r)
	if err != nil {
		return err
	}
	if err := claim(tx, r, x, credit, now); err != nil {
		return err
	}
	return claim(tx, r, x, back, now)
}

// ActInput is an act on a resolution with its reason.
type ActInput struct {
	ResolutionVersion
	Reason  string
	Message string
}

func (in *ActInput) act(kind string, actor Actor, now time.Time) Act {
	return Act{Kind: kind, Actor: actor, At: now, Reason: in.Reason, Message: in.Message}
}

// Release lets a resolution be carried out that waits for the merchant's word.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED.
func (s *Service) Release(tx db.Tx, in ActInput) (*Return, *Resolution, error) {
	if err := checkMessage("reason_message", in.Message); err != nil {
		return nil, nil, err
	}
	r, o, x, err := s.at(tx, in.ResolutionVersion)
	if err != nil {
		return nil, nil, err
	}
	if x.ActionReason != "manual_release" {
		return nil, nil, notAllowed(x.Status, "Read execution_blockers: they say what is missing.", "The resolution does not wait to be released.")
	}
	actor, now := actorOf(in.Cause), s.Clock.Now()
	x.ReleasedAt, x.ReleasedBy = now, &actor
	x.Acts = append(x.Acts, in.act("released", actor, now))
	return s.finish(tx, o, r, x.ID, in.Cause)
}

// Retry starts a new attempt of a failed resolution: what was given back already is not given again, and what
// becomes of older attempts settles nothing.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_QUOTE_STALE, RETURN_VALUE_EXCEEDED.
func (s *Service) Retry(tx db.Tx, in ActInput) (*Return, *Resolution, error) {
	if err := checkMessage("reason_message", in.Message); err != nil {
		return nil, nil, err
	}
	r, o, x, err := s.at(tx, in.ResolutionVersion)
	if err != nil {
		return nil, nil, err
	}
	if x.Status != ResolutionFailed || r.Status != StatusOpen {
		return nil, nil, notAllowed(x.Status, "Reopen a completed return first.", "Only a failed resolution of an open return can be tried again.")
	}
	now := s.Clock.Now()
	x.Acts = append(x.Acts, in.act("retried", actorOf(in.Cause), now))
	code := x.FailureCode
	x.FailureCode, x.FailureMessage = "", ""
	x.AppID = appOf(actorOf(in.Cause))
	if err := s.permit(tx, o, r, x, false); err != nil {
		return nil, nil, err
	}
	switch {
	case !x.Effect.StartedAt.IsZero():
		if err := s.tryAgain(tx, o, r, x, in.Cause, now); err != nil {
			return nil, nil, err
		}
	case code == codePaymentExpired: // its claim was freed, so its units may be worth something else by now
		asked := x.asInput(r)
		_, q, err := s.draft(tx, o, r, asked, x, actorOf(in.Cause))
		if err != nil {
			return nil, nil, err
		}
		if q.Hash != x.QuoteHash {
			return nil, nil, stale(r, q)
		}
		if err := s.claim(tx, r, x, now); err != nil {
			return nil, nil, err
		}
	}
	return s.finish(tx, o, r, x.ID, in.Cause)
}

// tryAgain plans another refund of what the buyer has not got yet.
func (s *Service) tryAgain(tx db.Tx, o *order.Order, r *Return, x *Resolution, cause event.Cause, now time.Time) error {
	_, back, err := x.split(r)
	if err != nil {
		return err
	}
	if x.Refunded >= back.money() {
		x.Effect.RefundStatus = refund.StatusSucceeded
		return unclaim(tx, r, x)
	}
	if err := unclaim(tx, r, x); err != nil {
		return err
	}
	x.Attempt++
	if err := s.giveBack(tx, o, r, x, back, cause, now); err != nil {
		return err
	}
	return s.reload(tx, o)
}

// CancelResolution gives a resolution up whose money has not moved, and frees what it held. One that waits for the buyer to
// pay is undone.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, ORDER_COLLECTION_IN_PROGRESS.
func (s *Service) CancelResolution(tx db.Tx, in ActInput) (*Return, *Resolution, error) {
	if err := checkMessage("reason_message", in.Message); err != nil {
		return nil, nil, err
	}
	r, o, x, err := s.at(tx, in.ResolutionVersion)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(x.SupportedActions, ActResolutionCancel) {
		return nil, nil, notAllowed(x.Status, "Correct a resolution that was carried out by another one of type correction.", "The resolution cannot be canceled any more.")
	}
	if x.ActionReason == "buyer_payment" {
		if err := s.undo(tx, o, r, x, "The exchange was canceled.", in.Cause); err != nil {
			return nil, nil, err
		}
	}
	if err := unclaim(tx, r, x); err != nil {
		return nil, nil, err
	}
	actor, now := actorOf(in.Cause), s.Clock.Now()
	x.CanceledAt = now
	x.Acts = append(x.Acts, in.act("canceled", actor, now))
	return s.finish(tx, o, r, x.ID, in.Cause)
}

// noteResolutions raises the versions of resolutions that changed and tells of them. It runs when nothing else
// moves, and may run again.
func (s *Service) noteResolutions(r *Return, c *change) error {
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		doc, there := r.stored.docs[x.ID]
		if !there {
			x.Version = 1
			c.tell(EventResolutionCreated, x.ID)
			c.noteLetters(&Resolution{}, x)
			continue
		}
		var was Resolution
		if err := json.Unmarshal([]byte(doc), &was); err != nil {
			return fmt.Errorf("decode resolution %s: %w", x.ID, err)
		}
		c.noteLetters(&was, x)
		same := *x
		same.Version, same.UpdatedAt = was.Version, was.UpdatedAt
		now, err := json.Marshal(&same, json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("encode resolution %s: %w", x.ID, err)
		}
		if string(now) == doc {
			*x = same
			continue
		}
		x.Version, x.UpdatedAt = was.Version+1, s.Clock.Now()
		c.tell(EventResolutionUpdated, x.ID)
	}
	return nil
}
