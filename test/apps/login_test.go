package apps

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestTheCommandLineSignsInThroughABrowser: flint login, whoami and logout with a yes on the page.
func TestTheCommandLineSignsInThroughABrowser(t *testing.T) {
	t.Parallel()
	p := startFlint(t)
	config := t.TempDir()
	command := func(args ...string) (*exec.Cmd, *output) {
		said := &output{}
		cmd := exec.CommandContext(t.Context(), program(t, "flint"), args...)
		cmd.Env = append(cmd.Environ(), "XDG_CONFIG_HOME="+config)
		cmd.Stdout, cmd.Stderr = said, said
		return cmd, said
	}
	login, said := command("login", "--base-url", p.BaseURL)
	if err := login.Start(); err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`http\S+/device\S*`)
	eventually(t, "flint login shows a link", func() bool { return link.MatchString(said.String()) })
	user := newBrowser(t)
	user.open(link.FindString(said.String()))
	user.signIn(p)
	if f, asked := user.formWith("user_code"); asked && f.kinds["user_code"] != "hidden" {
		user.press(f, f.buttons[0])
	}
	for _, f := range user.forms() {
		if _, chooses := f.kinds["place"]; chooses && f.values.Get("place") == "" {
			f.values.Set("place", p.SandboxID)
		}
	}
	user.decide("approve")
	if err := login.Wait(); err != nil {
		t.Fatalf("flint login: %v\n%s\nthe page: %s", err, said, user.describe())
	}
	who, told := command("whoami")
	if err := who.Run(); err != nil || !strings.HasPrefix(told.String(), p.MerchantID+" at "+p.BaseURL) {
		t.Errorf("flint whoami: %v\n%s", err, told)
	}
	out, _ := command("logout")
	if err := out.Run(); err != nil {
		t.Errorf("flint logout: %v", err)
	}
	again, told := command("whoami")
	if err := again.Run(); err == nil || !strings.Contains(told.String(), "flint login") {
		t.Errorf("flint whoami after the sign-out: %v\n%s", err, told)
	}
}
