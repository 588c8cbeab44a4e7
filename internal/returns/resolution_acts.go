package returns

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/tenant"
	"flint/internal/text"
)

// PreviewInput asks what a resolution would come to.
type PreviewInput struct {
	Scope           tenant.Scope
	ReturnID        string
	Resolution      ResolutionInput
	ExpectedVersion *int64 // of the return
	Cause           event.Cause
}

// Preview computes a resolution and stores nothing. The amounts are those that a proposal of the same would have.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT and those of Propose.
func (s *Service) Preview(tx db.Tx, in PreviewInput) (*Return, *Resolution, *Quote, error) {
	r, err := Get(tx, in.Scope, in.ReturnID)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := r.checkVersion(in.ExpectedVersion); err != nil {
		return nil, nil, nil, err
	}
	o, err := s.Orders.Get(tx.Context(), tx, in.Scope, r.OrderID)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read the order of return %s: %w", r.ID, err)
	}
	x, q, err := s.draft(tx, o, r, in.Resolution, nil, actorOf(in.Cause))
	return r, x, q, err
}

// ProposeInput makes a resolution. ExpectedQuoteHash, when sent, is that of the preview that was shown.
type ProposeInput struct {
	Scope               tenant.Scope
	ReturnID            string
	Resolution          ResolutionInput
	ExpectedVersion     *int64 // of the return
	ExpectedQuoteHash   string
	ExternalReferenceID string
	Metadata            map[string]string
	Cause               event.Cause
}

// Propose makes a resolution that holds units of the return and can still be changed.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_VALUE_EXCEEDED,
// RETURN_QUOTE_STALE, CURRENCY_MISMATCH and those of the order that replaces goods.
func (s *Service) Propose(tx db.Tx, in ProposeInput) (*Return, *Resolution, error) {
	var f fault.List
	text.Rule{Max: 255, TooLong: "INVALID_EXTERNAL_REFERENCE_ID"}.Check(&f, "external_reference_id", in.ExternalReferenceID)
	f.AddError("metadata", metadata.Check(in.Metadata))
	if err := f.Err(); err != nil {
		return nil, nil, err
	}
	r, o, err := s.Load(tx, in.Scope, in.ReturnID)
	if err != nil {
		return nil, nil, err
	}
	if err := r.checkVersion(in.ExpectedVersion); err != nil {
		return nil, nil, err
	}
	actor := actorOf(in.Cause)
	x, q, err := s.draft(tx, o, r, in.Resolution, nil, actor)
	if err != nil {
		return nil, nil, err
	}
	if in.ExpectedQuoteHash != "" && in.ExpectedQuoteHash != q.Hash {
		return nil, nil, stale(r, q)
	}
	x.ExternalReferenceID, x.Metadata = in.ExternalReferenceID, in.Metadata
	s.add(r, x, actor)
	var c change
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, nil, err
	}
	return r, &r.Resolutions[len(r.Resolutions)-1], nil
}

// add puts a drafted resolution on the return.
func (s *Service) add(r *Return, x *Resolution, actor Actor) {
	now := s.Clock.Now()
	x.ID, x.CreatedBy, x.CreatedAt, x.UpdatedAt, x.Status = s.IDs.New(id.ReturnResolution), actor, now, now, ResolutionProposed
	s.name(x)
	r.Resolutions = append(r.Resolutions, *x)
}

// stale answers with the quote that holds now.
func stale(r *Return, q *Quote) error {
	return fault.Conflict("RETURN_QUOTE_STALE", "The amounts have changed since they were shown; nothing was done.").
		Then("Show the new amounts, and repeat the call with quote_hash as expected_quote_hash.").
		With("quote_hash", q.Hash).With("returned_total_money", r.Money(q.Returned.Total)).With("replacement_total_money", r.Money(q.Replacement)).
		With("buyer_refund_amount_money", r.Money(q.BuyerRefund)).With("buyer_payment_amount_money", r.Money(q.BuyerPayment))
}

// ResolutionVersion names a resolution and the version that a change was decided on.
type ResolutionVersion struct {
	Scope           tenant.Scope
	ResolutionID    string
	ExpectedVersion *int64
	Cause           event.Cause
}

