package organization_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/organization"
)

var now = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

// world is one tree: mer_a founded it and stands at its root, mer_b was placed into the organization
// "east" below it. mer_c has a tree of its own.
type world struct {
	*organization.Service
	tx                        db.Tx
	root, east, deep, west, c string
	people                    []string
}

func newWorld(t testing.TB, tx db.Tx) *world {
	t.Helper()
	w := &world{tx: tx, people: []string{"user_1", "user_2", "user_3", "user_4"}}
	w.Service = &organization.Service{IDs: id.NewSource(clock.NewFixed(now)), Users: func(_ db.Tx, merchants []string, user string) (bool, error) {
		return slices.Contains(merchants, "mer_a") && slices.Contains(w.people, user) || slices.Contains(merchants, "mer_b") && user == "user_b", nil
	}}
	var err error
	if w.root, err = organization.Found(tx, w.IDs, "mer_a", "A", now); err != nil {
		t.Fatal(err)
	}
	if w.c, err = organization.Found(tx, w.IDs, "mer_c", "C", now); err != nil {
		t.Fatal(err)
	}
	w.east, w.west = w.make(t, "East", w.root), w.make(t, "West", w.root)
	w.deep = w.make(t, "Deep", w.east)
	if err := organization.Place(tx, "mer_b", "mer_a", w.east, now); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) make(t testing.TB, name, parent string) string {
	t.Helper()
	o, err := w.Create(w.tx.Context(), w.tx, organization.CreateInput{View: organization.View{MerchantID: "mer_a"}, Name: name, ParentID: parent, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return o.ID
}

func (w *world) grant(v organization.View, org, user, role string) error {
	_, _, err := w.Grant(w.tx.Context(), w.tx, organization.GrantInput{View: v, OrganizationID: org, UserID: user, Role: role, Now: now})
	return err
}

func inWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		if err := d.Write(t.Context(), func(tx db.Tx) error { fn(t, newWorld(t, tx)); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func code(err error) string {
	if err == nil {
		return ""
	}
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	return err.Error()
}

var a, b, c = organization.View{MerchantID: "mer_a"}, organization.View{MerchantID: "mer_b"}, organization.View{MerchantID: "mer_c"}

func TestASubtreeIsAllThatIsSeen(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		for _, v := range []struct {
			view organization.View
			sees []string
		}{{a, []string{w.root, w.east, w.west, w.deep}}, {b, []string{w.east, w.deep}}, {c, []string{w.c}}, {organization.View{MerchantID: "mer_none"}, nil}} {
			found, _, err := w.List(w.tx.Context(), w.tx, organization.ListInput{View: v.view, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for n, o := range found {
				ids = append(ids, o.ID)
				if o.ParentID != "" && !slices.ContainsFunc(found, func(p organization.Organization) bool { return p.ID == o.ParentID }) {
					t.Errorf("%v: %d names a parent that is not seen", v.view, n)
				}
			}
			slices.Sort(ids)
			slices.Sort(v.sees)
			if !slices.Equal(ids, v.sees) {
				t.Errorf("%v sees %v, want %v", v.view, ids, v.sees)
			}
			for _, o := range []string{w.root, w.east, w.west, w.deep, w.c, "org_none"} {
				_, err := w.Get(w.tx.Context(), w.tx, v.view, o)
				if want := slices.Contains(v.sees, o); want != (err == nil) || err != nil && code(err) != "RESOURCE_NOT_FOUND" {
					t.Errorf("%v reads %s: %v", v.view, o, err)
				}
			}
		}
		under, _, err := w.List(w.tx.Context(), w.tx, organization.ListInput{View: b, ParentID: w.root, Limit: 10})
		if err != nil || len(under) != 0 {
			t.Errorf("asking for the children of what is not seen: %v, %v", under, err)
		}
	})
}

func TestWhatATreeRefuses(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		ctx, tx := w.tx.Context(), w.tx
		create := func(v organization.View, parent string) error {
			_, err := w.Create(ctx, tx, organization.CreateInput{View: v, Name: "x", ParentID: parent, Now: now})
			return err
		}
		move := func(v organization.View, org, parent string) error {
			_, err := w.Update(ctx, tx, organization.UpdateInput{View: v, OrganizationID: org, ParentID: &parent, Now: now})
			return err
		}
		remove := func(v organization.View, org string) error { _, err := w.Delete(ctx, tx, v, org, now); return err }
		empty := ""
		for _, s := range []struct {
			what string
			err  error
			want string
		}{
			{"a second root", create(a, ""), "ROOT_ORGANIZATION_CREATION_FORBIDDEN"},
			{"below what is above", create(b, w.root), "INVALID_PARENT_ORGANIZATION"},
			{"below another tree's", create(a, w.c), "INVALID_PARENT_ORGANIZATION"},
			{"below nothing", create(c, "org_none"), "INVALID_PARENT_ORGANIZATION"},
			{"the root below its grandchild", move(a, w.root, w.deep), "ORGANIZATION_CYCLE"},
			{"below itself", move(a, w.east, w.east), "ORGANIZATION_CYCLE"},
			{"below its child", move(a, w.east, w.deep), "ORGANIZATION_CYCLE"},
			{"its own place, from below", move(b, w.east, w.deep), "ORGANIZATION_CYCLE"},
			{"beside, from below", move(b, w.deep, w.west), "INVALID_PARENT_ORGANIZATION"},
			{"what is not seen", move(b, w.west, w.deep), "RESOURCE_NOT_FOUND"},
			{"without a parent", func() error {
				_, err := w.Update(ctx, tx, organization.UpdateInput{View: a, OrganizationID: w.deep, ParentID: &empty, Now: now})
				return err
			}(), "INVALID_PARENT_ORGANIZATION"},
			{"delete with children", remove(a, w.east), "ORGANIZATION_HAS_ACTIVE_DESCENDANTS"},
			{"delete what is not seen", remove(b, w.root), "RESOURCE_NOT_FOUND"},
			{"move sideways", move(a, w.deep, w.west), ""},
			{"delete with a merchant", remove(a, w.east), "ORGANIZATION_LINKED_TO_MERCHANT"},
			{"delete a leaf", remove(a, w.deep), ""},
			{"delete it again", remove(a, w.deep), "INVALID_STATUS_TRANSITION"},
			{"below a deleted one", create(a, w.deep), "INVALID_PARENT_ORGANIZATION"},
			{"a role in a deleted one", w.grant(a, w.deep, "user_1", "viewer"), "INVALID_STATUS_TRANSITION"},
			{"move a merchant beside", organization.Move(tx, "mer_b", w.west, now), "INVALID_ORGANIZATION_ID"},
			{"move a merchant to another tree", organization.Move(tx, "mer_b", w.c, now), "INVALID_ORGANIZATION_ID"},
			{"move a merchant down", organization.Move(tx, "mer_a", w.west, now), ""},
			{"and up again", organization.Move(tx, "mer_a", w.root, now), "INVALID_ORGANIZATION_ID"},
		} {
			if code(s.err) != s.want {
				t.Errorf("%s: %v, want %q", s.what, s.err, s.want)
			}
		}
	})
}

func TestWhoMayChangeWhom(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		by := func(user string) organization.View { return organization.View{MerchantID: "mer_a", UserID: user} }
		revoke := func(v organization.View, user string) error {
			_, err := w.Revoke(w.tx.Context(), w.tx, v, w.root, user, now)
			return err
		}
		transfer := func(v organization.View, user string) error {
			return w.Transfer(w.tx.Context(), w.tx, organization.TransferInput{View: v, OrganizationID: w.root, NewOwnerID: user, Now: now})
		}
		for _, s := range []struct {
			what string
			do   func() error
			want string
		}{
			{"a first owner", func() error { return w.grant(a, w.root, "user_1", "owner") }, ""},
			{"a second owner", func() error { return w.grant(a, w.root, "user_2", "owner") }, "OWNERSHIP_TRANSFER_REQUIRED"},
			{"the owner made less", func() error { return w.grant(a, w.root, "user_1", "admin") }, "OWNERSHIP_TRANSFER_REQUIRED"},
			{"the last owner revoked", func() error { return revoke(a, "user_1") }, "OWNERSHIP_TRANSFER_REQUIRED"},
			{"no such role", func() error { return w.grant(a, w.root, "user_2", "king") }, "INVALID_ROLE"},
			{"a stranger", func() error { return w.grant(a, w.root, "user_x", "viewer") }, "RESOURCE_NOT_FOUND"},
			{"somebody of a merchant below", func() error { return w.grant(a, w.root, "user_b", "viewer") }, ""},
			{"somebody of a merchant above", func() error { return w.grant(b, w.east, "user_1", "viewer") }, "RESOURCE_NOT_FOUND"},
			{"an admin, by the owner", func() error { return w.grant(by("user_1"), w.root, "user_2", "admin") }, ""},
			{"their own role", func() error { return w.grant(by("user_2"), w.root, "user_2", "owner") }, "SELF_ROLE_EDITS_FORBIDDEN"},
			{"an admin, by an admin", func() error { return w.grant(by("user_2"), w.root, "user_3", "admin") }, "ROLE_ASSIGNMENT_FORBIDDEN"},
			{"an operator, by an admin", func() error { return w.grant(by("user_2"), w.root, "user_3", "operator") }, ""},
			{"the owner, by an admin", func() error { return w.grant(by("user_2"), w.root, "user_1", "viewer") }, "ROLE_MANAGEMENT_FORBIDDEN"},
			{"the owner revoked by an admin", func() error { return revoke(by("user_2"), "user_1") }, "ROLE_MANAGEMENT_FORBIDDEN"},
			{"a viewer, by an operator", func() error { return w.grant(by("user_3"), w.root, "user_4", "viewer") }, "ROLE_MANAGEMENT_FORBIDDEN"},
			{"a viewer, by nobody in particular", func() error { return w.grant(by("user_4"), w.root, "user_3", "viewer") }, "ROLE_MANAGEMENT_FORBIDDEN"},
			{"an operator revoked by an admin", func() error { return revoke(by("user_2"), "user_3") }, ""},
			{"twice", func() error { return revoke(a, "user_3") }, "RESOURCE_NOT_FOUND"},
			{"ownership, by an admin", func() error { return transfer(by("user_2"), "user_2") }, "OWNERSHIP_TRANSFER_FORBIDDEN"},
			{"ownership, to a former member", func() error { return transfer(a, "user_3") }, "MEMBERSHIP_REQUIRED"},
			{"ownership", func() error { return transfer(by("user_1"), "user_2") }, ""},
			{"ownership again", func() error { return transfer(by("user_1"), "user_1") }, "OWNERSHIP_TRANSFER_FORBIDDEN"},
			{"the old owner revoked", func() error { return revoke(by("user_2"), "user_1") }, ""},
		} {
			if err := s.do(); code(err) != s.want {
				t.Errorf("%s: %v, want %q", s.what, err, s.want)
			}
		}
		for _, r := range []struct{ merchant, user, role string }{
			{"mer_a", "user_2", "owner"}, {"mer_b", "user_2", "owner"}, {"mer_b", "user_b", "viewer"}, {"mer_a", "user_b", "viewer"},
			{"mer_c", "user_2", ""}, {"mer_a", "user_1", ""}, {"mer_a", "user_3", ""},
		} {
			if role, err := organization.RoleIn(w.tx, r.merchant, r.user); role != r.role || (r.role == "") != fault.Is(err, "MEMBERSHIP_REQUIRED") {
				t.Errorf("%s is %q in %s, %v; want %q", r.user, role, r.merchant, err, r.role)
			}
		}
		if err := w.grant(a, w.east, "user_b", "operator"); err != nil {
			t.Fatal(err)
		}
		if role, _ := organization.RoleIn(w.tx, "mer_b", "user_b"); role != "operator" {
			t.Errorf("of two roles the higher counts: %q", role)
		}
		if role, _ := organization.RoleIn(w.tx, "mer_a", "user_b"); role != "viewer" {
			t.Errorf("a role counts below only: %q", role)
		}
	})
}

