package arch

import (
	"bytes"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Pages of docs/ that have to keep up with the code: the errors, and the states.

const errorsPage = "docs/errors.md"

// errorCode is how an error code looks wherever it stands in the code: in a call, or in the fault tag
// of a field.
var errorCode = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)

// notErrors look like codes.
var notErrors = []string{
	"ORDER_TAX_LOCATION", // what two codes begin with
}

// classStatus is the status of each constructor and class of package fault.
var classStatus = map[string]string{
	"Invalid": "400", "Unauthenticated": "401", "Forbidden": "403", "NotFound": "404", "Conflict": "409", "Internal": "500", "Unavailable": "503",
	"ClassInvalid": "400", "ClassAuthentication": "401", "ClassPayment": "402", "ClassForbidden": "403", "ClassNotFound": "404",
	"ClassMethod": "405", "ClassConflict": "409", "ClassGone": "410", "ClassTooLarge": "413", "ClassMediaType": "415",
	"ClassRateLimited": "429", "ClassInternal": "500", "ClassExternal": "502", "ClassUnavailable": "503", "ClassTimeout": "504",
	"ClassStorageFull": "507",
}

// use is where a code stands, and the statuses that can be read off there.
type use struct {
	at       string
	statuses []string
}

// errorCodes finds every code that the product can answer with.
func errorCodes(t *tree) map[string]use {
	found := map[string]use{}
	note := func(code string, at ast.Node, status string) {
		if !errorCode.MatchString(code) || strings.HasPrefix(code, "FLINT_") || strings.HasPrefix(code, "OTEL_") || slices.Contains(notErrors, code) {
			return
		}
		u, known := found[code]
		if !known {
			u.at = t.line(at)
		}
		if status != "" && !slices.Contains(u.statuses, status) {
			u.statuses = append(u.statuses, status)
		}
		found[code] = u
	}
	t.code("internal", func(p *pkg, s source) {
		if slices.Contains(testSupport, strings.TrimPrefix(p.dir, "internal/")) {
			return
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if n.Kind != token.STRING {
					return true
				}
				v, _ := strconv.Unquote(n.Value)
				note(v, n, "")
				for rule := range strings.SplitSeq(reflect.StructTag(v).Get("fault"), ",") {
					_, code, _ := strings.Cut(rule, "=")
					note(code, n, "400")
				}
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 {
					status := map[string]string{"Add": "400", "add": "400"}[sel.Sel.Name]
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "fault" {
						status = classStatus[sel.Sel.Name]
					}
					note(literal(n.Args[0]), n, status)
				}
			case *ast.CompositeLit:
				note(literal(field(n, "Code")), n, classStatus[lastName(field(n, "Class"))])
			}
			return true
		})
	})
	return found
}

// field is the value of a field in a composite literal, nil when it is not named.
func field(n *ast.CompositeLit, name string) ast.Expr {
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && lastName(kv.Key) == name {
			return kv.Value
		}
	}
	return nil
}

// lastName is the name of an identifier or of what a selector selects, "" for anything else.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// literal is the value of a string literal, "" for anything else.
func literal(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		v, _ := strconv.Unquote(lit.Value)
		return v
	}
	return ""
}

// section is one code of the page: a heading, then a line that begins with its statuses.
var section = regexp.MustCompile(`(?m)^### ([A-Z0-9_]+)\n\n([0-9, ]*)`)

func undocumentedErrors(t *tree) []breach {
	var out []breach
	documented := map[string]string{}
	for _, m := range section.FindAllSubmatch(t.page(errorsPage), -1) {
		documented[string(m[1])] = string(m[2])
	}
	codes := errorCodes(t)
	for code, u := range codes {
		statuses, ok := documented[code]
		if !ok {
			out = append(out, breach{u.at, code + " has no section in " + errorsPage + ": whoever gets it is sent there"})
			continue
		}
		for _, status := range u.statuses {
			if !strings.Contains(statuses, status) {
				out = append(out, breach{u.at, code + " is answered with " + status + ", which its section in " + errorsPage + " does not say"})
			}
		}
	}
	for code := range maps.Keys(documented) {
		if _, ok := codes[code]; !ok {
			out = append(out, breach{errorsPage, code + " is not answered by any code any more"})
		}
	}
	return out
}

// page is the text of a file, nil without it.
func (t *tree) page(name string) []byte {
	i := slices.IndexFunc(t.texts, func(f text) bool { return f.path == name })
	if i < 0 {
		return nil
	}
	return t.texts[i].data
}

func TestEveryErrorIsExplained(t *testing.T) {
	t.Parallel()
	tr := project(t)
	if n := len(errorCodes(tr)); n < 250 {
		t.Fatalf("only %d codes found: the rule has gone blind", n)
	}
	report(t, undocumentedErrors(tr))
	expect(t, undocumentedErrors(example(t, map[string]string{
		"internal/order/a.go":  "package order\nvar a = fault.Conflict(\"ORDER_CLOSED\", \"\")",
		"internal/order/b.go":  "package order\nvar b = fault.Conflict(\"ORDER_GONE\", \"\")",
		"internal/order/c.go":  "package order\ntype c struct { N string `fault:\"long=NAME_TOO_LONG\"` }",
		"internal/order/d.go":  "package order\nvar d = &fault.Error{Class: fault.ClassTimeout, Code: \"TOO_SLOW\"}",
		errorsPage:             "### ORDER_CLOSED\n\n409. Fine.\n\n### TOO_SLOW\n\n400. Wrong status.\n\n### OLD_CODE\n\n400. Nobody answers it.\n",
		"internal/order/e.txt": "ORDER_NOT_CODE",
	})), "internal/order/b.go:2", "internal/order/c.go:2", "internal/order/d.go:2", errorsPage)
}

