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
	By                 Holder
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

// Validate reports every fault of the input by itself, under the operator's policy for targets. What
// depends on the endpoint is said by Update.
func (in UpdateInput) Validate(targets egress.Policy) error {
	var faults fault.List
	if in.URL != nil {
		faults.AddError("", targets.CheckURL("url", *in.URL))
	}
	if in.Description != nil {
		checkDescription(&faults, *in.Description)
	}
	if in.EventSources != nil {
		checkSources(&faults, *in.EventSources)
	}
	if in.APIVersion != nil {
		checkVersion(&faults, *in.APIVersion)
	}
	return faults.Err()
}

// change applies a valid update to the endpoint and reports what does not fit it.
func (in UpdateInput) change(e *Endpoint, now time.Time) error {
	var (
		faults fault.List
		names  []string
		mode   string
	)
	if in.URL != nil {
		e.URL = *in.URL
	}
	if in.Description != nil {
		e.Description = *in.Description
	}
	if in.EventSources != nil {
		e.EventSources = checkSources(&faults, *in.EventSources)
	}
	if in.EnabledEvents != nil {
		names, e.EnabledEvents = *in.EnabledEvents, checkEvents(*in.EnabledEvents)
	} else if in.EventSources != nil {
		names = e.EnabledEvents
	}
	if in.PartnerAppID != nil {
		e.PartnerAppID = *in.PartnerAppID
	}
	if in.Mode != nil {
		mode = *in.Mode
	} else if in.EventSources == nil {
		mode = string(e.Mode)
	}
	e.settle(&faults, mode, names)
	if in.APIVersion != nil {
		if version := checkVersion(&faults, *in.APIVersion); version != e.APIVersion {
			e.APIVersionPrevious, e.APIVersion, e.APIVersionChangedAt = e.APIVersion, version, now
		}
	}
	if in.Enabled != nil {
		if *in.Enabled && !e.Enabled {
			e.FailingSince, e.DisabledReason = time.Time{}, "" // a fresh start
		}
		e.Enabled = *in.Enabled
	}
	e.UpdatedAt = now
	return faults.Err()
}

// onlyDisables reports whether the update does nothing but switch the endpoint off.
func (in UpdateInput) onlyDisables() bool {
	return in.Enabled != nil && !*in.Enabled && in.URL == nil && in.Description == nil && in.EnabledEvents == nil && in.EventSources == nil &&
		in.Mode == nil && in.PartnerAppID == nil && in.APIVersion == nil
}

// Update changes an endpoint. Disabling it suppresses what waits for it. RESOURCE_NOT_FOUND,
// API_VERSION_CHANGED, RESOURCE_LIMIT_EXCEEDED when it would be one enabled endpoint too many,
// PARTNER_APP_NOT_FOUND, and AUTHORIZATION_FAILED when a merchant changes the endpoint of an app.
func (s *Service) Update(_ context.Context, tx db.Tx, in UpdateInput) (Endpoint, error) {
	if err := in.Validate(s.Client.Policy()); err != nil {
		return Endpoint{}, err
	}
	if in.Enabled != nil && *in.Enabled {
		// The feed comes before the endpoint, here as in the fan-out.
		if _, err := event.LockFeed(tx, in.Scope); err != nil {
			return Endpoint{}, err
		}
	}
	e, err := currentEndpoint(tx, in.Scope, in.By, in.EndpointID, tx.ForUpdate())
	if err != nil {
		return Endpoint{}, err
	}
	if e.OfInstall() && in.By.AppID == "" && !in.onlyDisables() {
		return Endpoint{}, errOfApp()
	}
	if in.ExpectedAPIVersion != nil && *in.ExpectedAPIVersion != e.APIVersion {
		return Endpoint{}, fault.Conflict("API_VERSION_CHANGED", "The endpoint's API version is no longer the expected one.").
			Then("Read the endpoint and repeat the update with its api_version.")
	}
	before, now := e, s.Clock.Now()
	if err := in.change(&e, now); err != nil {
		return Endpoint{}, err
	}
	if in.PartnerAppID != nil || in.EventSources != nil {
		if err := s.own(tx, in.By, &e); err != nil {
			return Endpoint{}, err
		}
	}
	if e.Enabled && !before.Enabled {
		if err := admit(tx, e); err != nil {
			return Endpoint{}, err
		}
	}
	if err := updateEndpoint(tx, e); err != nil {
		return Endpoint{}, err
	}
	// What waits was queued for the app that the endpoint no longer serves.
	if before.Enabled && !e.Enabled || before.PartnerAppID != e.PartnerAppID {
		return e, suppress(tx, e, now)
	}
	return e, nil
}
