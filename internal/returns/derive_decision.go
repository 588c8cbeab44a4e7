package returns

import "time"

// deriveDecision tells what was decided, and the status of the return and its lines.
func deriveDecision(r *Return) {
	r.DecisionAt = time.Time{}
	var asked, approved, pending int64
	for k := range r.Lines {
		l := &r.Lines[k]
		l.Status = lineStatus(r, l)
		asked, approved = asked+l.Requested, approved+l.Approved
		if l.DecidedAt.IsZero() {
			pending++
		} else if l.DecidedAt.After(r.DecisionAt) {
			r.DecisionAt = l.DecidedAt
		}
	}
	switch {
	case pending > 0:
		r.DecisionStatus = DecisionPending
	case approved == 0:
		r.DecisionStatus = DecisionDeclined
	case approved < asked:
		r.DecisionStatus = DecisionPartiallyApproved
	default:
		r.DecisionStatus = DecisionApproved
	}
	r.Status = status(r)
	if pending > 0 && r.Status == StatusRequested {
		for _, l := range r.Lines {
			if l.DecidedAt.IsZero() {
				r.block(Blocker{Code: BlockedDecision, LineID: l.ID, Message: decisionMessage(&l)})
			}
		}
	}
}

// status is that of the whole: what an act set, and otherwise what the decision says.
func status(r *Return) string {
	switch {
	case r.Ended != "":
		return r.Ended
	case r.DecisionStatus == DecisionPending:
		return StatusRequested
	case r.DecisionStatus == DecisionDeclined:
		return StatusDeclined
	}
	return StatusOpen
}

func lineStatus(r *Return, l *Line) string {
	switch {
	case r.Ended == StatusCanceled:
		return StatusCanceled
	case l.DecidedAt.IsZero():
		return StatusRequested
	case l.Approved == 0:
		return StatusDeclined
	case l.Canceled == l.Approved:
		return StatusCanceled
	case r.Ended == StatusCompleted:
		return StatusCompleted
	}
	return StatusOpen
}

// decisionMessage says who has to decide, and why it did not happen by itself.
func decisionMessage(l *Line) string {
	switch l.Eligibility.Reason {
	case "no_matching_policy":
		return "The merchant has to approve or decline this line: no return policy covers it."
	case "policy_conflict":
		return "The merchant has to approve or decline this line: return policies of the same rank disagree about it."
	case "return_window_expired":
		return "The merchant has to approve or decline this line: it was asked for after the return window."
	}
	if l.Eligibility.Status == Ineligible {
		return "The merchant has to approve or decline this line: the return policy does not allow it."
	}
	return "The merchant has to approve or decline this line."
}

// lineActions are what may be done with a line now.
func lineActions(r *Return, l *Line) []string {
	var out []string
	switch {
	case r.Status == StatusRequested:
		out = append(out, "update", "decide")
		if len(r.Lines) > 1 {
			out = append(out, "delete")
		}
	case r.Status == StatusOpen && l.Status == StatusOpen:
		if l.AvailableResolution > 0 {
			out = append(out, "cancel", "create_resolution")
		}
		if l.inspects() {
			out = append(out, "waive_inspection")
		}
	}
	return out
}
