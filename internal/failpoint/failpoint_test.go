package failpoint

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, "commit.before": true, "commit.before:3": true,
		"commit.never": false, "commit.before:": false, "commit.before:0": false, "commit.before:-1": false, "commit.before:x": false, ":2": false,
	} {
		p, err := Parse(text)
		if (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
		if (text == "" || !want) != (p == nil) {
			t.Errorf("%q gives %v", text, p)
		}
	}
}

func TestHitCounts(t *testing.T) {
	t.Parallel()
	p, err := Parse("commit.before:3")
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	p.kill = func() { killed++ }
	for i := range 5 {
		p.Hit("commit.after")
		p.Hit("commit.before")
		if want := map[bool]int{true: 1}[i >= 2]; killed != want {
			t.Fatalf("after hit %d the process was killed %d times, want %d", i+1, killed, want)
		}
	}
	var off *Points
	off.Hit("commit.before")
}

func TestHitKillsTheProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv("FAILPOINT_TEST_DIE") != "" {
		p, err := Parse("commit.after")
		if err != nil {
			t.Fatal(err)
		}
		p.Hit("commit.after")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHitKillsTheProcess$")
	cmd.Env = append(os.Environ(), "FAILPOINT_TEST_DIE=1")
	out, err := cmd.CombinedOutput()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err == nil || !ok || status.Signal() != syscall.SIGKILL || !strings.Contains(string(out), "failpoint commit.after") {
		t.Errorf("%v, %s", cmd.ProcessState, out)
	}
}

// Every name is a place of the product, and every place has a name: a campaign over Names kills
// everywhere.
func TestNamesArePlaces(t *testing.T) {
	t.Parallel()
	call := regexp.MustCompile(`(?:[Ff]ailpoints\.Hit|s\.failpoint)\("([a-z_.]+)"\)`)
	var found []string
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range call.FindAllSubmatch(text, -1) {
			name := string(m[1])
			if filepath.Base(filepath.Dir(path)) == "payment" && !strings.Contains(name, ".") {
				name = "payment." + name
			}
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	want := slices.Sorted(slices.Values(Names))
	if !slices.Equal(found, want) {
		t.Errorf("places without a name: %v; names without a place: %v", without(found, want), without(want, found))
	}
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
