package examples

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestAppsShareWhatAnyAppNeeds: an example differs from the starter in what it does, so that a mistake
// in a flow is mended in all of them.
func TestAppsShareWhatAnyAppNeeds(t *testing.T) {
	t.Parallel()
	for name := range strings.FieldsSeq("main.go config.go install.go tokens.go store.go webhooks.go flint.go") {
		want, err := Starters.ReadFile("starter-go/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, app := range []string{"post-purchase", "checkout-extension", "returns-extension"} {
			got, err := os.ReadFile(app + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s/%s differs from starter-go/%s: copy what you changed", app, name, name)
			}
		}
	}
}

// TestStartersLeaveSecretsOut: files beside the sources would be written into every new app.
func TestStartersLeaveSecretsOut(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"starter-go", "starter-typescript"} {
		entries, err := Starters.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() == ".env" || strings.HasPrefix(e.Name(), "store.json") || e.Name() == "node_modules" {
				t.Errorf("%s/%s is embedded", folder, e.Name())
			}
		}
	}
}
