package apps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// programs are the built binaries: flint, and the examples.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flint-apps-bin-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir, "flint/cmd/flint", "flint/examples/post-purchase", "flint/examples/returns-extension").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programs(); err == nil {
		_ = os.RemoveAll(dir) // a temporary folder
	}
	os.Exit(code)
}

func program(t testing.TB, name string) string {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// facts is what the tests need of dev.json.
type facts struct {
	BaseURL    string `json:"base_url"`
	MerchantID string `json:"merchant_id"`
	SandboxID  string `json:"sandbox_id"`
	APIKey     string `json:"api_key"`
	LiveAPIKey string `json:"live_api_key"`
	User       struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"user"`
}

// platform is a running Flint.
type platform struct {
	t    testing.TB
	data string
	facts
}

// startFlint starts a development environment that ends with the test.
func startFlint(t testing.TB) *platform {
	t.Helper()
	p := &platform{t: t, data: filepath.Join(t.TempDir(), "data")}
	start(t, "", program(t, "flint"), "dev", "--data", p.data, "--addr", freeAddress(t))
	eventually(t, "flint is ready", func() bool {
		raw, err := os.ReadFile(filepath.Join(p.data, "dev.json"))
		return err == nil && json.Unmarshal(raw, &p.facts) == nil && answers(p.BaseURL+"/readyz")
	})
	return p
}

// process is a running program.
type process struct {
	said *output
	stop func() // and wait for its end
}

// start runs a program in a folder until it is stopped or the test ends, and shows what it said when the test fails.
func start(t testing.TB, dir, name string, args ...string) process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	said := &output{}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 12 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		cancel()
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s ended with %v", filepath.Base(name), err)
		}
	})
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), said)
		}
	})
	return process{said, stop}
}

// output is what a running program says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String is all that was said so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func answers(address string) bool {
	res, err := http.Get(address)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// eventually waits until something is so; machines that build may be slow.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to pass that %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// api calls the API with a key and returns the status; what is under data goes into out.
func (p *platform) api(key, method, path string, in, out any) int {
	p.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	if in == nil {
		raw = nil
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.BaseURL+path, bytes.NewReader(raw))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if out == nil {
		return res.StatusCode
	}
	if res.StatusCode >= 300 {
		p.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, body)
	}
	if err := json.Unmarshal(body, &struct {
		Data any `json:"data"`
	}{out}); err != nil {
		p.t.Fatalf("%s %s: %v in %s", method, path, err, body)
	}
	return res.StatusCode
}

// run runs a command of flint to its end.
func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "flint"), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("flint %v: %v\n%s", args, err, out)
	}
	return string(out)
}
