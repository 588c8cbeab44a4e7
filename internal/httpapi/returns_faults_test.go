package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
)

// fee is an adjustment as resolutions take it.
const fee = `{"adjustment_type":"restocking_fee","value_effect":"deduction","assessed_amount_money":{"amount":100,"currency":"USD"},
	"applied_amount_money":{"amount":50,"currency":"USD"},"reason":"return_policy","return_line_item_id":"{return_line_item_id}"}`

const decided = `"decision_basis":"explicit","approved_quantity":1,"return_required_quantity":1,"allowed_resolution_types":["refund"],"resolution_mode":"manual","receiving_location_id":"desk",
	"destination":{"address":{"line1":"1 Main","city":"Town","state":"CA","postal_code":"90001","country":"US"}}`

const exchanged = `"resolution_type":"exchange","line_items":[{"return_line_item_id":"{return_line_item_id}","quantity":1}],"pricing_basis":"merchant_agreed_price",
	"replacement_line_items":[{"name":"x","quantity":1,"unit_price_money":{"amount":700,"currency":"USD"}}],"adjustments":[` + fee + `]`

// whole are bodies with more of their parts than those of bodies; they are about a return that nobody decided yet where
// waiting says so.
var whole = map[string]string{
	"decideReturn":                `{"line_items":[{"return_line_item_id":"{return_line_item_id}",` + decided + `}],"completion_mode":"manual","expected_version":1}`,
	"createReturnPolicy":          `{"name":"x","revision":` + policyRules + `}`,
	"publishReturnPolicyRevision": `{"expected_current_return_policy_revision_id":"{return_policy_revision_id}","revision":` + policyRules + `}`,
	"createReturnResolution":      `{` + exchanged + `}`,
	"updateReturnResolution":      `{"line_items":[{"return_line_item_id":"{return_line_item_id}","quantity":1}],"adjustment_set":{"adjustments":[` + fee + `]},"expected_version":1}`,
	"createReturnPreview":         `{"mode":"resolution","resolution":{"return_id":"{return_id}",` + exchanged + `}}`,
	"createMeReturnPreview": `{"mode":"eligibility","eligibility":{"order_id":"{return_order_id}","selection":{"selection_type":"line_items","line_items":[{
		"order_line_item_id":"{return_order_line_item_id}","fulfillment_id":"{return_fulfillment_id}","requested_quantity":1,"return_reason_id":"{return_reason_id}"}]}}}`,
	"processExistingReturn": `{"line_items":[{"return_line_item_id":"{return_line_item_id}","decision":{` + decided + `},"received_quantity":1,
		"inspection":{"acceptance_status":"accepted","condition":"used","inspected_at":"2026-09-07T11:00:00Z"},
		"disposition":{"disposition_type":"sellable","occurred_at":"2026-09-07T11:00:00Z","reason":"inspection_result"},"resolution":{"resolution_type":"refund","quantity":1}}],
		"receipt":{"received_at":"2026-09-07T11:00:00Z","receiving_location_id":"desk"}}`,
}

// silent are ways to be wrong that an answer need not name: what may come back is an answer itself, units that a return
// has already and goods that are identified are refused for that, whatever else is wrong.
var silent = []string{"createMeReturnPreview eligibility.selection", "addReturnLineItem line_item.", "verifyReturnReceiptLineItem return_line_item_id"}

var waiting = []string{"decideReturn", "processExistingReturn", "addReturnLineItem", "updateReturnLineItem", "cancelReturn", "cancelMeReturn"}

// spoiled is a body of which one thing is wrong.
type spoiled struct {
	what, path string
	body       any
}

