package httpapi_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// house is a merchant environment with one object of every kind, all of them marked: no other house may
// ever see the mark or an id.
type house struct {
	scope tenant.Scope
	key   string // with every scope
	mark  string
	ids   map[string]string // by the name of the path parameter
	buyer []string          // the headers of a checkout credential over another order than order_id
}

// bodies are valid requests of the operations that take one; {name} stands for an id. An operation that is
// not here is called with {}.
var bodies = map[string]string{
	"createAPIKey": `{"name":"x","scopes":["customers.read"],"sandbox_id":"{sandbox_id}"}`, "updateAPIKey": `{"name":"x"}`,
	"createDeveloperSandbox": `{"name":"x"}`, "issueDeveloperSandboxTestKey": `{"name":"x","scopes":["customers.read"]}`,
	"revokeAPIKey": ``, "deleteDeveloperSandbox": ``, "resetDeveloperSandbox": ``,
	"updateMerchant": `{"business_name":"x"}`,
	"createCustomer": `{"email":"x@buyer.test","name":"x"}`, "updateCustomer": `{"name":"x"}`,
	"createOrder": `{"customer_id":"{customer_id}","line_items":[{"name":"x","unit_price_money":` + usd(500) + `}]}`,
	"updateOrder": `{"customer_id":"{customer_id}"}`, "closeOrder": `{"reason_message":"x"}`,
	"addOrderLineItems":   `{"line_items":[{"name":"x","unit_price_money":` + usd(100) + `}]}`,
	"updateOrderLineItem": `{"metadata":{"k":"x"}}`, "deleteOrderLineItem": ``,
	"addOrderCharge":    `{"charge":{"type":"delivery_fee","name":"x","amount_money":` + usd(300) + `}}`,
	"updateOrderCharge": `{"name":"x"}`, "deleteOrderCharge": ``,
	"applyOrderDiscount":   `{"manual":{"name":"x","amount_money":` + usd(1) + `,"discount_class":"order"}}`,
	"removeOrderDiscounts": `{"order_discount_ids":["disc_01J00000000000000000000000"]}`, "repriceOrderDiscounts": ``,
	"sendOrderReceipt": `{"email":"x@buyer.test"}`,
	"payOrder": `{"action":"confirm_payment_intents","payment_intents":[{"payment_intent_id":"{payment_intent_id}","token":"simtok_approve"}],
		"expected_outstanding_money":` + usd(500) + `}`,
	"createOrderPaymentIntent": `{"amount_money":` + usd(100) + `}`,
	"captureOrderPayment":      ``, "cancelOrderPayment": ``, "cancelOrderPaymentAttempt": ``,
	"createRefund": `{"order_id":"{order_id}","amount_money":` + usd(1) + `}`, "updateRefund": `{"metadata":{"a":"x"}}`,
	"checkoutSessions.create": `{"order_id":"{open_order_id}"}`, "checkoutSessions.update": `{"metadata":{"a":"x"}}`, "checkoutSessions.closeSession": ``,
	"createWebhookEndpoint": `{"url":"https://x.test/hook"}`, "updateWebhookEndpoint": `{"description":"x"}`, "deleteWebhookEndpoint": ``,
	"createDeveloperPartnerApp": `{"name":"x","redirect_uris":["https://x.test/"],"permission_manifest":[{"permission_id":"x","title":"x","description":"x","required_scopes":["customers.read"]}]}`,
	"updateDeveloperPartnerApp": `{"api_version":"` + httpapi.Version + `"}`, "rotateDeveloperPartnerAppSecret": ``, "deleteDeveloperPartnerApp": ``,
	"publishDeveloperPartnerAppVersion": `{"name":"x"}`, "acknowledgeDeveloperPartnerAppDataRequest": `{}`,
	"revokeDeveloperPartnerAppInstall": ``, "revokeDeveloperPartnerEnvironmentGrant": ``,
	"pauseInstalledApp": ``, "resumeInstalledApp": ``, "removeInstalledApp": ``, "revokeInstalledAppGrant": ``,
	"updateInstalledAppLimits": `{"own_orders_only":false}`, "acceptInstalledAppPermissions": `{"app_version":1}`,
	"approveAppApproval": ``, "refuseAppApproval": `{"reason":"x"}`, "createDataRequest": `{"topic":"customer_redact","customer_id":"{customer_id}"}`,
	"acknowledgeDataRequest": `{}`,
	"rotateWebhookSecret":    ``, "createWebhookTestEvent": `{"event_type":"order.paid"}`, "resendWebhookDelivery": ``,
}

