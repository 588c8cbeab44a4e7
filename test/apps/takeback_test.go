package apps

import (
	"net/http"
	"slices"
	"testing"
)

// takenBack is what the tests read of a return.
type takenBack struct {
	ID          string            `json:"return_id"`
	Status      string            `json:"status"`
	Goods       string            `json:"merchandise_status"`
	Resolution  string            `json:"resolution_status"`
	Receipts    int               `json:"receipt_count"`
	Resolutions int               `json:"resolution_count"`
	Metadata    map[string]string `json:"metadata"`
	Money       struct {
		Refunded  usd `json:"refunded_money"`
		Collected usd `json:"collected_money"`
		DueFrom   usd `json:"due_from_buyer_money"`
		DueTo     usd `json:"due_to_buyer_money"`
	} `json:"financial_summary"`
	Lines []struct {
		ID        string `json:"return_line_item_id"`
		Approved  int64  `json:"approved_quantity"`
		Required  int64  `json:"return_required_quantity"`
		Inspected bool   `json:"is_inspection_required"`
	} `json:"line_items"`
}

// settled is what the tests read of a resolution.
type settled struct {
	ID          string   `json:"return_resolution_id"`
	Type        string   `json:"resolution_type"`
	Status      string   `json:"status"`
	Waits       string   `json:"action_reason"`
	Replacement string   `json:"replacement_order_id"`
	Payments    []string `json:"payment_intent_ids"`
	Payment     usd      `json:"buyer_payment_amount_money"`
}

// bought is what the tests read of an order.
type bought struct {
	ID      string `json:"order_id"`
	Payment string `json:"payment_status"`
	Lines   []struct {
		ID       string `json:"order_line_item_id"`
		Quantity int64  `json:"quantity"`
	} `json:"line_items"`
	Money struct {
		Paid        usd `json:"paid_money"`
		Refunded    usd `json:"refunded_money"`
		Outstanding usd `json:"outstanding_money"`
		Credit      usd `json:"credit_money"`
	} `json:"settlement_amounts"`
}

// post calls the API as the merchant and returns what is under data.
func post[T any](p *platform, path string, in any) (out T) {
	p.t.Helper()
	p.api(p.APIKey, http.MethodPost, path, in, &out)
	return out
}

func get[T any](p *platform, path string) (out T) {
	p.t.Helper()
	p.api(p.APIKey, http.MethodGet, path, nil, &out)
	return out
}

type fields map[string]any

// sell makes a paid order of one mug that was handed over.
func (p *platform) sell(cents int64) bought {
	p.t.Helper()
	o := post[bought](p, "/v1/orders", fields{"line_items": []fields{{"name": "Enamel mug", "quantity": 1, "unit_price_money": usd{cents, "USD"}}}})
	post[fields](p, "/v1/orders/"+o.ID+"/pay", fields{"action": "pay", "payment_source": fields{"token": "simtok_approve"}})
	p.handOver(o.ID)
	return o
}

func (p *platform) handOver(orderID string) {
	p.t.Helper()
	var lines []fields
	for _, l := range get[bought](p, "/v1/orders/"+orderID).Lines {
		lines = append(lines, fields{"order_line_item_id": l.ID, "quantity": l.Quantity})
	}
	made := post[struct {
		ID string `json:"fulfillment_id"`
	}](p, "/v1/orders/"+orderID+"/fulfillments", fields{"type": "service", "line_items": lines})
	post[fields](p, "/v1/fulfillments/"+made.ID+"/transitions", fields{"action": "complete"})
}

// ask wants the mug back; wish is what the buyer would like for it, if they say.
func (p *platform) ask(o bought, wish string) string {
	p.t.Helper()
	reasons := get[[]struct {
		ID string `json:"return_reason_id"`
	}](p, "/v1/return-reasons")
	line := fields{"order_line_item_id": o.Lines[0].ID, "requested_quantity": 1, "return_reason_id": reasons[0].ID, "buyer_note": "Too small."}
	if wish != "" {
		line["requested_resolution_type"] = wish
	}
	return post[takenBack](p, "/v1/returns", fields{"order_id": o.ID, "line_items": []fields{line}}).ID
}

func (p *platform) back(returnID string) takenBack {
	p.t.Helper()
	return get[takenBack](p, "/v1/returns/"+returnID)
}

func (p *platform) resolutions(returnID string) []settled {
	p.t.Helper()
	return get[[]settled](p, "/v1/return-resolutions?return_id="+returnID)
}

// until waits until a return is as described.
func (p *platform) until(returnID, what string, is func(takenBack) bool) {
	p.t.Helper()
	eventually(p.t, "the return is "+what, func() bool { return is(p.back(returnID)) })
}

func (p *platform) untilDone(returnID string) {
	p.t.Helper()
	p.until(returnID, "completed", func(r takenBack) bool { return r.Status == "completed" })
}

// expect compares what an order says of its money; nothing is owed either way.
func (p *platform) expect(orderID string, paid, refunded int64) {
	p.t.Helper()
	got := get[bought](p, "/v1/orders/"+orderID).Money
	if got.Paid.Amount != paid || got.Refunded.Amount != refunded || got.Outstanding.Amount != 0 || got.Credit.Amount != 0 {
		p.t.Errorf("the order's money is %+v, want %d paid and %d refunded", got, paid, refunded)
	}
}

// expectActs compares what an app did to an order, by its timeline: each act once.
func (p *platform) expectActs(orderID, app string, acts ...string) {
	p.t.Helper()
	var did []string
	for _, row := range get[[]struct {
		Type  string `json:"type"`
		Actor struct {
			Type string `json:"type"`
			Name string `json:"name"`
		} `json:"actor"`
	}](p, "/v1/orders/"+orderID+"/timeline?page_size=100") {
		if row.Actor.Type == "app" && row.Actor.Name == app && slices.Contains(acts, row.Type) {
			did = append(did, row.Type)
		}
	}
	slices.Sort(did)
	if want := slices.Sorted(slices.Values(acts)); !slices.Equal(did, want) {
		p.t.Errorf("by the timeline %s did %v, want %v", app, did, want)
	}
}

// expectClean asks the doctor.
func expectClean(t testing.TB, p *platform) {
	t.Helper()
	run(t, "", "doctor", "--data", p.data)
}
