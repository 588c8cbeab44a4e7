package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/fulfillment"
)

// FulfillmentTransitionRequest performs an action. Each field belongs to certain actions; the others refuse it.
type FulfillmentTransitionRequest struct {
	Action          string     `json:"action" enum:"complete,cancel,hold,start,mark_ready,fail,schedule,accept,mark_preparing,mark_picked,mark_packed,dispatch,mark_no_show" fault:"invalid=INVALID_ACTION"`
	ExpectedVersion *int64     `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION"`
	Notify          string     `json:"buyer_notification_behavior,omitzero" enum:"send,suppress" fault:"invalid=INVALID_FULFILLMENT_BUYER_NOTIFICATION_BEHAVIOR"`
	OccurredAt      *time.Time `json:"occurred_at,omitzero" doc:"Not of complete and cancel."`
	ReasonMessage   *string    `json:"reason_message,omitzero" maxLength:"500" fault:"long=FULFILLMENT_STATUS_REASON_TOO_LONG" doc:"Not of hold and mark_no_show."`
	Reason          *string    `json:"reason,omitzero" enum:"payment_review,inventory_issue,address_issue,customer_request,provider_issue,scheduling_issue,fraud_review,customer_no_show,provider_no_show,location_unavailable,scheduling_error,other" fault:"invalid=FULFILLMENT_REASON_INVALID" doc:"Of hold and mark_no_show, which need it."`
	CompletedAt     *time.Time `json:"completed_at,omitzero" doc:"Of complete."`
	ReleaseQuantity *bool      `json:"release_quantity,omitzero" doc:"Of fail, which needs it: whether the units go back to the order."`
	StartAt         *time.Time `json:"scheduled_start_at,omitzero" doc:"Of schedule, which needs it."`
	EndAt           *time.Time `json:"scheduled_end_at,omitzero" doc:"Of schedule, which needs it."`
	Timezone        *string    `json:"timezone,omitzero" doc:"Of schedule."`
}

// TransitionFulfillmentInput is the request of transitionFulfillment.
type TransitionFulfillmentInput struct {
	FulfillmentPath
	Body FulfillmentTransitionRequest

	domain fulfillment.TransitionInput
}

// Validate implements Validator.
func (in *TransitionFulfillmentInput) Validate() error {
	var f fault.List
	b := &in.Body
	for _, field := range []struct {
		sent    bool
		name    string
		allowed bool
	}{
		{b.OccurredAt != nil, "occurred_at", b.Action != fulfillment.ActionComplete && b.Action != fulfillment.ActionCancel},
		{b.ReasonMessage != nil, "reason_message", b.Action != fulfillment.ActionHold && b.Action != fulfillment.ActionMarkNoShow},
		{b.Reason != nil, "reason", b.Action == fulfillment.ActionHold || b.Action == fulfillment.ActionMarkNoShow},
		{b.CompletedAt != nil, "completed_at", b.Action == fulfillment.ActionComplete},
		{b.ReleaseQuantity != nil, "release_quantity", b.Action == fulfillment.ActionFail},
		{b.StartAt != nil, "scheduled_start_at", b.Action == fulfillment.ActionSchedule},
		{b.EndAt != nil, "scheduled_end_at", b.Action == fulfillment.ActionSchedule},
		{b.Timezone != nil, "timezone", b.Action == fulfillment.ActionSchedule},
	} {
		if field.sent && !field.allowed {
			f.Add("UNKNOWN_FIELD", field.name, "This action has no such field.")
		}
	}
	in.domain = fulfillment.TransitionInput{
		FulfillmentID: in.FulfillmentID, Action: b.Action, ExpectedVersion: b.ExpectedVersion, Notify: b.Notify, Release: b.ReleaseQuantity,
		OccurredAt: value(b.OccurredAt), ReasonMessage: value(b.ReasonMessage), Reason: value(b.Reason), CompletedAt: value(b.CompletedAt),
		StartAt: value(b.StartAt), EndAt: value(b.EndAt), Timezone: value(b.Timezone),
	}
	addRules(&f, in.domain.Validate())
	return f.Err()
}

// FulfillmentCommandResult is what an action did.
type FulfillmentCommandResult struct {
	Fulfillment   *Fulfillment               `json:"fulfillment"`
	Event         *FulfillmentEvent          `json:"event,omitzero"`
	Notifications []*FulfillmentNotification `json:"fulfillment_notifications,omitempty"`
	Unchanged     bool                       `json:"unchanged,omitzero" doc:"It was there already."`
}

func registerMoveFulfillment(a *API, s *Services) {
	Write(a, "transitionFulfillment", func(_ context.Context, tx db.Tx, c *Caller, in *TransitionFulfillmentInput) (*FulfillmentCommandResult, error) {
		in.domain.Scope, in.domain.Cause = c.Scope, c.Cause()
		done, err := s.Fulfillments.Transition(tx, in.domain)
		if err != nil {
			return nil, withCurrent(tx, c, in.FulfillmentID, err)
		}
		return &FulfillmentCommandResult{
			Fulfillment: wireFulfillment(done.Fulfillment), Event: wireFulfillmentEvent(done.Event),
			Notifications: wireAll(done.Notices, wireFulfillmentNotification), Unchanged: done.Unchanged,
		}, nil
	}, Doc("Move a fulfillment", "Performs one of its supported_actions. Repeating one that led here changes nothing."),
		Errors("FULFILLMENT_ACTION_NOT_ALLOWED", "FULFILLMENT_APPROVAL_REQUIRED", "FULFILLMENT_CHANGED", "FULFILLMENT_ACTIVE_SHIPMENT_EXECUTION",
			"FULFILLMENT_SCHEDULE_NOT_ALLOWED", "FULFILLMENT_SCHEDULE_REQUIRED", "FULFILLMENT_SCHEDULE_INVALID", "FULFILLMENT_TIMEZONE_REQUIRED",
			"FULFILLMENT_REASON_INVALID", "FULFILLMENT_QUANTITY_EFFECT_REQUIRED", "FULFILLMENT_COMPLETION_TIMESTAMP_CONFLICT"))
}

