package settings_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/settings"
)

func at(t *testing.T, zone, v string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	out, err := time.ParseInLocation("2006-01-02 15:04", v, loc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAfterQuietHours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ start, end, zone, asked, want string }{
		{"21:00", "08:00", "Europe/Berlin", "2026-05-01 22:30", "2026-05-02 08:00"},
		{"21:00", "08:00", "Europe/Berlin", "2026-05-01 21:00", "2026-05-02 08:00"},
		{"21:00", "08:00", "Europe/Berlin", "2026-05-01 07:59", "2026-05-01 08:00"},
		{"21:00", "08:00", "Europe/Berlin", "2026-05-01 08:00", "2026-05-01 08:00"},
		{"21:00", "08:00", "Europe/Berlin", "2026-05-01 20:59", "2026-05-01 20:59"},
		{"12:00", "14:00", "America/New_York", "2026-05-01 13:00", "2026-05-01 14:00"},
		{"12:00", "14:00", "America/New_York", "2026-05-01 14:00", "2026-05-01 14:00"},
		{"23:00", "02:30", "America/New_York", "2026-03-07 23:30", "2026-03-08 03:30"}, // 02:30 does not exist that night
	} {
		s := settings.Defaults()
		s.Recovery.QuietHours.Start, s.Recovery.QuietHours.End = c.start, c.end
		if got := s.AfterQuietHours(at(t, c.zone, c.asked), c.zone); !got.Equal(at(t, c.zone, c.want)) {
			t.Errorf("%s in %s is moved to %v, want %s", c.asked, c.zone, got, c.want)
		}
		s.Recovery.QuietHours.Enabled = false
		if asked := at(t, c.zone, c.asked); !s.AfterQuietHours(asked, c.zone).Equal(asked) {
			t.Errorf("%s is moved though there are no quiet hours", c.asked)
		}
	}
	s := settings.Defaults()
	s.Invoices.Timezone = "Asia/Tokyo"
	if got, want := s.AfterQuietHours(at(t, "Asia/Tokyo", "2026-05-01 23:00"), "nowhere"), at(t, "Asia/Tokyo", "2026-05-02 08:00"); !got.Equal(want) {
		t.Errorf("without a zone: %v, want %v", got, want)
	}
}

// Whatever the hours, zone and time: a reminder is never moved back nor more than a day and a night, and
// where it lands is not moved again.
func TestQuietHoursProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minute := func(name string) string {
			return time.Unix(60*rapid.Int64Range(0, 1439).Draw(t, name), 0).UTC().Format("15:04")
		}
		s := settings.Defaults()
		s.Recovery.QuietHours = settings.QuietHours{Enabled: true, Start: minute("start"), End: minute("end")}
		zone := rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe"}).Draw(t, "zone")
		asked := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "at"), 0).UTC()
		got := s.AfterQuietHours(asked, zone)
		if got.Before(asked) || got.Sub(asked) > 26*time.Hour {
			t.Fatalf("%v is moved to %v", asked, got)
		}
	})
}

func TestDefaultsFit(t *testing.T) {
	t.Parallel()
	s := settings.Defaults()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if s.Plan() != nil {
		t.Error("reminders are sent though nobody asked for them")
	}
	s.Checkout.RecoveryEmail.Enabled = true
	if p := s.Plan(); len(p) != 1 || p[0].DelaySeconds != settings.DefaultRecoveryDelay {
		t.Errorf("the plan is %v", p)
	}
	s.Recovery.Steps = []settings.RecoveryStep{{DelaySeconds: 900}, {DelaySeconds: 7200}}
	if p := s.Plan(); len(p) != 2 {
		t.Errorf("the plan is %v", p)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://Shop.example": "https://shop.example", "https://shop.example:443/": "https://shop.example", "http://localhost:3000": "http://localhost:3000",
		"https://shop.example:8443": "https://shop.example:8443", "http://shop.example": "", "https://shop.example/x": "", "https://u@shop.example": "",
		"shop.example": "", "https://": "", "https://shop.example:": "", "javascript:alert(1)": "", "https://shop.example?x": "", "null": "",
	} {
		got, ok := settings.Origin(in)
		if got != want || ok != (want != "") {
			t.Errorf("%s is %q, %v, want %q", in, got, ok, want)
		}
	}
}
