package httpapi_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

func TestADefaultCardThatIsRemovedIsTheDefaultNoMore(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		id := s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"ada@buyer.test"}`)).data()["customer_id"].(string)
		saving := s.want(t, 201, s.call(t, "POST", "/v1/payment-methods", s.a.test, `{"customer_id":"`+id+`"}`))
		card := "/v1/payment-methods/" + saving.data()["payment_method"].(map[string]any)["payment_method_id"].(string)
		s.code(t, 409, "PAYMENT_METHOD_NOT_ACTIVE", s.call(t, "POST", card+"/set-default", s.a.test, ""))
		s.completeSetup(t, saving)
		s.want(t, 200, s.call(t, "POST", card+"/set-default", s.a.test, ""))
		who := func() any {
			return s.want(t, 200, s.call(t, "GET", "/v1/customers/"+id, s.a.test, "")).data()["default_payment_method_id"]
		}
		if who() == nil {
			t.Error("the customer has no default")
		}
		s.want(t, 404, s.call(t, "DELETE", card, s.b.test, ""))
		s.want(t, 200, s.call(t, "DELETE", card, s.a.test, ""))
		if got := who(); got != nil {
			t.Errorf("a removed card is the default: %v", got)
		}
		s.code(t, 409, "PAYMENT_METHOD_NOT_ACTIVE", s.call(t, "POST", card+"/set-default", s.a.test, ""))
		if got := s.want(t, 200, s.call(t, "GET", "/v1/payment-methods?customer_id="+id, s.a.test, "")).list(); len(got) != 0 {
			t.Errorf("listed after its removal: %v", got)
		}
	})
}
