package httpapi

import (
	"context"
	"fmt"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/webhook"
)

// ListWebhookDeliveriesInput is the request of listWebhookDeliveries.
type ListWebhookDeliveriesInput struct {
	EventID string `path:"webhook_event_id" id:"whev"`
	PageQuery
}

// WebhookDeliveryInput names a delivery.
type WebhookDeliveryInput struct {
	DeliveryID string `path:"webhook_delivery_id" id:"wdel"`
}

// ListWebhookAttemptsInput is the request of listWebhookDeliveryAttempts.
type ListWebhookAttemptsInput struct {
	DeliveryID string `path:"webhook_delivery_id" id:"wdel"`
	PageQuery
}

// ResendWebhookDeliveryRequest says why.
type ResendWebhookDeliveryRequest struct {
	Reason string `json:"reason_message,omitzero" maxLength:"500"`
}

// ResendWebhookDeliveryInput is the request of resendWebhookDelivery.
type ResendWebhookDeliveryInput struct {
	DeliveryID string `path:"webhook_delivery_id" id:"wdel"`
	Body       *ResendWebhookDeliveryRequest

	sending *webhook.Sending
}

// CreateWebhookTestEventRequest names the type of the synthetic event.
type CreateWebhookTestEventRequest struct {
	Type string `json:"event_type" maxLength:"128" fault:"invalid=INVALID_EVENT_TYPE,long=INVALID_EVENT_TYPE"`
}

// CreateWebhookTestEventInput is the request of createWebhookTestEvent.
type CreateWebhookTestEventInput struct {
	EndpointID string `path:"webhook_endpoint_id" id:"whep"`
	Body       CreateWebhookTestEventRequest

	sending *webhook.Sending
}

func registerWebhookDeliveries(a *API, s *Services) {
	Get(a, "listWebhookDeliveries", func(ctx context.Context, tx db.Tx, c *Caller, in *ListWebhookDeliveriesInput) (Page[*WebhookDelivery], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]webhook.Delivery, *listing.Cursor, error) {
			return s.Webhooks.ListDeliveries(ctx, tx, c.Scope, holder(c), in.EventID, after, limit)
		})
		return MapPage(page, func(d webhook.Delivery) *WebhookDelivery { return wireDelivery(d, a.BaseURL) }), err
	}, Doc("List the deliveries of an event", "One for each endpoint that wanted it, newest first."))

	Get(a, "getWebhookDelivery", func(ctx context.Context, tx db.Tx, c *Caller, in *WebhookDeliveryInput) (*WebhookDelivery, error) {
		d, err := s.Webhooks.GetDelivery(ctx, tx, c.Scope, holder(c), in.DeliveryID)
		if err != nil {
			return nil, err
		}
		return wireDelivery(d, a.BaseURL), nil
	}, Doc("Read a delivery", "How far it has come and when it is tried again."))

	Get(a, "listWebhookDeliveryAttempts", func(ctx context.Context, tx db.Tx, c *Caller, in *ListWebhookAttemptsInput) (Page[*WebhookDeliveryAttempt], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]webhook.Attempt, *listing.Cursor, error) {
			return s.Webhooks.ListAttempts(ctx, tx, c.Scope, holder(c), in.DeliveryID, after, limit)
		})
		return MapPage(page, func(at webhook.Attempt) *WebhookDeliveryAttempt { return wireWebhookAttempt(at, a.BaseURL) }), err
	}, Doc("List the attempts of a delivery", "Newest first."))

	Staged(a, "createWebhookTestEvent", Steps[CreateWebhookTestEventInput, *WebhookDeliveryAction]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *CreateWebhookTestEventInput) (string, error) {
			sending, err := s.Webhooks.BeginTest(ctx, tx, webhook.TestInput{
				Scope: c.Scope, By: holder(c), EndpointID: in.EndpointID, EventType: in.Body.Type, Cause: c.Cause(),
			})
			in.sending = &sending
			return subjectOf(sending), err
		},
		Finish: func(ctx context.Context, c *Caller, in *CreateWebhookTestEventInput, subject string, _ func(db.Tx, *WebhookDeliveryAction) error) (*WebhookDeliveryAction, error) {
			return s.finishSending(ctx, a, c, in.sending, subject, webhook.TriggerTest)
		},
	}, Doc("Send a test event", "Sends one synthetic event now and answers with the finished attempt."), Errors("INVALID_EVENT_TYPE",
		"WEBHOOK_ENDPOINT_NOT_ACTIVE", "WEBHOOK_DELIVERY_UNAVAILABLE"))

	Staged(a, "resendWebhookDelivery", Steps[ResendWebhookDeliveryInput, *WebhookDeliveryAction]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *ResendWebhookDeliveryInput) (string, error) {
			reason := ""
			if in.Body != nil {
				reason = in.Body.Reason
			}
			sending, err := s.Webhooks.BeginResend(ctx, tx, webhook.ResendInput{Scope: c.Scope, By: holder(c), DeliveryID: in.DeliveryID, ReasonMessage: reason})
			in.sending = &sending
			return subjectOf(sending), err
		},
		Finish: func(ctx context.Context, c *Caller, in *ResendWebhookDeliveryInput, subject string, _ func(db.Tx, *WebhookDeliveryAction) error) (*WebhookDeliveryAction, error) {
			return s.finishSending(ctx, a, c, in.sending, subject, webhook.TriggerResend)
		},
	}, Doc("Send a delivery again", "To the endpoint's current URL; answers with the finished attempt."), Errors("WEBHOOK_DELIVERY_IN_FLIGHT",
		"WEBHOOK_ENDPOINT_NOT_ACTIVE", "WEBHOOK_EVENT_PAYLOAD_EXPIRED", "WEBHOOK_DELIVERY_UNAVAILABLE"))
}

// subjectOf names an attempt that is about to be made.
func subjectOf(begun webhook.Sending) string {
	deliveryID, number := begun.Attempt()
	return fmt.Sprintf("%s %d", deliveryID, number)
}

// finishSending makes the attempt that was begun. Without one, an earlier call of the same key broke off
// after it had begun: what became of its attempt is answered, and nothing is sent a second time.
func (s *Services) finishSending(ctx context.Context, a *API, c *Caller, begun *webhook.Sending, subject string, trigger webhook.Trigger) (*WebhookDeliveryAction, error) {
	if begun != nil {
		d, attempt, err := s.Webhooks.Send(ctx, a.DB, *begun)
		if err != nil {
			return nil, err
		}
		return wireAction(d, attempt, a.BaseURL), nil
	}
	var deliveryID string
	var number int
	if _, err := fmt.Sscan(subject, &deliveryID, &number); err != nil {
		return nil, fmt.Errorf("read which attempt a repeated call is about: %w", err)
	}
	return read(ctx, a, func(tx db.Tx) (*WebhookDeliveryAction, error) {
		d, err := s.Webhooks.GetDelivery(ctx, tx, c.Scope, holder(c), deliveryID)
		if err != nil {
			return nil, err
		}
		attempts, _, err := s.Webhooks.ListAttempts(ctx, tx, c.Scope, holder(c), deliveryID, nil, webhook.MaxAttempts)
		if err != nil {
			return nil, err
		}
		for _, at := range attempts {
			if at.Number >= number && at.Trigger == trigger {
				return wireAction(d, at, a.BaseURL), nil
			}
		}
		return nil, fault.Unavailable("WEBHOOK_DELIVERY_UNAVAILABLE", "What became of the attempt is not known.").
			Then("Read the delivery, and send it again with a new Idempotency-Key.")
	})
}
