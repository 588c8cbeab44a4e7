package arch

import (
	"fmt"
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// The page of security tests names tests, and every one of them exists.

const securityPage = "docs/security-tests.md"

var (
	requirement = regexp.MustCompile(`(?m)^\| (R\d+) \|(.*)$`)
	namedTest   = regexp.MustCompile("`(?:([a-z/]+): )?((?:Test|Fuzz)[A-Za-z0-9]+)`")
)

// tests are the test functions of the packages, as "dir name".
func (t *tree) tests() map[string]bool {
	out := map[string]bool{}
	for _, p := range t.packages {
		for _, s := range p.files {
			for _, d := range s.syntax.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && s.test && f.Recv == nil {
					out[p.dir+" "+f.Name.Name] = true
				}
			}
		}
	}
	return out
}

// unheldRequirements finds requirements from first to last that no test is named for, and named tests that
// are not there. A name without a package is of the package before it in the row.
func unheldRequirements(t *tree, first, last int) []breach {
	var out []breach
	tests, rows := t.tests(), map[string]string{}
	for _, m := range requirement.FindAllSubmatch(t.page(securityPage), -1) {
		rows[string(m[1])] = string(m[2])
	}
	for n := first; n <= last; n++ {
		name := fmt.Sprintf("R%d", n)
		named := namedTest.FindAllStringSubmatch(rows[name], -1)
		if len(named) == 0 {
			out = append(out, breach{securityPage, name + " names no test: nobody would see it break"})
		}
		dir := ""
		for _, m := range named {
			if m[1] != "" {
				dir = "internal/" + m[1]
			}
			if !tests[dir+" "+m[2]] {
				out = append(out, breach{securityPage, name + " names " + m[2] + ", which is not a test of " + strings.TrimPrefix(dir, "internal/")})
			}
		}
	}
	return out
}

func TestEveryRequirementOnAppsHasTests(t *testing.T) {
	t.Parallel()
	report(t, unheldRequirements(project(t), 32, 40))
	found := unheldRequirements(example(t, map[string]string{
		"internal/a/x_test.go": "package a\nfunc TestOne() {}\nfunc (r rig) TestNone() {}",
		"internal/b/b.go":      "package b\nfunc TestTwo() {}",
		securityPage:           "| R1 | x | `a: TestOne` |\n| R2 | x | `a: TestOne`, `TestNone` |\n| R3 | x | `b: TestTwo` |\n| R4 | x | |\n",
	}), 1, 4)
	if expect(t, found, securityPage); len(found) != 3 {
		t.Errorf("%d breaches, want those of R2, R3 and R4: %v", len(found), found)
	}
}
