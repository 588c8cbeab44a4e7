package fulfillment

import (
	"net/url"
	"strings"
	"time"

	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/text"
)

const (
	tooLong     = "FULFILLMENT_FIELD_TOO_LONG"
	maxText     = 2048
	maxSeconds  = 86400
	maxURL      = 2048
	maxReason   = 500
	maxAhead    = 24 * time.Hour // how far in the future something may be said to have happened
	badDetails  = "INVALID_FULFILLMENT_DETAILS"
	badWindow   = "FULFILLMENT_WINDOW_INVALID"
	badTracking = "FULFILLMENT_TRACKING_URL_INVALID"
)

// details are what belongs to one type alone.
type details struct {
	Pickup        *Pickup
	LocalDelivery *LocalDelivery
	Digital       *Digital
	Service       *Appointment
}

func (d details) check(l *fault.List) {
	if d.Pickup != nil {
		d.Pickup.check(l, "pickup_details")
	}
	if d.LocalDelivery != nil {
		d.LocalDelivery.check(l, "local_delivery_details")
	}
	if d.Digital != nil && d.Digital.URL != "" && !secure(d.Digital.URL) {
		l.Add(badDetails, "digital_details.delivery_url", "The download is at an absolute https address without a user.")
	}
	if d.Service != nil {
		d.Service.check(l, "service_details")
	}
}

// fits refuses details that are of another type.
func (d details) fits(l *fault.List, fulfillmentType string) {
	for _, part := range []struct {
		sent        bool
		typ, detail string
	}{
		{d.Pickup != nil, TypePickup, "pickup_details"}, {d.LocalDelivery != nil, TypeLocalDelivery, "local_delivery_details"},
		{d.Digital != nil, TypeDigital, "digital_details"}, {d.Service != nil, TypeService, "service_details"},
	} {
		if part.sent && part.typ != fulfillmentType {
			l.Add("FULFILLMENT_DETAILS_TYPE_MISMATCH", part.detail, "These details belong to a fulfillment of another type.")
		}
	}
}

func (p *Pickup) check(l *fault.List, at string) {
	at += "."
	checkTexts(l, at, []field{
		{"location_name", p.LocationName, 255}, {"instructions", p.Instructions, maxText},
		{"curbside_instructions", p.CurbsideInstructions, maxText}, {"vehicle_description", p.Vehicle, 500},
	})
	checkAddress(l, at+"address", p.Address)
	checkWindow(l, at, p.WindowStartAt, p.WindowEndAt)
	checkSeconds(l, at+"pickup_window_duration_seconds", p.WindowSeconds)
	checkSeconds(l, at+"prep_time_duration_seconds", p.PrepSeconds)
	checkZone(l, at+"timezone", p.Timezone)
}

func (d *LocalDelivery) check(l *fault.List, at string) {
	at += "."
	checkTexts(l, at, []field{
		{"carrier", d.Carrier, 255}, {"courier_provider_name", d.CourierName, 255}, {"courier_support_phone", d.CourierPhone, 30},
		{"external_delivery_id", d.ExternalID, 255}, {"service_area_id", d.ServiceAreaID, 255}, {"instructions", d.Instructions, maxText},
		{"dropoff_notes", d.DropoffNotes, maxText},
	})
	if d.TrackingURL != "" && !secure(d.TrackingURL) {
		l.Add(badTracking, at+"tracking_url", "Tracking is at an absolute https address without a user.")
	}
	checkWindow(l, at, d.WindowStartAt, d.WindowEndAt)
	checkSeconds(l, at+"courier_pickup_window_duration_seconds", d.WindowSeconds)
	checkSeconds(l, at+"prep_time_duration_seconds", d.PrepSeconds)
	checkZone(l, at+"timezone", d.Timezone)
}

func (a *Appointment) check(l *fault.List, at string) {
	checkTexts(l, at+".", []field{{"notes", a.Notes, maxText}})
	checkZone(l, at+".timezone", a.Timezone)
	switch {
	case a.StartAt.IsZero() != a.EndAt.IsZero() || !a.StartAt.IsZero() && !a.EndAt.After(a.StartAt):
		l.Add("FULFILLMENT_SCHEDULE_INVALID", at+".scheduled_end_at", "An appointment has a start and an end behind it.")
	case !a.StartAt.IsZero() && a.Timezone == "":
		l.Add("SERVICE_TIMEZONE_REQUIRED", at+".timezone", "An appointment names the time zone it is in.")
	}
}

func (r *Recipient) check(l *fault.List, at string) {
	if r == nil {
		return
	}
	checkTexts(l, at+".", []field{{"name", r.Name, 255}, {"email", r.Email, 254}, {"phone", r.Phone, 30}, {"instructions", r.Instructions, maxText}})
	if name, domain, found := strings.Cut(r.Email, "@"); r.Email != "" && (!found || name == "" || !strings.Contains(domain, ".") || strings.ContainsAny(r.Email, " <>,;")) {
		l.Add("INVALID_EMAIL_FORMAT", at+".email", "An e-mail address has one @ and a domain behind it.")
	}
	checkAddress(l, at+".address", r.Address)
}

type field struct {
	name, v string
	max     int
}

func checkTexts(l *fault.List, at string, fields []field) {
	for _, f := range fields {
		text.Rule{Max: f.max, Lines: f.max >= 500, TooLong: tooLong}.Check(l, at+f.name, f.v)
	}
}

func checkAddress(l *fault.List, at string, a *order.Address) {
	if a == nil {
		return
	}
	checkTexts(l, at+".", []field{{"line1", a.Line1, 255}, {"line2", a.Line2, 255}, {"city", a.City, 100}, {"state", a.State, 100}, {"postal_code", a.PostalCode, 20}})
}

func checkWindow(l *fault.List, at string, start, end time.Time) {
	if !start.IsZero() && !end.IsZero() && !end.After(start) {
		l.Add(badWindow, at+"window_end_at", "A window ends after it starts.")
	}
}

func checkSeconds(l *fault.List, at string, v int64) {
	if v < 0 || v > maxSeconds {
		l.Add(badDetails, at, "A duration is at most a day.")
	}
}

func checkZone(l *fault.List, at, zone string) {
	if zone == "" {
		return
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" || len(zone) > 64 {
		l.Add("INVALID_TIMEZONE", at, "A time zone is named as in the IANA data base, such as Europe/Berlin.")
	}
}

// secure tells an absolute https address without a user.
func secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && len(address) <= maxURL &&
		!strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// checkPast refuses a time at which nothing can have happened yet.
func checkPast(l *fault.List, at string, t, now time.Time) {
	if t.After(now.Add(maxAhead)) {
		l.Add("INVALID_TIMESTAMP", at, "What happened is not in the future.")
	}
}
