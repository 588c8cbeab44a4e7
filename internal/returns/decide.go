package returns

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/returnpolicy"
	"flint/internal/tenant"
)

// Bases of a decision.
const (
	BasisPolicy   = "policy_evaluation"
	BasisExplicit = "explicit"
)

// Decision is what is decided about one line. On the basis of the policy only Approved and the decline are sent;
// an explicit one says everything itself.
type Decision struct {
	LineID             string
	Basis              string
	Approved           int64
	DeclineReason      string
	DeclineMessage     string
	ReturnRequired     *int64
	AllowedResolutions []string
	ResolutionMode     string
	SelectedResolution string
	RefundTiming       string
	ReceivingLocation  string
	InspectionRequired *bool
	OverrideReason     string
	OverrideMessage    string
	// Destination is where the goods go, nil for that of the policy or the merchant's own address.
	Destination *returnpolicy.Destination
}

// DecideInput approves or declines all lines of a return at once.
type DecideInput struct {
	Scope           tenant.Scope
	ReturnID        string
	Lines           []Decision
	CompletionMode  string // empty: automatic when the policies of all lines say so
	ExpectedVersion *int64
	Cause           event.Cause
}

// Decide approves or declines every line of a requested return, all of them or none.
//
// Faults: RESOURCE_NOT_FOUND, RETURN_VERSION_CONFLICT, RETURN_ACTION_NOT_ALLOWED, RETURN_INVALID.
func (s *Service) Decide(tx db.Tx, in DecideInput) (*Return, error) {
	r, o, err := s.loadAt(tx, in.Scope, in.ReturnID, in.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	var c change
	path := func(k int) string { return fmt.Sprintf("line_items[%d]", k) }
	if err := s.decide(tx, r, in.Lines, path, in.CompletionMode, actorOf(in.Cause), &c); err != nil {
		return nil, err
	}
	if err := s.save(tx, o, r, in.Cause, c); err != nil {
		return nil, err
	}
	return r, nil
}

// decide notes decisions on a loaded return; it saves nothing. path is where the request has the k-th decision.
func (s *Service) decide(tx db.Tx, r *Return, decisions []Decision, path func(k int) string, completion string, actor Actor, c *change) error {
	if r.Status != StatusRequested {
		return notAllowed(r.Status, "Read the return: supported_actions says what can be done.", "The return was decided already.")
	}
	var home *returnpolicy.Destination
	if s.Home != nil {
		var err error
		if home, err = s.Home(tx, r.Scope); err != nil {
			return err
		}
	}
	now := s.Clock.Now()
	var faults fault.List
	for k := range decisions {
		d, at := &decisions[k], path(k)
		l := r.Line(d.LineID)
		switch {
		case l == nil:
			faults.Add("RESOURCE_NOT_FOUND", at+".return_line_item_id", "The return has no such line.")
		case !l.DecidedAt.IsZero():
			faults.Add("RETURN_INVALID", at+".return_line_item_id", "A line is decided once in a call.")
		default:
			faults.AddError(at, l.decide(d, home, actor, now))
		}
	}
	if err := faults.Err(); err != nil {
		return err
	}
	if k := slices.IndexFunc(r.Lines, func(l Line) bool { return l.DecidedAt.IsZero() }); k >= 0 {
		return fault.Invalid("RETURN_INVALID", "line_items", "All lines of a return are decided together; one is missing.").
			Then("Send a decision for each line, with approved_quantity 0 to decline it.")
	}
	r.CompletionMode = completion
	if completion == "" {
		r.CompletionMode = ModeAutomatic
		if slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Approved > 0 && l.Eligibility.CompletionMode != ModeAutomatic }) {
			r.CompletionMode = ModeManual
		}
	}
	r.Acts = append(r.Acts, Act{Kind: "decided", Actor: actor, At: now})
	c.tell(EventDecisionRecorded, "")
	c.write(LetterDecided)
	return nil
}

