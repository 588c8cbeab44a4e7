package returns

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
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
	r, o, err := s.loadAt(tx, in.Scope, in.ReturnID, in.ExpectedVersion)
	if err != nil {
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
