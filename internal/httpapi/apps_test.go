package httpapi_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
)

const appManifest = `[{"permission_id":"refunds","title":"Refunds","description":"Refund orders.","required_scopes":["commerce.refunds.write","commerce.orders.read"]},
	{"permission_id":"people","title":"Customers","description":"Read customers.","required_scopes":["customers.read"],"optional":true}]`

func TestPartnerApps(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		const apps = "/v1/developer/partner/apps"
		body := `{"name":"Returns","redirect_uris":["https://app.test/done","http://localhost:3000/done"],"permission_manifest":` + appManifest + `}`
		if a := s.want(t, 403, s.call(t, "POST", apps, s.a.test, body)); a.code() != "PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY" {
			t.Errorf("a test key: %s", a.body)
		}
		made := s.want(t, 201, s.call(t, "POST", apps, s.a.live, body, "Idempotency-Key: app-1"))
		again := s.want(t, 201, s.call(t, "POST", apps, s.a.live, body, "Idempotency-Key: app-1"))
		if string(made.body) == "" || made.data()["client_secret"] != again.data()["client_secret"] || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("a repeat shows another secret: %s %s", made.body, again.body)
		}
		id, _ := made.data()["partner_app_id"].(string)
		for field, prefix := range map[string]string{"partner_app_id": "papp_", "client_id": "fpc_", "client_secret": "fps_"} {
			if v, _ := made.data()[field].(string); !strings.HasPrefix(v, prefix) {
				t.Errorf("%s is %q", field, v)
			}
		}
		if got := fmt.Sprintln(made.data()["allowed_scopes"], made.data()["default_requested_permissions"], made.data()["app_type"], made.data()["visibility"]); got !=
			"[commerce.orders.read commerce.refunds.write customers.read] [refunds] server private\n" {
			t.Errorf("derived %s", got)
		}
		read := s.want(t, 200, s.call(t, "GET", apps+"/"+id, s.a.test, ""))
		if strings.Contains(string(read.body), "secret") || strings.Contains(s.logs.String(), made.data()["client_secret"].(string)) {
			t.Errorf("the secret shows again: %s", read.body)
		}
		for name, c := range map[string]struct{ body, code, param string }{
			"fragment":   {`{"name":"x","redirect_uris":["https://x.test/#a"],"permission_manifest":` + appManifest + `}`, "INVALID_URL", "redirect_uris[0]"},
			"scope":      {`{"name":"x","redirect_uris":["https://x.test/"],"permission_manifest":[{"permission_id":"x","title":"x","description":"x","required_scopes":["settings.write"]}]}`, "SCOPE_NOT_ALLOWED", "permission_manifest[0].required_scopes[0]"},
			"unknown":    {`{"name":"x","redirect_uris":["https://x.test/"],"permission_manifest":[{"permission_id":"x","title":"x","description":"x","required_scopes":["x"]}]}`, "UNKNOWN_SCOPE", "permission_manifest[0].required_scopes[0]"},
			"no name":    {`{"redirect_uris":["https://x.test/"],"permission_manifest":` + appManifest + `}`, "NAME_REQUIRED", "name"},
			"type":       {`{"name":"x","app_type":"x","redirect_uris":["https://x.test/"],"permission_manifest":` + appManifest + `}`, "INVALID_PARTNER_APP", "app_type"},
			"visibility": {`{"name":"x","visibility":"public","redirect_uris":["https://x.test/"],"permission_manifest":` + appManifest + `}`, "INVALID_PARTNER_APP", "visibility"},
		} {
			if a := s.want(t, 400, s.call(t, "POST", apps, s.a.live, c.body)); a.code() != c.code || a.param() != c.param {
				t.Errorf("%s: %s", name, a.body)
			}
		}

		patch := func(body string) answer { return s.call(t, "PATCH", apps+"/"+id, s.a.live, body) }
		if a := s.want(t, 409, patch(`{"api_version":"`+httpapi.Version+`","expected_api_version":"2020-01-01"}`)); a.code() != "API_VERSION_CHANGED" || a.param() != "expected_api_version" {
			t.Errorf("a stale version: %s", a.body)
		}
		if a := s.want(t, 400, patch(`{"name":"Other"}`)); a.code() != "UNKNOWN_FIELD" {
			t.Errorf("PATCH takes more than a version: %s", a.body)
		}
		s.want(t, 200, patch(`{"api_version":"`+httpapi.Version+`","expected_api_version":"`+httpapi.Version+`"}`))
		s.want(t, 400, patch(`{}`))

		rotated := s.want(t, 200, s.call(t, "POST", apps+"/"+id+"/rotate-secret", s.a.live, ""))
		if rotated.data()["client_secret"] == made.data()["client_secret"] || rotated.data()["client_id"] != made.data()["client_id"] {
			t.Errorf("rotated to %s", rotated.body)
		}
		next := s.want(t, 201, s.call(t, "POST", apps+"/"+id+"/versions", s.a.live, `{"name":"Returns 2","expected_version":1}`))
		if next.data()["version"] != 2.0 || next.data()["name"] != "Returns 2" {
			t.Errorf("published %s", next.body)
		}
		s.want(t, 409, s.call(t, "POST", apps+"/"+id+"/versions", s.a.live, `{"name":"Returns 3","expected_version":1}`))
		first := s.want(t, 200, s.call(t, "GET", apps+"/"+id+"/versions?page_size=1", s.a.live, ""))
		token, _ := first.json["meta"].(map[string]any)["next_page_token"].(string)
		if token == "" {
			token, _ = first.json["next_page_token"].(string)
		}
		second := s.want(t, 200, s.call(t, "GET", apps+"/"+id+"/versions?page_size=1&page_token="+token, s.a.live, ""))
		if len(second.list()) != 1 || second.list()[0].(map[string]any)["name"] != "Returns" {
			t.Errorf("the first version is %s", second.body)
		}
		s.want(t, 200, s.call(t, "DELETE", apps+"/"+id, s.a.live, ""))
		if list := s.want(t, 200, s.call(t, "GET", apps, s.a.live, "")); len(list.list()) != 1 || list.list()[0].(map[string]any)["status"] != "deleting" {
			t.Errorf("being deleted: %s", list.body)
		}
	})
}

