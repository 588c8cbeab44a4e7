package devenv

import (
	"slices"
	"testing"

	"flint/internal/app"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/server"
)

func open(t *testing.T, dir string) *server.Server {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{
		Database: dir + "/flint.db", DataDir: dir, Addr: "127.0.0.1:0", Development: true, Clock: clock.System{}, Egress: egress.Development(), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestASecondStartKeepsWhatIsThere: scripts and installed apps hold on to keys and secrets.
func TestASecondStartKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var before Facts
	for start := range 3 {
		s := open(t, dir)
		facts, err := Prepare(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		err = s.DB.Read(t.Context(), func(tx db.Tx) error {
			a, err := app.ByClientID(tx, facts.App.ClientID)
			if err == nil && (a.MerchantID != facts.OtherMerchant.MerchantID || a.ID != facts.App.ID || !s.Apps.CheckSecret(a, facts.App.ClientSecret) ||
				!slices.Contains(a.RedirectURIs, facts.App.RedirectURI)) {
				t.Errorf("start %d: the app is %+v, the facts say %+v", start, a, facts.App)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if start == 1 && (facts.App.ClientID != before.App.ClientID || facts.OtherMerchant != before.OtherMerchant || facts.APIKey != before.APIKey) {
			t.Errorf("a second start, at another address, changed %+v to %+v", before, *facts)
		}
		before = *facts
		if start == 1 { // as dev.json was before there were apps
			facts.App, facts.OtherMerchant.LiveAPIKey = App{}, ""
			if err := facts.write(dir); err != nil {
				t.Fatal(err)
			}
		}
		if start == 2 && !known(t.Context(), s, facts.OtherMerchant.LiveAPIKey) {
			t.Errorf("an older dev.json became %+v", facts)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
