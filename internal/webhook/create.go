package webhook

import (
	"context"

	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// CreateInput asks for an endpoint of the scope's environment.
type CreateInput struct {
	Scope         tenant.Scope
	By            Holder
	URL           string
	Description   string
	Enabled       *bool    // true when left out
	EnabledEvents []string // empty: all events of the sources; installed_merchants needs some
	EventSources  []string // merchant when left out
	Mode          string   // that of the environment when left out, both for partner_app
	PartnerAppID  string
	APIVersion    string // DefaultVersion when left out
}

// Validate reports every fault of the input under the operator's policy for targets.
func (in CreateInput) Validate(targets egress.Policy) error {
	_, err := in.endpoint(targets)
	return err
}

func (in CreateInput) endpoint(targets egress.Policy) (Endpoint, error) {
	var faults fault.List
	faults.AddError("", targets.CheckURL("url", in.URL))
	checkDescription(&faults, in.Description)
	e := Endpoint{
		Scope: in.Scope, URL: in.URL, Description: in.Description, Enabled: in.Enabled == nil || *in.Enabled, PartnerAppID: in.PartnerAppID,
		EnabledEvents: checkEvents(in.EnabledEvents), EventSources: checkSources(&faults, in.EventSources), APIVersion: checkVersion(&faults, in.APIVersion),
	}
	e.settle(&faults, in.Mode, in.EnabledEvents)
	return e, faults.Err()
}

// Create registers an endpoint and returns its signing secret, which can be read this once.
// RESOURCE_LIMIT_EXCEEDED when the environment has MaxEnabled enabled ones, or the app MaxEnabledOfApp;
// PARTNER_APP_NOT_FOUND; INVALID_WEBHOOK_ENDPOINT_SOURCE.
func (s *Service) Create(_ context.Context, tx db.Tx, in CreateInput) (Endpoint, secret.Text, error) {
	e, err := in.endpoint(s.Client.Policy())
	if err != nil {
		return Endpoint{}, secret.Text{}, err
	}
	if err := e.Scope.Check(); err != nil {
		return Endpoint{}, secret.Text{}, err
	}
	if err := s.own(tx, in.By, &e); err != nil {
		return Endpoint{}, secret.Text{}, err
	}
	if e.Enabled {
		if err := admit(tx, e); err != nil {
			return Endpoint{}, secret.Text{}, err
		}
	}
	now := s.Clock.Now()
	e.ID, e.CreatedAt, e.UpdatedAt = s.IDs.New(id.WebhookEndpoint), now, now
	plain := newSecret()
	e.secret = s.Box.Seal(e.sealedFor(), []byte(plain.Reveal()))
	return e, plain, insertEndpoint(tx, e)
}
