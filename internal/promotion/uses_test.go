package promotion_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/promotion"
	"flint/internal/tenant"
)

// Promotions and codes are kept, listed by what they are at the time, and end.
func TestKeeping(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := clock.NewFixed(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
		s := &promotion.Service{IDs: id.NewSource(c), Clock: c}
		scope := tenant.Scope{MerchantID: s.IDs.New(id.Merchant), EnvironmentID: s.IDs.New(id.Sandbox)}
		write := func(fn func(tx db.Tx) error) error { t.Helper(); return d.Write(t.Context(), fn) }
		create := func(name string, change func(*promotion.CreateInput)) *promotion.Promotion {
			t.Helper()
			in := promotion.CreateInput{Scope: scope, Promotion: promotion.Promotion{Name: name, Method: promotion.Method{Type: promotion.PercentOff, Percent: 10_0000}}}
			change(&in)
			var p *promotion.Promotion
			if err := write(func(tx db.Tx) (err error) { p, err = s.Create(tx, in); return err }); err != nil {
				t.Fatal(err)
			}
			c.Set(c.Now().Add(time.Second))
			return p
		}
		one := int64(1)
		create("plain", func(*promotion.CreateInput) {})
		create("later", func(in *promotion.CreateInput) { in.Promotion.StartsAt = c.Now().Add(time.Hour) })
		create("past", func(in *promotion.CreateInput) { in.Promotion.EndsAt = c.Now().Add(time.Millisecond) })
		create("bare", func(in *promotion.CreateInput) { in.Promotion.Redemption = promotion.ByCode })
		coded := create("coded", func(in *promotion.CreateInput) {
			in.Codes = []promotion.NewCode{{Text: "Spring", MaxUses: &one}}
			in.Promotion.MaxUses = &one
		})
		if coded.Redemption != promotion.ByCode || coded.Codes.Newest != "Spring" || coded.Codes.Active != 1 {
			t.Errorf("with a code: %+v", coded)
		}
		list := func(statuses ...string) string {
			var names []string
			if err := d.Read(t.Context(), func(tx db.Tx) error {
				page, _, err := s.List(tx, promotion.ListInput{Scope: scope, Statuses: statuses, SortBy: "name", Ascending: true, Limit: 50})
				names = nil
				for _, p := range page {
					names = append(names, p.Name+":"+p.Status(c.Now()))
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(names, " ")
		}
		if got := list(); got != "bare:no_active_codes coded:active later:not_yet_started past:expired plain:active" {
			t.Errorf("all: %s", got)
		}
		for status, want := range map[string]string{"active": "coded:active plain:active", "expired": "past:expired", "not_yet_started": "later:not_yet_started",
			"no_active_codes": "bare:no_active_codes", "exhausted": "", "archived": "", "inactive": ""} {
			if got := list(status); got != want {
				t.Errorf("%s: %q, want %q", status, got, want)
			}
		}
		var code *promotion.Code
		if err := write(func(tx db.Tx) (err error) { code, _, err = s.FindCode(tx, scope, " sPRING "); return err }); err != nil || code == nil {
			t.Fatalf("the code in another case: %v %v", code, err)
		}
		again := write(func(tx db.Tx) error {
			_, err := s.CreateCode(tx, promotion.CreateCodeInput{Scope: scope, PromotionID: coded.ID, Code: promotion.NewCode{Text: "SPRING"}})
			return err
		})
		if !fault.Is(again, "DUPLICATE_CODE") {
			t.Errorf("the same code: %v", again)
		}
		use := []promotion.Use{{PromotionID: coded.ID, CodeID: code.ID, CustomerID: "cus_1"}}
		change := func(held, want []promotion.Use) (lost string) {
			t.Helper()
			if err := write(func(tx db.Tx) (err error) {
				_, lost, err = s.Change(tx, scope, held, want, map[string]int64{coded.ID: 1})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return lost
		}
		other := []promotion.Use{{PromotionID: coded.ID, CodeID: code.ID, CustomerID: "cus_2"}}
		if change(nil, use) != "" || change(nil, other) != coded.ID || list("exhausted") != "coded:exhausted" {
			t.Error("one use was not one use")
		}
		if change(use, nil) != "" || list("exhausted") != "" || change(nil, other) != "" {
			t.Error("a use given back was not free")
		}
		lowered := write(func(tx db.Tx) error {
			_, err := s.Update(tx, promotion.UpdateInput{Scope: scope, PromotionID: coded.ID, Change: func(p *promotion.Promotion) error { p.Class = promotion.ClassServiceCharge; return nil }})
			return err
		})
		if fault.Of(lowered) == nil {
			t.Errorf("another class: %v", lowered)
		}
		if err := write(func(tx db.Tx) error {
			if _, err := s.DeleteCode(tx, scope, coded.ID, code.ID); err != nil {
				return err
			}
			_, err := s.CreateCode(tx, promotion.CreateCodeInput{Scope: scope, PromotionID: coded.ID, Code: promotion.NewCode{Text: "spring"}})
			if err == nil {
				_, err = s.Archive(tx, scope, coded.ID)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if got := list("archived", "inactive"); got != "coded:archived" {
			t.Errorf("archived: %s", got)
		}
	})
}