// TestNoSequenceBreaksATree moves and deletes at random and checks what must always hold.
func TestNoSequenceBreaksATree(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		founder := fmt.Sprint("mer_", n)
		v := organization.View{MerchantID: founder}
		err := d.Write(t.Context(), func(tx db.Tx) error {
			s := &organization.Service{IDs: id.NewSource(clock.NewFixed(now)), Users: func(db.Tx, []string, string) (bool, error) { return true, nil }}
			root, err := organization.Found(tx, s.IDs, founder, "root", now)
			if err != nil {
				return err
			}
			all := []string{root}
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				pick := func(what string) string { return rapid.SampledFrom(all).Draw(rt, what) }
				user := rapid.SampledFrom([]string{"u1", "u2", "u3"}).Draw(rt, "user")
				switch rapid.IntRange(0, 5).Draw(rt, "do") {
				case 0:
					var o organization.Organization
					if o, err = s.Create(tx.Context(), tx, organization.CreateInput{View: v, Name: "x", ParentID: pick("parent"), Now: now}); err == nil {
						all = append(all, o.ID)
					}
				case 1:
					to := pick("to")
					_, err = s.Update(tx.Context(), tx, organization.UpdateInput{View: v, OrganizationID: pick("which"), ParentID: &to, Now: now})
				case 2:
					_, err = s.Delete(tx.Context(), tx, v, pick("which"), now)
				case 3:
					_, _, err = s.Grant(tx.Context(), tx, organization.GrantInput{View: v, OrganizationID: root, UserID: user,
						Role: rapid.SampledFrom([]string{"owner", "admin", "viewer"}).Draw(rt, "role"), Now: now})
				case 4:
					_, err = s.Revoke(tx.Context(), tx, v, root, user, now)
				case 5:
					err = s.Transfer(tx.Context(), tx, organization.TransferInput{View: v, OrganizationID: root, NewOwnerID: user, Now: now})
				}
				if err != nil && fault.Of(err) == nil {
					return err
				}
			}
			checkTree(rt, tx, s, v, root, all)
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func checkTree(t *rapid.T, tx db.Tx, s *organization.Service, v organization.View, root string, all []string) {
	found, _, err := s.List(tx.Context(), tx, organization.ListInput{View: v, Limit: 100})
	if err != nil || len(found) != len(all) {
		t.Fatalf("%d of %d organizations hang on the root: %v", len(found), len(all), err)
	}
	parent, status := map[string]string{}, map[string]string{}
	for _, o := range found {
		parent[o.ID], status[o.ID] = o.ParentID, o.Status
	}
	for _, o := range found {
		steps := 0
		for at := o.ID; at != root; at = parent[at] {
			if steps++; steps > len(all) {
				t.Fatal("a cycle")
			}
		}
		if o.Status == organization.StatusActive && o.ID != root && status[o.ParentID] != organization.StatusActive {
			t.Fatal("an active organization below a deleted one")
		}
	}
	members, _, err := s.ListMembers(tx.Context(), tx, v, root, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	owners := 0
	for _, m := range members {
		owners += strings.Count(m.Role, "owner")
	}
	if owners > 1 {
		t.Fatalf("%d owners", owners)
	}
}

// TestAChangedRoleIsTold: whoever loses or changes a role is named to the hook for every merchant it counts in.
func TestAChangedRoleIsTold(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		var told []string
		w.Changed = append(w.Changed, func(_ context.Context, _ db.Tx, merchantID, userID string, at time.Time) error {
			if !at.Equal(now) {
				t.Errorf("told of %s", at)
			}
			told = append(told, userID+" in "+merchantID)
			return nil
		})
		expect := func(what string, err error, want ...string) {
			t.Helper()
			if err != nil || !slices.Equal(told, want) {
				t.Errorf("%s: told %v, %v; want %v", what, told, err, want)
			}
			told = nil
		}
		expect("an owner", w.grant(a, w.root, "user_1", "owner"))
		expect("an admin", w.grant(a, w.root, "user_2", "admin"))
		expect("the same again", w.grant(a, w.root, "user_2", "admin"))
		expect("less", w.grant(a, w.root, "user_2", "viewer"), "user_2 in mer_a", "user_2 in mer_b")
		expect("below", w.grant(a, w.east, "user_3", "viewer"))
		_, err := w.Revoke(w.tx.Context(), w.tx, a, w.east, "user_3", now)
		expect("revoked below", err, "user_3 in mer_b")
		err = w.Transfer(w.tx.Context(), w.tx, organization.TransferInput{View: a, OrganizationID: w.root, NewOwnerID: "user_2", Now: now})
		expect("handed on", err, "user_1 in mer_a", "user_1 in mer_b", "user_2 in mer_a", "user_2 in mer_b")
		if w.grant(b, w.root, "user_1", "viewer") == nil || len(told) > 0 {
			t.Errorf("a refusal is told: %v", told)
		}
	})
}
