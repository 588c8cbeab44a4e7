package dispute

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// Service takes news of disputes. Give its Notify to the processors, and append its RefundChanged to
// refund.Service.Changed.
type Service struct {
	DB     db.DB
	Clock  clock.Clock
	IDs    *id.Source
	Events *event.Log
	Orders *order.Service
	Logger *slog.Logger
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// errEarly is news of a payment whose capture is not known here yet: it has to be told again.
var errEarly = errors.New("dispute: the payment is not captured here yet")

// Notify takes news that a processor sends on its own. A notice that was taken before changes nothing, nor does
// one older than what is known. News that cannot be, or of a payment we do not have, is noted and logged, never
// dropped in silence. An error means that the notice should be sent again.
func (s *Service) Notify(ctx context.Context, n payment.DisputeNotice) error {
	return s.DB.Write(ctx, func(tx db.Tx) error {
		now := s.Clock.Now()
		i, err := payment.Get(tx, n.Scope, n.Dispute.PaymentID)
		result := "applied"
		switch {
		case fault.Is(err, "RESOURCE_NOT_FOUND"):
			result = "unmatched"
		case err != nil:
			return err
		}
		var o *order.Order
		var d *Dispute
		if result == "applied" {
			if o, err = s.Orders.Load(tx, n.Scope, i.OrderID); err != nil {
				return err
			}
			if i, err = payment.Load(tx, n.Scope, i.ID); err != nil {
				return err
			}
			if d, err = byRef(tx, n.Scope, n.Processor, n.Dispute.Ref); err != nil {
				return err
			}
			if complaint := contradiction(i, d, n); complaint != "" {
				s.Logger.Error("a notice of a dispute cannot be; it is set aside", "processor", n.Processor, "notice", n.ID, "complaint", complaint)
				result = "parked"
			}
		} else {
			s.Logger.Error("a notice of a dispute fits no payment", "processor", n.Processor, "notice", n.ID, "dispute", n.Dispute.Ref)
		}
		fresh, err := tx.Exec(`INSERT INTO processor_notices (merchant_id, environment_id, processor, notice_id, operation_id, result, received_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			n.Scope.MerchantID, n.Scope.EnvironmentID, n.Processor, n.ID, n.Dispute.Ref, result, now)
		if err != nil || fresh == 0 || result != "applied" {
			return err
		}
		if d != nil && n.Dispute.Version <= d.Version {
			return nil
		}
		if n.Dispute.Amount > i.Captured {
			return errEarly
		}
		s.Failpoints.Hit("dispute.notice")
		return s.apply(tx, o, i, d, n, now)
	})
}

// contradiction says what is wrong with news, empty when it can be.
func contradiction(i *payment.Intent, d *Dispute, n payment.DisputeNotice) string {
	v := n.Dispute
	switch {
	case !slices.Contains(Statuses, v.Status) || !slices.Contains(CaseTypes, v.CaseType) || !slices.Contains(Reasons, v.Reason):
		return "it says a word that means nothing here"
	case v.Ref == "" || v.Amount < 1 || v.Version < 1:
		return "it lacks its reference, amount or version"
	case v.Currency != i.Currency:
		return "it names another currency"
	case i.Processor != n.Processor:
		return "the payment is not of this processor"
	case d == nil:
		return ""
	case d.PaymentIntentID != i.ID:
		return "it names another payment"
	case v.Version > d.Version && v.Amount != d.Amount:
		return "it names another amount"
	case v.Version > d.Version && !May(d.Status, v.Status):
		return "the dispute cannot go there"
	}
	return ""
}

// apply moves a dispute, its payment and its order to what the news tells, once, with the order locked.
func (s *Service) apply(tx db.Tx, o *order.Order, i *payment.Intent, d *Dispute, n payment.DisputeNotice, now time.Time) error {
	v, cause := n.Dispute, event.Cause{ActorType: "processor", ActorID: n.Processor}
	fresh := d == nil
	if fresh {
		d = &Dispute{
			Scope: n.Scope, ID: s.IDs.New(id.Dispute), PaymentIntentID: i.ID, OrderID: o.ID, CustomerID: o.CustomerID, Processor: n.Processor,
			ProcessorRef: v.Ref, Amount: v.Amount, Currency: v.Currency, CreatedAt: v.OpenedAt,
		}
		if d.CreatedAt.IsZero() || d.CreatedAt.After(now) {
			d.CreatedAt = now
		}
	}
	was := *d
	d.Status, d.CaseType, d.Reason, d.Submissions, d.EvidenceDueAt, d.Version = v.Status, v.CaseType, v.Reason, v.Submissions, v.EvidenceDueAt, v.Version
	d.UpdatedAt = now
	if d.Status != was.Status {
		d.StatusChangedAt = now
	}
	d.withdraw()
	if err := put(tx, d, fresh); err != nil {
		return fmt.Errorf("write dispute %s: %w", d.ID, err)
	}
	if err := s.hold(tx, i, now); err != nil {
		return err
	}
	s.Failpoints.Hit("dispute.applied")
	if d.Status != was.Status {
		if err := s.Orders.BookDispute(tx, o, order.DisputeInput{
			Cause: cause, PaymentIntentID: i.ID, Open: d.Open - was.Open, Lost: d.Lost - was.Lost, Description: story[d.Status],
		}); err != nil {
			return fmt.Errorf("book dispute %s: %w", d.ID, err)
		}
	}
	for _, kind := range eventsOf(fresh, was.Status, d) {
		if err := s.record(tx, d, kind, cause, now); err != nil {
			return err
		}
	}
	return nil
}

// hold brings what is out of reach of refunds, and the payment's dispute status, to what its disputes say.
func (s *Service) hold(tx db.Tx, i *payment.Intent, now time.Time) error {
	all, err := OfIntent(tx, i.Scope, i.ID)
	if err != nil {
		return err
	}
	i.Disputed, i.Detail.DisputeStatus = Held(all, i.Captured-i.Refunded-i.RefundReserved), MostUrgent(all)
	if err := payment.Save(tx, i, now); err != nil {
		return fmt.Errorf("hold what is disputed of %s: %w", i.ID, err)
	}
	return nil
}

// Held is what disputes put out of reach of refunds, when left is what the payment has not given back. A dispute of
// money that was refunded before holds nothing more: the merchant may have paid twice, which the books show.
func Held(all []*Dispute, left int64) (sum int64) {
	for _, d := range all {
		sum += d.Open + d.Lost
	}
	return max(min(sum, left), 0)
}

// MostUrgent is the status of the dispute that needs the most attention, empty without any.
func MostUrgent(all []*Dispute) string {
	for _, status := range Statuses {
		if slices.ContainsFunc(all, func(d *Dispute) bool { return d.Status == status }) {
			return status
		}
	}
	return ""
}

// RefundChanged holds more of a payment when a refund gave back less of it than was reserved; it is one of
// refund.Service.Changed.
func (s *Service) RefundChanged(tx db.Tx, _ *order.Order, r *refund.Refund, _ string, _ event.Cause) error {
	for _, a := range r.Allocations {
		i, err := payment.Load(tx, r.Scope, a.PaymentIntentID)
		if err != nil {
			return err
		}
		if i.Detail.DisputeStatus == "" {
			continue
		}
		if err := s.hold(tx, i, s.Clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// story is what the order's history says.
var story = map[string]string{
	StatusWarningNeeds:  "The buyer's bank asks about a payment.",
	StatusWarningReview: "The buyer's bank looks at an answer.",
	StatusWarningClosed: "The buyer's bank has no more questions.",
	StatusNeeds:         "The buyer disputes a payment; the bank has taken it back until it decides.",
	StatusUnderReview:   "The buyer's bank looks at the evidence.",
	StatusWon:           "A dispute was won; the money is back.",
	StatusLost:          "A dispute was lost; the buyer's bank keeps the money.",
	StatusPrevented:     "A dispute was averted.",
}

// eventsOf are the events of a step, in order.
func eventsOf(fresh bool, was string, d *Dispute) []string {
	var out []string
	if fresh {
		out = append(out, "dispute.created")
	} else {
		out = append(out, "dispute.updated")
	}
	if d.Status == was {
		return out
	}
	switch d.Status {
	case StatusNeeds, StatusWarningNeeds:
		out = append(out, "dispute.needs_response")
	case StatusWon:
		out = append(out, "dispute.won")
	case StatusLost:
		out = append(out, "dispute.lost")
	case StatusPrevented:
		out = append(out, "dispute.prevented")
	case StatusWarningClosed:
		out = append(out, "dispute.warning_closed")
	}
	if ended(d.Status) {
		out = append(out, "dispute.closed")
	}
	return out
}

type eventData struct {
	DisputeID       string       `json:"dispute_id"`
	PaymentIntentID string       `json:"payment_intent_id"`
	OrderID         string       `json:"order_id"`
	Status          string       `json:"status"`
	AmountMoney     money.Amount `json:"amount_money"`
	UpdatedAt       time.Time    `json:"resource_updated_at"`
}

func (s *Service) record(tx db.Tx, d *Dispute, kind string, cause event.Cause, now time.Time) error {
	return s.Events.Record(tx, d.Scope, now, cause, event.New{
		Type: kind, RootType: "order", RootID: d.OrderID, ResourceType: "dispute", ResourceID: d.ID,
		Data: eventData{d.ID, d.PaymentIntentID, d.OrderID, d.Status, d.Money(d.Amount), now},
	})
}
