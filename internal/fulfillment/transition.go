package fulfillment

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/tenant"
	"flint/internal/text"
)

// TransitionInput performs an action. Fields of other actions stay empty.
type TransitionInput struct {
	Scope           tenant.Scope
	FulfillmentID   string
	Action          string
	ExpectedVersion *int64
	Notify          string    // NotifySend, NotifySuppress or empty
	OccurredAt      time.Time // zero: now; not of complete and cancel
	ReasonMessage   string    // not of hold and mark_no_show
	Reason          string    // of hold and mark_no_show
	CompletedAt     time.Time // of complete: evidence
	StartAt, EndAt  time.Time // of schedule
	Timezone        string    // of schedule
	Release         *bool     // of fail: whether the units go back to the order
	Cause           event.Cause
}

// Transitioned is what a transition did. Event is nil and Unchanged is set when the fulfilment was there already.
type Transitioned struct {
	Fulfillment *Fulfillment
	Event       *Event
	Notices     []*Notice
	Unchanged   bool
}

// Validate reports every fault of the input that shows without the fulfilment.
func (in TransitionInput) Validate() error {
	var l fault.List
	if !slices.Contains(Actions, in.Action) {
		l.Add("INVALID_ACTION", "action", "The action is not one of those that exist.")
		return l.Err()
	}
	text.Rule{Max: maxReason, Lines: true, TooLong: "FULFILLMENT_STATUS_REASON_TOO_LONG"}.Check(&l, "reason_message", in.ReasonMessage)
	checkNotify(&l, in.Notify)
	switch in.Action {
	case ActionHold:
		checkReason(&l, HoldReasons, in.Reason)
	case ActionMarkNoShow:
		checkReason(&l, NoShowReasons, in.Reason)
	case ActionFail:
		if in.Release == nil {
			l.Add("FULFILLMENT_QUANTITY_EFFECT_REQUIRED", "release_quantity", "Say whether the units go back to the order.")
		}
	case ActionSchedule:
		switch {
		case in.StartAt.IsZero() || in.EndAt.IsZero():
			l.Add("FULFILLMENT_SCHEDULE_REQUIRED", "scheduled_start_at", "An appointment has a start and an end.")
		case !in.EndAt.After(in.StartAt):
			l.Add("FULFILLMENT_SCHEDULE_INVALID", "scheduled_end_at", "An appointment ends after it starts.")
		}
		checkZone(&l, "timezone", in.Timezone)
	}
	return l.Err()
}

func checkReason(l *fault.List, known []string, reason string) {
	if !slices.Contains(known, reason) {
		l.Add("FULFILLMENT_REASON_INVALID", "reason", "The reason is not one of those that exist for this action.")
	}
}

func checkNotify(l *fault.List, notify string) {
	if notify != "" && notify != NotifySend && notify != NotifySuppress {
		l.Add("INVALID_FULFILLMENT_BUYER_NOTIFICATION_BEHAVIOR", "buyer_notification_behavior", "The buyer is told (send) or not (suppress).")
	}
}

