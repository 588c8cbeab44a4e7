package returns

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/text"
)

// AdjustmentInput is a fee or a credit as the merchant states it.
type AdjustmentInput struct {
	Type          string
	Effect        string
	Assessed      money.Amount
	Applied       money.Amount
	Reason        string
	Message       string
	LineID        string
	Status        string // applied when empty
	WaiverReason  string
	WaiverMessage string
}

// ResolutionInput is what becomes of the value of some units, as it is asked for.
type ResolutionInput struct {
	Type         string
	Lines        []ResolutionUnits
	Replacements []ReplacementInput
	PricingBasis string
	Adjustments  []AdjustmentInput
	Corrects     string
}

// ResolutionUnits is units of one line. ID is that of a line of the resolution that stays when lines are replaced.
type ResolutionUnits struct {
	ID       string
	LineID   string
	Quantity int64
}

// check reports what is wrong with the input alone.
func (in *ResolutionInput) check() error {
	var f fault.List
	goods := in.Type == ResolutionExchange || in.Type == ResolutionReplacement
	correction := in.Type == ResolutionCorrection
	if !slices.Contains([]string{ResolutionRefund, ResolutionExchange, ResolutionReplacement, ResolutionNoMoney, ResolutionCorrection}, in.Type) {
		f.Add("INVALID_REQUEST", "resolution_type", "There is no such type of resolution.")
	}
	if !correction && len(in.Lines) == 0 {
		f.Add("FIELD_REQUIRED", "line_items", "A resolution is about units of the return.")
	}
	if correction && len(in.Lines) > 0 {
		f.Add("INVALID_REQUEST", "line_items", "A correction has adjustments alone.")
	}
	if !goods && len(in.Replacements) > 0 {
		f.Add("INVALID_REQUEST", "replacement_line_items", "Only an exchange or a replacement hands other goods over.")
	}
	if !goods && in.PricingBasis != "" {
		f.Add("INVALID_REQUEST", "pricing_basis", "Only an exchange or a replacement prices other goods.")
	}
	if in.Type == ResolutionExchange && len(in.Replacements) == 0 {
		f.Add("FIELD_REQUIRED", "replacement_line_items", "An exchange names the goods that replace others.")
	}
	if correction && len(in.Adjustments) == 0 {
		f.Add("FIELD_REQUIRED", "adjustments", "A correction needs at least one adjustment.")
	}
	if correction != (in.Corrects != "") {
		f.Add("INVALID_REQUEST", "corrects_return_resolution_id", "A correction names what it corrects, and nothing else does.")
	}
	if in.Type == ResolutionNoMoney && len(in.Adjustments) > 0 {
		f.Add("INVALID_REQUEST", "adjustments", "Where no money moves there is nothing to adjust.")
	}
	if len(in.Adjustments) > 50 {
		f.Add("RESOURCE_LIMIT_EXCEEDED", "adjustments", "A resolution has at most 50 adjustments.")
	}
	for n := range in.Adjustments {
		in.Adjustments[n].check(&f, fmt.Sprintf("adjustments[%d].", n))
	}
	for n, l := range in.Lines {
		at := fmt.Sprintf("line_items[%d].", n)
		if l.Quantity < 1 {
			f.Add("INVALID_QUANTITY", at+"quantity", "A quantity is at least 1.")
		}
		if slices.ContainsFunc(in.Lines[:n], func(o ResolutionUnits) bool { return o.LineID == l.LineID }) {
			f.Add("DUPLICATE_LINE_ITEM_TARGET", at+"return_line_item_id", "A line can be named once.")
		}
	}
	return f.Err()
}

func (a *AdjustmentInput) check(f *fault.List, at string) {
	effects := map[string]string{"return_shipping_fee": EffectDeduction, "restocking_fee": EffectDeduction, "other_fee": EffectDeduction,
		"goodwill_credit": EffectCredit}
	if want := effects[a.Type]; want != "" && want != a.Effect {
		f.Add("INVALID_REQUEST", at+"value_effect", "An adjustment of this type is a %s.", want)
	}
	for _, m := range []struct {
		param string
		minor int64
	}{{"assessed_amount_money", a.Assessed.Minor}, {"applied_amount_money", a.Applied.Minor}} {
		if m.minor < 0 || m.minor > order.MaxAmount {
			f.Add("INVALID_AMOUNT", at+m.param, "An amount is not negative; value_effect says in which direction it counts.")
		}
	}
	waived := a.Status == AdjustmentWaived
	switch {
	case a.Applied.Minor > a.Assessed.Minor:
		f.Add("INVALID_AMOUNT", at+"applied_amount_money", "What is applied is at most what was assessed.")
	case waived && a.Applied.Minor != 0:
		f.Add("INVALID_AMOUNT", at+"applied_amount_money", "Of a waived adjustment nothing is applied.")
	case waived && a.WaiverReason == "":
		f.Add("FIELD_REQUIRED", at+"waiver_reason", "A waiver says why.")
	case !waived && a.WaiverReason != "":
		f.Add("INVALID_REQUEST", at+"waiver_reason", "Only a waived adjustment has a waiver reason.")
	}
	rule := text.Rule{Max: 500, Lines: true}
	rule.Check(f, at+"reason_message", a.Message)
	rule.Check(f, at+"waiver_reason_message", a.WaiverMessage)
}

