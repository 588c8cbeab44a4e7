package devhome

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

func TestQuickStart(t *testing.T) {
	t.Parallel()
	steps := QuickStart("http://localhost:8080", "sk_test_1")
	if len(steps) != 4 {
		t.Fatalf("%d steps", len(steps))
	}
	body := regexp.MustCompile(`(?s)-d '(\{.*\})'`)
	for _, s := range steps {
		if !strings.Contains(s.Command, "curl -sS http://localhost:8080/v1/") || !strings.Contains(s.Command, "Bearer sk_test_1") {
			t.Errorf("%s: %s", s.Name, s.Command)
		}
		m := body.FindStringSubmatch(s.Command)
		if m == nil {
			continue
		}
		if sent := strings.ReplaceAll(m[1], "'$ORDER'", "ord_1"); !json.Valid([]byte(sent)) {
			t.Errorf("%s sends %s", s.Name, sent)
		}
	}
}

func TestKeyMasked(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"sk_test_abcdefghijklmnop": "sk_test_••••••••mnop", "short": "••••••••", "": "••••••••",
	} {
		if got := (Key{Value: value}).Masked(); got != want {
			t.Errorf("Masked(%q) = %q, want %q", value, got, want)
		}
	}
}
