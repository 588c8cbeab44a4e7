package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// shipped is an order of a customer with two lines (3 teas, 1 cup), and calls on what fulfils it.
type shipped struct {
	*shop
	orderID  string
	tea, cup string
	me       string
}

func newShipped(t *testing.T, d db.DB) *shipped {
	s := &shipped{shop: newShop(t, d)}
	customerID, session := s.signedIn(t, "ann@buyer.test")
	s.me = text(session, "secret")
	made := s.want(t, 201, s.call(t, "POST", "/v1/orders", s.a.test, `{"customer_id":"`+customerID+`","line_items":[{"name":"Tea","quantity":3,"unit_price_money":`+
		usd(500)+`},{"name":"Cup","unit_price_money":`+usd(900)+`}]}`)).data()
	s.orderID = text(made, "order_id")
	lines := made["line_items"].([]any)
	s.tea, s.cup = text(lines[0].(map[string]any), "order_line_item_id"), text(lines[1].(map[string]any), "order_line_item_id")
	return s
}

func (s *shipped) post(t *testing.T, path, body string, headers ...string) answer {
	t.Helper()
	return s.call(t, "POST", "/v1/"+path, s.a.test, body, headers...)
}

func (s *shipped) get(t *testing.T, path string) answer {
	t.Helper()
	return s.want(t, 200, s.call(t, "GET", "/v1/"+path, s.a.test, ""))
}

func (s *shipped) fulfill(t *testing.T, kind string, tea, cup int, more string) answer {
	t.Helper()
	var lines []string
	for line, n := range map[string]int{s.tea: tea, s.cup: cup} {
		if n > 0 {
			lines = append(lines, fmt.Sprintf(`{"order_line_item_id":"%s","quantity":%d}`, line, n))
		}
	}
	return s.post(t, "orders/"+s.orderID+"/fulfillments", `{"type":"`+kind+`","line_items":[`+strings.Join(lines, ",")+`]`+more+`}`)
}

func (s *shipped) move(t *testing.T, status int, fulfillmentID, action, more string) answer {
	t.Helper()
	return s.want(t, status, s.post(t, "fulfillments/"+fulfillmentID+"/transitions", `{"action":"`+action+`"`+more+`}`))
}

func (s *shipped) orderStatus(t *testing.T) string {
	t.Helper()
	return text(s.get(t, "orders/"+s.orderID).data(), "fulfillment_status")
}