// TestAppsAtAMerchant is the way of an app through a merchant: limits, a refund that waits for approval, a
// pause, more permissions, a data request, and the removal.
func TestAppsAtAMerchant(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		its, grant := s.install(t, s.b.Live.Scope, s.a.Sandbox.Scope)
		token, installed := tokenOf(grant), "/v1/installed-apps/"+grant.InstallID
		orderID := s.order(t, `{"line_items":[{"name":"x","unit_price_money":`+usd(5000)+`}]}`)
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+orderID+"/pay", s.a.test,
			`{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(5000)+`}`))
		refund := func(amount int64, headers ...string) answer {
			return s.call(t, "POST", "/v1/refunds", token, `{"order_id":"`+orderID+`","amount_money":`+usd(amount)+`,"reason_message":"asked by the app"}`, headers...)
		}

		limits := `{"refund_per_order_money":[` + usd(1000) + `],"refund_approval_above_money":[` + usd(100) + `]}`
		s.want(t, 403, s.call(t, "PATCH", installed+"/limits", s.a.test, limits))
		s.want(t, 404, s.call(t, "PATCH", installed+"/limits", s.b.live, limits))
		s.want(t, 200, s.call(t, "PATCH", installed+"/limits", s.a.live, limits))
		s.want(t, 201, refund(100))
		over := s.want(t, 403, refund(901))
		if over.code() != "APP_REFUND_LIMIT_EXCEEDED" || fmt.Sprintln(over.fault()["limit_window"], over.fault()["limit_money"], over.fault()["used_money"], over.fault()["requested_money"]) !=
			"order map[amount:1000 currency:USD] map[amount:100 currency:USD] map[amount:901 currency:USD]\n" {
			t.Errorf("over the limit: %s", over.body)
		}

		waits := s.want(t, 409, refund(300, "Idempotency-Key: r-1"))
		same := s.want(t, 409, refund(300, "Idempotency-Key: r-1"))
		approval, _ := waits.fault()["app_approval_id"].(string)
		if waits.code() != "APP_REFUND_APPROVAL_REQUIRED" || approval == "" || same.fault()["app_approval_id"] != approval {
			t.Fatalf("above the amount: %s, again %s", waits.body, same.body)
		}
		if list := s.want(t, 200, s.call(t, "GET", "/v1/app-approvals?status=pending", s.a.test, "")); len(list.list()) != 1 {
			t.Errorf("waiting: %s", list.body)
		}
		if a := s.call(t, "POST", "/v1/app-approvals/"+approval+"/approve", token, ""); a.status != 403 || a.code() != "PARTNER_AUTH_UNSUPPORTED" {
			t.Errorf("an app approves itself: %s", a.body)
		}
		s.want(t, 404, s.call(t, "POST", "/v1/app-approvals/"+approval+"/approve", s.b.test, ""))
		approved := s.want(t, 200, s.call(t, "POST", "/v1/app-approvals/"+approval+"/approve", s.a.test, ""))
		refundID, _ := approved.data()["refund_id"].(string)
		if approved.data()["status"] != "approved" || refundID == "" {
			t.Fatalf("approved: %s", approved.body)
		}
		if a := s.want(t, 409, s.call(t, "POST", "/v1/app-approvals/"+approval+"/approve", s.a.test, "")); a.code() != "APP_APPROVAL_ALREADY_DECIDED" {
			t.Errorf("approved twice: %s", a.body)
		}
		made := s.want(t, 200, s.call(t, "GET", "/v1/refunds/"+refundID, s.a.test, ""))
		if made.data()["reason_message"] != "asked by the app" || fmt.Sprint(made.data()["amount_money"]) != "map[amount:300 currency:USD]" {
			t.Errorf("the refund is %s", made.body)
		}
		if list := s.call(t, "GET", "/v1/refunds?order_id="+orderID, s.a.test, ""); len(list.list()) != 2 {
			t.Errorf("%d refunds were made", len(list.list()))
		}
		no, _ := s.want(t, 409, refund(200)).fault()["app_approval_id"].(string)
		s.want(t, 200, s.call(t, "POST", "/v1/app-approvals/"+no+"/refuse", s.a.test, `{"reason":"Too much."}`))
		if a := s.want(t, 200, s.call(t, "GET", "/v1/app-approvals/"+no, token, "")); a.data()["status"] != "refused" || a.data()["reason"] != "Too much." {
			t.Errorf("the app reads %s", a.body)
		}
		if a := s.want(t, 200, s.call(t, "GET", installed, s.a.test, "")); fmt.Sprint(a.data()["refunded_today_money"]) != "[map[amount:400 currency:USD]]" {
			t.Errorf("refunded today: %s", a.body)
		}

		s.want(t, 200, s.call(t, "POST", installed+"/pause", s.a.live, ""))
		s.want(t, 401, refund(1))
		s.want(t, 200, s.call(t, "POST", installed+"/resume", s.a.live, ""))
		s.want(t, 201, refund(1))

		wider := slices.Clone(manifest)
		wider[0].Scopes = append(slices.Clone(wider[0].Scopes), "checkouts.checkout_sessions.write")
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := s.services.Apps.Publish(tx.Context(), tx, app.PublishInput{Scope: s.b.Live.Scope, AppID: its.ID, Manifest: wider, Now: s.clock.Now()})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		s.work(t)
		waiting := s.want(t, 200, s.call(t, "GET", installed, s.a.live, ""))
		up, _ := waiting.data()["permission_upgrade"].(map[string]any)
		if waiting.data()["status"] != "pending_permission_upgrade" || up == nil || up["app_version"] != 2.0 || len(up["widened"].([]any)) != 1 {
			t.Fatalf("a wider manifest: %s", waiting.body)
		}
		s.want(t, 201, refund(1)) // goes on with what it had
		s.want(t, 409, s.call(t, "POST", installed+"/accept-permissions", s.a.live, `{"app_version":1}`))
		if a := s.want(t, 200, s.call(t, "POST", installed+"/accept-permissions", s.a.live, `{"app_version":2}`)); a.data()["status"] != "active" ||
			!strings.Contains(fmt.Sprint(a.data()["granted_scopes"]), "checkouts.checkout_sessions.write") {
			t.Errorf("accepted: %s", a.body)
		}

		customer := s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"x@buyer.test","name":"X"}`)).data()["customer_id"].(string)
		asked := s.want(t, 201, s.call(t, "POST", "/v1/data-requests", s.a.test, `{"topic":"customer_redact","customer_id":"`+customer+`"}`))
		requests := "/v1/data-requests/" + asked.data()["data_request_id"].(string)
		s.clock.Set(s.clock.Now().Add(app.DataRequestTime))
		if a := s.want(t, 200, s.call(t, "GET", requests, s.a.test, "")); a.data()["status"] != "overdue" {
			t.Errorf("not answered in time: %s", a.body)
		}
		if a := s.want(t, 200, s.call(t, "POST", requests+"/acknowledge", token, `{"note":"Deleted."}`)); a.data()["status"] != "acknowledged" {
			t.Errorf("answered: %s", a.body)
		}
		owner := s.want(t, 200, s.call(t, "GET", "/v1/developer/partner/apps/"+its.ID+"/data-requests", s.b.live, ""))
		if len(owner.list()) != 1 {
			t.Errorf("the owner sees %s", owner.body)
		}

		if a := s.want(t, 200, s.call(t, "DELETE", installed, s.a.live, "")); a.data()["status"] != "revoked" || a.data()["cleanup_until"] == nil {
			t.Errorf("removed: %s", a.body)
		}
		s.want(t, 403, refund(1)) // a cleanup token has no scope for it
		if a := s.want(t, 200, s.call(t, "GET", "/v1/app-install", token, "")); a.data()["status"] != "revoked" {
			t.Errorf("the app reads its install as %s", a.body)
		}
		s.clock.Set(s.clock.Now().Add(app.CleanupTime))
		s.work(t)
		s.want(t, 401, s.call(t, "GET", "/v1/app-install", token, ""))
		for _, path := range []struct{ path, key string }{{installed, s.a.live}, {"/v1/developer/partner/apps/" + its.ID + "/installs/" + grant.InstallID, s.b.live}} {
			if a := s.want(t, 200, s.call(t, "GET", path.path, path.key, "")); a.data()["removal"] == nil {
				t.Errorf("no receipt in %s", a.body)
			}
		}
	})
}