// Every write of returns says of every field what is wrong with it, by its path: fields that there are not, those that
// are missing, numbers and words that cannot be, ids of others, and versions that are over.
func TestWhatReturnsRefuse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		m := &matrix{shop: newShop(t, d)}
		hook := newReceiver(t).URL
		m.user(t, m.a, "owner@a.test", "")
		m.user(t, m.b, "owner@b.test", "")
		m.home = m.furnish(t, "home", m.a, m.a.Sandbox.Scope, m.a.test, hook)
		stranger := m.furnish(t, "stranger", m.b, m.b.Sandbox.Scope, m.b.test, hook)
		asked := m.want(t, 201, m.call(t, "POST", "/v1/returns", m.home.key, fill(t, aReturn, m.home.ids))).data()
		fresh := maps.Clone(m.home.ids)
		fresh["return_id"], fresh["return_line_item_id"] = text(asked, "return_id"), at(asked, "line_items.0.return_line_item_id")
		missing := m.api.Missing()
		for _, r := range httpapi.Routes() {
			path := strings.Replace(r.Path, "/me/", "/", 1)
			if r.Method == "GET" || slices.Contains(missing, r.ID) || !strings.HasPrefix(path, "/v1/return") || m.bodySchema(r) == nil {
				continue
			}
			ids := m.home.ids
			if slices.Contains(waiting, r.ID) {
				ids = fresh
			}
			template := whole[r.ID]
			if template == "" {
				template = bodies[r.ID]
			}
			if template == "" {
				template = m.body(t, r, m.home)
			}
			key := m.home.key
			if r.Path != path {
				key = m.home.me
			}
			send := func(body any) answer {
				raw, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				return m.call(t, r.Method, fill(t, r.Path, ids), key, string(raw), "Idempotency-Key: spoiled")
			}
			for _, s := range m.spoil(m.bodySchema(r), decoded(t, fill(t, template, ids)), "", stranger) {
				if slices.ContainsFunc(silent, func(p string) bool { return strings.HasPrefix(r.ID+" "+s.path, p) }) && slices.Contains([]string{"a huge number", "a negative number", "no id", "an id of somebody else"}, s.what) {
					continue
				}
				switch a := send(s.body); {
				case s.what == "an old version":
					if _, ok := a.fault()["current_version"].(float64); a.status != 409 || a.code() != "RETURN_VERSION_CONFLICT" || !ok {
						t.Errorf("%s, %s: %s", r.ID, s.what, a.body)
					}
				case a.status < 400 || a.status >= 500 || a.status == 401 || a.status == 403:
					t.Errorf("%s, %s at %s: %d %s", r.ID, s.what, s.path, a.status, a.body)
				case !names(a, s.path):
					t.Errorf("%s, %s: %s does not name %s", r.ID, s.what, a.body, s.path)
				}
			}
		}
	})
}

func decoded(t *testing.T, body string) (doc any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &doc); body != "" && err != nil {
		t.Fatalf("a body is not JSON: %v: %s", err, body)
	}
	if doc == nil {
		doc = map[string]any{}
	}
	return doc
}

// names tells whether an answer names the field, or what it is part of.
func names(a answer, path string) bool {
	named := []string{a.param()}
	for _, d := range each(a.fault()["details"]) {
		named = append(named, text(d, "param"))
	}
	return slices.ContainsFunc(named, func(p string) bool { return p != "" && (p == path || strings.HasPrefix(path, p+".")) })
}

// spoil makes one thing wrong with a body, in each way that its description allows.
func (m *matrix) spoil(s *huma.Schema, doc any, at string, stranger *house) (out []spoiled) {
	if s = m.resolve(s); s == nil {
		return nil
	}
	if list, ok := doc.([]any); ok && len(list) > 0 {
		for _, x := range m.spoil(s.Items, list[0], at+"[0]", stranger) {
			x.body = append([]any{x.body}, list[1:]...)
			out = append(out, x)
		}
		return out
	}
	object, ok := doc.(map[string]any)
	if !ok || s.Type != "object" || len(s.Properties) == 0 {
		return nil
	}
	put := func(what, name string, v any) {
		other := maps.Clone(object)
		if other[name] = v; v == nil {
			delete(other, name)
		}
		path := name
		if at != "" {
			path = at + "." + name
		}
		out = append(out, spoiled{what, path, other})
	}
	put("a strange field", "zzz", 1)
	for name, p := range s.Properties {
		p = m.resolve(p)
		value, there := object[name]
		if there && slices.Contains(s.Required, name) {
			put("left out", name, nil)
		}
		switch {
		case p == nil:
		case p.Type == "integer":
			if name != "priority" {
				put("a negative number", name, -1)
			}
			put("a fraction", name, 1.5)
			put("a text", name, "1")
			if name == "expected_version" {
				put("an old version", name, 99)
			} else if name != "priority" {
				put("a huge number", name, int64(1)<<62)
			}
		case p.Type == "string" && len(p.Enum) > 0:
			put("no such word", name, "zzz")
		case there && stranger.ids[idName(name)] != "":
			put("an id of somebody else", name, stranger.ids[idName(name)])
			put("no id", name, "zzz")
		}
		if !there {
			continue
		}
		path := name
		if at != "" {
			path = at + "." + name
		}
		for _, x := range m.spoil(p, value, path, stranger) {
			other := maps.Clone(object)
			other[name] = x.body
			x.body = other
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b spoiled) int { return strings.Compare(fmt.Sprint(a.path, a.what), fmt.Sprint(b.path, b.what)) })
	return out
}