// draft prices a resolution that is asked for and writes nothing. before is the resolution as it stands, nil for a
// new one; its own units count as free. It is what a preview, a proposal, a change and a confirmation all call.
//
// Faults: those of check, RETURN_ACTION_NOT_ALLOWED, RETURN_VALUE_EXCEEDED, RESOURCE_NOT_FOUND, CURRENCY_MISMATCH and
// those of the order that replaces goods.
func (s *Service) draft(tx db.Tx, o *order.Order, r *Return, in ResolutionInput, before *Resolution, actor Actor) (*Resolution, *Quote, error) {
	if err := in.check(); err != nil {
		return nil, nil, err
	}
	x := &Resolution{Type: in.Type, PricingBasis: in.PricingBasis, Corrects: in.Corrects}
	if before != nil {
		x.ID = before.ID
	}
	t := terms{kind: in.Type}
	if in.Type == ResolutionExchange || in.Type == ResolutionReplacement {
		x.PricingBasis = basisOf(in)
	}
	t.basis = x.PricingBasis
	if err := s.allow(r, in, before); err != nil {
		return nil, nil, err
	}
	if in.Type == ResolutionCorrection {
		if t.corrected = r.Resolution(in.Corrects); t.corrected == nil {
			return nil, nil, fault.Invalid("RESOURCE_NOT_FOUND", "corrects_return_resolution_id", "The return has no such resolution.")
		}
		if k := t.corrected; k.Type == ResolutionCorrection || k.Status != ResolutionFulfilled && k.Status != ResolutionPartiallyFulfilled {
			return nil, nil, notAllowed(k.Status, "Change a proposed resolution, and cancel or retry one that did not come about.", "Only a resolution that was carried out is corrected.")
		}
	}
	for _, l := range in.Lines {
		t.lines = append(t.lines, LineQuantity{LineID: l.LineID, Quantity: l.Quantity})
	}
	var err error
	if t.adjustments, err = s.adjustments(o, r, in.Adjustments, before, actor); err != nil {
		return nil, nil, err
	}
	taken, err := s.Refunds.Taken(tx, o)
	if err != nil {
		return nil, nil, err
	}
	if t.room, err = room(tx, o); err != nil {
		return nil, nil, err
	}
	// What comes back is priced first, because goods at their original price take theirs from it.
	if in.Type != ResolutionCorrection {
		back, err := value(o, r, taken, terms{kind: t.kind, lines: t.lines, room: order.MaxAmount * order.MaxLines})
		if err != nil {
			return nil, nil, err
		}
		x.Lines = back.Lines
		if err := s.priceReplacements(tx, o, r, x, replacementsOf(r, in)); err != nil {
			return nil, nil, err
		}
	}
	t.replacements = x.Replacements
	q, err := value(o, r, taken, t)
	if err != nil {
		return nil, nil, err
	}
	x.take(q)
	for n := range x.Lines {
		x.Lines[n].ID = in.Lines[n].ID
	}
	if len(x.Lines) > 0 {
		x.RevisionID = r.Line(x.Lines[0].LineID).Eligibility.RevisionID
	}
	return x, q, nil
}

// take copies the amounts of a quote.
func (x *Resolution) take(q *Quote) {
	x.Lines, x.Replacements, x.Adjustments = q.Lines, q.Replacements, q.Adjustments
	x.Returned, x.Deduction, x.Credit, x.Replacement = q.Returned.Total, q.Deduction, q.Credit, q.Replacement
	x.BuyerRefund, x.BuyerPayment, x.QuoteHash = q.BuyerRefund, q.BuyerPayment, q.Hash
}

func basisOf(in ResolutionInput) string {
	switch {
	case in.PricingBasis != "":
		return in.PricingBasis
	case in.Type == ResolutionReplacement:
		return PriceOriginal
	}
	return PriceCurrent
}

// replacementsOf are the goods that were named, or for a replacement that names none the same goods again.
func replacementsOf(r *Return, in ResolutionInput) []ReplacementInput {
	if in.Type != ResolutionReplacement || len(in.Replacements) > 0 {
		return in.Replacements
	}
	var out []ReplacementInput
	for _, l := range in.Lines {
		line := r.Line(l.LineID)
		same := ReplacementInput{Name: line.Identity.Name, Description: line.Identity.Description, SKU: line.Identity.SKU, Quantity: l.Quantity}
		if src := line.Identity.Source; src != nil {
			same = ReplacementInput{VariantID: src.VariantID, Quantity: l.Quantity}
		}
		out = append(out, same)
	}
	return out
}

// room is what the payments of an order can give back, less what returns were promised. The order is locked.
func room(tx db.Tx, o *order.Order) (int64, error) {
	intents, err := payment.OfOrder(tx, o.Scope, o.ID, false)
	if err != nil {
		return 0, fmt.Errorf("read the payments of order %s: %w", o.ID, err)
	}
	promised, err := Promised(tx, o.Scope, o.ID)
	if err != nil {
		return 0, err
	}
	left := -promised
	for _, i := range intents {
		left += i.Refundable()
	}
	return left, nil
}

