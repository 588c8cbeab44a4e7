package support

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/event"
	"flint/internal/money"
	"flint/internal/requestlog"
)

// entryOfEvent says what an event says, from nothing but the event: its type in the catalogue and what its
// payload has at the top. The order whose timeline it is goes without saying.
func entryOfEvent(e event.Event, orderID string) (Entry, error) {
	var data map[string]jsontext.Value
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return Entry{}, fmt.Errorf("read the payload of event %s: %w", e.ID, err)
	}
	out := Entry{
		ID: e.ID, Kind: kindOfEvent(e), Type: e.Type, OccurredAt: e.CreatedAt, Actor: Actor{Type: e.ActorType, ID: e.ActorID},
		What: words(e, data), Reason: firstText(data, reasons), Amount: firstMoney(data, amounts), EventIDs: []string{e.ID},
		RequestID: e.RequestID, RequestLogID: e.RequestLogID, Objects: []Object{{e.ResourceType, e.ResourceID}},
	}
	names := make([]string, 0, len(data))
	for name := range data {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v, ok := textOf(data[name])
		typ := requestlog.ResourceType(v)
		if !ok || typ == "" || !strings.HasSuffix(name, "_id") || v == orderID || typ == "merchant" {
			continue
		}
		if o := (Object{typ, v}); !slices.Contains(out.Objects, o) {
			out.Objects = append(out.Objects, o)
		}
	}
	return out, nil
}

// reasons and amounts are the fields of payloads that say why and how much, the most telling first.
var (
	reasons = []string{"reason_message", "decision_reason", "reason", "failure_message", "failure_reason", "failure_code", "error_code"}
	amounts = []string{"amount_money", "buyer_refund_amount_money", "buyer_payment_amount_money", "late_fee_money", "credit_money", "refunded_money", "remaining_money", "total_money", "outstanding_money"}
)

// words is the catalogue's sentence; where a thing merely changed, what it is now is said with it.
func words(e event.Event, data map[string]jsontext.Value) string {
	t, ok := event.TypeOf(e.Type)
	if !ok {
		return e.Type + "."
	}
	status, ok := textOf(data["status"])
	_, verb, _ := cutLast(e.Type, ".")
	if !ok || status == "" || !slices.Contains([]string{"updated", "status_changed", "created"}, verb) {
		return t.Description
	}
	return t.Description + " It is " + strings.ReplaceAll(status, "_", " ") + " now."
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func textOf(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	var s string
	err := json.Unmarshal(v, &s)
	return s, err == nil
}

func firstText(data map[string]jsontext.Value, names []string) string {
	for _, name := range names {
		if s, _ := textOf(data[name]); s != "" {
			return s
		}
	}
	return ""
}

// firstMoney is the first amount that is not nothing, and the first at all where all are.
func firstMoney(data map[string]jsontext.Value, names []string) (first *money.Amount) {
	for _, name := range names {
		var m money.Amount
		if v := data[name]; v.Kind() != '{' || json.Unmarshal(v, &m) != nil || m.Currency == "" {
			continue
		}
		if m.Minor != 0 {
			return &m
		}
		if first == nil {
			first = &m
		}
	}
	return first
}
