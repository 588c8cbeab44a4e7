package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/processor/simulator"
)

// paidOrder is an order of 1000 that was paid; it returns the order and its payment.
func (s *shop) paidOrder(t *testing.T, key string) (order, intent, line string) {
	t.Helper()
	o := s.want(t, 201, s.call(t, "POST", "/v1/orders", key, `{"line_items":[{"name":"x","unit_price_money":`+usd(1000)+`}]}`)).data()
	order = o["order_id"].(string)
	line = o["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
	s.want(t, 200, s.call(t, "POST", "/v1/orders/"+order+"/pay", key, `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(1000)+`}`))
	intent = s.call(t, "GET", "/v1/payment-intents?order_id="+order, key, "").list()[0].(map[string]any)["payment_intent_id"].(string)
	return order, intent, line
}

// TestRefundsNeedMoreThanTheirScope: explicit taxes, goodwill and disputed payments each have a scope of their own, and
// a refund above the limit a second key.
func TestRefundsNeedMoreThanTheirScope(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key, scope := s.a.test, s.a.Sandbox.Scope
		order, intent, line := s.paidOrder(t, key)
		plain, _ := s.keyOf(t, scope, "plain", []string{"commerce.refunds.write", "commerce.refunds.read"}, time.Time{})
		for _, extra := range []string{
			`"goodwill_money":` + usd(1),
			`"allow_disputed":true`,
			`"line_items":[{"order_line_item_id":"` + line + `","tax_refund_mode":"explicit","tax_money":` + usd(0) + `,"tax_adjustment_reason":{"code":"x"}}]`,
		} {
			if a := s.want(t, 403, s.call(t, "POST", "/v1/refunds", plain, `{"order_id":"`+order+`",`+extra+`}`)); a.code() != "INSUFFICIENT_SCOPE" {
				t.Errorf("%s: %s", extra, a.body)
			}
		}
		if _, err := s.simulator.OpenDispute(context.Background(), simulator.OpenInput{Scope: scope, PaymentID: intent, Amount: 400}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.simulator.DeliverDue(context.Background()); err != nil {
			t.Fatal(err)
		}
		found := s.call(t, "GET", "/v1/disputes?payment_intent_id="+intent+"&status=needs_response", key, "").list()[0].(map[string]any)
		if found["action_required"] != true || found["payment_option"] != "card" || amountOf(found["withdrawn_money"]) != "400" {
			t.Errorf("the dispute: %v", found)
		}
		full := s.want(t, 200, s.call(t, "GET", "/v1/disputes/"+found["dispute_id"].(string)+"?expand=order,payment_intent", key, "")).data()
		if full["order"] == nil || full["payment_intent"] == nil {
			t.Errorf("not expanded: %v", full)
		}
		if n := len(s.call(t, "GET", "/v1/payment-intents?dispute_status=needs_response", key, "").list()); n != 1 {
			t.Errorf("%d payments under dispute", n)
		}
		ask := `{"order_id":"` + order + `","amount_money":` + usd(100)
		if a := s.want(t, 409, s.call(t, "POST", "/v1/refunds", key, ask+`}`)); a.code() != "PAYMENT_INTENT_DISPUTED" {
			t.Errorf("%s", a.body)
		}
		s.want(t, 201, s.call(t, "POST", "/v1/refunds", key, ask+`,"allow_disputed":true}`))

		s.want(t, 200, s.call(t, "PATCH", "/v1/settings", key, `{"refunds":{"refund_approval_limit_money":`+usd(300)+`}}`))
		order, _, _ = s.paidOrder(t, key)
		waiting := s.want(t, 201, s.call(t, "POST", "/v1/refunds", plain, `{"order_id":"`+order+`","amount_money":`+usd(500)+`}`)).data()
		id := waiting["refund_id"].(string)
		if waiting["status"] != "requires_action" || waiting["approval"].(map[string]any)["status"] != "pending" {
			t.Errorf("above the limit: %v", waiting)
		}
		if a := s.want(t, 403, s.call(t, "POST", "/v1/refunds/"+id+"/approve", plain, `{}`)); a.code() != "REFUND_APPROVAL_NEEDS_SECOND_PERSON" {
			t.Errorf("%s", a.body)
		}
		if done := s.want(t, 200, s.call(t, "POST", "/v1/refunds/"+id+"/approve", key, `{"note":"seen"}`)).data(); done["status"] != "pending" {
			t.Errorf("approved: %v", done)
		}
		if a := s.want(t, 409, s.call(t, "POST", "/v1/refunds/"+id+"/reject", key, `{}`)); a.code() != "REFUND_NOT_AWAITING_APPROVAL" {
			t.Errorf("%s", a.body)
		}
	})
}

// TestKeysOfOneHolderAreOnePerson: a key that another key or a user made approves nothing that they asked for, however
// long the chain; what the operator made apart from them does.
func TestKeysOfOneHolderAreOnePerson(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		ctx, scope := context.Background(), s.a.Sandbox.Scope
		all := []string{"accounts.api_keys.write", "accounts.api_keys.read", "commerce.refunds.write", "commerce.refunds.read"}
		// make lets a credential make a key, as the API does.
		make := func(giver string, name string) (key string, made map[string]any) {
			a := s.want(t, 201, s.call(t, "POST", "/v1/api-keys", giver, `{"name":"`+name+`","scopes":["`+strings.Join(all, `","`)+`"],"sandbox_id":"`+scope.EnvironmentID+`"}`)).data()
			return text(a, "secret_key"), a
		}
		root, rootKey := s.keyOf(t, scope, "root", all, time.Time{})
		child, shown := make(root, "child")
		grandchild, _ := make(child, "grandchild")
		if shown["held_by"] != "api_key:"+rootKey.ID {
			t.Errorf("the child is held by %v", shown["held_by"])
		}
		user := auth.Principal{Kind: auth.CLIToken, ID: "otok_1", UserID: "usr_1", Scope: scope, Scopes: auth.ScopesOf(all...)}
		ofUser := func(name string) (key string) {
			if err := d.Write(ctx, func(tx db.Tx) error {
				_, secret, err := s.keys.CreateKey(ctx, tx, auth.CreateKeyInput{Scope: scope, Name: name, Scopes: all, Giver: &user, Now: s.clock.Now()})
				key = secret.Reveal()
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return key
		}
		till, desk := ofUser("till"), ofUser("desk")
		apart, _ := s.keyOf(t, scope, "apart", all, time.Time{})
		s.want(t, 200, s.call(t, "PATCH", "/v1/settings", s.a.test, `{"refunds":{"refund_approval_limit_money":`+usd(300)+`}}`))
		for _, c := range []struct {
			asks, approves string
			may            bool
		}{
			{root, root, false}, {root, child, false}, {child, root, false}, {child, grandchild, false}, {grandchild, root, false},
			{till, desk, false}, {till, till, false}, {till, root, true}, {grandchild, till, true}, {root, apart, true}, {apart, child, true},
		} {
			order, _, _ := s.paidOrder(t, s.a.test)
			id := text(s.want(t, 201, s.call(t, "POST", "/v1/refunds", c.asks, `{"order_id":"`+order+`","amount_money":`+usd(500)+`}`)).data(), "refund_id")
			if a := s.call(t, "POST", "/v1/refunds/"+id+"/approve", c.approves, `{}`); c.may && a.status != 200 || !c.may && a.code() != "REFUND_APPROVAL_NEEDS_SECOND_PERSON" {
				t.Errorf("may approve: %v, got %s", c.may, a.body)
			}
		}

		// What waits since before holders were kept knows the credential alone.
		order, _, _ := s.paidOrder(t, s.a.test)
		id := text(s.want(t, 201, s.call(t, "POST", "/v1/refunds", root, `{"order_id":"`+order+`","amount_money":`+usd(500)+`}`)).data(), "refund_id")
		if err := d.Write(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(`UPDATE refunds SET detail = REPLACE(detail, ',"person":"api_key:`+rootKey.ID+`"', '') WHERE refund_id = $1`, id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if a := s.want(t, 403, s.call(t, "POST", "/v1/refunds/"+id+"/approve", child, `{}`)); a.code() != "REFUND_APPROVAL_NEEDS_SECOND_PERSON" {
			t.Errorf("%s", a.body)
		}
		s.want(t, 200, s.call(t, "POST", "/v1/refunds/"+id+"/approve", apart, `{}`))
	})
}