// furnish makes the objects of a house through the API.
func (s *shop) furnish(t *testing.T, name string, scope tenant.Scope, key, hook string) *house {
	t.Helper()
	h := &house{scope: scope, key: key, mark: "mark-of-" + name, ids: map[string]string{"sandbox_id": scope.EnvironmentID}}
	take := func(a answer, names ...string) answer {
		t.Helper()
		if a.status > 201 {
			t.Fatalf("furnish %s: %s", name, a.body)
		}
		for _, n := range names {
			v := textIn(a.data(), func(name, _ string) bool { return name == n })
			if v == "" {
				t.Fatalf("furnish %s: no %s in %s", name, n, a.body)
			}
			h.ids[n] = v
		}
		return a
	}
	post := func(path, body string) answer { t.Helper(); return s.call(t, "POST", "/v1/"+path, key, body) }
	order := func() string {
		return take(post("orders", `{"internal_note":"`+h.mark+`","customer_id":"`+h.ids["customer_id"]+
			`","line_items":[{"name":"`+h.mark+`","unit_price_money":`+usd(500)+`}]}`)).data()["order_id"].(string)
	}
	take(post("customers", `{"email":"`+h.mark+`@buyer.test","name":"`+h.mark+`"}`), "customer_id")
	take(post("webhook-endpoints", `{"url":"`+hook+`","description":"`+h.mark+`"}`), "webhook_endpoint_id")
	take(post("webhook-endpoints/"+h.ids["webhook_endpoint_id"]+"/test-events", `{"event_type":"order.paid"}`), "webhook_delivery_id", "webhook_event_id")
	_, made := s.keyOf(t, scope, h.mark, []string{"customers.read"}, time.Time{})
	h.ids["api_key_id"] = made.ID

	h.ids["order_id"], h.ids["open_order_id"] = order(), order()
	o := "orders/" + h.ids["order_id"]
	charged := take(post(o+"/charges", `{"charge":{"type":"delivery_fee","name":"`+h.mark+`","amount_money":`+usd(100)+`}}`)).data()
	h.ids["order_line_item_id"] = charged["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
	h.ids["order_charge_id"] = charged["charges"].([]any)[0].(map[string]any)["order_charge_id"].(string)
	take(post("checkout-sessions", `{"order_id":"`+h.ids["order_id"]+`","metadata":{"m":"`+h.mark+`"}}`), "checkout_session_id")
	paid := take(post(o+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(600)+`}`)).data()
	h.ids["order_payment_attempt_id"] = paid["payment_attempt"].(map[string]any)["order_payment_attempt_id"].(string)
	intents := s.call(t, "GET", "/v1/payment-intents?order_id="+h.ids["order_id"], key, "").list()
	h.ids["payment_intent_id"] = intents[0].(map[string]any)["payment_intent_id"].(string)
	take(post("refunds", `{"order_id":"`+h.ids["order_id"]+`","amount_money":`+usd(100)+`,"reason_message":"`+h.mark+`"}`), "refund_id")
	live := s.a.Live.Scope
	if scope.MerchantID == s.b.Merchant.ID {
		live = s.b.Live.Scope
	}
	its, grant := s.install(t, live, scope)
	h.ids["partner_app_id"], h.ids["partner_app_install_id"], h.ids["environment_grant_id"] = its.ID, grant.InstallID, grant.ID
	if err := s.db.Write(context.Background(), func(tx db.Tx) error {
		_, err := s.services.Apps.SetLimits(tx.Context(), tx, app.SetLimitsInput{MerchantID: scope.MerchantID, InstallID: grant.InstallID,
			ApprovalAbove: &[]money.Amount{{Minor: 1, Currency: "USD"}}, Now: s.clock.Now()})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	asked := s.call(t, "POST", "/v1/refunds", tokenOf(grant), `{"order_id":"`+h.ids["order_id"]+`","amount_money":`+usd(2)+`}`)
	if h.ids["app_approval_id"], _ = asked.fault()["app_approval_id"].(string); h.ids["app_approval_id"] == "" {
		t.Fatalf("furnish %s: %s", name, asked.body)
	}
	take(post("data-requests", `{"topic":"customer_data","customer_id":"`+h.ids["customer_id"]+`","note":"`+h.mark+`"}`), "data_request_id")
	access := take(post("checkout-sessions", `{"order_id":"`+order()+`"}`)).data()
	h.buyer = credentialIn(t, access)
	return h
}

// credentialIn finds the credential pair in the answer that opened a session.
func credentialIn(t *testing.T, data map[string]any) []string {
	t.Helper()
	session := textIn(data, func(name, _ string) bool { return name == "checkout_session_id" })
	key := textIn(data, func(_, v string) bool { return strings.HasPrefix(v, "csauth_") })
	if session == "" || key == "" {
		t.Fatalf("no credential in %v", data)
	}
	return []string{"X-Checkout-Session-ID: " + session, "X-Checkout-Session-Secret: " + key}
}

// textIn finds a text in an object and the objects below it.
func textIn(data map[string]any, is func(name, v string) bool) string {
	for name, v := range data {
		switch v := v.(type) {
		case string:
			if is(name, v) {
				return v
			}
		case map[string]any:
			if found := textIn(v, is); found != "" {
				return found
			}
		}
	}
	return ""
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// fill puts ids into a path or body; a name that nobody knows fails the test, for then a new kind of
// object is not furnished.
func fill(t *testing.T, template string, ids map[string]string) string {
	t.Helper()
	return placeholder.ReplaceAllStringFunc(template, func(p string) string {
		v, ok := ids[p[1:len(p)-1]]
		if !ok {
			t.Fatalf("no house has a %s: furnish makes one of every kind", p)
		}
		return v
	})
}

// ghosts are ids of the same kinds that nothing has.
func ghosts(ids map[string]string) map[string]string {
	out := map[string]string{}
	for name, v := range ids {
		prefix, _, _ := strings.Cut(v, "_")
		out[name] = prefix + "_01J00000000000000000000000"
	}
	return out
}

// state tells how many rows each table of merchants has and when they last changed.
func (s *shop) state(t *testing.T) string {
	t.Helper()
	tables := `SELECT name, EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'updated_at') FROM sqlite_master m
		WHERE type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'merchant_id') ORDER BY name`
	if s.db.Engine() == db.Postgres {
		tables = `SELECT t.table_name, (SELECT COUNT(*) FROM information_schema.columns c WHERE c.table_schema = t.table_schema
			AND c.table_name = t.table_name AND c.column_name = 'updated_at') FROM information_schema.tables t
			WHERE t.table_schema = current_schema() AND EXISTS (SELECT 1 FROM information_schema.columns c
			WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.column_name = 'merchant_id') ORDER BY 1`
	}
	var out strings.Builder
	err := s.db.Read(context.Background(), func(tx db.Tx) error {
		type table struct {
			name    string
			updated int64
		}
		var all []table
		if err := tx.Query(func(r db.Row) error {
			var v table
			err := r.Scan(&v.name, &v.updated)
			all = append(all, v)
			return err
		}, tables); err != nil {
			return err
		}
		for _, v := range all {
			var rows, last int64
			sum := "0"
			if v.updated > 0 {
				sum = "COALESCE(MAX(updated_at), 0)"
			}
			if err := tx.QueryRow([]any{&rows, &last}, `SELECT COUNT(*), `+sum+` FROM "`+v.name+`"`); err != nil {
				return err
			}
			fmt.Fprintln(&out, v.name, rows, last)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read the state: %v", err)
	}
	return out.String()
}

func (s *shop) keyOf(t *testing.T, scope tenant.Scope, name string, scopes []string, expires time.Time) (string, auth.Key) {
	t.Helper()
	var text secret.Text
	var k auth.Key
	if err := s.db.Write(context.Background(), func(tx db.Tx) (err error) {
		k, text, err = s.keys.CreateKey(tx.Context(), tx, auth.CreateKeyInput{Scope: scope, Name: name, Scopes: scopes, ExpiresAt: expires, Now: s.clock.Now()})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return text.Reveal(), k
}

// TestNothingCrossesTenants calls every registered operation with every kind of credential and with ids
// of every other tenant. Nothing may leak or act, and what belongs to somebody else looks like what does
// not exist. The cells come from the table of routes, so a new operation is in them.
func TestNothingCrossesTenants(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d, func(s *shop) {
			s.services.Receipts = &notification.Service{DB: d, Orders: func(_ context.Context, tx db.Tx, scope tenant.Scope, orderID string) (notification.Order, error) {
				_, err := s.services.Orders.Load(tx, scope, orderID)
				return notification.Order{}, err // not paid: a receipt that may be asked for is refused
			}}
		})
		hook := newReceiver(t).URL
		var second merchant.Environment
		if err := d.Write(t.Context(), func(tx db.Tx) (err error) {
			second, err = s.merchants.CreateSandbox(tx.Context(), tx, merchant.CreateSandboxInput{MerchantID: s.a.Merchant.ID, Name: "second", Now: start})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		all := auth.AllScopes().Names()
		secondKey, _ := s.keyOf(t, second.Scope, "second", all, time.Time{})
		home := s.furnish(t, "home", s.a.Sandbox.Scope, s.a.test, hook)
		strangers := map[string]*house{"other merchant": s.furnish(t, "stranger", s.b.Sandbox.Scope, s.b.test, hook)}
		if s.db.Engine() == db.SQLite { // the code is the same on PostgreSQL
			strangers["other sandbox"] = s.furnish(t, "second", second.Scope, secondKey, hook)
			strangers["own live"] = s.furnish(t, "live", s.a.Live.Scope, s.a.live, hook)
			strangers["other merchant's live"] = s.furnish(t, "strangelive", s.b.Live.Scope, s.b.live, hook)
		}

		revoked, revokedKey := s.keyOf(t, home.scope, "revoked", all, time.Time{})
		expired, _ := s.keyOf(t, home.scope, "expired", all, s.clock.Now().Add(time.Hour))
		narrow, narrowKey := s.keyOf(t, home.scope, "narrow", []string{"capabilities.read"}, time.Time{})
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := s.keys.RevokeKey(tx.Context(), tx, home.scope.MerchantID, "", revokedKey.ID, s.clock.Now())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		s.clock.Set(s.clock.Now().Add(2 * time.Hour)) // so that a change would show, and the expired key is

		missing, cells := s.api.Missing(), 0
		var routes []httpapi.Route
		for _, r := range httpapi.Routes() {
			if r.By != auth.Nobody && !slices.Contains(missing, r.ID) {
				routes = append(routes, r)
			}
		}
		ask := func(r httpapi.Route, path, body, key string, headers ...string) answer {
			cells++
			if r.Key == httpapi.KeyRequired {
				headers = append(headers, "Idempotency-Key: "+fmt.Sprint("cell-", cells))
			}
			if r.Method == "GET" {
				body = ""
			}
			return s.call(t, r.Method, path, key, body, headers...)
		}
		for _, r := range routes {
			body, known := bodies[r.ID]
			if !known && r.Method != "GET" && r.Method != "DELETE" {
				body = "{}"
			}
			before := s.state(t)
			params := placeholder.FindAllStringSubmatch(r.Path, -1)
			victims := fill(t, r.Path, home.ids)

			for name, key := range map[string]string{"nothing": "", "a made-up key": auth.PrefixTestKey + "x", "a revoked key": revoked, "an expired key": expired} {
				if a := ask(r, victims, fill(t, body, home.ids), key); a.status != 401 && r.By&auth.Nobody == 0 {
					t.Errorf("%s with %s: %d %s", r.ID, name, a.status, a.body)
				}
			}
			if len(r.Need.Missing(narrowKey.Scopes)) > 0 {
				if a := ask(r, victims, fill(t, body, home.ids), narrow); a.status != 403 {
					t.Errorf("%s without its scope: %d %s", r.ID, a.status, a.body)
				}
			}
			for name, h := range map[string]*house{"another session of the environment": home, "another merchant's session": strangers["other merchant"]} {
				if len(params) == 0 && r.By&auth.CheckoutCredential != 0 {
					continue
				}
				a := ask(r, victims, fill(t, body, home.ids), "", h.buyer...)
				if r.By&auth.CheckoutCredential == 0 && a.status != 403 || a.status < 400 || a.status >= 500 || h != home && strings.Contains(string(a.body), home.mark) {
					t.Errorf("%s with %s: %d %s", r.ID, name, a.status, a.body)
				}
			}

			for name, h := range strangers {
				if s.mayManage(r, h, home) {
					continue
				}
				foreign := func(what, path, text, ghostPath, ghostText string) {
					t.Helper()
					a, ghost := ask(r, path, text, h.key), ask(r, ghostPath, ghostText, h.key)
					leaks := strings.Contains(string(a.body), home.mark)
					for _, v := range home.ids {
						leaks = leaks || strings.Contains(string(a.body), v)
					}
					if leaks || a.status < 400 || a.status >= 500 || a.status != ghost.status || a.code() != ghost.code() || a.param() != ghost.param() {
						t.Errorf("%s as %s with %s: %d %s, for what does not exist %d %s", r.ID, name, what, a.status, a.body, ghost.status, ghost.body)
					}
					if known && a.status != 404 && a.status != 403 && a.status != 409 && what != "a foreign id in the body" {
						t.Errorf("%s as %s with %s: %d %s", r.ID, name, what, a.status, a.body)
					}
				}
				none := ghosts(home.ids)
				if len(params) > 0 {
					foreign("foreign ids", victims, fill(t, body, h.ids), fill(t, r.Path, none), fill(t, body, h.ids))
				}
				if len(params) > 1 {
					for _, p := range params {
						mixed, ghost := map[string]string{}, map[string]string{}
						for n, v := range h.ids {
							mixed[n], ghost[n] = v, v
						}
						mixed[p[1]], ghost[p[1]] = home.ids[p[1]], none[p[1]]
						foreign("a foreign "+p[1], fill(t, r.Path, mixed), fill(t, body, h.ids), fill(t, r.Path, ghost), fill(t, body, h.ids))
					}
				}
				if placeholder.MatchString(body) {
					foreign("a foreign id in the body", fill(t, r.Path, h.ids), fill(t, body, home.ids), fill(t, r.Path, h.ids), fill(t, body, none))
				}
				if r.List {
					s.listsNothingOf(t, r, h, home)
				}
			}

			for _, odd := range []string{"x", "%20", "ord_", "..%2F..", "%00", strings.Repeat("9", 3000), "ord_01J00000000000000000000000'--"} {
				if len(params) == 0 {
					break
				}
				ids := map[string]string{}
				for n := range home.ids {
					ids[n] = odd
				}
				if a := ask(r, fill(t, r.Path, ids), fill(t, body, home.ids), home.key); a.status != 404 && a.status != 403 {
					t.Errorf("%s with the id %.20q: %d %s", r.ID, odd, a.status, a.body)
				}
			}
			if after := s.state(t); after != before {
				t.Errorf("%s changed something:\n%s\nafter:\n%s", r.ID, before, after)
			}
		}
		t.Logf("%d cells of %d operations", cells, len(routes))
		if cells < 15*len(routes) && s.db.Engine() == db.SQLite {
			t.Errorf("%d cells for %d operations are too few", cells, len(routes))
		}

		// The other way round: with its own key and ids each operation gets past authorization and finds its
		// object, else the refusals above prove nothing. Reads first, for the writes end things.
		slices.SortStableFunc(routes, func(a, b httpapi.Route) int { return strings.Compare(rank(a), rank(b)) })
		for _, r := range routes {
			body, known := bodies[r.ID]
			if !known && r.Method != "GET" && r.Method != "DELETE" {
				body = "{}"
			}
			key := home.key
			if strings.Contains(r.Path, "sandbox") || r.ID == "updateMerchant" || ofApps(r) {
				key = s.a.live
			}
			if streams(s.api, r) || r.By&auth.APIKey == 0 {
				continue
			}
			a := ask(r, fill(t, r.Path, home.ids), fill(t, body, home.ids), key)
			if a.status == 401 || a.status == 403 || a.status >= 500 || r.Method == "GET" && a.status != 200 || known && (a.status == 400 || a.status == 404) {
				if !strings.Contains(string(a.body), "DISCOUNT") { // one that is not there
					t.Errorf("%s with its own key: %d %s", r.ID, a.status, a.body)
				}
			}
		}
	})
}

// rank puts reads before writes, and what ends an object or its environment last.
func rank(r httpapi.Route) string {
	switch {
	case r.Method == "GET":
		return "0"
	case r.Method == "DELETE" || strings.HasSuffix(r.Path, "revoke") || strings.HasSuffix(r.Path, "close"):
		return "2"
	case strings.HasSuffix(r.Path, "reset"):
		return "3"
	}
	return "1"
}

// ofApps are the operations on what belongs to a merchant as a whole: its apps, and what it installed.
func ofApps(r httpapi.Route) bool {
	return strings.HasPrefix(r.Path, "/v1/developer/partner/") || strings.HasPrefix(r.Path, "/v1/installed-apps")
}

// mayManage reports what is no trespass: a merchant's live key manages keys, sandboxes and installs of the
// merchant, and every key of a merchant sees its apps.
func (s *shop) mayManage(r httpapi.Route, h, home *house) bool {
	if h.scope.MerchantID != home.scope.MerchantID {
		return false
	}
	return strings.HasPrefix(r.Path, "/v1/developer/partner/") ||
		h.key == s.a.live && (ofApps(r) || strings.HasPrefix(r.Path, "/v1/api-keys") || strings.HasPrefix(r.Path, "/v1/developer/sandboxes"))
}

func streams(a *httpapi.API, r httpapi.Route) bool {
	item := a.Document().Paths[r.Path]
	if item == nil || r.Method != "GET" {
		return false
	}
	for _, res := range item.Get.Responses {
		if res.Content["text/event-stream"] != nil {
			return true
		}
	}
	return false
}

// listsNothingOf reads a list plainly, filtered by every id of somebody else that it takes, and from the
// page token of somebody else.
func (s *shop) listsNothingOf(t *testing.T, r httpapi.Route, h, home *house) {
	t.Helper()
	if streams(s.api, r) {
		return
	}
	path := fill(t, r.Path, h.ids)
	read := func(query string) {
		t.Helper()
		a := s.call(t, "GET", path+query, h.key, "")
		if strings.Contains(string(a.body), home.mark) || a.status >= 500 {
			t.Errorf("%s%s shows what is not theirs: %d %s", r.ID, query, a.status, a.body)
		}
		for name, v := range home.ids {
			if strings.Contains(string(a.body), v) {
				t.Errorf("%s%s names the %s of somebody else: %s", r.ID, query, name, a.body)
			}
		}
	}
	read("")
	read("?page_size=100")
	for _, p := range s.api.Document().Paths[r.Path].Get.Parameters {
		if v, ok := home.ids[p.Name]; ok && p.In == "query" {
			read("?" + p.Name + "=" + v)
		}
		if p.In == "query" && p.Name == "query" {
			read("?query=" + url.QueryEscape(home.mark))
		}
	}
	own := s.call(t, "GET", fill(t, r.Path, home.ids)+"?page_size=1", home.key, "")
	if token, _ := own.json["next_page_token"].(string); token != "" {
		if a := s.call(t, "GET", path+"?page_size=1&page_token="+token, h.key, ""); a.status != 400 {
			t.Errorf("%s goes on from the page of somebody else: %d %s", r.ID, a.status, a.body)
		}
	}
}
