package crash

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
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// flint is the built binary.
var flint = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flint-crash-bin-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "flint")
	cmd := exec.Command("go", "build", "-o", path, "flint/cmd/flint")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := flint(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a temporary folder
	}
	os.Exit(code)
}

// facts is what the tests need of dev.json.
type facts struct {
	BaseURL string `json:"base_url"`
	APIKey  string `json:"api_key"`
	Other   struct {
		APIKey string `json:"api_key"`
	} `json:"other_merchant"`
}

// installation is one data directory and the process that serves it, which comes and goes.
type installation struct {
	t        testing.TB
	bin      string
	dir      string
	database string // empty for the file in dir
	addr     string
	facts    facts
	args     []string // further flags of dev
	hooked   string   // when the webhook endpoint was made
	wrap     []string // a program and its arguments that starts the binary

	log   *os.File
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
}

// install makes an installation that is not running yet. An empty database is SQLite in the data folder.
func install(t testing.TB, database string) *installation {
	t.Helper()
	bin, err := flint()
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, bin: bin, dir: t.TempDir(), database: database, addr: freeAddress(t)}
	if in.log, err = os.OpenFile(filepath.Join(in.dir, "server.log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.kill()
		if t.Failed() {
			t.Logf("end of the server's log:\n%s", in.logTail(6000))
		}
		_ = in.log.Close() // nothing more is written
	})
	return in
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

func (in *installation) data() string { return filepath.Join(in.dir, "data") }

func (in *installation) logTail(n int64) string {
	info, err := in.log.Stat()
	if err != nil {
		return err.Error()
	}
	b := make([]byte, min(n, info.Size()))
	_, err = in.log.ReadAt(b, info.Size()-int64(len(b)))
	if err != nil && !errors.Is(err, io.EOF) {
		return err.Error()
	}
	return string(b)
}

// launch starts the process and does not wait for it to be ready.
func (in *installation) launch(env ...string) {
	in.t.Helper()
	args := append([]string{"dev", "--data", in.data(), "--addr", in.addr, "--no-limits"}, in.args...)
	if in.database != "" {
		args = append(args, "--database", in.database)
	}
	argv := append(append([]string{}, in.wrap...), append([]string{in.bin}, args...)...)
	in.cmd = exec.Command(argv[0], argv[1:]...)
	in.cmd.Env = append(os.Environ(), env...)
	in.cmd.Stderr = in.log
	if err := in.cmd.Start(); err != nil {
		in.t.Fatalf("start the server: %v", err)
	}
	in.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // ProcessState tells
		close(ended)
	}(in.cmd, in.ended)
}

// errEnded says that the process ended before it was ready.
var errEnded = errors.New("the server ended before it was ready")

// start launches the process, waits until it serves and returns how long that took.
func (in *installation) start(env ...string) (time.Duration, error) {
	in.t.Helper()
	begun := time.Now()
	in.launch(env...)
	deadline := time.After(60 * time.Second)
	for {
		if resp, err := http.Get("http://" + in.addr + "/readyz"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case <-in.ended:
			return 0, errEnded
		case <-deadline:
			in.t.Fatalf("the server is not ready after a minute:\n%s", in.logTail(3000))
		case <-time.After(10 * time.Millisecond):
		}
	}
	took := time.Since(begun)
	in.readFacts(&in.facts)
	return took, nil
}

// up is start for a server that has to come up.
func (in *installation) up(env ...string) time.Duration {
	in.t.Helper()
	took, err := in.start(env...)
	if err != nil {
		in.t.Fatalf("%v:\n%s", err, in.logTail(3000))
	}
	return took
}

func (in *installation) running() bool {
	if in.cmd == nil {
		return false
	}
	select {
	case <-in.ended:
		return false
	default:
		return true
	}
}

// kill ends the process as a power cut would; a no-op when it is gone.
func (in *installation) kill() {
	if in.running() {
		_ = in.cmd.Process.Kill() // it may have ended just now
		<-in.ended
	}
}

// stop asks the process to end; it must do so within ten seconds and say that all is well.
func (in *installation) stop() time.Duration {
	in.t.Helper()
	begun := time.Now()
	if err := in.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		in.t.Fatalf("ask the server to stop: %v", err)
	}
	select {
	case <-in.ended:
	case <-time.After(30 * time.Second):
		in.t.Fatalf("the server does not stop:\n%s", in.logTail(3000))
	}
	if code := in.cmd.ProcessState.ExitCode(); code != 0 {
		in.t.Errorf("the server stopped with %v:\n%s", in.cmd.ProcessState, in.logTail(3000))
	}
	return time.Since(begun)
}

// killedBySelf tells whether the process died at a failpoint.
func (in *installation) killedBySelf() bool {
	status, ok := in.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// verdict is what doctor says.
type verdict struct {
	Orders     int   `json:"orders"`
	InFlight   int   `json:"in_flight"`
	Findings   []any `json:"findings"`
	Exceptions []any `json:"exceptions"`
}

// doctor checks the books of a server that does not run.
func (in *installation) doctor() verdict {
	in.t.Helper()
	args := []string{"doctor", "--data", in.data(), "--json"}
	if in.database != "" {
		args = append(args, "--database", in.database)
	}
	cmd := exec.Command(in.bin, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var v verdict
	if jerr := json.Unmarshal(out.Bytes(), &v); jerr != nil {
		in.t.Fatalf("doctor: %v, %v\n%s%s", err, jerr, out.Bytes(), errs.Bytes())
	}
	if err != nil || len(v.Findings) > 0 {
		in.t.Errorf("doctor: %v\n%s", err, out.Bytes())
	}
	return v
}

// dev calls a route of the development environment.
func (in *installation) dev(method, path string, body, out any) {
	in.t.Helper()
	if err := in.tryDev(method, path, body, out); err != nil {
		in.t.Fatal(err)
	}
}

func (in *installation) tryDev(method, path string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+in.addr+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, got)
	}
	if out != nil {
		return json.Unmarshal(got, out)
	}
	return nil
}

// advance moves the platform's clock.
func (in *installation) advance(d time.Duration) error {
	return in.tryDev("POST", "/dev/clock", map[string]any{"advance_seconds": int64(d / time.Second)}, nil)
}

// engine names the database for messages.
func (in *installation) engine() string {
	if strings.HasPrefix(in.database, "postgres") {
		return "postgres"
	}
	return "sqlite"
}

// readFacts reads dev.json into v.
func (in *installation) readFacts(v any) {
	in.t.Helper()
	raw, err := os.ReadFile(filepath.Join(in.data(), "dev.json"))
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		in.t.Fatalf("read dev.json: %v", err)
	}
}

// cpuNow is the processor time that the running process has used.
func (in *installation) cpuNow(t testing.TB) time.Duration {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", in.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	var user, system int64
	if _, err := fmt.Sscan(fields[11], &user); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(fields[12], &system); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // ticks are hundredths of a second on Linux
}
