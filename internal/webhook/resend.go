package webhook

import (
	"context"
	"time"
	"unicode/utf8"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const maxReason = 500 // characters

// ResendInput asks for one more attempt of a delivery that has ended.
type ResendInput struct {
	Scope         tenant.Scope
	By            Holder
	DeliveryID    string
	ReasonMessage string
}

// Validate reports every fault of the input.
func (in ResendInput) Validate() error {
	if utf8.RuneCountInString(in.ReasonMessage) > maxReason {
		return fault.Invalid("VALUE_TOO_LONG", "reason_message", "The reason may have at most %d characters.", maxReason)
	}
	return nil
}

// BeginResend leases the delivery for one manual attempt to the endpoint's current URL, which Send
// makes after the commit. RESOURCE_NOT_FOUND; WEBHOOK_DELIVERY_IN_FLIGHT while it is pending or being
// sent; WEBHOOK_ENDPOINT_NOT_ACTIVE; WEBHOOK_EVENT_PAYLOAD_EXPIRED.
func (s *Service) BeginResend(_ context.Context, tx db.Tx, in ResendInput) (Sending, error) {
	if err := in.Validate(); err != nil {
		return Sending{}, err
	}
	d, err := holdersDelivery(tx, in.Scope, in.By, in.DeliveryID, tx.ForUpdate())
	if err != nil {
		return Sending{}, err
	}
	now := s.Clock.Now()
	if d.Status == StatusPending || d.busy(now) {
		return Sending{}, fault.Conflict("WEBHOOK_DELIVERY_IN_FLIGHT", "The delivery is still being tried.").
			Retry(d.dueAt.Sub(now).Round(time.Second))
	}
	endpoint, err := findEndpoint(tx, in.Scope, d.EndpointID, "")
	if err != nil {
		return Sending{}, err
	}
	if !endpoint.Live() {
		return Sending{}, errNotActive()
	}
	events, err := tell(tx, endpoint, []string{d.EventID})
	if err != nil {
		return Sending{}, err
	}
	e, known := events[d.EventID]
	open := known
	if known {
		if open, err = s.mayHear(tx, endpoint, e.event, e.via, map[string]Grant{}); err != nil {
			return Sending{}, err
		}
	}
	if !open {
		return Sending{}, fault.Conflict("WEBHOOK_ENDPOINT_NOT_ACTIVE", "The app may no longer be told of this event.").
			Then("The merchant's grant must be active and hold the scope to read the event's resource.")
	}
	if expired(e.event, now) {
		return Sending{}, fault.Conflict("WEBHOOK_EVENT_PAYLOAD_EXPIRED", "The event's payload is no longer kept.").
			Then("Read the current state of the object instead.")
	}
	if err := d.takeLease(tx, now); err != nil {
		return Sending{}, err
	}
	return Sending{delivery: d, event: e.event, via: e.via, endpoint: endpoint, trigger: TriggerResend, reason: in.ReasonMessage}, nil
}

// Send makes the attempt that BeginResend or BeginTest prepared, records it and returns the delivery
// and the attempt. It takes up to 10 seconds and must not run inside a transaction. Once begun it is
// finished, even when the caller goes away. WEBHOOK_DELIVERY_UNAVAILABLE when it could not be made or
// recorded; the receiver may have got it then.
func (s *Service) Send(ctx context.Context, d db.DB, j Sending) (Delivery, Attempt, error) {
	ctx = context.WithoutCancel(ctx)
	o, err := s.send(ctx, j)
	if err != nil {
		return Delivery{}, Attempt{}, fault.Unavailable("WEBHOOK_DELIVERY_UNAVAILABLE", "The delivery could not be sent.").Because(err)
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	var (
		delivery Delivery
		attempt  Attempt
	)
	err = d.Write(ctx, func(tx db.Tx) (err error) {
		delivery, attempt, err = s.record(tx, j, o)
		return err
	})
	if err != nil {
		return Delivery{}, Attempt{}, fault.Unavailable("WEBHOOK_DELIVERY_UNAVAILABLE", "The delivery's outcome could not be recorded.").Because(err)
	}
	return delivery, attempt, nil
}

func expired(e event.Event, now time.Time) bool { return now.Sub(e.CreatedAt) > PayloadRetention }

func errNotActive() error {
	return fault.Conflict("WEBHOOK_ENDPOINT_NOT_ACTIVE", "The endpoint is disabled or was deleted.").
		Then("Enable the endpoint first.")
}
