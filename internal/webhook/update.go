package webhook

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// UpdateInput changes the fields that are not nil.
type UpdateInput struct {
	Scope              tenant.Scope
	EndpointID         string
	URL                *string
	Description        *string
	Enabled            *bool
	EnabledEvents      *[]string
	EventSources       *[]string
	Mode               *string
	PartnerAppID       *string
	APIVersion         *string
	ExpectedAPIVersion *string // the update happens only while the endpoint has this version
}

// Validate reports every fault of the input under the operator's policy for targets.
func (in UpdateInput) Validate(targets egress.Policy) error {
	_, err := in.change(targets)
	return err
}

// change returns what the update does to an endpoint.
func (in UpdateInput) change(targets egress.Policy) (func(*Endpoint, time.Time), error) {
	var (
		faults  fault.List
		events  []string
		sources []event.Source
		version string
	)
	if in.URL != nil {
		faults.AddError("", targets.CheckURL("url", *in.URL))
	}
	if in.Description != nil {
		checkDescription(&faults, *in.Description)
	}
	if in.EnabledEvents != nil {
		events = checkEvents(&faults, *in.EnabledEvents)
	}
	if in.EventSources != nil {
		sources = checkSources(&faults, *in.EventSources)
	}
	if in.Mode != nil {
		checkMode(&faults, in.Scope, *in.Mode)
	}
	if in.APIVersion != nil {
		version = checkVersion(&faults, *in.APIVersion)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if in.PartnerAppID != nil && *in.PartnerAppID != "" {
		return nil, errNoApp()
	}
	return func(e *Endpoint, now time.Time) {
		if in.URL != nil {
			e.URL = *in.URL
		}
		if in.Description != nil {
			e.Description = *in.Description
		}
		if in.EnabledEvents != nil {
			e.EnabledEvents = events
		}
		if in.EventSources != nil {
			e.EventSources = sources
		}
		if in.APIVersion != nil && version != e.APIVersion {
			e.APIVersionPrevious, e.APIVersion, e.APIVersionChangedAt = e.APIVersion, version, now
		}
		if in.Enabled != nil {
			if *in.Enabled && !e.Enabled {
				e.FailingSince, e.DisabledReason = time.Time{}, "" // a fresh start
			}
			e.Enabled = *in.Enabled
		}
		e.UpdatedAt = now
	}, nil
}

// Update changes an endpoint. Disabling it suppresses what waits for it. RESOURCE_NOT_FOUND,
// API_VERSION_CHANGED, and RESOURCE_LIMIT_EXCEEDED when it would be one enabled endpoint too many.
func (s *Service) Update(_ context.Context, tx db.Tx, in UpdateInput) (Endpoint, error) {
	change, err := in.change(s.Client.Policy())
	if err != nil {
		return Endpoint{}, err
	}
	if in.Enabled != nil && *in.Enabled {
		// The feed comes before the endpoint, here as in the fan-out.
		if _, err := event.LockFeed(tx, in.Scope); err != nil {
			return Endpoint{}, err
		}
	}
	e, err := currentEndpoint(tx, in.Scope, in.EndpointID, tx.ForUpdate())
	if err != nil {
		return Endpoint{}, err
	}
	if in.ExpectedAPIVersion != nil && *in.ExpectedAPIVersion != e.APIVersion {
		return Endpoint{}, fault.Conflict("API_VERSION_CHANGED", "The endpoint's API version is no longer the expected one.").
			Then("Read the endpoint and repeat the update with its api_version.")
	}
	was, now := e.Enabled, s.Clock.Now()
	change(&e, now)
	if e.Enabled && !was {
		if err := admit(tx, e.Scope); err != nil {
			return Endpoint{}, err
		}
	}
	if err := updateEndpoint(tx, e); err != nil {
		return Endpoint{}, err
	}
	if was && !e.Enabled {
		return e, suppress(tx, e, now)
	}
	return e, nil
}
