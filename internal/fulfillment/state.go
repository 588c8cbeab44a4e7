package fulfillment

import (
	"slices"
	"time"
)

// Actions on a fulfilment.
const (
	ActionComplete      = "complete"
	ActionCancel        = "cancel"
	ActionHold          = "hold"
	ActionStart         = "start"
	ActionMarkReady     = "mark_ready"
	ActionFail          = "fail"
	ActionSchedule      = "schedule"
	ActionAccept        = "accept"
	ActionMarkPreparing = "mark_preparing"
	ActionMarkPicked    = "mark_picked"
	ActionMarkPacked    = "mark_packed"
	ActionDispatch      = "dispatch"
	ActionMarkNoShow    = "mark_no_show"
)

// Actions lists them all, in the order in which a fulfilment offers them.
var Actions = []string{
	ActionComplete, ActionCancel, ActionHold, ActionStart, ActionMarkReady, ActionFail, ActionSchedule, ActionAccept,
	ActionMarkPreparing, ActionMarkPicked, ActionMarkPacked, ActionDispatch, ActionMarkNoShow,
}

// HoldReasons and NoShowReasons are what a caller can give.
var (
	HoldReasons = []string{"payment_review", "inventory_issue", "address_issue", "customer_request", "provider_issue",
		"scheduling_issue", "fraud_review", "other"}
	NoShowReasons = []string{"customer_no_show", "provider_no_show", "location_unavailable", "scheduling_error", "other"}
)

// leadsTo is the status that an action enters. Accept, hold and the end of a hold keep the status.
var leadsTo = map[string]string{
	ActionComplete: StatusCompleted, ActionCancel: StatusCanceled, ActionStart: StatusInProgress, ActionMarkReady: StatusReady,
	ActionFail: StatusFailed, ActionSchedule: StatusScheduled, ActionMarkPreparing: StatusPreparing, ActionMarkPicked: StatusPicked,
	ActionMarkPacked: StatusPacked, ActionDispatch: StatusDispatched, ActionMarkNoShow: StatusFailed,
}

// offered are the actions from each status, before the type is looked at. Nothing leads out of the others.
var offered = map[string][]string{
	StatusPending: {ActionStart, ActionSchedule, ActionMarkPreparing, ActionMarkReady, ActionHold, ActionComplete, ActionCancel, ActionFail},
	StatusInProgress: {ActionMarkPreparing, ActionMarkPicked, ActionMarkPacked, ActionMarkReady, ActionDispatch, ActionHold, ActionComplete,
		ActionCancel, ActionFail},
	StatusPreparing:  {ActionMarkPicked, ActionMarkPacked, ActionMarkReady, ActionDispatch, ActionHold, ActionComplete, ActionCancel, ActionFail},
	StatusPicked:     {ActionMarkPacked, ActionMarkReady, ActionDispatch, ActionHold, ActionComplete, ActionCancel, ActionFail},
	StatusPacked:     {ActionMarkReady, ActionDispatch, ActionHold, ActionComplete, ActionCancel, ActionFail},
	StatusScheduled:  {ActionSchedule, ActionStart, ActionMarkReady, ActionMarkNoShow, ActionHold, ActionComplete, ActionCancel, ActionFail},
	StatusReady:      {ActionDispatch, ActionMarkNoShow, ActionComplete, ActionCancel, ActionFail},
	StatusDispatched: {ActionMarkNoShow, ActionComplete, ActionFail},
}

// onlyFor are the types that know an action; the others know all.
var onlyFor = map[string][]string{
	ActionSchedule:      {TypeService},
	ActionMarkPreparing: {TypeShipment, TypePickup, TypeLocalDelivery},
	ActionMarkPicked:    {TypeShipment, TypePickup, TypeLocalDelivery},
	ActionMarkPacked:    {TypeShipment, TypePickup, TypeLocalDelivery},
	ActionDispatch:      {TypeLocalDelivery},
	ActionMarkNoShow:    {TypePickup, TypeLocalDelivery, TypeService},
}

// beforeAcceptance are the actions that a merchant has who has not accepted yet.
var beforeAcceptance = []string{ActionAccept, ActionHold, ActionCancel, ActionFail}

// resumes is the action that ends a hold without going further, by the status that is held.
var resumes = map[string]string{
	StatusInProgress: ActionStart, StatusScheduled: ActionSchedule, StatusPreparing: ActionMarkPreparing, StatusPicked: ActionMarkPicked,
	StatusPacked: ActionMarkPacked,
}

func knows(fulfillmentType, action string) bool {
	types, limited := onlyFor[action]
	return !limited || slices.Contains(types, fulfillmentType)
}