// Transition performs a supported action. One that leads to where the fulfilment is changes nothing, so that it
// can be repeated. Canceling and failing voids the parcels that no carrier has taken.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, FULFILLMENT_CHANGED, FULFILLMENT_ACTION_NOT_ALLOWED,
// FULFILLMENT_APPROVAL_REQUIRED, FULFILLMENT_SCHEDULE_NOT_ALLOWED, FULFILLMENT_TIMEZONE_REQUIRED,
// FULFILLMENT_COMPLETION_TIMESTAMP_CONFLICT, FULFILLMENT_ACTIVE_SHIPMENT_EXECUTION.
func (s *Service) Transition(tx db.Tx, in TransitionInput) (Transitioned, error) {
	if err := in.Validate(); err != nil {
		return Transitioned{}, err
	}
	o, f, err := s.open(tx, in.Scope, in.FulfillmentID)
	if err != nil {
		return Transitioned{}, err
	}
	if err := checkVersion("FULFILLMENT_CHANGED", in.ExpectedVersion, f.Version); err != nil {
		return Transitioned{}, err
	}
	if f.holds(&in) {
		return Transitioned{Fulfillment: f, Unchanged: true}, nil
	}
	now := s.Clock.Now()
	if err := f.allows(&in, now); err != nil {
		return Transitioned{}, err
	}
	out := Transitioned{Fulfillment: f}
	if in.Action == ActionCancel || in.Action == ActionFail || in.Action == ActionMarkNoShow {
		if err := s.stopParcels(tx, o, f, &in); err != nil {
			return Transitioned{}, err
		}
	}
	at := happened(in.OccurredAt, now)
	if in.Action == ActionComplete {
		at = happened(in.CompletedAt, now)
	}
	was := f.State()
	f.enter(&in, at, now)
	if err := update(tx, f, now); err != nil {
		return Transitioned{}, err
	}
	s.Failpoints.Hit("fulfillment.moved")
	if err := s.follow(tx, o, f, order.ActivityFulfillmentState, "Fulfillment: "+spoken[f.State()]+".", in.Cause); err != nil {
		return Transitioned{}, err
	}
	out.Event = &Event{
		OrderID: o.ID, FulfillmentID: f.ID, Type: EventStatusChanged, Kind: f.State(), From: was, To: f.State(), Effect: f.Effect,
		Reason: in.Reason, ReasonMessage: in.ReasonMessage, Notify: in.Notify, OccurredAt: at, ReceivedAt: now,
	}
	if err := s.record(tx, f.Scope, out.Event); err != nil {
		return Transitioned{}, err
	}
	if err := s.tellMoved(tx, o, f, out.Event, in.Cause, now); err != nil {
		return Transitioned{}, err
	}
	out.Notices, err = s.notify(tx, o, f, nil, nil, out.Event, in.Cause, now)
	return out, err
}

// allows refuses what the fulfilment does not support now.
func (f *Fulfillment) allows(in *TransitionInput, now time.Time) error {
	var l fault.List
	checkPast(&l, "occurred_at", in.OccurredAt, now)
	checkPast(&l, "completed_at", in.CompletedAt, now)
	if err := l.Err(); err != nil {
		return err
	}
	switch {
	case in.Action == ActionComplete && f.Status == StatusCompleted:
		return f.refuses("FULFILLMENT_COMPLETION_TIMESTAMP_CONFLICT", "It was completed at another time.")
	case in.Action == ActionSchedule && f.Type != TypeService:
		return f.refuses("FULFILLMENT_SCHEDULE_NOT_ALLOWED", "Only a service has an appointment.")
	case !f.Terminal() && !f.Accepted() && !slices.Contains(beforeAcceptance, in.Action):
		return f.refuses("FULFILLMENT_APPROVAL_REQUIRED", "The merchant has to accept it before work begins.")
	case !f.supports(in.Action):
		return f.refuses("FULFILLMENT_ACTION_NOT_ALLOWED", "The action is not possible now; supported_actions lists those that are.")
	case in.Action == ActionSchedule && in.Timezone == "" && (f.Service == nil || f.Service.Timezone == ""):
		return fault.Invalid("FULFILLMENT_TIMEZONE_REQUIRED", "timezone", "An appointment names the time zone it is in.")
	}
	return nil
}

// refuses is a conflict that tells where the fulfilment is.
func (f *Fulfillment) refuses(code, message string) *fault.Error {
	e := fault.Conflict(code, "%s", message)
	e.Param = "action"
	e.Details = []fault.Detail{{Code: code, Message: message, Param: "action", Extra: map[string]any{
		"current_status": f.Status, "current_version": f.Version, "supported_actions": f.Supported(),
	}}}
	return e
}

// spoken are the states as people say them.
var spoken = map[string]string{
	StatusPending: "waiting", StateAccepted: "accepted", StateOnHold: "on hold", StatusInProgress: "in progress", StatusScheduled: "scheduled",
	StatusPreparing: "being prepared", StatusPicked: "picked", StatusPacked: "packed", StatusReady: "ready", StatusDispatched: "on its way",
	StatusCompleted: "completed", StatusCanceled: "canceled", StatusFailed: "failed", StateNoShow: "nobody came",
}