// A parcel goes out, is followed, and its fulfilment is completed: order, lists, timeline and the buyer's reads agree.
func TestFulfillmentOfAParcel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShipped(t, d)
		f := s.want(t, 201, s.fulfill(t, "shipment", 2, 1, `,"recipient":{"email":"gift@buyer.test"},"shipment":{"packaging":"single_package","external_system":"desk","external_reference_id":"s1",
			"package":{"carrier":"UPS","tracking_number":"1Z999","tracking_url":"https://track.test/1Z999","dimensions":{"length":10.5,"width":2,"height":3.125,"unit":"centimeter"},
			"weight":{"value":1.2,"unit":"kilogram"}}}`)).data()
		id := text(f, "fulfillment_id")
		if f["status"] != "pending" || f["request_status"] != "accepted" || f["quantity_effect"] != "preserve" || f["version"] != 1.0 {
			t.Fatalf("%v", f)
		}
		pkg := s.get(t, "packages?fulfillment_id="+id).list()[0].(map[string]any)
		pkgID := text(pkg, "package_id")
		if pkg["status"] != "created" || pkg["dimensions"].(map[string]any)["height"] != 3.125 || pkg["weight"].(map[string]any)["value"] != 1.2 {
			t.Fatalf("%v", pkg)
		}
		if items := s.get(t, "packages/"+pkgID+"/items").list(); len(items) != 2 {
			t.Fatalf("%v", items)
		}
		notes := s.get(t, "fulfillment-notifications?fulfillment_id="+id).list()
		if n := notes[0].(map[string]any); len(notes) != 1 || n["notification_type"] != "tracking_updated" || n["recipient_email"] != "gift@buyer.test" ||
			n["suppression_reason"] != "template_not_configured" {
			t.Fatalf("%v", notes)
		}
		moved := s.want(t, 200, s.post(t, "packages/"+pkgID+"/transitions", `{"action":"mark_shipped","expected_version":1,"buyer_notification_behavior":"suppress"}`)).data()
		if moved["package"].(map[string]any)["version"] != 2.0 || moved["package_status_update"].(map[string]any)["previous_status"] != "created" ||
			moved["fulfillment_notifications"].([]any)[0].(map[string]any)["suppression_reason"] != "source_suppressed" {
			t.Fatalf("%v", moved)
		}
		sh := s.get(t, "shipments?order_id="+s.orderID+"&external_reference_id=s1").list()[0].(map[string]any)
		if sh["status"] != "shipped" || sh["handed_off_at"] == nil || sh["package_count"] != 1.0 {
			t.Fatalf("%v", sh)
		}
		if a := s.move(t, 409, id, "cancel", ""); a.code() != "FULFILLMENT_ACTIVE_SHIPMENT_EXECUTION" {
			t.Fatalf("%s", a.body)
		}
		if a := s.move(t, 409, id, "dispatch", ""); a.code() != "FULFILLMENT_ACTION_NOT_ALLOWED" || a.param() != "action" ||
			a.fault()["details"].([]any)[0].(map[string]any)["current_resource"].(map[string]any)["fulfillment_id"] != id {
			t.Fatalf("%s", a.body)
		}
		done := s.move(t, 200, id, "complete", `,"completed_at":"2026-09-06T10:00:00Z","reason_message":"Signed for","expected_version":1`).data()
		if got := done["fulfillment"].(map[string]any); got["status"] != "completed" || got["completed_at"] != "2026-09-06T10:00:00Z" || len(got["supported_actions"].([]any)) != 0 {
			t.Fatalf("%v", got)
		}
		if a := s.move(t, 200, id, "complete", ""); a.data()["unchanged"] != true {
			t.Fatalf("%s", a.body)
		}
		if got := s.orderStatus(t); got != "partially_fulfilled" {
			t.Fatalf("the order is %s", got)
		}
		rest := text(s.want(t, 201, s.fulfill(t, "pickup", 1, 0, "")).data(), "fulfillment_id")
		s.move(t, 200, rest, "complete", "")
		o := s.get(t, "orders/"+s.orderID+"?expand=fulfillments.packages,fulfillments.shipments").data()
		all := o["fulfillments"].([]any)
		if o["fulfillment_status"] != "fulfilled" || len(all) != 2 || len(all[0].(map[string]any)["packages"].([]any)) != 1 {
			t.Fatalf("%v", o["fulfillments"])
		}
		events := s.get(t, "fulfillment-events?order_id="+s.orderID+"&sort_by=occurred_at").list()
		kinds := []string{}
		for _, e := range events {
			kinds = append(kinds, text(e.(map[string]any), "current_status"))
		}
		slices.Sort(kinds)
		if want := []string{"", "completed", "completed", "shipped"}; !slices.Equal(kinds, want) {
			t.Fatalf("the timeline has %q, want %q", kinds, want)
		}
		for path, n := range map[string]int{"fulfillments?type=pickup": 1, "fulfillments?status=completed&sort_direction=asc": 2, "shipments": 1, "packages?query=1z9": 1,
			"fulfillment-events?order_id=" + s.orderID: 4} {
			got := s.want(t, 200, s.call(t, "GET", "/v1/me/"+path, s.me, ""))
			if len(got.list()) != n || strings.Contains(string(got.body), "label_url") {
				t.Errorf("me/%s: %s", path, got.body)
			}
		}
		_, other := s.signedIn(t, "bob@buyer.test")
		if got := s.want(t, 200, s.call(t, "GET", "/v1/me/packages", text(other, "secret"), "")); len(got.list()) != 0 {
			t.Errorf("another's packages: %s", got.body)
		}
	})
}

