package returns

import (
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// appOf is the app that acts, empty for somebody else.
func appOf(actor Actor) string {
	if actor.Type == ActorIntegration {
		return actor.ID
	}
	return ""
}

// permit refuses what an app may not give back: a resolution goes within the limits of its app as every other refund of
// it does, when it is promised and again when it is carried out. What needs the merchant's approval the app proposes,
// and the merchant confirms. approved tells that this was seen to.
//
// Faults: APP_REFUND_LIMIT_EXCEEDED, APP_REFUND_APPROVAL_REQUIRED, APP_OWN_ORDERS_ONLY, APP_INSTALL_NOT_ACTIVE.
func (s *Service) permit(tx db.Tx, o *order.Order, r *Return, x *Resolution, approved bool) error {
	left := x.BuyerRefund - x.Refunded
	if x.AppID == "" || left <= 0 {
		return nil
	}
	grantID, err := s.grantOf(tx, r, x)
	if err != nil {
		return err
	}
	err = s.Refunds.May(tx, o, grantID, r.Money(left), approved)
	if fault.Is(err, "APP_REFUND_APPROVAL_REQUIRED") {
		return fault.Of(err).Then("Leave the resolution proposed, for the merchant to confirm.")
	}
	return err
}

// grantOf is the grant of the app of a resolution, empty for none.
func (s *Service) grantOf(tx db.Tx, r *Return, x *Resolution) (string, error) {
	if x.AppID == "" {
		return "", nil
	}
	if s.Grants == nil {
		return "", fault.Internal("APP_REFUNDS_UNAVAILABLE", "a resolution of an app reached a service that knows no apps")
	}
	grantID, err := s.Grants(tx, r.Scope, x.AppID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return "", fault.Forbidden("APP_INSTALL_NOT_ACTIVE", "The app is paused, removed or not installed in this environment.")
	}
	return grantID, err
}

// decidedBy is the app that decided one of the lines of a resolution that comes by itself, empty for none: what an app
// decided goes by its word.
func (r *Return) decidedBy(x *Resolution) string {
	for _, l := range x.Lines {
		if line := r.Line(l.LineID); line != nil && line.DecidedBy != nil && appOf(*line.DecidedBy) != "" {
			return line.DecidedBy.ID
		}
	}
	return ""
}
