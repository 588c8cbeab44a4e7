package returns

import (
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// resolveAutomatically makes and confirms a resolution for units of lines whose decision asks for one by itself, with
// the fees that their policy proposes. Lines of the same type share one. Where it is not possible (an exchange, whose
// goods somebody has to choose; an order that was never paid) the merchant resolves by hand, and so after somebody
// canceled what was made by itself.
func (s *Service) resolveAutomatically(tx db.Tx, o *order.Order, r *Return, c *change) (bool, error) {
	if r.Status != StatusOpen {
		return false, nil
	}
	for _, kind := range resolvedByThemselves {
		in := ResolutionInput{Type: kind}
		for k := range r.Lines {
			l := &r.Lines[k]
			if l.Status != StatusOpen || l.ResolutionMode != ModeAutomatic || l.SelectedResolution != kind || l.AvailableResolution == 0 || canceledByHand(r, l.ID) {
				continue
			}
			in.Lines = append(in.Lines, ResolutionUnits{LineID: l.ID, Quantity: l.AvailableResolution})
			if kind != ResolutionNoMoney && l.ResolutionCount == 0 {
				in.Adjustments = append(in.Adjustments, proposed(r, l)...)
			}
		}
		if len(in.Lines) == 0 {
			continue
		}
		actor := Actor{Type: ActorSystem}
		x, _, err := s.draft(tx, o, r, in, nil, actor)
		if f := fault.Of(err); f != nil && f.Class != fault.ClassInternal {
			continue
		}
		if err != nil {
			return false, err
		}
		x.Automatic, x.AppID = true, r.decidedBy(x)
		if err := s.permit(tx, o, r, x, false); err != nil {
			if f := fault.Of(err); f != nil && f.Class != fault.ClassInternal {
				continue // the merchant resolves by hand what the app may not
			}
			return false, err
		}
		s.add(r, x, actor)
		made := &r.Resolutions[len(r.Resolutions)-1]
		if err := s.confirm(tx, o, r, made, "", actor); err != nil {
			return false, err
		}
		c.tell(EventResolutionCreated, made.ID)
		return true, nil
	}
	return false, nil
}

// canceledByHand tells whether a resolution that came by itself was canceled for the line.
func canceledByHand(r *Return, lineID string) bool {
	return slices.ContainsFunc(r.Resolutions, func(x Resolution) bool {
		return x.Automatic && !x.CanceledAt.IsZero() && slices.ContainsFunc(x.Lines, func(l ResolutionLine) bool { return l.LineID == lineID })
	})
}

// proposed are the fees and credits that the policy of a line proposes, fees within its value.
func proposed(r *Return, l *Line) []AdjustmentInput {
	var out []AdjustmentInput
	left := l.Value.Total
	if l.Requested > 0 && l.AvailableResolution < l.Requested {
		left = l.Value.Total * l.AvailableResolution / l.Requested
	}
	for _, a := range l.Eligibility.Adjustments {
		applied := a.Amount
		if a.Effect == EffectDeduction {
			applied = min(applied, left)
			left -= applied
		}
		if applied == 0 {
			continue
		}
		out = append(out, AdjustmentInput{
			Type: a.Type, Effect: a.Effect, Assessed: r.Money(a.Amount), Applied: r.Money(applied), Reason: "return_policy", LineID: l.ID,
		})
	}
	return out
}
