package arch

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exceptions to a rule: a folder or a file, and the reason. One that is there and needs no exception any
// more fails the build.
type exceptions map[string]string

// filter drops the breaches that an exception covers, and adds one for each exception that covers
// nothing although its folder or file exists in the tree.
func (e exceptions) filter(t *tree, found []breach) []breach {
	used := map[string]bool{}
	var out []breach
	for _, b := range found {
		file, _, _ := strings.Cut(b.at, ":")
		excepted := false
		for place := range e {
			if within(file, place) {
				used[place], excepted = true, true
			}
		}
		if !excepted {
			out = append(out, b)
		}
	}
	for place := range e {
		if !used[place] && t.exists(place) {
			out = append(out, breach{place, "stands in a list of exceptions that it no longer needs"})
		}
	}
	return out
}

// Package comments.

func undocumentedPackages(t *tree) []breach {
	var out []breach
	for _, p := range t.packages {
		want, code := "Package "+path.Base(p.dir), false // the folder's name, unless its files have another
		documented := false
		for _, s := range p.files {
			if s.test {
				continue
			}
			code = true
			doc := s.syntax.Doc.Text()
			if want = "Package " + s.syntax.Name.Name; s.syntax.Name.Name == "main" {
				want = "Command"
			}
			documented = documented || strings.HasPrefix(doc, want+" ")
		}
		switch {
		case !code && len(p.files) > 0 && within(p.dir, "test"):
			// Whole-binary tests may be test files only.
		case !documented:
			out = append(out, breach{p.dir, "has no package comment outside its tests: the first thing a reader asks is what the package is for (\"" + want + " ...\")"})
		}
	}
	return out
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	report(t, undocumentedPackages(project(t)))
	expect(t, undocumentedPackages(example(t, map[string]string{
		"internal/order/doc.go":     "// Package order is the record.\npackage order",
		"internal/order/a.go":       "package order",
		"internal/refund/a.go":      "// A comment on something else.\n\npackage refund",
		"internal/tax/a.go":         "package tax",
		"internal/tax/tax_test.go":  "// Package tax is explained in the wrong place.\npackage tax",
		"cmd/flint/main.go":         "// Command flint takes money.\npackage main",
		"examples/shop/main.go":     "// This program takes money.\npackage main",
		"test/crash/crash_test.go":  "package crash",
		"internal/dispute/a.go":     "// Package other is a slip.\npackage dispute",
		"internal/fulfillment/a.go": "/*\nPackage fulfillment ships.\n*/\npackage fulfillment",
	})), "internal/refund", "internal/tax", "internal/dispute", "examples/shop")
}

// Calls and names that must not be used.

// clockReaders may read the machine's time.
var clockReaders = exceptions{
	"internal/clock":               "is the source of time for everything else",
	"internal/egress/client.go":    "divides the time that is left until a network deadline, which the machine's clock keeps",
	"internal/webhook/send.go":     "measures how long an endpoint took to answer",
	"internal/httpapi/exports.go":  "sets the write deadline of a connection, which the machine's clock keeps",
	"internal/webhook/stream.go":   "sets the write deadline of a connection, which the machine's clock keeps",
	"internal/httpapi/exchange.go": "measures how long a request took, for the log; a clock that is moved meanwhile must not show there",
}

// clockFree are folders that may read it without being asked why: they measure the disk, the network
// or the start of a server, and no product rule lives in them.
var clockFree = []string{"internal/db/sqlite", "internal/db/postgres", "internal/db/dbtest", "internal/flinttest"}

func machineTime(t *tree) []breach {
	var out []breach
	t.code("internal", func(p *pkg, s source) {
		if slices.ContainsFunc(clockFree, func(dir string) bool { return within(p.dir, dir) }) {
			return
		}
		s.uses("time", "time", []string{"Now", "Since", "Until"}, func(n *ast.SelectorExpr) {
			out = append(out, breach{t.line(n), "reads the machine's time: take a clock.Clock or a now argument, so that expiry and retries can be rehearsed"})
		})
	})
	return out
}

func TestTimeComesFromTheClock(t *testing.T) {
	t.Parallel()
	tr := project(t)
	report(t, clockReaders.filter(tr, machineTime(tr)))
	bad := example(t, map[string]string{
		"internal/clock/a.go":      "package clock\nimport \"time\"\nvar a = time.Now()",
		"internal/order/a.go":      "package order\nimport \"time\"\nvar a = time.Now()",
		"internal/order/b.go":      "package order\nimport hour \"time\"\nvar b = hour.Since",
		"internal/order/c.go":      "package order\nimport \"time\"\nvar c = time.Second\nvar d = clock.Now()",
		"internal/order/a_test.go": "package order\nimport \"time\"\nvar a = time.Now()",
		"internal/db/sqlite/a.go":  "package sqlite\nimport \"time\"\nvar a = time.Now()",
	})
	expect(t, clockReaders.filter(bad, machineTime(bad)), "internal/order/a.go:3", "internal/order/b.go:3")
	stale := example(t, map[string]string{"internal/clock/a.go": "package clock"})
	expect(t, clockReaders.filter(stale, machineTime(stale)), "internal/clock")
}