// What cannot be asked for is refused with its own code.
func TestFulfillmentRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShipped(t, d)
		create := "orders/" + s.orderID + "/fulfillments"
		line := `"line_items":[{"order_line_item_id":"` + s.tea + `","quantity":1}]`
		f := text(s.want(t, 201, s.fulfill(t, "shipment", 2, 0, "")).data(), "fulfillment_id")
		svc := text(s.want(t, 201, s.fulfill(t, "service", 0, 1, "")).data(), "fulfillment_id")
		sh := text(s.want(t, 201, s.post(t, "fulfillments/"+f+"/shipments", `{"external_system":"desk","external_reference_id":"a"}`)).data()["shipment"].(map[string]any), "shipment_id")
		pkg := text(s.want(t, 201, s.post(t, "shipments/"+sh+"/packages", `{}`)).data()["package"].(map[string]any), "package_id")
		for _, c := range []struct {
			path, body string
			status     int
			code       string
		}{
			{create, `{` + line + `}`, 400, "FULFILLMENT_TYPE_REQUIRED"},
			{create, `{"type":"drone",` + line + `}`, 400, "INVALID_FULFILLMENT_TYPE"},
			{create, `{"type":"shipment","line_items":[]}`, 400, "FULFILLMENT_LINE_ITEMS_REQUIRED"},
			{create, `{"type":"shipment","line_items":[{"order_line_item_id":"li_x","quantity":1}]}`, 400, "ORDER_LINE_ITEM_NOT_FOUND"},
			{create, `{"type":"shipment","line_items":[{"order_line_item_id":"` + s.tea + `","quantity":0}]}`, 400, "FULFILLMENT_QUANTITY_INVALID"},
			{create, `{"type":"shipment","line_items":[{"order_line_item_id":"` + s.tea + `","quantity":4}]}`, 400, "FULFILLMENT_QUANTITY_EXCEEDS_LINE_ITEM"},
			{create, `{"type":"shipment","line_items":[{"order_line_item_id":"` + s.tea + `","quantity":2}]}`, 409, "FULFILLMENT_QUANTITY_EXCEEDS_AVAILABLE"},
			{create, `{"type":"pickup",` + line + `,"digital_details":{}}`, 400, "FULFILLMENT_DETAILS_TYPE_MISMATCH"},
			{create, `{"type":"pickup",` + line + `,"shipment":{"packaging":"single_package","package":{}}}`, 400, "FULFILLMENT_TYPE_NOT_ALLOWED"},
			{create, `{"type":"pickup",` + line + `,"location_id":"loc_1"}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED"},
			{create, `{"type":"service",` + line + `,"service_details":{"scheduled_start_at":"2026-09-08T10:00:00Z","scheduled_end_at":"2026-09-08T11:00:00Z"}}`, 400, "SERVICE_TIMEZONE_REQUIRED"},
			{"fulfillments/" + f + "/transitions", `{"action":"fly"}`, 400, "INVALID_ACTION"},
			{"fulfillments/" + f + "/transitions", `{"action":"fail"}`, 400, "FULFILLMENT_QUANTITY_EFFECT_REQUIRED"},
			{"fulfillments/" + f + "/transitions", `{"action":"start","completed_at":"2026-09-07T10:00:00Z"}`, 400, "UNKNOWN_FIELD"},
			{"fulfillments/" + f + "/transitions", `{"action":"hold"}`, 400, "FULFILLMENT_REASON_INVALID"},
			{"fulfillments/" + f + "/transitions", `{"action":"start","occurred_at":"2027-01-01T00:00:00Z"}`, 400, "INVALID_TIMESTAMP"},
			{"fulfillments/" + f + "/transitions", `{"action":"start","expected_version":9}`, 409, "FULFILLMENT_CHANGED"},
			{"fulfillments/" + f + "/transitions", `{"action":"schedule","scheduled_start_at":"2026-09-08T10:00:00Z","scheduled_end_at":"2026-09-08T11:00:00Z"}`, 409, "FULFILLMENT_SCHEDULE_NOT_ALLOWED"},
			{"fulfillments/" + svc + "/transitions", `{"action":"schedule","scheduled_start_at":"2026-09-08T10:00:00Z","scheduled_end_at":"2026-09-08T11:00:00Z"}`, 400, "FULFILLMENT_TIMEZONE_REQUIRED"},
			{"fulfillments/" + svc + "/transitions", `{"action":"schedule"}`, 400, "FULFILLMENT_SCHEDULE_REQUIRED"},
			{"fulfillments/" + svc + "/shipments", `{}`, 409, "FULFILLMENT_TYPE_NOT_ALLOWED"},
			{"fulfillments/" + f + "/shipments", `{"external_reference_id":"a"}`, 400, "FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_INCOMPLETE"},
			{"fulfillments/" + f + "/shipments", `{"external_system":"desk","external_reference_id":"a","metadata":{"a":"b"}}`, 409, "FULFILLMENT_SHIPMENT_PROVIDER_REFERENCE_CONFLICT"},
			{"fulfillments/" + f + "/shipments", `{"direction":"return"}`, 400, "INVALID_REQUEST"},
			{"fulfillments/" + f + "/shipments", `{"return_id":"ret_1"}`, 400, "RETURN_SHIPMENT_INVALID"},
			{"fulfillments/" + f + "/events", `{"event_type":"shipped","shipment_id":"shp_1"}`, 400, "FULFILLMENT_EVENT_SUBJECT_INVALID"},
			{"fulfillments/" + f + "/events", `{"event_type":"shipped","external_event_id":"e"}`, 400, "FULFILLMENT_EVENT_PROVIDER_IDENTITY_INCOMPLETE"},
			{"shipments/" + sh + "/packages", `{"tracking_url":"http://x.test"}`, 400, "FULFILLMENT_TRACKING_URL_INVALID"},
			{"shipments/" + sh + "/packages", `{"label_url":"https://x.test/l"}`, 400, "FULFILLMENT_LABEL_URL_EXTERNAL_SYSTEM_REQUIRED"},
			{"shipments/" + sh + "/packages", `{"weight":{"value":0,"unit":"gram"}}`, 400, "INVALID_SHIPMENT_WEIGHT"},
			{"packages/" + pkg + "/transitions", `{"action":"mark_delivered"}`, 409, "FULFILLMENT_ACTION_NOT_ALLOWED"},
			{"packages/" + pkg + "/items", `{"order_line_item_id":"` + s.cup + `","quantity":1}`, 400, "SHIPMENT_PACKAGE_ITEM_LINE_ITEM_NOT_IN_FULFILLMENT"},
			{"packages/" + pkg + "/items", `{"order_line_item_id":"` + s.tea + `","quantity":3}`, 409, "SHIPMENT_PACKAGE_ITEM_QUANTITY_EXCEEDS_FULFILLMENT"},
		} {
			if a := s.want(t, c.status, s.post(t, c.path, c.body)); a.code() != c.code {
				t.Errorf("%s %s: %s, want %s", c.path, c.body, a.body, c.code)
			}
		}
		if a := s.want(t, 200, s.post(t, "fulfillments/"+f+"/shipments", `{"external_system":"desk","external_reference_id":"a"}`)); a.data()["replayed"] != true {
			t.Errorf("a repeated reference: %s", a.body)
		}
		seen := `{"event_type":"exception","external_system":"ups","external_event_id":"e1","package_id":"` + pkg + `"}`
		s.want(t, 201, s.post(t, "fulfillments/"+f+"/events", seen))
		if a := s.want(t, 200, s.post(t, "fulfillments/"+f+"/events", seen)); a.data()["replayed"] != true {
			t.Errorf("a repeated event: %s", a.body)
		}
		if a := s.want(t, 409, s.post(t, "fulfillments/"+f+"/events", strings.Replace(seen, "exception", "returned", 1))); a.code() != "FULFILLMENT_EVENT_DEDUPE_CONFLICT" {
			t.Errorf("%s", a.body)
		}
		patch := func(status int, body string) answer {
			t.Helper()
			return s.want(t, status, s.call(t, "PATCH", "/v1/fulfillments/"+svc, s.a.test, body))
		}
		patch(200, `{"service_details":{"notes":"Ring twice","timezone":"Europe/Berlin"},"metadata":{"a":"b"},"recipient":{"name":"Ann"}}`)
		if a := patch(409, `{"completed_at":"2026-09-07T10:00:00Z"}`); a.code() != "FULFILLMENT_COMPLETION_TIMESTAMP_REQUIRES_COMPLETE" {
			t.Errorf("%s", a.body)
		}
		if a := patch(400, `{"pickup_details":{"instructions":"x"}}`); a.code() != "FULFILLMENT_DETAILS_TYPE_MISMATCH" {
			t.Errorf("%s", a.body)
		}
		s.move(t, 200, svc, "mark_ready", "")
		if a := s.move(t, 200, svc, "mark_no_show", `,"reason":"customer_no_show"`).data()["fulfillment"].(map[string]any); a["status"] != "failed" || a["outcome"] == nil || a["quantity_effect"] != "preserve" {
			t.Errorf("%v", a)
		}
		if a := patch(409, `{"service_details":null}`); a.code() != "FULFILLMENT_INACTIVE" {
			t.Errorf("%s", a.body)
		}
		// Units that are promised stay on the order, and canceling gives them back.
		cut := func(status int) answer {
			t.Helper()
			return s.want(t, status, s.call(t, "PATCH", "/v1/orders/"+s.orderID+"/line-items/"+s.tea, s.a.test, `{"quantity":1}`))
		}
		if a := cut(409); a.code() != "FULFILLMENT_QUANTITY_EXCEEDS_LINE_ITEM" {
			t.Errorf("%s", a.body)
		}
		s.move(t, 200, f, "cancel", "")
		if got := s.get(t, "packages/"+pkg).data(); got["status"] != "voided" {
			t.Errorf("%v", got)
		}
		cut(200)
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+s.orderID+"/close", s.a.test, ""))
		if a := s.want(t, 409, s.fulfill(t, "digital", 1, 0, "")); a.code() != "ORDER_NOT_FULFILLABLE" {
			t.Errorf("%s", a.body)
		}
	})
}
