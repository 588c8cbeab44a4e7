package apps

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plan says which example to register, and how.
type plan struct {
	example, name string
	events        string // of merchants, with commas
	permissions   string // a file; the example's own when empty
	webhooks      string // where events go; to the app itself when empty
}

// extension is an example, registered and running.
type extension struct {
	t            testing.TB
	dir, address string
	env          map[string]string
	example      string
	process
}

// startExtension registers an example as its developer would and starts it.
func startExtension(t testing.TB, p *platform, in plan) *extension {
	t.Helper()
	own, err := filepath.Abs("../../examples/" + in.example + "/permissions.json")
	if err != nil {
		t.Fatal(err)
	}
	g := &extension{t: t, dir: t.TempDir(), address: "http://" + freeAddress(t), env: map[string]string{}, example: in.example}
	run(t, g.dir, "app", "register", "--data", p.data, "--name", in.name, "--permissions", cmp.Or(in.permissions, own), "--events", in.events,
		"--redirect-uri", g.address+"/callback", "--webhook-url", cmp.Or(in.webhooks, g.address+"/webhooks"))
	raw, err := os.ReadFile(filepath.Join(g.dir, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(l), "=")
		g.env[name] = value
	}
	g.start()
	return g
}

// start starts the app, also once more after it was stopped.
func (g *extension) start() {
	g.t.Helper()
	g.process = start(g.t, g.dir, program(g.t, g.example))
	eventually(g.t, "the app is ready", func() bool { return answers(g.address) })
}

// signIn goes on from a page that asks who is there.
func (b *browser) signIn(p *platform) {
	b.t.Helper()
	f, found := b.formWith("password")
	if !found {
		b.t.Fatalf("nobody asks who is there: %s", b.describe())
	}
	f.values.Set("email", p.User.Email)
	f.values.Set("password", p.User.Password)
	b.press(f, f.buttons[0])
}

// decide presses a button of the consent page: approve or cancel.
func (b *browser) decide(what string) {
	b.t.Helper()
	for _, f := range b.forms() {
		for _, k := range f.buttons {
			if k.name == "decision" && k.value == what {
				b.press(f, k)
				return
			}
		}
	}
	b.t.Fatalf("there is nothing to %s: %s", what, b.describe())
}

// install goes from the app to Flint and back; the consent page says all of those.
func (b *browser) install(p *platform, g *extension, says ...string) {
	b.t.Helper()
	b.open(g.address + "/install")
	if _, asked := b.formWith("password"); asked {
		b.signIn(p)
	}
	for _, words := range append(says, "Contoso Books", "Northwind Supply") {
		if !strings.Contains(b.text(), words) {
			b.t.Errorf("the consent page does not say %q: %s", words, b.describe())
		}
	}
	b.decide("approve")
	if b.at.Host != strings.TrimPrefix(g.address, "http://") || !strings.Contains(b.text(), "Installed at "+p.MerchantID) {
		b.t.Fatalf("the app is not installed: %s", b.describe())
	}
}

// kept is what the app's store says of its only installation.
func (g *extension) kept(t testing.TB) (access, refresh, install string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(g.dir, "store.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Installations map[string]struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
			Install string `json:"partner_app_install_id"`
		} `json:"installations"`
	}
	if err := json.Unmarshal(raw, &s); err != nil || len(s.Installations) != 1 {
		t.Fatalf("the app keeps %d installations, %v", len(s.Installations), err)
	}
	for _, in := range s.Installations {
		access, refresh, install = in.Access, in.Refresh, in.Install
	}
	return access, refresh, install
}

// remove takes the app away on the merchant's page.
func (b *browser) remove(p *platform, install string) {
	b.t.Helper()
	b.open(p.BaseURL + "/apps/" + install + "/remove")
	f, found := b.formWith("csrf")
	for _, other := range b.forms() {
		if strings.HasSuffix(other.action, "/remove") {
			f = other
		}
	}
	if !found || len(f.buttons) == 0 {
		b.t.Fatalf("the app cannot be removed: %s", b.describe())
	}
	b.press(f, f.buttons[0])
	if b.status != http.StatusOK {
		b.t.Fatalf("after the removal: %s", b.describe())
	}
}

// tryRefresh asks for new tokens as the app would.
func (p *platform) tryRefresh(g *extension, token string) (status int, scope string) {
	p.t.Helper()
	res, err := http.PostForm(p.BaseURL+"/v1/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token},
		"client_id": {g.env["FLINT_CLIENT_ID"]}, "client_secret": {g.env["FLINT_CLIENT_SECRET"]}})
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out struct {
		Scope string `json:"scope"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, out.Scope
}