// at loads the return of a resolution and checks the version.
func (s *Service) at(tx db.Tx, in ResolutionVersion) (*Return, *order.Order, *Resolution, error) {
	returnID, err := ofPart(tx, in.Scope, "return_resolutions", id.ReturnResolution, "return resolution", in.ResolutionID)
	if err != nil {
		return nil, nil, nil, err
	}
	r, o, err := s.Load(tx, in.Scope, returnID)
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

// ReviseInput changes a proposed resolution. Collections that are not nil replace the ones there are, and then
// ExpectedVersion is needed.
type ReviseInput struct {
	ResolutionVersion
	Lines               *[]ResolutionUnits
	Replacements        *[]ReplacementInput
	Adjustments         *[]AdjustmentInput
	PricingBasis        string
	ExternalReferenceID *string
	Metadata            *metadata.Patch
}

// Revise changes a proposed resolution and prices it again.
//
// Faults: EXPECTED_VERSION_REQUIRED, RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED and those of
// Propose.
func (s *Service) Revise(tx db.Tx, in ReviseInput) (*Return, *Resolution, error) {
	if (in.Lines != nil || in.Replacements != nil || in.Adjustments != nil) && in.ExpectedVersion == nil {
		return nil, nil, fault.Invalid("EXPECTED_VERSION_REQUIRED", "expected_version", "Replacing lines or adjustments needs the version that was read.")
	}
	r, o, x, err := s.at(tx, in.ResolutionVersion)
	if err != nil {
		return nil, nil, err
	}
	if x.Status != ResolutionProposed {
		return nil, nil, notAllowed(x.Status, "Correct a resolution that was carried out by another one of type correction.", "Only a proposed resolution can be changed.")
	}
	asked := x.asInput(r)
	if in.Lines != nil {
		if err := known(x, *in.Lines); err != nil {
			return nil, nil, err
		}
		asked.Lines = *in.Lines
	}
	if in.PricingBasis != "" && in.PricingBasis != asked.PricingBasis {
		asked.PricingBasis = in.PricingBasis
		for n := range asked.Replacements { // prices were those of the old basis
			asked.Replacements[n].UnitPrice = nil
		}
	}
	if in.Replacements != nil {
		asked.Replacements = *in.Replacements
	}
	if in.Adjustments != nil {
		asked.Adjustments = *in.Adjustments
	}
	fresh, _, err := s.draft(tx, o, r, asked, x, actorOf(in.Cause))
	if err != nil {
		return nil, nil, err
	}
	s.name(fresh)
	x.Lines, x.Replacements, x.Adjustments, x.PricingBasis, x.Rounding = fresh.Lines, fresh.Replacements, fresh.Adjustments, fresh.PricingBasis, fresh.Rounding
	x.Returned, x.Deduction, x.Credit, x.Replacement = fresh.Returned, fresh.Deduction, fresh.Credit, fresh.Replacement
	x.BuyerRefund, x.BuyerPayment, x.QuoteHash = fresh.BuyerRefund, fresh.BuyerPayment, fresh.QuoteHash
	if in.ExternalReferenceID != nil {
		x.ExternalReferenceID = *in.ExternalReferenceID
	}
	if in.Metadata != nil {
		if x.Metadata, err = metadata.Merge(x.Metadata, *in.Metadata); err != nil {
			var f fault.List
			f.AddError("metadata", err)
			return nil, nil, f.Err()
		}
	}
	return s.finish(tx, o, r, x.ID, in.Cause)
}

// known refuses ids of lines that the resolution does not have.
func known(x *Resolution, lines []ResolutionUnits) error {
	for n, l := range lines {
		if l.ID != "" && !slices.ContainsFunc(x.Lines, func(own ResolutionLine) bool { return own.ID == l.ID && own.LineID == l.LineID }) {
			return fault.Invalid("RESOURCE_NOT_FOUND", fmt.Sprintf("line_items[%d].return_resolution_line_item_id", n), "The resolution has no such line.")
		}
	}
	return nil
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
	fresh, err := s.Orders.Load(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	*o = *fresh
	return nil
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

// OfResolution reads the return of a resolution without locking anything.
func (s *Service) OfResolution(tx db.Tx, scope tenant.Scope, resolutionID string) (*Return, error) {
	returnID, err := ofPart(tx, scope, "return_resolutions", id.ReturnResolution, "return resolution", resolutionID)
	if err != nil {
		return nil, err
	}
	return Get(tx, scope, returnID)
}