// work runs the jobs that are due.
func (s *shop) work(t testing.TB) {
	t.Helper()
	for {
		n, err := s.services.Apps.Jobs.RunDue(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// TestApprovalsAreMadeOnce: eight approve at the same time, one refund is made.
func TestApprovalsAreMadeOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		_, grant := s.install(t, s.b.Live.Scope, s.a.Sandbox.Scope)
		s.want(t, 200, s.call(t, "PATCH", "/v1/installed-apps/"+grant.InstallID+"/limits", s.a.live, `{"refund_approval_above_money":[`+usd(0)+`]}`))
		orderID := s.order(t, `{"line_items":[{"name":"x","unit_price_money":`+usd(900)+`}]}`)
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+orderID+"/pay", s.a.test,
			`{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(900)+`}`))
		a := s.want(t, 409, s.call(t, "POST", "/v1/refunds", tokenOf(grant), `{"order_id":"`+orderID+`","amount_money":`+usd(10)+`}`))
		approval := a.fault()["app_approval_id"].(string)
		answers := make(chan int, 8)
		for range cap(answers) {
			go func() {
				answers <- s.call(t, "POST", "/v1/app-approvals/"+approval+"/approve", s.a.test, "").status
			}()
		}
		made := 0
		for range cap(answers) {
			select {
			case status := <-answers:
				if status == 200 {
					made++
				} else if status != 409 {
					t.Errorf("answered %d", status)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("no answer")
			}
		}
		if list := s.call(t, "GET", "/v1/refunds?order_id="+orderID, s.a.test, ""); made != 1 || len(list.list()) != 1 {
			t.Errorf("%d approved, %d refunds", made, len(list.list()))
		}
	})
}