// Supported lists the actions that are accepted now; empty when nothing moves it any more.
func (f *Fulfillment) Supported() []string {
	out := []string{}
	for _, a := range Actions {
		if f.supports(a) {
			out = append(out, a)
		}
	}
	return out
}

func (f *Fulfillment) supports(action string) bool {
	if f.Terminal() || !knows(f.Type, action) {
		return false
	}
	if f.Hold != nil {
		if action == ActionHold {
			return false
		}
		if f.Accepted() && resumes[f.Status] == action {
			return true
		}
	}
	if action == ActionAccept {
		return !f.Accepted()
	}
	if !f.Accepted() && !slices.Contains(beforeAcceptance, action) {
		return false
	}
	return slices.Contains(offered[f.Status], action)
}

// holds tells that the action would lead to where the fulfilment is, so that repeating it changes nothing.
func (f *Fulfillment) holds(in *TransitionInput) bool {
	switch in.Action {
	case ActionAccept:
		return f.Accepted() && f.Hold == nil && !f.Terminal()
	case ActionHold:
		return f.Hold != nil && f.Hold.Reason == in.Reason
	case ActionMarkNoShow:
		return f.Outcome != nil && f.Outcome.Reason == in.Reason
	case ActionFail:
		return f.Status == StatusFailed && f.Outcome == nil && (f.Effect == EffectRelease) == *in.Release
	case ActionComplete:
		return f.Status == StatusCompleted && (in.CompletedAt.IsZero() || in.CompletedAt.Equal(f.CompletedAt))
	case ActionSchedule:
		return f.Status == StatusScheduled && f.Hold == nil && f.Service != nil && f.Service.StartAt.Equal(in.StartAt) &&
			f.Service.EndAt.Equal(in.EndAt) && (in.Timezone == "" || in.Timezone == f.Service.Timezone)
	}
	return f.Hold == nil && f.Status == leadsTo[in.Action]
}

// enter carries out a supported action. at is when it happened, now when we were told.
func (f *Fulfillment) enter(in *TransitionInput, at, now time.Time) {
	if in.Action == ActionHold {
		f.Hold = &Hold{Reason: in.Reason, HeldBy: in.Cause.ActorID, CreatedAt: at}
		return
	}
	f.Hold = nil
	if in.Action == ActionAccept {
		f.AcceptedAt = at
		return
	}
	f.Status = leadsTo[in.Action]
	switch in.Action {
	case ActionSchedule:
		if f.Service == nil {
			f.Service = &Appointment{}
		}
		f.Service.StartAt, f.Service.EndAt = in.StartAt, in.EndAt
		if in.Timezone != "" {
			f.Service.Timezone = in.Timezone
		}
	case ActionMarkPicked:
		first(&f.PickedAt, at)
	case ActionMarkPacked:
		first(&f.PackedAt, at)
	case ActionDispatch:
		first(&f.DispatchedAt, at)
		if f.LocalDelivery != nil {
			first(&f.LocalDelivery.DispatchedAt, at)
		}
	case ActionMarkReady:
		f.ready(at)
	case ActionComplete:
		f.Effect, f.CompletedAt, f.Evidence = EffectFulfill, at, !in.CompletedAt.IsZero()
		f.delivered(at)
	case ActionCancel:
		f.Effect = EffectRelease
	case ActionFail:
		if *in.Release {
			f.Effect = EffectRelease
		}
	case ActionMarkNoShow:
		f.Outcome = &Outcome{Reason: in.Reason, OccurredAt: at}
	}
	if f.Terminal() {
		f.TerminalAt = now
	}
}

func (f *Fulfillment) ready(at time.Time) {
	switch {
	case f.Pickup != nil:
		first(&f.Pickup.ReadyAt, at)
	case f.LocalDelivery != nil:
		first(&f.LocalDelivery.ReadyAt, at)
	}
}

// delivered notes in the details when the buyer got it, where nobody said so before.
func (f *Fulfillment) delivered(at time.Time) {
	switch f.Type {
	case TypePickup:
		if f.Pickup == nil {
			f.Pickup = &Pickup{}
		}
		first(&f.Pickup.PickedUpAt, at)
	case TypeLocalDelivery:
		if f.LocalDelivery == nil {
			f.LocalDelivery = &LocalDelivery{}
		}
		first(&f.LocalDelivery.DeliveredAt, at)
	case TypeDigital:
		if f.Digital == nil {
			f.Digital = &Digital{}
		}
		first(&f.Digital.DeliveredAt, at)
	case TypeService:
		if f.Service == nil {
			f.Service = &Appointment{}
		}
		first(&f.Service.CompletedAt, at)
	}
}

func first(t *time.Time, at time.Time) {
	if t.IsZero() {
		*t = at
	}
}
