package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// module is the path that all packages of the product start with.
const module = "flint"

// tree is the project as the rules see it: its packages, and every text file.
type tree struct {
	fset     *token.FileSet
	packages map[string]*pkg // by folder: "internal/order", "cmd/flint"
	texts    []text          // all files that people write, Go files among them
}

type pkg struct {
	dir   string
	files []source
}

type source struct {
	path    string
	test    bool // *_test.go
	lines   int
	imports []string // import paths
	syntax  *ast.File
}

type text struct {
	path string
	data []byte
}

// breach is one broken rule at one place.
type breach struct {
	at  string // file, file:line or folder
	why string
}

func (b breach) String() string { return b.at + ": " + b.why }

// skipped are folders that hold nothing of ours to judge.
var skipped = []string{".git", "node_modules", "testdata", "bin", "data", "shots"}

// load reads the tree below fsys. Go files of other modules (a folder with its own go.mod) count as
// text only, because the product cannot import them.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), packages: map[string]*pkg{}}
	var foreign []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(skipped, d.Name()) {
				return fs.SkipDir
			}
			if name != "." {
				if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil {
					foreign = append(foreign, name+"/")
				}
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if bytes.IndexByte(data, 0) < 0 {
			t.texts = append(t.texts, text{name, data})
		}
		if path.Ext(name) != ".go" || slices.ContainsFunc(foreign, func(f string) bool { return strings.HasPrefix(name, f) }) {
			return nil
		}
		return t.add(name, data)
	})
	return t, err
}

func (t *tree) add(name string, data []byte) error {
	syntax, err := parser.ParseFile(t.fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse %s: %w", name, err)
	}
	s := source{path: name, test: strings.HasSuffix(name, "_test.go"), lines: bytes.Count(data, []byte("\n")), syntax: syntax}
	for _, spec := range syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("import in %s: %w", name, err)
		}
		s.imports = append(s.imports, p)
	}
	dir := path.Dir(name)
	if t.packages[dir] == nil {
		t.packages[dir] = &pkg{dir: dir}
	}
	t.packages[dir].files = append(t.packages[dir].files, s)
	return nil
}

// exists tells whether the tree has the package folder or the file.
func (t *tree) exists(place string) bool {
	return t.packages[place] != nil || slices.ContainsFunc(t.texts, func(f text) bool { return f.path == place })
}

// line names the place of a node.
func (t *tree) line(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// code calls f for every file that is not a test, below the given folder ("" for all).
func (t *tree) code(below string, f func(p *pkg, s source)) {
	for _, p := range t.packages {
		if below != "" && !within(p.dir, below) {
			continue
		}
		for _, s := range p.files {
			if !s.test {
				f(p, s)
			}
		}
	}
}

// within tells whether dir is root or a folder below it.
func within(dir, root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") }

// local returns the name under which a file uses an import, "" when it does not import it.
func (s source) local(importPath, usual string) string {
	for _, spec := range s.syntax.Imports {
		if strings.Trim(spec.Path.Value, `"`) != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return usual
	}
	return ""
}

// uses calls f for every pkg.Name in the file where pkg is the import and Name is one of names.
func (s source) uses(importPath, usual string, names []string, f func(*ast.SelectorExpr)) {
	local := s.local(importPath, usual)
	if local == "" {
		return
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, sel.Sel.Name) {
				f(sel)
			}
		}
		return true
	})
}

// project loads the repository that this test belongs to.
func project(t *testing.T) *tree {
	t.Helper()
	root := repository(t)
	tr, err := load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.packages) < 5 {
		t.Fatalf("only %d packages below %s: the rules would pass over nothing", len(tr.packages), root)
	}
	return tr
}

// repository finds the folder of the product's go.mod above this package.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		t.Fatal("no go.mod above this package")
	}
}

// example builds a tree from small files, to show a rule what it must find.
func example(t *testing.T, files map[string]string) *tree {
	t.Helper()
	m := fstest.MapFS{}
	for name, data := range files {
		m[name] = &fstest.MapFile{Data: []byte(data)}
	}
	tr, err := load(m)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// report fails the test with every breach, in order of place.
func report(t *testing.T, found []breach) {
	t.Helper()
	for _, line := range ordered(found) {
		t.Error(line)
	}
}

func ordered(found []breach) []string {
	var lines []string
	for _, b := range found {
		lines = append(lines, b.String())
	}
	slices.Sort(lines)
	return lines
}

// expect fails unless the breaches are exactly at the wanted places.
func expect(t *testing.T, found []breach, places ...string) {
	t.Helper()
	var got []string
	for _, b := range found {
		if b.why == "" {
			t.Errorf("%s is reported without a reason", b.at)
		}
		got = append(got, b.at)
	}
	slices.Sort(got)
	got = slices.Compact(got)
	slices.Sort(places)
	if !slices.Equal(got, places) {
		t.Errorf("breaches at %q, want %q:\n%s", got, places, strings.Join(ordered(found), "\n"))
	}
}
