package auth_test

import (
	"testing"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/merchant"
	"flint/internal/secret"
)

func TestRolesBoundScopes(t *testing.T) {
	t.Parallel()
	owner, operator, viewer := auth.RoleScopes("owner"), auth.RoleScopes("operator"), auth.RoleScopes("viewer")
	if owner != auth.AllScopes() || auth.RoleScopes("admin") != owner || auth.RoleScopes("janitor").Len() != 0 {
		t.Error("an owner and an admin may everything, nobody else does")
	}
	if !owner.Contains(operator) || !operator.Contains(viewer) || operator == owner || viewer == operator {
		t.Error("each role holds what the one below it holds, and more")
	}
	for scope, want := range map[string][2]bool{ // operator, viewer
		"commerce.orders.read": {true, true}, "commerce.orders.write": {true, false}, "commerce.refunds.write": {true, false},
		"accounts.organizations.read": {true, true}, "accounts.organizations.write": {}, "accounts.api_keys.write": {},
		"money_movement.payouts.write": {}, "settings.write": {}, "commerce.gift_cards.secrets.write": {}, "developer.partner_apps.write": {},
	} {
		if got := [2]bool{operator.Has(scope), viewer.Has(scope)}; got != want {
			t.Errorf("%s: operator and viewer %v, want %v", scope, got, want)
		}
	}
}

func TestTheFirstUserIsTheOwner(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, c := service(d)
		merchants := merchant.NewService(id.NewSource(clock.NewFixed(now)))
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			var ids [2]string
			for n := range ids {
				m, err := merchants.Create(t.Context(), tx, merchant.CreateInput{Email: "a@shop.test", BusinessName: "A", Now: c.Now()})
				if err != nil {
					return err
				}
				ids[n] = m.Merchant.ID
			}
			var users []string
			for _, u := range []struct{ email, role string }{{"first@shop.test", "viewer"}, {"second@shop.test", "operator"}, {"third@shop.test", ""}} {
				made, err := s.CreateUser(t.Context(), tx, auth.CreateUserInput{MerchantID: ids[0], Email: u.email, Role: u.role,
					Password: secret.NewText("correct horse battery"), Now: c.Now()})
				if err != nil {
					return err
				}
				users = append(users, made.ID)
			}
			if _, err := s.CreateUser(t.Context(), tx, auth.CreateUserInput{MerchantID: ids[0], Email: "fourth@shop.test", Role: "owner",
				Password: secret.NewText("correct horse battery"), Now: c.Now()}); !fault.Is(err, "OWNERSHIP_TRANSFER_REQUIRED") {
				t.Errorf("a second owner: %v", err)
			}
			for n, want := range []string{"owner", "operator", ""} {
				role, err := auth.Role(tx, ids[0], users[n])
				if role != want || (want == "") != fault.Is(err, "MEMBERSHIP_REQUIRED") {
					t.Errorf("user %d is %q, %v; want %q", n, role, err, want)
				}
				if role, err := auth.Role(tx, ids[1], users[n]); role != "" || !fault.Is(err, "MEMBERSHIP_REQUIRED") {
					t.Errorf("user %d is %q in another merchant: %v", n, role, err)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