// States. Each page shows one state machine.

// machine is a group of status constants and the page that explains them.
type machine struct {
	page   string
	dir    string
	prefix string   // of the constants' names
	except []string // constants with the prefix that are no status
}

var machines = []machine{
	{"docs/states/order.md", "internal/order", "Status", nil},
	{"docs/states/order.md", "internal/order", "Payment", nil},
	{"docs/states/order.md", "internal/order", "Refund", nil},
	{"docs/states/order.md", "internal/order", "Tip", nil},
	{"docs/states/order.md", "internal/order", "Discount", []string{"DiscountOrder", "DiscountLineItem", "DiscountServiceCharge"}},
	{"docs/states/payment-attempt.md", "internal/payment", "Attempt", nil},
	{"docs/states/payment-intent.md", "internal/payment", "Intent", nil},
	{"docs/states/processor-operation.md", "internal/payment", "op", nil},
	{"docs/states/processor-operation.md", "internal/payment", "Outcome", nil},
	{"docs/states/refund.md", "internal/refund", "Status", nil},
	{"docs/states/checkout-session.md", "internal/checkout", "Status", nil},
	{"docs/states/checkout-session.md", "internal/checkout", "Reason", nil},
	{"docs/states/fulfillment.md", "internal/fulfillment", "Status", nil},
	{"docs/states/fulfillment.md", "internal/fulfillment", "State", nil},
	{"docs/states/fulfillment.md", "internal/fulfillment", "Order", nil},
	{"docs/states/fulfillment.md", "internal/fulfillment", "Effect", nil},
	{"docs/states/fulfillment.md", "internal/fulfillment", "Notice", nil},
	{"docs/states/package.md", "internal/fulfillment", "Parcel", nil},
	{"docs/states/webhook-delivery.md", "internal/webhook", "Status", nil},
	{"docs/states/webhook-delivery.md", "internal/webhook", "Trigger", nil},
	{"docs/states/oauth-token.md", "internal/auth/oauth", "end", nil},
	{"docs/states/oauth-token.md", "internal/auth/oauth", "Device", nil},
	{"docs/states/app-install.md", "internal/app", "Status", nil},
	{"docs/states/app-install.md", "internal/app", "Grant", nil},
	{"docs/states/app-install.md", "internal/app", "RevokedBy", nil},
	{"docs/states/app-install.md", "internal/app", "App", nil},
	{"docs/states/app-approval.md", "internal/app", "Approval", nil},
}

// constants are the string constants of a package whose names begin with the prefix and go on with a
// capital letter, by name.
func (t *tree) constants(dir, prefix string) map[string]string {
	out := map[string]string{}
	t.code(dir, func(p *pkg, s source) {
		if p.dir != dir {
			return
		}
		for _, d := range s.syntax.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					rest, ok := strings.CutPrefix(name.Name, prefix)
					if ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' && i < len(v.Values) {
						if value := literal(v.Values[i]); value != "" {
							out[name.Name] = value
						}
					}
				}
			}
		}
	})
	return out
}

func unexplainedStates(t *tree, all []machine) []breach {
	var out []breach
	for _, m := range all {
		if t.packages[m.dir] == nil {
			continue
		}
		page := t.page(m.page)
		if page != nil && !bytes.Contains(page, []byte("```mermaid\nstateDiagram-v2")) {
			out = append(out, breach{m.page, "shows no state diagram"})
		}
		constants := t.constants(m.dir, m.prefix)
		if len(constants) == 0 {
			out = append(out, breach{m.dir, "has no constants " + m.prefix + "… any more, which " + m.page + " explains"})
		}
		for name, value := range constants {
			word := regexp.MustCompile(`\b` + regexp.QuoteMeta(value) + `\b`)
			if !slices.Contains(m.except, name) && !word.Match(page) {
				out = append(out, breach{m.page, path.Base(m.dir) + "." + name + " (" + value + ") does not appear: a reader looks here for what each status means"})
			}
		}
	}
	return out
}

func TestEveryStatusIsExplained(t *testing.T) {
	t.Parallel()
	report(t, unexplainedStates(project(t), machines))
	page := "docs/states/order.md"
	expect(t, unexplainedStates(example(t, map[string]string{
		"internal/order/a.go": "package order\nconst (\n\tStatusOpen = \"open\"\n\tStatusClosed = \"closed\"\n\tStatusOther int = 3\n)",
		page:                  "```mermaid\nstateDiagram-v2\n```\nAn order is open, or disclosed.",
	}), []machine{{page, "internal/order", "Status", nil}, {page, "internal/order", "Gone", nil}, {page, "internal/no", "Status", nil}}),
		page, "internal/order")
}