// allow refuses what the decision does not allow, or of which other resolutions hold the units.
func (s *Service) allow(r *Return, in ResolutionInput, before *Resolution) error {
	if r.Status != StatusOpen {
		return notAllowed(r.Status, "Decide on a return first, and reopen a completed one.", "Value is settled on an open return.")
	}
	for n, l := range in.Lines {
		at := fmt.Sprintf("line_items[%d].", n)
		line := r.Line(l.LineID)
		switch {
		case line == nil:
			return fault.Invalid("RESOURCE_NOT_FOUND", at+"return_line_item_id", "The return has no such line.")
		case line.Status != StatusOpen:
			return notAllowed(line.Status, "Name lines that are open.", "Nothing of this line was approved, or it was canceled.")
		case !slices.Contains(line.AllowedResolutions, in.Type):
			return notAllowed(line.Status, "Use one of allowed_resolution_types of the line.", "The decision does not allow this type of resolution for a line.")
		}
		free := line.AvailableResolution
		if before != nil && before.holds() {
			for _, own := range before.Lines {
				if own.LineID == l.LineID {
					free += own.Quantity
				}
			}
		}
		if l.Quantity > free {
			return fault.Invalid("RETURN_VALUE_EXCEEDED", at+"quantity", "Other resolutions hold units of this line: %d are left.", free).
				With("maximum_quantity", free)
		}
	}
	return nil
}

// adjustments are the fees and credits with who waived them; a waiver that stands keeps its moment.
func (s *Service) adjustments(o *order.Order, r *Return, asked []AdjustmentInput, before *Resolution, actor Actor) ([]Adjustment, error) {
	var out []Adjustment
	for n, in := range asked {
		at := fmt.Sprintf("adjustments[%d].", n)
		if in.Assessed.Currency != o.Currency || in.Applied.Currency != o.Currency {
			return nil, fault.Invalid("CURRENCY_MISMATCH", at+"applied_amount_money.currency", "The order is in another currency.")
		}
		a := Adjustment{
			Type: in.Type, Effect: in.Effect, Assessed: in.Assessed.Minor, Applied: in.Applied.Minor, Reason: in.Reason, Message: in.Message,
			Status: AdjustmentApplied, LineID: in.LineID,
		}
		if line := r.Line(in.LineID); line != nil {
			a.RevisionID = line.Eligibility.RevisionID
		}
		if in.Status == AdjustmentWaived {
			a.Status, a.WaiverReason, a.WaiverMessage = AdjustmentWaived, in.WaiverReason, in.WaiverMessage
			a.WaivedAt, a.WaivedBy = s.Clock.Now(), &actor
			if before != nil && n < len(before.Adjustments) {
				if was := before.Adjustments[n]; was.Status == AdjustmentWaived && was.Type == a.Type && was.WaiverReason == a.WaiverReason {
					a.WaivedAt, a.WaivedBy = was.WaivedAt, was.WaivedBy
				}
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// asInput is what a resolution was asked for with.
func (x *Resolution) asInput(r *Return) ResolutionInput {
	in := ResolutionInput{Type: x.Type, Corrects: x.Corrects, PricingBasis: x.PricingBasis}
	for _, l := range x.Lines {
		in.Lines = append(in.Lines, ResolutionUnits{ID: l.ID, LineID: l.LineID, Quantity: l.Quantity})
	}
	for _, l := range x.Replacements {
		in.Replacements = append(in.Replacements, l.asInput(r, x.PricingBasis))
	}
	for _, a := range x.Adjustments {
		in.Adjustments = append(in.Adjustments, AdjustmentInput{
			Type: a.Type, Effect: a.Effect, Assessed: r.Money(a.Assessed), Applied: r.Money(a.Applied), Reason: a.Reason, Message: a.Message,
			LineID: a.LineID, Status: a.Status, WaiverReason: a.WaiverReason, WaiverMessage: a.WaiverMessage,
		})
	}
	return in
}

func (l *ReplacementLine) asInput(r *Return, basis string) ReplacementInput {
	in := ReplacementInput{ID: l.ID, VariantID: l.VariantID, Quantity: l.Quantity}
	if l.VariantID == "" {
		in.Name, in.Description, in.SKU = l.Name, l.Description, l.SKU
	}
	if basis == PriceAgreed || basis == PriceCurrent && l.VariantID == "" {
		price := r.Money(l.UnitPrice)
		in.UnitPrice = &price
	}
	return in
}

// name gives the lines of a resolution their ids; those that stay keep theirs.
func (s *Service) name(x *Resolution) {
	for n := range x.Lines {
		if x.Lines[n].ID == "" {
			x.Lines[n].ID = s.IDs.New(id.ReturnResolutionLine)
		}
	}
	for n := range x.Replacements {
		if x.Replacements[n].ID == "" {
			x.Replacements[n].ID = s.IDs.New(id.ReturnReplacementLine)
		}
	}
}
