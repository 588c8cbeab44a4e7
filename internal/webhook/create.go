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
	URL           string
	Description   string
	Enabled       *bool    // true when left out
	EnabledEvents []string // empty: all events of the merchant
	EventSources  []string // merchant when left out
	Mode          string   // that of the environment when left out
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
		Scope: in.Scope, URL: in.URL, Description: in.Description, Enabled: in.Enabled == nil || *in.Enabled,
		EnabledEvents: checkEvents(&faults, in.EnabledEvents), EventSources: checkSources(&faults, in.EventSources),
		Mode: checkMode(&faults, in.Scope, in.Mode), APIVersion: checkVersion(&faults, in.APIVersion),
	}
	if err := faults.Err(); err != nil {
		return Endpoint{}, err
	}
	if in.PartnerAppID != "" {
		return Endpoint{}, errNoApp()
	}
	return e, nil
}

// Create registers an endpoint and returns its signing secret, which can be read this once.
// RESOURCE_LIMIT_EXCEEDED when the environment has MaxEnabled enabled ones.
func (s *Service) Create(_ context.Context, tx db.Tx, in CreateInput) (Endpoint, secret.Text, error) {
	e, err := in.endpoint(s.Client.Policy())
	if err != nil {
		return Endpoint{}, secret.Text{}, err
	}
	if err := e.Scope.Check(); err != nil {
		return Endpoint{}, secret.Text{}, err
	}
	if e.Enabled {
		if err := admit(tx, e.Scope); err != nil {
			return Endpoint{}, secret.Text{}, err
		}
	}
	now := s.Clock.Now()
	e.ID, e.CreatedAt, e.UpdatedAt = s.IDs.New(id.WebhookEndpoint), now, now
	plain := newSecret()
	e.secret = s.Box.Seal(e.sealedFor(), []byte(plain.Reveal()))
	return e, plain, insertEndpoint(tx, e)
}