// moneyPackages decide or keep amounts.
var moneyPackages = []string{"money", "ledger", "catalog", "promotion", "tax", "order", "payment", "refund", "dispute",
	"returns", "invoice", "paymentlink", "checkout"}

func floats(t *tree) []breach {
	const why = "is floating point beside money: amounts are int64 minor units, percentages money.Percent"
	var out []breach
	for _, name := range moneyPackages {
		t.code("internal/"+name, func(_ *pkg, s source) {
			ast.Inspect(s.syntax, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.Ident:
					if n.Name == "float64" || n.Name == "float32" {
						out = append(out, breach{t.line(n), why})
					}
				case *ast.BasicLit:
					if n.Kind == token.FLOAT {
						out = append(out, breach{t.line(n), why})
					}
				}
				return true
			})
			s.uses("strconv", "strconv", []string{"ParseFloat", "FormatFloat", "AppendFloat"}, func(n *ast.SelectorExpr) {
				out = append(out, breach{t.line(n), why})
			})
			s.uses("math/big", "big", []string{"Float", "NewFloat", "ParseFloat"}, func(n *ast.SelectorExpr) {
				out = append(out, breach{t.line(n), why})
			})
		})
	}
	return out
}

func TestNoFloatNearMoney(t *testing.T) {
	t.Parallel()
	report(t, floats(project(t)))
	expect(t, floats(example(t, map[string]string{
		"internal/tax/a.go":         "package tax\nfunc rate(x int64) int64 { return int64(float64(x) * 2) }",
		"internal/tax/b.go":         "package tax\nconst vat = 8.25",
		"internal/order/pricing.go": "package order\nimport \"strconv\"\nvar f = strconv.ParseFloat",
		"internal/refund/a.go":      "package refund\nconst text = \"8.25\"",
		"internal/webhook/a.go":     "package webhook\nvar jitter float64",
	})), "internal/tax/a.go:2", "internal/tax/b.go:2", "internal/order/pricing.go:3")
}

func printing(t *tree) []breach {
	const why = "prints: a library package logs through the slog.Logger it was given, or returns the text"
	var out []breach
	t.code("internal", func(_ *pkg, s source) {
		if s.syntax.Name.Name == "main" {
			return // a generator talks to the person who runs it
		}
		s.uses("fmt", "fmt", []string{"Print", "Printf", "Println"}, func(n *ast.SelectorExpr) { out = append(out, breach{t.line(n), why}) })
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
					out = append(out, breach{t.line(n), why})
				}
			}
			return true
		})
		s.uses("log", "log", []string{"Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf"}, func(n *ast.SelectorExpr) {
			out = append(out, breach{t.line(n), why})
		})
	})
	return out
}

func TestNothingPrints(t *testing.T) {
	t.Parallel()
	report(t, printing(project(t)))
	expect(t, printing(example(t, map[string]string{
		"internal/order/a.go":  "package order\nimport \"fmt\"\nfunc a() { fmt.Println() }",
		"internal/order/b.go":  "package order\nfunc b() { println() }",
		"internal/order/c.go":  "package order\nimport \"fmt\"\nvar c = fmt.Sprintf(\"fmt.Println\")",
		"internal/server/d.go": "package server\nimport \"log\"\nfunc d() { log.Fatal() }",
		"cmd/flint/main.go":    "package main\nimport \"fmt\"\nfunc main() { fmt.Println() }",
		"internal/id/gen/a.go": "package main\nimport \"fmt\"\nfunc main() { fmt.Println() }",
	})), "internal/order/a.go:3", "internal/order/b.go:2", "internal/server/d.go:3")
}

// randomExceptions may use guessable random numbers.
var randomExceptions = exceptions{
	"internal/db/postgres/postgres.go":       "spreads transactions that collided; how long they wait decides nothing",
	"internal/processor/simulator/faults.go": "draws faults from a seed, so that a rehearsal can be repeated",
}

func randomness(t *tree) []breach {
	var out []breach
	t.code("internal", func(_ *pkg, s source) {
		for _, imp := range s.imports {
			if within(imp, "math/rand") {
				out = append(out, breach{s.path, "imports " + imp + ": whatever must not be guessed comes from crypto/rand through id.Source or secret; " +
					"whatever may be guessed (jitter, order of work) is derived from an id, so that a run can be repeated"})
			}
		}
	})
	return out
}

func TestNoGuessableRandomness(t *testing.T) {
	t.Parallel()
	tr := project(t)
	report(t, randomExceptions.filter(tr, randomness(tr)))
	expect(t, randomness(example(t, map[string]string{
		"internal/id/a.go":       "package id\nimport _ \"math/rand/v2\"",
		"internal/job/a.go":      "package job\nimport _ \"math/rand\"",
		"internal/job/b.go":      "package job\nimport _ \"crypto/rand\"",
		"internal/job/a_test.go": "package job\nimport _ \"math/rand\"",
	})), "internal/id/a.go", "internal/job/a.go")
}

