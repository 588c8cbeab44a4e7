package ui_test

import (
	"strings"
	"testing"

	"flint/internal/web/ui"
)

// Every country of the list is called by its name, and what is no country's code is left alone.
func TestCountryName(t *testing.T) {
	t.Parallel()
	all := ui.Countries()
	if len(all) < 240 {
		t.Fatalf("%d countries", len(all))
	}
	for _, c := range all {
		if len(c.Code) != 2 || c.Code != strings.ToUpper(c.Code) || c.Name == "" || ui.CountryName(c.Code) != c.Name {
			t.Errorf("%q is called %q, not %q", c.Code, ui.CountryName(c.Code), c.Name)
		}
	}
	for code, want := range map[string]string{"AF": "Afghanistan", "US": "United States", "DE": "Germany", "AX": "Åland Islands", "": "", "ZZ": "ZZ", "us": "us", "\nU": "\nU"} {
		if got := ui.CountryName(code); got != want {
			t.Errorf("%q is called %q, not %q", code, got, want)
		}
	}
}