// What a policy refuses a merchant may allow, and says why; where no policy covers a line there is nothing to override.
func TestOverridingAPolicy(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := newCounter(t, d, "")
		decide := func(r *back, more string) string {
			return `{"line_items":[{"return_line_item_id":"` + r.lines[0] + `","decision_basis":"explicit","approved_quantity":1,"return_required_quantity":0,
				"allowed_resolution_types":["refund"],"resolution_mode":"manual"` + more + `}]}`
		}
		const why = `,"override_reason":"customer_service_exception","override_reason_message":"A regular."`
		refused := func(r *back, more string) {
			t.Helper()
			if a := c.refused(t, 400, "returns/"+r.id+"/decide", decide(r, more), "RETURN_INVALID"); a.param() != "line_items[0].override_reason" {
				t.Errorf("%s: %s", more, a.body)
			}
		}
		ineligible := `{"scope":{},"priority":1,"eligibility_result":"ineligible","ineligibility_reason":"final_sale","approval_mode":"manual","is_merchandise_return_required":false}`
		policy := text(c.post(t, 201, "return-policies", `{"name":"Final","revision":`+ineligible+`}`), "return_policy_id")
		o := c.sell(t, item("Mug", 3, 1000), "")

		before := c.ask(t, o, 1) // the policy is not active yet
		wants(t, "without a policy", c.get(t, "returns/"+before.id), map[string]string{
			"line_items.0.eligibility.reason": "no_matching_policy", "line_items.0.eligibility.return_policy_id": "",
		})
		c.patch(t, 200, "return-policies/"+policy, `{"status":"active"}`)
		refused(before, why) // policies that came later do not judge it
		wants(t, "decided without a policy", c.post(t, 200, "returns/"+before.id+"/decide", decide(before, "")), map[string]string{"line_items.0.is_policy_overridden": "false"})

		r := c.ask(t, o, 1)
		wants(t, "with a policy", c.get(t, "returns/"+r.id), map[string]string{"line_items.0.eligibility.status": "ineligible", "line_items.0.eligibility.return_policy_id": policy})
		refused(r, "")
		wants(t, "overridden", c.post(t, 200, "returns/"+r.id+"/decide", decide(r, why)), map[string]string{
			"status": "open", "line_items.0.is_policy_overridden": "true", "line_items.0.override_reason": "customer_service_exception", "line_items.0.override_reason_message": "A regular.",
			"line_items.0.overridden_by.actor_id": c.a.testKey.ID,
		})

		// The policy that judged a line stays its policy, whatever becomes of its units.
		last := c.ask(t, o, 1)
		c.post(t, 201, "refunds", `{"order_id":"`+o.id+`","line_items":[{"order_line_item_id":"`+o.lines[0]+`","quantity":1}]}`)
		c.settle(t)
		wants(t, "noted", c.patch(t, 200, "returns/"+last.id+"/line-items/"+last.lines[0], `{"buyer_note":"Still."}`), map[string]string{
			"line_items.0.eligibility.status": "ineligible", "line_items.0.eligibility.return_policy_id": policy, "line_items.0.buyer_note": "Still.",
		})
		refused(last, "")
	})
}
