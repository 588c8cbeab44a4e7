package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// layer is one floor of the building. A package imports packages of lower floors only; what it may do
// on its own floor is said by beside.
type layer int

const (
	unplaced layer = iota
	foundation
	bookkeeping
	domain
	reaction
	identity
	adapter
	surface
	whole
	command
)

var layerNames = map[layer]string{
	foundation: "foundation", bookkeeping: "bookkeeping", domain: "domains", reaction: "reactions",
	identity: "auth", adapter: "adapters", surface: "surfaces", whole: "server", command: "commands",
}

// domainOrder is the line of domains: each may import those to its left. What has to act the other way
// subscribes to events.
var domainOrder = strings.Fields(`organization merchant settings customer catalog promotion tax order payment refund dispute
	fulfillment returnpolicy returns invoice creditnote checkout paymentlink stranded recovery support export extension`)

// places puts every package of internal/ on a floor. A folder below a listed one belongs to it.
var places = map[layer][]string{
	foundation:  {"money", "id", "fault", "failpoint", "clock", "secret", "tenant", "text", "metadata", "egress", "throttle", "db"},
	bookkeeping: {"ledger", "event", "job", "idempotency", "requestlog"},
	domain:      domainOrder,
	reaction:    {"webhook", "notification", "audit"},
	identity:    {"app", "auth", "onboarding"},
	adapter:     {"processor", "mail", "pdf", "qr", "logo"},
	surface:     {"httpapi", "web"},
	whole:       {"server", "devenv", "doctor", "observe", "backup", "flinttest"},
}

// ports says which package's port an adapter fills; of all that is above bookkeeping it may import
// nothing else.
var ports = map[string]string{
	"processor": "payment",
	"mail":      "notification",
	"pdf":       "invoice",
	"qr":        "paymentlink",
	"logo":      "invoice",
}

// sharedPages are the parts of the pages that every page may import: layout, fields, strings, and the gate
// that lets signed-in people through.
var sharedPages = []string{"web", "web/ui", "web/signin"}

// testSupport are packages that only tests may import.
var testSupport = []string{"db/dbtest", "processor/processortest", "flinttest"}

// place finds the floor of a package folder and the name in places that put it there. Only folders of
// the product's own binary are placed.
func place(dir string) (layer, string) {
	if within(dir, "cmd") {
		return command, "cmd"
	}
	inner, ok := strings.CutPrefix(dir, "internal/")
	if !ok {
		return unplaced, ""
	}
	first, _, _ := strings.Cut(inner, "/")
	for l, names := range places {
		if slices.Contains(names, first) {
			return l, first
		}
	}
	return unplaced, ""
}

// forbidden returns the reason why package from must not import package to (both folders), or "".
func forbidden(from, to string) string {
	inner := strings.TrimPrefix(to, "internal/")
	if slices.Contains(testSupport, inner) && !slices.Contains(testSupport, strings.TrimPrefix(from, "internal/")) {
		return inner + " is for tests; the product must not depend on it"
	}
	if within(from, floorTest) && to != "internal/db/dbtest" {
		return ""
	}
	if outside := outsider(from); outside != "" {
		if within(to, "internal") || within(to, "cmd") {
			return outside
		}
		return ""
	}
	lf, nf := place(from)
	lt, nt := place(to)
	switch {
	case lt == unplaced:
		return "" // reported by unplacedPackages, once and at the package itself
	case lf == command:
		return ""
	case nf == nt && lf != surface && lf != adapter:
		return ""
	case lt > lf:
		return fmt.Sprintf("%s (%s) is above %s (%s): dependencies point downward, so that a rule can be read and tested without "+
			"what is built on it; let the upper package subscribe to an event or fill a port", nt, layerNames[lt], nf, layerNames[lf])
	case lf == domain && lt == domain && slices.Index(domainOrder, nt) > slices.Index(domainOrder, nf):
		return fmt.Sprintf("domain %s stands to the right of %s: domains import only those to their left (%s); what must act the "+
			"other way subscribes to events", nt, nf, strings.Join(domainOrder, " "))
	case lf == reaction && lt == domain:
		return fmt.Sprintf("%s reacts to events and knows no product domain: what it needs to know about %s belongs in the event", nf, nt)
	case lf == reaction && lt == reaction:
		return "reactions are independent of each other: each reads the events itself"
	case lf == identity && lt == domain && nt != "merchant" && nt != "organization":
		return nf + " decides who may call before any product rule runs: of the domains it knows merchants and organizations alone"
	case lf == identity && lt == reaction:
		return nf + " must not depend on what reacts to events"
	case lf == adapter && lt >= domain:
		if lt == adapter && (to == "internal/"+nf || within(to, from)) {
			return ""
		}
		if lt < adapter && nt == ports[nf] {
			return ""
		}
		return fmt.Sprintf("an adapter imports the package whose port it fills (%s -> %s) and what is below it, so that it can be exchanged", nf, ports[nf])
	case lf == surface && lt == adapter:
		return "a surface only translates: it reaches adapters through the ports of the domains"
	case lf == surface && lt == surface:
		if from == to || within(to, from) || within(from, "internal/httpapi") && within(to, "internal/httpapi") {
			return ""
		}
		if slices.Contains(sharedPages, inner) {
			return ""
		}
		return "surfaces are independent of each other; what pages share lives in " + strings.Join(sharedPages, ", ")
	}
	return ""
}

