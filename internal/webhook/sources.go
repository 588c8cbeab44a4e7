package webhook

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// ModeBoth is the mode of an app's endpoint that takes events of sandboxes and of live environments.
const ModeBoth tenant.Mode = "both"

// MaxEnabledOfApp is how many endpoints an app may have enabled in one environment that installed it.
// They do not count among the merchant's own.
const MaxEnabledOfApp = 4

// Holder is who asks. The zero Holder is the merchant itself, with a key: it sees every endpoint of its
// environment and may switch off or delete those that apps made there. An app, with the token of its
// grant, sees and changes only what it made.
type Holder struct {
	AppID string // papp_…, empty for the merchant
}

// sees reports whether the endpoint exists for the holder.
func (h Holder) sees(e Endpoint) bool {
	return h.AppID == "" || e.OfInstall() && e.PartnerAppID == h.AppID
}

// OfInstall reports whether an app made the endpoint in an environment that installed it. Such an
// endpoint hears of the merchant's events as far as the app's grant lets it.
func (e Endpoint) OfInstall() bool {
	return e.PartnerAppID != "" && slices.Contains(e.EventSources, event.SourceMerchant)
}

// ofApp reports whether the endpoint is for what an app is told, in an environment of the app's owner.
func (e Endpoint) ofApp() bool { return e.PartnerAppID != "" && !e.OfInstall() }

func (e Endpoint) from(s event.Source) bool { return slices.Contains(e.EventSources, s) }

// Wants reports whether an event of this type that comes from the source is for the endpoint.
func (e Endpoint) Wants(typ string, source event.Source) bool {
	t, ok := event.TypeOf(typ)
	return ok && e.from(source) && t.From(source) && (len(e.EnabledEvents) == 0 || slices.Contains(e.EnabledEvents, typ))
}

// checkSources returns the sources without repeats, merchant by default.
func checkSources(faults *fault.List, names []string) []event.Source {
	var out []event.Source
	for i, n := range names {
		switch s := event.Source(n); s {
		case event.SourceMerchant, event.SourcePartnerApp, event.SourceInstalledMerchants:
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		default:
			faults.Add("INVALID_EVENT_SOURCE", fmt.Sprintf("event_sources[%d]", i), "The source must be merchant, partner_app or installed_merchants.")
		}
	}
	if len(out) == 0 {
		return []event.Source{event.SourceMerchant}
	}
	return out
}

// checkEvents returns the types without repeats.
func checkEvents(names []string) []string {
	out := []string{}
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// settle checks that sources, app, types and mode of an endpoint go together, and chooses the mode
// when mode is empty. names are the types as they were sent, for the paths of faults.
func (e *Endpoint) settle(faults *fault.List, mode string, names []string) {
	ofApp := e.from(event.SourcePartnerApp) || e.from(event.SourceInstalledMerchants)
	if ofApp && e.from(event.SourceMerchant) {
		faults.Add("INVALID_EVENT_SOURCES", "event_sources", "The merchant's own events and an app's need an endpoint each: their bodies differ.")
		return
	}
	if ofApp && e.PartnerAppID == "" {
		faults.Add("INVALID_WEBHOOK_ENDPOINT_SOURCE", "partner_app_id", "The sources partner_app and installed_merchants need the app.")
	}
	for i, n := range names {
		if t, ok := event.TypeOf(n); !ok || !slices.ContainsFunc(e.EventSources, t.From) {
			faults.Add("INVALID_EVENT_TYPE", fmt.Sprintf("enabled_events[%d]", i), "This is not a type of event of the endpoint's sources.")
		}
	}
	if e.from(event.SourceInstalledMerchants) && !slices.ContainsFunc(e.EnabledEvents, func(n string) bool {
		t, ok := event.TypeOf(n)
		return ok && t.From(event.SourceInstalledMerchants)
	}) {
		faults.Add("INVALID_WEBHOOK_ENDPOINT", "enabled_events", "The source installed_merchants needs at least one of its types of event.")
	}
	e.settleMode(faults, mode)
}

func (e *Endpoint) settleMode(faults *fault.List, mode string) {
	own := e.Scope.Mode()
	switch {
	case e.from(event.SourceMerchant):
		if mode != "" && tenant.Mode(mode) != own {
			faults.Add("INVALID_MODE", "mode", "A key of mode %s makes endpoints of mode %s; leave mode out or send that.", own, own)
		}
		e.Mode = own
	case e.from(event.SourcePartnerApp):
		if mode != "" && tenant.Mode(mode) != ModeBoth {
			faults.Add("INVALID_MODE", "mode", "An endpoint of the source partner_app has the mode both.")
		}
		e.Mode = ModeBoth
	default:
		switch m := tenant.Mode(mode); m {
		case "":
			e.Mode = own
		case tenant.ModeTest, tenant.ModeLive, ModeBoth:
			e.Mode = m
		default:
			faults.Add("INVALID_MODE", "mode", "The mode must be test, live or both.")
		}
	}
}

// own checks that the holder may have an endpoint of these sources and this app, and puts the name of
// the app that makes one on it. PARTNER_APP_NOT_FOUND; INVALID_WEBHOOK_ENDPOINT_SOURCE.
func (s *Service) own(tx db.Tx, by Holder, e *Endpoint) error {
	if by.AppID != "" {
		if !e.from(event.SourceMerchant) {
			return fault.Invalid("INVALID_WEBHOOK_ENDPOINT_SOURCE", "event_sources",
				"An app's token makes endpoints for the events of the merchant that installed it; others are made with a key of the app's owner.")
		}
		if e.PartnerAppID != "" && e.PartnerAppID != by.AppID {
			return errNoApp()
		}
		e.PartnerAppID = by.AppID
		return nil
	}
	if e.PartnerAppID == "" {
		return nil
	}
	owned := false
	if s.Apps.Owns != nil {
		var err error
		if owned, err = s.Apps.Owns(tx, e.Scope.MerchantID, e.PartnerAppID); err != nil {
			return fmt.Errorf("look for the app of an endpoint: %w", err)
		}
	}
	if !owned {
		return errNoApp()
	}
	if e.from(event.SourceMerchant) {
		return fault.Invalid("INVALID_WEBHOOK_ENDPOINT_SOURCE", "partner_app_id", "An endpoint of the source merchant belongs to no app; leave partner_app_id out.")
	}
	return nil
}

// errNoApp answers an unknown partner_app_id; somebody else's looks alike.
func errNoApp() error {
	err := fault.NotFound("partner app")
	err.Code, err.Param = "PARTNER_APP_NOT_FOUND", "partner_app_id"
	return err
}

// errOfApp refuses what only the app that made an endpoint may do with it.
func errOfApp() error {
	return fault.Forbidden("AUTHORIZATION_FAILED", "An app that you installed made this endpoint: you can disable or delete it.")
}
