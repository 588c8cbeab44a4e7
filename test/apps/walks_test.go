package apps

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// walks are the pages of docs/ whose shell blocks are run one after the other as they stand. after names a page whose
// functions are used; its first block is run before.
var walks = []struct{ page, after string }{
	{"returns.md", ""},
	{"exchanges.md", "returns.md"},
	{"return-goods.md", "returns.md"},
	{"return-policies.md", "returns.md"},
	{"fulfillments.md", ""},
	{"disputes.md", ""},
	{"support.md", ""},
	{"exports.md", ""},
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// blocks are the shell blocks of a page of docs/.
func blocks(t testing.TB, page string) (all []string) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range shellBlock.FindAllSubmatch(raw, -1) {
		all = append(all, string(m[1]))
	}
	if len(all) == 0 {
		t.Fatalf("%s has no shell block", page)
	}
	return all
}

// TestThePagesWorkAsPrinted: whoever copies the commands of a page comes to its end.
func TestThePagesWorkAsPrinted(t *testing.T) {
	t.Parallel()
	p := startFlint(t)
	for _, w := range walks {
		t.Run(w.page, func(t *testing.T) {
			script := blocks(t, w.page)
			if w.after != "" {
				script = append(blocks(t, w.after)[:1], script...)
			}
			p.walk(t, script...)
		})
	}
	expectClean(t, p)
}

// walk runs shell blocks after those that docs/README.md puts before every example, in a folder that has what a clone
// has: data/ and bin/flint. It fails when a command does, or when Flint refuses a call.
func (p *platform) walk(t testing.TB, script ...string) string {
	t.Helper()
	clone := p.clone(t)
	beside := t.TempDir()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	// The real curl, and a note of what was refused, for in a pipe nobody else looks at its result.
	note := `#!/usr/bin/env bash
answer=$(mktemp -p ` + quote(beside) + `)
` + quote(curl) + ` -D "$answer.head" "$@" >"$answer" || result=$?
if [ "${result:-0}" != 0 ] || grep -q '^HTTP/[0-9.]* [45]' "$answer.head"; then
  { echo "curl $*"; cat "$answer"; echo; } >>` + quote(beside+"/refused") + `
fi
cat "$answer"
exit ${result:-0}
`
	if err := os.WriteFile(filepath.Join(beside, "curl"), []byte(note), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euc", strings.Join(append(blocks(t, "README.md"), script...), "\n"))
	cmd.Dir = clone
	cmd.Env = append(os.Environ(), "PATH="+beside+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	refused, _ := os.ReadFile(filepath.Join(beside, "refused")) // nothing was refused when it is not there
	if err != nil || len(refused) > 0 {
		t.Fatalf("the walk ended with %v\nrefused:\n%s\nsaid:\n%s", err, refused, out)
	}
	return string(out)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// clone is a folder as a newcomer has it after make build and flint dev.
func (p *platform) clone(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(p.data, filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(program(t, "flint")), filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTheReturnsExtensionIsBuiltAsPrinted: the page about it, from the registration to the refund. Two commands are
// stood in for: Flint runs already, and the app is built; and both listen on another port than the page says.
func TestTheReturnsExtensionIsBuiltAsPrinted(t *testing.T) {
	t.Parallel()
	p := startFlint(t)
	all := blocks(t, "build-a-returns-extension.md")
	if len(all) != 3 || !strings.Contains(all[0], "make build\nbin/flint dev --data data ") {
		t.Fatalf("the page has other blocks than this test knows: %q", all)
	}
	readme, err := os.ReadFile("../../examples/returns-extension/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(all[1]) {
		if strings.HasPrefix(l, "flint app register") && !strings.Contains(string(readme), l) {
			t.Errorf("the README of the example registers it otherwise than %s", l)
		}
	}
	clone, port := p.clone(t), freeAddress(t)
	example := filepath.Join(clone, "examples", "returns-extension")
	if err := os.MkdirAll(example, 0o700); err != nil {
		t.Fatal(err)
	}
	permissions, err := os.ReadFile("../../examples/returns-extension/permissions.json")
	if err == nil {
		err = os.WriteFile(filepath.Join(example, "permissions.json"), permissions, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	second := exec.CommandContext(t.Context(), "bash", "-euc", `
		flint() { command flint "$@" --redirect-uri http://`+port+`/callback --webhook-url http://`+port+`/webhooks; }
		go() { [ "$*" = "run ." ]; }
		`+all[1])
	second.Dir = clone
	if out, err := second.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	app := &extension{t: t, dir: example, address: "http://" + port, example: "returns-extension"}
	app.start()
	merchant := newBrowser(t)
	merchant.install(p, app, "Fair Return")
	p.walk(t, all[2])
	for _, words := range said(t, "build-a-returns-extension.md", "The app's page") {
		eventually(t, "the app's page says "+words, func() bool {
			merchant.open(app.address)
			return strings.Contains(merchant.text(), words)
		})
	}
	expectClean(t, p)
}

var code = regexp.MustCompile("`([^`]+)`")

// said is what stands in backquotes in the sentence of a page that begins so.
func said(t testing.TB, page, sentence string) (all []string) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(raw), "\n"+sentence)
	for _, m := range code.FindAllStringSubmatch(after, -1) {
		all = append(all, m[1])
	}
	if !found || len(all) < 3 {
		t.Fatalf("%s does not say what %q", page, sentence)
	}
	return all[:3]
}