// withCurrent adds the fulfilment as it is to a refused action.
func withCurrent(tx db.Tx, c *Caller, fulfillmentID string, err error) error {
	e := fault.Of(err)
	if e == nil || len(e.Details) != 1 || e.Details[0].Extra["current_version"] == nil {
		return err
	}
	f, rerr := fulfillment.Get(tx, c.Scope, fulfillmentID)
	if rerr != nil {
		return rerr
	}
	out := *e
	out.Details = slices.Clone(e.Details)
	out.Details[0].Extra["current_resource"] = wireFulfillment(f)
	return &out
}

// CreateFulfillmentEventRequest reports something that was seen.
type CreateFulfillmentEventRequest struct {
	Type            string            `json:"event_type" enum:"shipped,in_transit,out_for_delivery,delivered,delivery_attempted,tracking_updated,exception,returned,custom" fault:"invalid=INVALID_FULFILLMENT_EVENT_TYPE"`
	ShipmentID      string            `json:"shipment_id,omitzero" maxLength:"64"`
	PackageID       string            `json:"package_id,omitzero" maxLength:"64"`
	ExternalSystem  string            `json:"external_system,omitzero"`
	ExternalEventID string            `json:"external_event_id,omitzero"`
	ExternalStatus  string            `json:"external_status,omitzero"`
	Message         string            `json:"message,omitzero"`
	Location        string            `json:"location_description,omitzero"`
	Details         map[string]string `json:"custom_details,omitempty"`
	OccurredAt      time.Time         `json:"occurred_at,omitzero"`
	Notify          string            `json:"buyer_notification_behavior,omitzero" enum:"send,suppress" fault:"invalid=INVALID_FULFILLMENT_BUYER_NOTIFICATION_BEHAVIOR"`
}

// CreateFulfillmentEventInput is the request of createFulfillmentEvent.
type CreateFulfillmentEventInput struct {
	FulfillmentPath
	Body CreateFulfillmentEventRequest
}

// FulfillmentEventResult is what was written of an observation.
type FulfillmentEventResult struct {
	Event         *FulfillmentEvent          `json:"fulfillment_event"`
	Fulfillment   *Fulfillment               `json:"fulfillment,omitzero"`
	Shipment      *Shipment                  `json:"shipment,omitzero"`
	Package       *Package                   `json:"package,omitzero"`
	Notifications []*FulfillmentNotification `json:"fulfillment_notifications,omitempty"`
	Replayed      bool                       `json:"replayed,omitzero" doc:"The provider's event was recorded before."`
}

// SuccessStatus is 200 for what was there already.
func (r *FulfillmentEventResult) SuccessStatus() int { return createdOr(r.Replayed) }

func createdOr(replayed bool) int {
	if replayed {
		return 200
	}
	return 201
}

func registerObserveFulfillment(a *API, s *Services) {
	Write(a, "createFulfillmentEvent", func(_ context.Context, tx db.Tx, c *Caller, in *CreateFulfillmentEventInput) (*FulfillmentEventResult, error) {
		b := &in.Body
		done, err := s.Fulfillments.Observe(tx, fulfillment.ObserveInput{
			Scope: c.Scope, FulfillmentID: in.FulfillmentID, Type: b.Type, ShipmentID: b.ShipmentID, PackageID: b.PackageID,
			ExternalSystem: b.ExternalSystem, ExternalEventID: b.ExternalEventID, ExternalStatus: b.ExternalStatus, Message: b.Message,
			Location: b.Location, Details: b.Details, OccurredAt: b.OccurredAt, Notify: b.Notify, Cause: c.Cause(),
		})
		if err != nil {
			return nil, err
		}
		out := &FulfillmentEventResult{Event: wireFulfillmentEvent(done.Event), Fulfillment: wireFulfillment(done.Fulfillment),
			Notifications: wireAll(done.Notices, wireFulfillmentNotification), Replayed: done.Replayed}
		if done.Shipment != nil {
			out.Shipment = wireShipment(done.Shipment)
		}
		if done.Package != nil {
			out.Package = wirePackage(done.Package)
		}
		return out, nil
	}, Doc("Report what was seen", "A row of the timeline. It moves nothing; transitions do. An external_event_id is recorded once."),
		Errors("FULFILLMENT_EVENT_SUBJECT_INVALID", "FULFILLMENT_EVENT_PROVIDER_IDENTITY_INCOMPLETE", "FULFILLMENT_EVENT_DEDUPE_CONFLICT",
			"FULFILLMENT_INACTIVE", "INVALID_FULFILLMENT_EVENT_TYPE"))
}
