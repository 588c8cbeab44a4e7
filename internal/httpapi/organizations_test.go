package httpapi_test

import (
	"context"
	"testing"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
	"flint/internal/secret"
)

// user makes a user of a party's merchant and returns the id.
func (r *rig) user(t testing.TB, p party, email, role string) (id string) {
	t.Helper()
	if err := r.db.Write(context.Background(), func(tx db.Tx) error {
		u, err := r.keys.CreateUser(tx.Context(), tx, auth.CreateUserInput{MerchantID: p.Merchant.ID, Email: email,
			Password: secret.NewText("correct horse battery"), Role: role, Now: r.clock.Now()})
		id = u.ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOrganizationsFromMakingToDeleting(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		owner, other := r.user(t, r.a, "owner@shop.test", ""), r.user(t, r.a, "other@shop.test", "")
		stranger := r.user(t, r.b, "owner@other.test", "")
		me := r.want(t, 200, r.call(t, "GET", "/v1/merchant?expand=organization", r.a.live, "")).data()
		root, _ := me["organization_id"].(string)
		if o, _ := me["organization"].(map[string]any); root == "" || o["organization_id"] != root || o["name"] != "Shop" {
			t.Fatalf("the merchant's organization: %v", me)
		}
		if who := r.want(t, 200, r.call(t, "GET", "/v1/developer/auth-context", r.a.test, "")); who.data()["organization_id"] != root {
			t.Errorf("who am I: %s", who.body)
		}
		make := func(name, parent string) string {
			a := r.want(t, 201, r.call(t, "POST", "/v1/organizations", r.a.live, `{"name":"`+name+`","parent_organization_id":"`+parent+`","metadata":{"k":"v"}}`))
			return a.data()["organization_id"].(string)
		}
		east := make("East", root)
		deep := make("Deep", east)
		if a := r.want(t, 200, r.call(t, "GET", "/v1/organizations/"+deep+"?expand=parent_organization", r.a.live, "")); a.data()["parent_organization"].(map[string]any)["name"] != "East" {
			t.Errorf("the parent: %s", a.body)
		}
		if a := r.want(t, 200, r.call(t, "GET", "/v1/organizations?sort_by=name&sort_direction=asc&page_size=2", r.a.test, "")); len(a.list()) != 2 || a.json["next_page_token"] == nil {
			t.Errorf("the first page: %s", a.body)
		}
		if a := r.want(t, 200, r.call(t, "GET", "/v1/organizations?parent_organization_id="+east, r.a.test, "")); len(a.list()) != 1 {
			t.Errorf("below East: %s", a.body)
		}
		memberships := "/v1/organizations/" + root + "/memberships"
		for _, s := range []struct {
			method, path, key, body string
			status                  int
			code                    string
		}{
			{"POST", "/v1/organizations", r.a.live, `{"name":"x"}`, 403, "ROOT_ORGANIZATION_CREATION_FORBIDDEN"},
			{"POST", "/v1/organizations", r.a.test, `{"name":"x","parent_organization_id":"` + root + `"}`, 403, "AUTHORIZATION_FAILED"},
			{"POST", "/v1/organizations", r.b.live, `{"name":"x","parent_organization_id":"` + root + `"}`, 400, "INVALID_PARENT_ORGANIZATION"},
			{"POST", "/v1/organizations", r.a.live, `{"name":" ","parent_organization_id":"` + root + `","metadata":{"flint_x":"y"}}`, 400, "INVALID_REQUEST"},
			{"PATCH", "/v1/organizations/" + east, r.a.live, `{"parent_organization_id":"` + deep + `"}`, 409, "ORGANIZATION_CYCLE"},
			{"PATCH", "/v1/organizations/" + east, r.a.live, `{}`, 400, "NO_FIELDS_TO_UPDATE"},
			{"PATCH", "/v1/organizations/" + east, r.a.live, `{"name":"Far East","metadata":null}`, 200, ""},
			{"DELETE", "/v1/organizations/" + east, r.a.live, ``, 409, "ORGANIZATION_HAS_ACTIVE_DESCENDANTS"},
			{"DELETE", "/v1/organizations/" + root, r.a.live, ``, 409, "ORGANIZATION_HAS_ACTIVE_DESCENDANTS"},
			{"DELETE", "/v1/organizations/" + deep, r.a.live, ``, 200, ""},
			{"DELETE", "/v1/organizations/" + deep, r.a.live, ``, 409, "INVALID_STATUS_TRANSITION"},
			{"POST", memberships, r.a.live, `{"user_id":"` + other + `","role":"king"}`, 400, "INVALID_ROLE"},
			{"POST", memberships, r.a.live, `{"user_id":"` + stranger + `","role":"viewer"}`, 404, "RESOURCE_NOT_FOUND"},
			{"POST", memberships, r.a.live, `{"user_id":"` + other + `","role":"viewer"}`, 201, ""},
			{"POST", memberships, r.a.live, `{"user_id":"` + other + `","role":"admin"}`, 200, ""},
			{"POST", memberships, r.a.live, `{"user_id":"` + other + `","role":"owner"}`, 409, "OWNERSHIP_TRANSFER_REQUIRED"},
			{"DELETE", memberships + "/" + owner, r.a.live, ``, 409, "OWNERSHIP_TRANSFER_REQUIRED"},
			{"POST", "/v1/organizations/" + root + "/transfer-ownership", r.a.live, `{"new_owner_user_id":"` + stranger + `"}`, 403, "MEMBERSHIP_REQUIRED"},
			{"POST", "/v1/organizations/" + root + "/transfer-ownership", r.a.live, `{"new_owner_user_id":"` + other + `"}`, 200, ""},
			{"DELETE", memberships + "/" + owner, r.a.live, ``, 200, ""},
			{"DELETE", memberships + "/" + owner, r.a.live, ``, 404, "RESOURCE_NOT_FOUND"},
			{"GET", memberships, r.b.live, ``, 404, "RESOURCE_NOT_FOUND"},
			{"PATCH", "/v1/merchant", r.a.live, `{"organization_id":"` + deep + `"}`, 400, "INVALID_ORGANIZATION_ID"},
			{"PATCH", "/v1/merchant", r.b.live, `{"organization_id":"` + root + `"}`, 400, "INVALID_ORGANIZATION_ID"},
			{"PATCH", "/v1/merchant", r.a.live, `{"organization_id":"` + east + `"}`, 200, ""},
			{"GET", "/v1/organizations/" + root, r.a.live, ``, 404, "RESOURCE_NOT_FOUND"},
			{"DELETE", "/v1/organizations/" + east, r.a.live, ``, 409, "ORGANIZATION_LINKED_TO_MERCHANT"},
		} {
			if a := r.call(t, s.method, s.path, s.key, s.body); a.status != s.status || a.code() != s.code {
				t.Errorf("%s %s %s: %d %s, want %d %s", s.method, s.path, s.body, a.status, a.body, s.status, s.code)
			}
		}
		top := r.want(t, 200, r.call(t, "GET", "/v1/organizations/"+east, r.a.live, "")).data()
		if top["parent_organization_id"] != nil || top["name"] != "Far East" || top["metadata"] != nil {
			t.Errorf("the highest one that is seen: %v", top)
		}
	})
}

func TestRolesAreListed(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	owner := r.user(t, r.a, "owner@shop.test", "")
	r.user(t, r.a, "viewer@shop.test", "viewer")
	root := r.want(t, 200, r.call(t, "GET", "/v1/merchant", r.a.live, "")).data()["organization_id"].(string)
	first := r.want(t, 200, r.call(t, "GET", "/v1/organizations/"+root+"/memberships?page_size=1", r.a.live, ""))
	m := first.list()[0].(map[string]any)
	if m["user_id"] != owner || m["role"] != "owner" || m["status"] != "active" {
		t.Errorf("the first member: %s", first.body)
	}
	next, _ := first.json["next_page_token"].(string)
	second := r.want(t, 200, r.call(t, "GET", "/v1/organizations/"+root+"/memberships?page_size=1&page_token="+next, r.a.live, ""))
	if second.list()[0].(map[string]any)["role"] != "viewer" || second.json["next_page_token"] != nil {
		t.Errorf("the second member: %s", second.body)
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	r := newRig(t, dbtest.Open(t, db.SQLite))
	if a := r.want(t, 200, r.call(t, "GET", "/v1/capabilities?status=ready", r.a.test, "")); len(a.list()) != 1 || a.list()[0].(map[string]any)["capability"] != "accept_card_payments" {
		t.Errorf("ready: %s", a.body)
	}
	seen, token := 0, ""
	for range 5 {
		a := r.want(t, 200, r.call(t, "GET", "/v1/capabilities?domain=money_movement&page_size=3&page_token="+token, r.a.test, ""))
		seen += len(a.list())
		if token, _ = a.json["next_page_token"].(string); token == "" {
			break
		}
	}
	if seen != 4 {
		t.Errorf("%d capabilities of moving money", seen)
	}
	none := newRigWith(t, dbtest.Open(t, db.SQLite), func(c *httpapi.Config) { c.Processor = nil })
	if a := none.want(t, 200, none.call(t, "GET", "/v1/capabilities?status=ready", none.a.test, "")); len(a.list()) != 0 {
		t.Errorf("without a processor: %s", a.body)
	}
	if a := none.want(t, 200, none.call(t, "GET", "/v1/merchant", none.a.live, "")); a.data()["payments"].(map[string]any)["status"] != "not_available" {
		t.Errorf("without a processor: %s", a.body)
	}
}

func TestDevelopmentNeedsNoLiveKey(t *testing.T) {
	t.Parallel()
	r := newRigWith(t, dbtest.Open(t, db.SQLite), func(c *httpapi.Config) { c.Development = true })
	r.want(t, 200, r.call(t, "PATCH", "/v1/merchant", r.a.test, `{"phone":"+1 555 0100"}`))
	root := r.want(t, 200, r.call(t, "GET", "/v1/merchant", r.a.test, "")).data()["organization_id"].(string)
	r.want(t, 201, r.call(t, "POST", "/v1/organizations", r.a.test, `{"name":"x","parent_organization_id":"`+root+`"}`))
	if a := r.want(t, 400, r.call(t, "PATCH", "/v1/merchant", r.a.test, `{"icon":{"url":"https://x.test/i.png","width":128,"height":64}}`)); a.code() != "INVALID_IMAGE" {
		t.Errorf("an icon that is no square: %s", a.body)
	}
	r.want(t, 200, r.call(t, "PATCH", "/v1/merchant", r.a.test, `{"icon":{"url":"https://x.test/i.png","width":128,"height":128}}`))
}
