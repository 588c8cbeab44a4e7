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

// reasons and amounts are the fields of payloads that say why and how much, the most telling first. An amount of
// nothing tells nothing.
var (
	reasons = []string{"reason_message", "decision_reason", "reason", "failure_message", "failure_reason", "failure_code", "error_code"}
	amounts = []string{"amount_money", "buyer_refund_amount_money", "buyer_payment_amount_money", "late_fee_money", "returned_total_money", "credit_money", "refunded_money", "remaining_money", "total_money", "outstanding_money"}
)

// words is a sentence about an event; where a thing merely changed, what it is now is said with it.
func words(e event.Event, data map[string]jsontext.Value) string {
	said := said[e.Type]
	if t, ok := event.TypeOf(e.Type); ok && said == "" {
		said = strings.TrimSuffix(t.Description, " Ours.")
	} else if said == "" {
		said = "Something happened that has no words yet: " + strings.NewReplacer(".", " ", "_", " ").Replace(e.Type) + "."
	}
	status, ok := textOf(data["status"])
	if !ok {
		status, _ = textOf(data["current_status"])
	}
	if _, verb, _ := cutLast(e.Type, "."); status == "" || !slices.Contains([]string{"updated", "status_changed", "created"}, verb) {
		return said
	}
	return said + " " + standing(kindOfStatus(e.Type, e.ResourceType), status)
}

// plain turns a code, which has underscores and no spaces, into words; what people wrote stays as it is.
func plain(reason string) string {
	if !strings.Contains(reason, "_") || strings.ContainsFunc(reason, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		return reason
	}
	return strings.Join(strings.FieldsFunc(reason, func(r rune) bool { return r == '_' }), " ")
}

// Sentence is the whole entry in plain words: what happened, about how much, by whom and why.
func (e Entry) Sentence() string {
	out := e.What
	if e.Amount != nil {
		out += " The amount is " + money.Format(*e.Amount, "") + "."
	}
	name := ""
	if e.Actor.Name != "" {
		name = " “" + e.Actor.Name + "”"
	}
	if by, ok := actors[e.Actor.Type]; ok {
		out += " It was done by " + by + name + "."
	} else {
		out += " It happened by itself."
	}
	if why := strings.TrimSpace(e.Reason); why != "" {
		out += " The reason given is: " + strings.TrimRight(why, ".") + "."
	}
	return out
}

// actors are those who act, as people call them; everything else happens by itself.
var actors = map[string]string{
	"api_key": "the API key", "app": "the app", "user": "the user", "buyer": "the buyer", "processor": "the payment processor",
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

func firstMoney(data map[string]jsontext.Value, names []string) *money.Amount {
	for _, name := range names {
		var m money.Amount
		if v := data[name]; v.Kind() == '{' && json.Unmarshal(v, &m) == nil && m.Currency != "" && m.Minor != 0 {
			return &m
		}
	}
	return nil
}
