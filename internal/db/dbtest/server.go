package dbtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Server is a private PostgreSQL server that listens on a Unix socket only.
type Server struct {
	bin string // folder of initdb, pg_ctl and postgres
	dir string
	cfg []string // further settings, "name=value"
	// users is locked until the process ends; nil for a server of one test.
	users *os.File

	mu       sync.Mutex // one test at a time takes or makes a database
	template template
}

// NewServer starts a server that belongs to one test, which may stop and start it. Settings are
// "name=value" pairs of postgresql.conf.
func NewServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	bin, err := findServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "flint-pg-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{bin: bin, dir: dir, cfg: settings}
	t.Cleanup(func() {
		if err := s.stop("immediate"); err != nil {
			t.Logf("stop PostgreSQL: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("remove PostgreSQL's files: %v", err)
		}
	})
	if err := errors.Join(s.prepare(), s.start()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Stop stops the server as a crash does: connections are cut and nothing is written back.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop("immediate"); err != nil {
		t.Fatal(err)
	}
}

// Start starts a stopped server.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) url(database string) string {
	q := url.Values{"host": {s.dir}, "user": {"flint"}, "dbname": {database}, "sslmode": {"disable"}}
	return "postgres:///?" + q.Encode()
}

// on connects to a database of the server, runs fn and hangs up.
func (s *Server) on(ctx context.Context, database string, fn func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return err
	}
	return errors.Join(fn(c), c.Close(ctx))
}

// admin runs a statement that cannot run inside the database it is about.
func (s *Server) admin(ctx context.Context, sql string) error {
	return s.on(ctx, "postgres", func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, sql)
		return err
	})
}

// prepare makes the data folder, unless it is there. fsync stays on: the tests are about durability.
func (s *Server) prepare() error {
	data := filepath.Join(s.dir, "data")
	if _, err := os.Stat(filepath.Join(data, "flint.ready")); err == nil {
		return nil
	}
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if err := own(s.dir); err != nil {
		return err
	}
	if err := s.run("initdb", "-D", data, "-U", "flint", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"); err != nil {
		return err
	}
	lines := append([]string{"listen_addresses=''", "unix_socket_directories='" + s.dir + "'", "unix_socket_permissions=0700",
		"max_connections=300", "shared_buffers='48MB'", "max_wal_size='2GB'", "checkpoint_timeout='30min'", "wal_compression=on", "autovacuum=off", "wal_level=replica", "jit=off"}, s.cfg...)
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + strings.Join(lines, "\n") + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(data, "flint.ready"), nil, 0o600)
}

func (s *Server) start() error {
	return s.run("pg_ctl", "-D", filepath.Join(s.dir, "data"), "-l", filepath.Join(s.dir, "log"), "-w", "-t", "60", "start")
}

func (s *Server) stop(mode string) error {
	return s.run("pg_ctl", "-D", filepath.Join(s.dir, "data"), "-m", mode, "-w", "stop")
}

func (s *Server) running() bool {
	return s.run("pg_ctl", "-D", filepath.Join(s.dir, "data"), "status") == nil
}

// run runs one of the server's programs. Output goes through a file, because the server keeps what
// it inherits open and go test would wait for a pipe.
func (s *Server) run(program string, args ...string) error {
	out, err := os.CreateTemp("", "flint-pg-out-")
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(out.Close(), os.Remove(out.Name())) }() // a temporary file
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: serverCredential()}
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name()) // best effort: err says what failed
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("%s: %w\n%s\n%s", program, err, bytes.TrimSpace(text), tail(log))
	}
	return nil
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

// serverCredential is the user the server runs as: PostgreSQL refuses to run as root.
func serverCredential() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

func own(dir string) error {
	c := serverCredential()
	if c == nil {
		return os.Chmod(dir, 0o700)
	}
	return errors.Join(os.Chown(dir, int(c.Uid), int(c.Gid)), os.Chmod(dir, 0o700))
}

// findServer returns the folder of the server's programs, and installs Debian's package when there
// are none and it may.
func findServer(ctx context.Context) (string, error) {
	if bin := lookForServer(); bin != "" {
		return bin, nil
	}
	if _, err := exec.LookPath("apt-get"); err == nil && os.Getuid() == 0 {
		cmd := exec.CommandContext(ctx, "sh", "-c", "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("install PostgreSQL for the tests: %w\n%s", err, tail(out))
		}
		if bin := lookForServer(); bin != "" {
			return bin, nil
		}
	}
	return "", errors.New("the tests need PostgreSQL's server programs (initdb, pg_ctl, postgres): install the package \"postgresql\" or put them on PATH; FLINT_TEST_ENGINES=sqlite leaves PostgreSQL out")
}

func lookForServer() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl") // the pattern is valid
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0])
	}
	if p, err := exec.LookPath("pg_ctl"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p)
		}
	}
	return ""
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for names that are no version
	return n
}
