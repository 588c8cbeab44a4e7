package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sharedServer returns the server that all test binaries of this user share. Every binary holds a
// shared lock on "users" for as long as it lives, however it ends. A small watcher stops the server
// when nobody holds it for a while; its files stay, so the next start takes a fraction of a second.
func sharedServer(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("start PostgreSQL for the tests: %v", err)
	}
	return s
}

var shared = sync.OnceValues(func() (s *Server, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	bin, err := findServer(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("flint-pg-%d-v2", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s = &Server{bin: bin, dir: dir}
	if err := own(dir); err != nil {
		return nil, err
	}
	users := filepath.Join(dir, "users")
	if s.users, err = lockPath(users, syscall.LOCK_SH); err != nil {
		return nil, err
	}
	starting, err := lockPath(filepath.Join(dir, "start.lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, starting.Close()) }()
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if s.running() {
		return s, nil
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, errors.Join(s.dropOutdated(ctx), s.watch(users))
})

// watch starts the process that stops the server once its last user is gone for two minutes.
func (s *Server) watch(users string) error {
	const script = `while sleep 120; do
  flock -n -x "$1" "$2" -D "$3" -m fast -w stop && exit 0
  "$2" -D "$3" status || exit 0
done`
	cmd := exec.Command("sh", "-c", script, "flint-pg-watch", users, filepath.Join(s.bin, "pg_ctl"), filepath.Join(s.dir, "data"))
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: serverCredential()}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// lockPath takes an flock; closing the file gives it back. The descriptor is not inherited.
func lockPath(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if c := serverCredential(); c != nil {
		if err := os.Chown(path, int(c.Uid), int(c.Gid)); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
