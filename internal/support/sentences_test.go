package support

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/event"
	"flint/internal/money"
)

// schemas are the resources of the API whose status a kind's events tell.
var schemas = map[string][]string{
	"app_approval": {"AppApproval"}, "checkout_session": {"CheckoutSession"}, "credit_note": {"CreditNote"}, "dispute": {"Dispute"},
	"fulfillment": {"Fulfillment"}, "invoice": {"Invoice"}, "order": {"Order"}, "payment_intent": {"PaymentIntent"}, "refund": {"Refund"},
	"return": {"ReturnResource"}, "return_disposition": {"ReturnDisposition"}, "return_inspection": {"ReturnInspection"},
	"return_receipt": {"ReturnReceipt"}, "return_resolution": {"ReturnResolution"}, "shipment": {"Shipment", "Package"}, "stranded_payment": {"StrandedPayment"},
}

// TestEveryStatusHasWords: what the API can say of a thing's status, the timeline says in a sentence of its own.
func TestEveryStatusHasWords(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Enum []string `json:"enum"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for kind, names := range schemas {
		for _, name := range names {
			statuses := doc.Components.Schemas[name].Properties["status"].Enum
			if len(statuses) < 2 {
				t.Errorf("%s has the statuses %v", name, statuses)
			}
			for _, status := range statuses {
				if standings[kind][status] == "" {
					t.Errorf("%s that is %s has no words", kind, status)
				}
			}
		}
	}
	for kind := range standings {
		if schemas[kind] == nil {
			t.Errorf("%s has words and no schema to hold them against", kind)
		}
	}
}

// TestEveryEntryIsEnglish puts every type of event at every status into words.
func TestEveryEntryIsEnglish(t *testing.T) {
	t.Parallel()
	n := 0
	for _, typ := range event.Types() {
		e := event.Event{Type: typ.Name, ResourceType: typ.Resource}
		statuses := []string{"", "something_new"}
		for status := range standings[kindOfStatus(typ.Name, typ.Resource)] {
			statuses = append(statuses, status)
		}
		for _, status := range statuses {
			entry := Entry{What: words(e, map[string]jsontext.Value{"status": jsontext.Value(`"` + status + `"`)}), Reason: plain("card_declined")}
			for _, actor := range []Actor{{"api_key", "key_1", "Till"}, {"app", "papp_1", "Helper"}, {"buyer", "cs_1", ""}, {"processor", "simulator", "simulator"}, {"system", "", ""}} {
				entry.Actor, entry.Amount = actor, &money.Amount{Minor: 1250, Currency: "USD"}
				if fault := unEnglish(entry.Sentence()); fault != "" {
					t.Errorf("%s at %q: %s: %s", typ.Name, status, fault, entry.Sentence())
				}
				n++
			}
		}
	}
	for name := range said {
		if _, ok := event.TypeOf(name); !ok {
			t.Errorf("%s has words and is no type of event", name)
		}
	}
	if n < 1000 {
		t.Errorf("%d sentences were looked at", n)
	}
}

// unEnglish says what is wrong with sentences, empty when nothing is.
func unEnglish(text string) string {
	switch {
	case strings.Contains(text, "_"):
		return "a code"
	case strings.Contains(text, "  "), strings.Contains(text, " ."), strings.Contains(text, ".."):
		return "its points and spaces"
	case !strings.HasSuffix(text, "."), text[0] < 'A' || text[0] > 'Z':
		return "no sentence"
	case strings.Contains(text, "Ours."):
		return "a note for readers of the catalogue"
	case regexp.MustCompile(`\bis (requires|needs|succeeded|waits|proposed now)\b`).MatchString(text):
		return "two verbs"
	}
	words := strings.Fields(strings.ToLower(text))
	for n := 1; n < len(words); n++ {
		if words[n] == words[n-1] {
			return "the word " + words[n] + " twice"
		}
	}
	return ""
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "card_declined": "card declined", "other": "other", "arrived broken": "arrived broken", "see file_7 there": "see file_7 there",
		"Order_7": "Order_7", "merchant_request": "merchant request",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