// advanceDecision decides a return as its policies propose when they approve all lines by themselves.
func (s *Service) advanceDecision(tx db.Tx, r *Return, c *change) (bool, error) {
	if r.Status != StatusRequested || len(r.Lines) == 0 || slices.ContainsFunc(r.Lines, func(l Line) bool { return !l.approvedByItself() }) {
		return false, nil
	}
	decisions := make([]Decision, len(r.Lines))
	for k, l := range r.Lines {
		decisions[k] = Decision{LineID: l.ID, Basis: BasisPolicy, Approved: l.Requested}
	}
	path := func(int) string { return "line_items" }
	if err := s.decide(tx, r, decisions, path, "", Actor{Type: ActorSystem}, c); err != nil {
		return false, fmt.Errorf("decide return %s by its policies: %w", r.ID, err)
	}
	return true, nil
}

// decide checks and notes the decision about one line.
func (l *Line) decide(d *Decision, home *returnpolicy.Destination, actor Actor, now time.Time) error {
	var faults fault.List
	invalid := func(param, format string, args ...any) { faults.Add("RETURN_INVALID", param, format, args...) }
	if d.Approved < 0 || d.Approved > l.Requested {
		invalid("approved_quantity", "Between none and all of the requested units are approved.")
	}
	switch declined := d.Approved < l.Requested; {
	case declined && d.DeclineReason == "":
		invalid("decline_reason", "Units that are declined need a reason.")
	case !declined && (d.DeclineReason != "" || d.DeclineMessage != ""):
		invalid("decline_reason", "Nothing is declined, so there is no reason for it.")
	}
	faults.AddError("", checkMessage("decline_reason_message", d.DeclineMessage))
	faults.AddError("", checkMessage("override_reason_message", d.OverrideMessage))
	var terms Proposal
	if d.Basis == BasisPolicy {
		terms = l.proposed(d, invalid)
	} else {
		terms = l.explicit(d, invalid)
	}
	target := l.Destination
	if d.Destination != nil {
		target = d.Destination
	} else if target == nil || terms.ReceivingLocation != l.Judged.ReceivingLocation {
		target = home
	}
	if terms.ReturnRequired > 0 && target == nil && d.Basis == BasisExplicit {
		invalid("receiving_location_id", "The place that takes the goods back has no postal address.")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	l.Approved, l.Declined, l.DecisionBasis, l.DecidedAt, l.DecidedBy = d.Approved, l.Requested-d.Approved, d.Basis, now, &actor
	l.DeclineReason, l.DeclineMessage, l.UpdatedAt = d.DeclineReason, d.DeclineMessage, now
	if d.OverrideReason != "" {
		l.OverrideReason, l.OverrideMessage, l.OverriddenAt, l.OverriddenBy = d.OverrideReason, d.OverrideMessage, now, &actor
	}
	if d.Approved == 0 {
		l.Destination = nil
		return nil
	}
	l.ReturnRequired, l.AllowedResolutions, l.ResolutionMode = terms.ReturnRequired, terms.AllowedResolutions, terms.ResolutionMode
	l.SelectedResolution, l.RefundTiming, l.InspectionRequired = terms.SelectedResolution, terms.RefundTiming, terms.InspectionRequired
	l.ReceivingLocation, l.Destination = "", nil
	if terms.ReturnRequired > 0 {
		l.ReceivingLocation, l.Destination = terms.ReceivingLocation, target
	}
	return nil
}

// proposed are the terms of a decision that takes what the policy proposed.
func (l *Line) proposed(d *Decision, invalid func(param, format string, args ...any)) Proposal {
	for param, sent := range map[string]bool{
		"return_required_quantity": d.ReturnRequired != nil, "allowed_resolution_types": d.AllowedResolutions != nil,
		"resolution_mode": d.ResolutionMode != "", "selected_resolution_type": d.SelectedResolution != "", "refund_timing": d.RefundTiming != "",
		"receiving_location_id": d.ReceivingLocation != "", "is_inspection_required": d.InspectionRequired != nil,
		"override_reason": d.OverrideReason != "", "override_reason_message": d.OverrideMessage != "", "destination": d.Destination != nil,
	} {
		if sent {
			invalid(param, "A decision by the policy leaves this to the policy.")
		}
	}
	p := l.Eligibility.Proposal
	if p == nil {
		if d.Approved > 0 {
			invalid("decision_basis", "The policies propose nothing for this line; decide explicitly.")
		}
		return Proposal{}
	}
	if d.Approved > p.Quantity {
		invalid("approved_quantity", "The policy proposes fewer units; decide explicitly to approve more.")
	}
	terms := *p
	if p.ReturnRequired > 0 {
		terms.ReturnRequired = d.Approved
	}
	return terms
}

// explicit are the terms of a decision that says everything itself.
func (l *Line) explicit(d *Decision, invalid func(param, format string, args ...any)) Proposal {
	terms := Proposal{
		Quantity: d.Approved, AllowedResolutions: d.AllowedResolutions, ResolutionMode: d.ResolutionMode, SelectedResolution: d.SelectedResolution,
		RefundTiming: d.RefundTiming, ReceivingLocation: d.ReceivingLocation,
	}
	if d.InspectionRequired != nil {
		terms.InspectionRequired = *d.InspectionRequired
	}
	if d.ReturnRequired == nil {
		invalid("return_required_quantity", "An explicit decision says how many units have to come back.")
	} else if terms.ReturnRequired = *d.ReturnRequired; terms.ReturnRequired < 0 || terms.ReturnRequired > d.Approved {
		invalid("return_required_quantity", "Between none and all of the approved units have to come back.")
	}
	if d.Approved > 0 {
		terms.check(invalid)
	}
	l.checkOverride(d, &terms, invalid)
	return terms
}

// check refuses terms that contradict themselves, and fills in what follows from the others.
func (t *Proposal) check(invalid func(param, format string, args ...any)) {
	goods := t.ReturnRequired > 0
	if len(t.AllowedResolutions) == 0 {
		invalid("allowed_resolution_types", "At least one type of resolution is allowed where units are approved.")
	}
	switch {
	case t.ResolutionMode == "":
		invalid("resolution_mode", "Say whether the line is resolved by itself.")
	case t.ResolutionMode == ModeAutomatic && t.SelectedResolution == "":
		invalid("selected_resolution_type", "What happens by itself has to be selected.")
	}
	if t.SelectedResolution != "" && !slices.Contains(t.AllowedResolutions, t.SelectedResolution) {
		invalid("selected_resolution_type", "The selected type of resolution is not among those that are allowed.")
	}
	if goods && t.ReceivingLocation == "" {
		invalid("receiving_location_id", "Units that have to come back need a place that takes them.")
	}
	if t.InspectionRequired && !goods {
		invalid("is_inspection_required", "Nothing comes back that could be inspected.")
	}
	switch {
	case t.RefundTiming == "" && !goods:
		t.RefundTiming = AfterApproval
	case t.RefundTiming == "" && t.InspectionRequired:
		t.RefundTiming = AfterInspection
	case t.RefundTiming == "":
		t.RefundTiming = AfterReceipt
	case (t.RefundTiming == AfterHandoff || t.RefundTiming == AfterReceipt) && !goods:
		invalid("refund_timing", "Nothing comes back that value could wait for.")
	case t.RefundTiming == AfterInspection && !t.InspectionRequired:
		invalid("refund_timing", "No inspection is required that value could wait for.")
	}
}

// checkOverride asks for a reason where a decision beats the policy, and refuses one where there is no policy.
func (l *Line) checkOverride(d *Decision, terms *Proposal, invalid func(param, format string, args ...any)) {
	if l.Eligibility.RevisionID == "" {
		if d.OverrideReason != "" || d.OverrideMessage != "" {
			invalid("override_reason", "No policy covers this line, so none is overridden.")
		}
		return
	}
	if d.OverrideReason == "" && l.beats(d, terms) {
		invalid("override_reason", "The decision differs from what the policy says, which needs a reason.")
	}
}

// beats tells whether an explicit decision differs from what the policy said.
func (l *Line) beats(d *Decision, terms *Proposal) bool {
	p := l.Eligibility.Proposal
	if p == nil {
		return l.Eligibility.Status == Ineligible && d.Approved > 0
	}
	if d.Approved != p.Quantity {
		return true
	}
	a, b := slices.Sorted(slices.Values(p.AllowedResolutions)), slices.Sorted(slices.Values(terms.AllowedResolutions))
	return p.ReturnRequired != terms.ReturnRequired || !slices.Equal(a, b) || p.ResolutionMode != terms.ResolutionMode ||
		p.SelectedResolution != terms.SelectedResolution || p.RefundTiming != terms.RefundTiming ||
		p.InspectionRequired != terms.InspectionRequired || p.ReceivingLocation != terms.ReceivingLocation
}
