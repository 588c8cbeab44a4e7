package customer_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

var (
	scope = tenant.Scope{MerchantID: "mer_a", EnvironmentID: "test_a"}
	other = tenant.Scope{MerchantID: "mer_b", EnvironmentID: "test_a"}
	start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)
)

type bench struct {
	*customer.Service
	d     db.DB
	clock *clock.Fixed
}

func newBench(d db.DB) *bench {
	c := clock.NewFixed(start)
	ids := id.NewSource(c)
	return &bench{Service: &customer.Service{IDs: ids, Clock: c, Events: &event.Log{IDs: ids}}, d: d, clock: c}
}

// write runs op in a transaction of its own.
func write[In, Out any](b *bench, op func(context.Context, db.Tx, In) (Out, error), in In) (Out, error) {
	var out Out
	err := b.d.Write(context.Background(), func(tx db.Tx) (err error) {
		out, err = op(tx.Context(), tx, in)
		return err
	})
	return out, err
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func code(err error) string {
	if e := fault.Of(err); e != nil {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestCreateAndPatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(d)
		made := must[*customer.Customer](t)(write(b, b.Create, customer.CreateInput{
			Scope: scope, Email: "Ada@Example.com", Name: "Ada", Phone: "+4930123456", TaxExempt: true,
			ShippingAddress: &customer.Address{Line1: "1 Main St", City: "Austin", State: "TX", PostalCode: "78701", Country: "US"},
			Metadata:        map[string]string{"tier": "gold"},
		}))
		read := func() *customer.Customer {
			t.Helper()
			var c *customer.Customer
			if err := d.Read(t.Context(), func(tx db.Tx) (err error) {
				c, err = b.Get(t.Context(), tx, scope, made.ID)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return c
		}
		c := read()
		if c.Version != 1 || c.Email != "Ada@Example.com" || !c.TaxExempt || c.ShippingAddress.City != "Austin" || c.Metadata["tier"] != "gold" ||
			!c.CreatedAt.Equal(start) {
			t.Errorf("read back %+v", c)
		}
		if _, err := write(b, b.Create, customer.CreateInput{Scope: scope, Email: "ada@example.COM"}); code(err) != "CUSTOMER_EMAIL_ALREADY_USED" {
			t.Errorf("the same address in other letters: %v", err)
		}
		if _, err := write(b, b.Create, customer.CreateInput{Scope: other, Email: "ada@example.com"}); err != nil {
			t.Errorf("the same address at another merchant: %v", err)
		}
		if _, err := write(b, b.Patch, customer.PatchInput{Scope: other, ID: made.ID, Name: new("X")}); code(err) != "RESOURCE_NOT_FOUND" {
			t.Errorf("patched by another merchant: %v", err)
		}

		b.clock.Set(start.Add(time.Hour))
		must[*customer.Customer](t)(write(b, b.Patch, customer.PatchInput{Scope: scope, ID: made.ID, Name: new("Ada L."), ExpectedVersion: new(int64(1)),
			TaxIdentity: &customer.TaxIdentity{LegalName: "Engines", TaxIDs: []jsontext.Value{jsontext.Value(`{"type":"eu_vat"}`)}},
			Metadata:    &metadata.Patch{Set: map[string]*string{"tier": nil, "x": new("1")}}}))
		c = read()
		if c.Version != 2 || c.Name != "Ada L." || c.Metadata["tier"] != "" || c.Metadata["x"] != "1" || !c.UpdatedAt.Equal(start.Add(time.Hour)) ||
			len(c.TaxIdentity.TaxIDs) != 1 || c.Phone != "+4930123456" {
			t.Errorf("after the patch %+v", c)
		}
		_, err := write(b, b.Patch, customer.PatchInput{Scope: scope, ID: made.ID, Name: new("Y"), ExpectedVersion: new(int64(1))})
		if code(err) != "VERSION_CONFLICT" || fault.Of(err).Extra["current_version"] != int64(2) {
			t.Errorf("a stale version: %v %v", err, fault.Of(err).Extra)
		}
		if _, err := write(b, b.Patch, customer.PatchInput{Scope: scope, ID: made.ID, ClearTaxIdentity: true}); code(err) != "EXPECTED_VERSION_REQUIRED" {
			t.Errorf("clearing the tax identity blindly: %v", err)
		}
		must[*customer.Customer](t)(write(b, b.Patch, customer.PatchInput{Scope: scope, ID: made.ID, Name: new("Ada L."), Metadata: &metadata.Patch{}}))
		if c = read(); c.Version != 2 {
			t.Errorf("a patch that changes nothing made version %d", c.Version)
		}
		var kinds []string
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.Query(func(r db.Row) error {
				var kind, data string
				err := r.Scan(&kind, &data)
				kinds = append(kinds, kind+" "+data)
				return err
			}, `SELECT type, data FROM events WHERE merchant_id = $1 AND root_id = $2 ORDER BY sequence`, scope.MerchantID, made.ID)
		}); err != nil {
			t.Fatal(err)
		}
		data := ` {"customer_id":"` + made.ID + `"}`
		if !slices.Equal(kinds, []string{"customer.created" + data, "customer.updated" + data}) {
			t.Errorf("events %v", kinds)
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what string
		in   customer.CreateInput
		code string
	}{
		{"fine", customer.CreateInput{Email: "a@b.co"}, ""},
		{"no address", customer.CreateInput{}, "CUSTOMER_EMAIL_REQUIRED"},
		{"no domain", customer.CreateInput{Email: "a@b"}, "INVALID_EMAIL_FORMAT"},
		{"a display name", customer.CreateInput{Email: "A <a@b.co>"}, "INVALID_EMAIL_FORMAT"},
		{"too long", customer.CreateInput{Email: strings.Repeat("a", 250) + "@b.co"}, "INVALID_EMAIL_FORMAT"},
		{"a local phone number", customer.CreateInput{Email: "a@b.co", Phone: "030 1234"}, "INVALID_PHONE_FORMAT"},
		{"a long name", customer.CreateInput{Email: "a@b.co", Name: strings.Repeat("n", 256)}, "NAME_TOO_LONG"},
		{"a country in words", customer.CreateInput{Email: "a@b.co", BillingAddress: &customer.Address{Line1: "1", City: "X", Country: "Germany"}}, "INVALID_COUNTRY"},
		{"a reserved key", customer.CreateInput{Email: "a@b.co", Metadata: map[string]string{"flint_x": ""}}, "RESERVED_METADATA_KEY"},
		{"several", customer.CreateInput{Phone: "1", Name: "\x00"}, "INVALID_REQUEST"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			if got := code(c.in.Validate()); got != c.code {
				t.Errorf("code = %q, want %q", got, c.code)
			}
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(d)
		var all []*customer.Customer
		for i := range 23 {
			b.clock.Set(start.Add(time.Duration(i%7) * time.Minute)) // several of one time
			in := customer.CreateInput{Scope: scope, Email: fmt.Sprintf("c%02d@example.com", i*7%23), Name: []string{"Zed", "anna", "Bob%_"}[i%3], ExternalReferenceID: fmt.Sprint("r", i%5)}
			all = append(all, must[*customer.Customer](t)(write(b, b.Create, in)))
		}
		must[*customer.Customer](t)(write(b, b.Create, customer.CreateInput{Scope: other, Email: "c99@example.com"}))
		page := func(in customer.ListInput) []string {
			t.Helper()
			var got []string
			in.Scope = scope
			for {
				var res customer.ListResult
				if err := d.Read(t.Context(), func(tx db.Tx) (err error) {
					res, err = b.List(t.Context(), tx, in)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				for _, c := range res.Customers {
					got = append(got, c.ID)
				}
				if res.Next == nil {
					return got
				}
				if len(res.Customers) != in.Limit {
					t.Fatalf("a page of %d with a next one", len(res.Customers))
				}
				in.After = res.Next
			}
		}
		key := map[string]func(*customer.Customer) string{
			"":                     func(c *customer.Customer) string { return c.CreatedAt.String() },
			customer.SortUpdatedAt: func(c *customer.Customer) string { return c.UpdatedAt.String() },
			customer.SortName:      func(c *customer.Customer) string { return strings.ToLower(c.Name) },
			customer.SortEmail:     func(c *customer.Customer) string { return c.Email },
		}
		for sort, k := range key {
			for _, ascending := range []bool{true, false} {
				want := slices.Clone(all)
				slices.SortFunc(want, func(x, y *customer.Customer) int {
					n := strings.Compare(k(x)+"|"+x.ID, k(y)+"|"+y.ID)
					if ascending {
						return n
					}
					return -n
				})
				got := page(customer.ListInput{SortBy: sort, Ascending: ascending, Limit: 4})
				if !slices.EqualFunc(got, want, func(g string, w *customer.Customer) bool { return g == w.ID }) {
					t.Errorf("sorted by %q, ascending %v: %v", sort, ascending, got)
				}
			}
		}
		for _, c := range []struct {
			what string
			in   customer.ListInput
			keep func(*customer.Customer) bool
		}{
			{"query", customer.ListInput{Query: "ANN"}, func(c *customer.Customer) bool { return c.Name == "anna" }},
			{"query is literal", customer.ListInput{Query: "b%_"}, func(c *customer.Customer) bool { return c.Name == "Bob%_" }},
			{"email", customer.ListInput{Email: "C07@example.com"}, func(c *customer.Customer) bool { return c.Email == "c07@example.com" }},
			{"reference", customer.ListInput{ExternalReferenceID: "r3"}, func(c *customer.Customer) bool { return c.ExternalReferenceID == "r3" }},
			{"created", customer.ListInput{CreatedAfter: start, CreatedBefore: start.Add(5 * time.Minute)}, func(c *customer.Customer) bool {
				return c.CreatedAt.After(start) && c.CreatedAt.Before(start.Add(5*time.Minute))
			}},
		} {
			c.in.Limit = 100
			got := page(c.in)
			want := 0
			for _, x := range all {
				if c.keep(x) {
					want++
					if !slices.Contains(got, x.ID) {
						t.Errorf("%s: %s is missing", c.what, x.Email)
					}
				}
			}
			if len(got) != want || want == 0 {
				t.Errorf("%s: %d rows, want %d", c.what, len(got), want)
			}
		}
	})
}
