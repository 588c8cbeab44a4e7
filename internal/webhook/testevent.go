package webhook

import (
	"context"
	"maps"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// TestInput asks for a synthetic event of a type, whatever the endpoint subscribes to.
type TestInput struct {
	Scope      tenant.Scope
	By         Holder
	EndpointID string
	EventType  string
	Cause      event.Cause
}

// Validate reports every fault of the input.
func (in TestInput) Validate() error {
	if t, ok := event.TypeOf(in.EventType); !ok || !t.From(event.SourceMerchant) {
		return fault.Invalid("INVALID_EVENT_TYPE", "event_type", "This is not a type of event that a merchant's endpoint can receive.")
	}
	return nil
}

// BeginTest records a synthetic event and its delivery, which Send makes after the commit.
// RESOURCE_NOT_FOUND; WEBHOOK_ENDPOINT_NOT_ACTIVE.
func (s *Service) BeginTest(_ context.Context, tx db.Tx, in TestInput) (Sending, error) {
	if err := in.Validate(); err != nil {
		return Sending{}, err
	}
	endpoint, err := currentEndpoint(tx, in.Scope, in.By, in.EndpointID, tx.ForUpdate())
	if err != nil {
		return Sending{}, err
	}
	if !endpoint.Live() {
		return Sending{}, errNotActive()
	}
	now := s.Clock.Now()
	typ, _ := event.TypeOf(in.EventType)
	resourceID, data := sample(s.IDs, typ, now)
	if endpoint.ofApp() { // as it would come from a merchant that installed the app
		maps.Copy(data, map[string]any{"merchant_id": in.Scope.MerchantID, "environment_id": in.Scope.EnvironmentID, "mode": in.Scope.Mode(),
			"partner_app_install_id": s.IDs.New("sample"), "environment_grant_id": s.IDs.New("sample"), "source_type": event.SourceInstalledMerchants})
	}
	e, err := s.Events.RecordTest(tx, in.Scope, now, in.Cause, event.New{
		Type: typ.Name, RootType: "webhook_endpoint", RootID: endpoint.ID, ResourceType: typ.Resource, ResourceID: resourceID, Data: data,
	})
	if err != nil {
		return Sending{}, err
	}
	d := Delivery{Scope: in.Scope, ID: s.IDs.New(id.WebhookDelivery), EventID: e.ID, EndpointID: endpoint.ID, Test: true,
		Status: StatusPending, dueAt: now.Add(leaseTime), lease: newLease(), CreatedAt: now}
	return Sending{delivery: d, event: e, endpoint: endpoint, trigger: TriggerTest}, insertDelivery(tx, d)
}