// floorTest compares the binary with the same statements straight through the database, so it needs the
// database package, and the wired server once to record what the statements are.
const floorTest = "test/load"

// outsider returns the rule for code outside the product, "" for the product itself.
func outsider(dir string) string {
	switch {
	case within(dir, "sdk"), within(dir, "examples"):
		return "what customers copy must not need our internals: use the public API"
	case within(dir, "docs"):
		return "documentation that the binary serves is text: it needs nothing of ours"
	case within(dir, "test"):
		return "these tests see the whole binary from outside: use the public API, the command line or the database"
	}
	return ""
}

// notBelow are imports that must not appear at or below a floor.
var notBelow = []struct {
	upTo    layer
	imports []string
	except  []string
	why     string
}{
	{domain, []string{"net/http", "html/template", "github.com/danielgtaylor/huma/v2"}, []string{"egress"},
		"rules must not know HTTP or pages: a surface translates, a fault carries the status, and a port reaches the outside"},
	{domain, []string{"github.com/jackc/pgx/v5", "zombiezen.com/go/sqlite", "modernc.org/sqlite", "database/sql"}, []string{"db"},
		"one SQL text runs on both engines through the db package; only its two engines know their drivers"},
	{command - 1, []string{"testing"}, []string{"db/dbtest", "processor/processortest", "flinttest"},
		"the product must not carry test code"},
}

func importBreaches(t *tree) []breach {
	var out []breach
	t.code("", func(p *pkg, s source) {
		for _, imp := range s.imports {
			if to, ok := strings.CutPrefix(imp, module+"/"); ok {
				if why := forbidden(p.dir, to); why != "" {
					out = append(out, breach{s.path, "imports " + imp + ": " + why})
				}
				continue
			}
			l, _ := place(p.dir)
			inner := strings.TrimPrefix(p.dir, "internal/")
			for _, rule := range notBelow {
				excepted := slices.ContainsFunc(rule.except, func(e string) bool { return within(inner, e) })
				listed := slices.ContainsFunc(rule.imports, func(r string) bool { return within(imp, r) })
				if l != unplaced && l <= rule.upTo && listed && !excepted {
					out = append(out, breach{s.path, "imports " + imp + ": " + rule.why})
				}
			}
		}
	})
	return out
}

// vague are package names that say nothing about what is inside, so everything ends up there.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "models", "types", "shared", "base", "core"}

func unplacedPackages(t *tree) []breach {
	var out []breach
	for _, p := range t.packages {
		if slices.Contains(vague, path.Base(p.dir)) {
			out = append(out, breach{p.dir, "the name does not say what the package is about"})
		}
		if outsider(p.dir) != "" || p.dir == "internal/arch" {
			continue
		}
		if l, _ := place(p.dir); l == unplaced {
			out = append(out, breach{p.dir, "the package has no place in the architecture: add it to a layer in internal/arch/imports_test.go " +
				"and to docs/architecture.md, or put its files where they belong"})
		}
	}
	return out
}

func TestImports(t *testing.T) { t.Parallel(); report(t, importBreaches(project(t))) }

func TestEveryPackageHasAPlace(t *testing.T) { t.Parallel(); report(t, unplacedPackages(project(t))) }

