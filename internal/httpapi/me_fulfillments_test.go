package httpapi_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// The lists of somebody who bought nothing are empty, and what they are asked is still checked.
func TestMyFulfillments(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		_, session := s.signedIn(t, "ann@buyer.test")
		key := text(session, "secret")
		for _, path := range []string{"fulfillments?status=dispatched&type=pickup&sort_direction=asc&page_size=1", "fulfillment-events?order_id=ord_1",
			"shipments?handed_off_after=2026-01-01T00:00:00Z&return_id=ret_1", "packages?shipment_id=shp_1&query=x"} {
			if a := s.want(t, 200, s.call(t, "GET", "/v1/me/"+path, key, "")); len(a.list()) != 0 {
				t.Errorf("%s: %s", path, a.body)
			}
			s.want(t, 403, s.call(t, "GET", "/v1/me/"+path, s.a.test, ""))
		}
		for path, code := range map[string]string{
			"fulfillments?status=lost": "INVALID_FULFILLMENT_STATUS", "fulfillments?created_after=x": "", "fulfillment-events": "PORTAL_ORDER_ID_REQUIRED",
			"shipments?page_size=0": "", "packages?page_token=x": "INVALID_PAGE_TOKEN", "packages?status=packed": "",
		} {
			if a := s.want(t, 400, s.call(t, "GET", "/v1/me/"+path, key, "")); code != "" && a.code() != code {
				t.Errorf("%s: %s", path, a.body)
			}
		}
	})
}