// contextExceptions may put a value into a context.
var contextExceptions = exceptions{
	"internal/db/guard.go": "marks the context of a running transaction, so that another one inside it is refused; nothing is read from it",
}

func contextValues(t *tree) []breach {
	var out []breach
	t.code("internal", func(_ *pkg, s source) {
		s.uses("context", "context", []string{"WithValue"}, func(n *ast.SelectorExpr) {
			out = append(out, breach{t.line(n), "hides an argument in the context: a transaction, a tenant or a caller is a parameter, so that forgetting it does not compile"})
		})
	})
	return out
}

func TestNothingHidesInContexts(t *testing.T) {
	t.Parallel()
	tr := project(t)
	report(t, contextExceptions.filter(tr, contextValues(tr)))
	bad := example(t, map[string]string{
		"internal/server/a.go": "package server\nimport \"context\"\nvar a = context.WithValue",
		"internal/order/a.go":  "package order\nimport \"context\"\nvar a = context.WithValue",
	})
	expect(t, exceptions{"internal/server": "for the example"}.filter(bad, contextValues(bad)), "internal/order/a.go:3")
}

func initialisers(t *tree) []breach {
	var out []breach
	t.code("internal", func(_ *pkg, s source) {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				out = append(out, breach{t.line(f), "does something when it is imported: importing a package has no effect, what must be set up is set up by server"})
			}
		}
	})
	return out
}

func TestImportingHasNoEffect(t *testing.T) {
	t.Parallel()
	report(t, initialisers(project(t)))
	expect(t, initialisers(example(t, map[string]string{
		"internal/order/a.go": "package order\nfunc init() {}",
		"internal/order/b.go": "package order\ntype t struct{}\nfunc (t) init() {}",
	})), "internal/order/a.go:2")
}

// Size.

const longest = 800

func longFiles(t *tree) []breach {
	var out []breach
	for _, p := range t.packages {
		for _, s := range p.files {
			if s.lines > longest && !strings.HasSuffix(s.path, "_gen.go") {
				out = append(out, breach{s.path, "has " + strconv.Itoa(s.lines) + " lines, more than " + strconv.Itoa(longest) + ": split it by concern"})
			}
		}
	}
	return out
}

func TestFilesStayReadable(t *testing.T) {
	t.Parallel()
	report(t, longFiles(project(t)))
	long := "package money\n" + strings.Repeat("// x\n", longest)
	expect(t, longFiles(example(t, map[string]string{
		"internal/money/table_gen.go": long,
		"internal/money/money.go":     long,
		"internal/money/add.go":       "package money\n",
	})), "internal/money/money.go")
}

// Words.

// unwanted are words that tie the project to one machine or one network. They are put together from
// pieces because this file is searched too.
func unwanted() map[string]string {
	const host = "names the host of a package registry: the ordinary clients know where packages come from, and a fixed address breaks behind a mirror"
	words := map[string]string{}
	for _, w := range [][]string{
		{"proxy.golang", "org"}, {"sum.golang", "org"}, {"goproxy", "io"}, {"goproxy", "cn"},
		{"registry.npmjs", "org"}, {"registry.yarnpkg", "com"}, {"npmmirror", "com"},
		{"deb.debian", "org"}, {"security.debian", "org"}, {"snapshot.debian", "org"}, {"archive.ubuntu", "com"}, {"deb.nodesource", "com"},
		{"pypi", "org"}, {"files.pythonhosted", "org"}, {"static.crates", "io"}, {"index.crates", "io"},
		{"repo1.maven", "org"}, {"repo.maven.apache", "org"}, {"rubygems", "org"}, {"registry-1.docker", "io"},
	} {
		words[strings.Join(w, ".")] = host
	}
	return words
}

func unwantedWords(t *tree) []breach {
	words := unwanted()
	var out []breach
	for _, f := range t.texts {
		lower := strings.ToLower(string(f.data))
		for w, why := range words {
			if before, _, found := strings.Cut(lower, w); found {
				out = append(out, breach{f.path + ":" + strconv.Itoa(1+strings.Count(before, "\n")), why})
			}
		}
	}
	return out
}

func TestNoUnwantedWords(t *testing.T) {
	t.Parallel()
	report(t, unwantedWords(project(t)))
	expect(t, unwantedWords(example(t, map[string]string{
		"test/e2e/package-lock.json": "{\n  \"resolved\": \"https://Registry.NPMjs" + ".org/axe\"\n}",
		"docs/install.md":            "apt takes care of it",
		"node_modules/a/readme.md":   "pypi" + ".org",
	})), "test/e2e/package-lock.json:2")
}