func TestForbiddenImports(t *testing.T) {
	t.Parallel()
	const fine = ""
	cases := []struct{ from, to, reason string }{
		{"internal/order", "internal/money", fine},
		{"internal/order", "internal/ledger", fine},
		{"internal/refund", "internal/payment", fine},
		{"internal/order", "internal/order/pricing", fine},
		{"internal/db/sqlite", "internal/db", fine},
		{"internal/event", "internal/job", fine},
		{"internal/httpapi", "internal/checkout", fine},
		{"internal/httpapi", "internal/auth", fine},
		{"internal/web/checkout", "internal/web/ui", fine},
		{"internal/web/checkout", "internal/checkout", fine},
		{"internal/processor/simulator", "internal/payment", fine},
		{"internal/processor/simulator", "internal/job", fine},
		{"internal/auth/oauth", "internal/auth", fine},
		{"internal/server", "internal/processor/simulator", fine},
		{"cmd/flint", "internal/server", fine},
		{"examples/loyalty", "sdk", fine},
		{"internal/processor/processortest", "internal/payment", fine},

		{"internal/money", "internal/order", "above"},
		{"internal/db", "internal/ledger", "above"},
		{"internal/ledger", "internal/order", "above"},
		{"internal/order", "internal/payment", "to the right"},
		{"internal/payment", "internal/refund", "to the right"},
		{"internal/payment", "internal/processor/simulator", "above"},
		{"internal/order", "internal/httpapi", "above"},
		{"internal/order", "internal/webhook", "above"},
		{"internal/webhook", "internal/order", "knows no product domain"},
		{"internal/webhook", "internal/audit", "independent"},
		{"internal/auth", "internal/order", "merchants and organizations alone"},
		{"internal/auth", "internal/webhook", "reacts"},
		{"internal/processor/simulator", "internal/refund", "port it fills"},
		{"internal/processor/simulator", "internal/processor/stripe", "port it fills"},
		{"internal/httpapi", "internal/processor/simulator", "only translates"},
		{"internal/httpapi", "internal/web/checkout", "independent"},
		{"internal/web/checkout", "internal/web/invoice", "independent"},
		{"internal/web/checkout", "internal/httpapi", "independent"},
		{"internal/httpapi", "internal/server", "above"},
		{"internal/server", "cmd/flint", "above"},
		{"internal/order", "internal/db/dbtest", "for tests"},
		{"sdk", "internal/money", "public API"},
		{"examples/loyalty", "internal/money", "public API"},
		{"test/crash", "internal/server", "from outside"},
		{"test/load", "internal/server", fine},
	}
	for _, c := range cases {
		got := forbidden(c.from, c.to)
		if (got == "") != (c.reason == "") || !strings.Contains(got, c.reason) {
			t.Errorf("%s -> %s: %q, want %q", c.from, c.to, got, c.reason)
		}
	}
}

func TestImportRulesSeeBadExamples(t *testing.T) {
	t.Parallel()
	tr := example(t, map[string]string{
		"internal/order/a.go":          "package order\nimport _ \"flint/internal/payment\"",
		"internal/order/a_test.go":     "package order\nimport _ \"flint/internal/db/dbtest\"",
		"internal/refund/http.go":      "package refund\nimport _ \"net/http\"",
		"internal/refund/sql.go":       "package refund\nimport _ \"github.com/jackc/pgx/v5/pgxpool\"",
		"internal/db/postgres/pool.go": "package postgres\nimport _ \"github.com/jackc/pgx/v5/pgxpool\"",
		"internal/server/t.go":         "package server\nimport _ \"testing\"",
		"internal/db/dbtest/t.go":      "package dbtest\nimport _ \"testing\"",
		"tools/go.mod":                 "module flint/tools",
		"tools/t.go":                   "package tools\nimport _ \"flint/internal/order\"",
	})
	expect(t, importBreaches(tr), "internal/order/a.go", "internal/refund/http.go", "internal/refund/sql.go", "internal/server/t.go")

	tr = example(t, map[string]string{
		"internal/payment/a.go":      "package payment",
		"internal/loyalty/a.go":      "package loyalty",
		"internal/order/utils/a.go":  "package utils",
		"helper.go":                  "package flint",
		"internal/web/checkout/a.go": "package checkout",
		"sdk/client.go":              "package sdk",
	})
	expect(t, unplacedPackages(tr), "internal/loyalty", "internal/order/utils", ".")
}

// A domain that is listed twice or placed on two floors would make the answer depend on map order.
func TestPlacesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, names := range places {
		for _, n := range names {
			if seen[n] {
				t.Errorf("%s has two places", n)
			}
			seen[n] = true
		}
	}
}
