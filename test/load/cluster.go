package main

import (
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
	"syscall"
)

// cluster is a PostgreSQL server of this run alone, on a Unix socket, with its defaults but for what
// keeps it private and small. fsync is on.
type cluster struct {
	bin, dir string
	as       *syscall.Credential
}

func newCluster(dir string) (*cluster, error) {
	c := &cluster{dir: dir}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl") // the pattern is valid
	if len(found) > 0 {
		c.bin = filepath.Dir(slices.Max(found))
	} else if p, err := exec.LookPath("pg_ctl"); err == nil {
		c.bin = filepath.Dir(p)
	} else {
		return nil, errors.New("PostgreSQL's server programs are not installed; -engines sqlite leaves it out")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, fmt.Errorf("find a user for PostgreSQL: %w", err)
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		c.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if err := c.run("initdb", "-D", data, "-U", "flint", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(f, "\nlisten_addresses=''\nunix_socket_directories='%s'\nmax_wal_size='2GB'\n", dir)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return c, c.run("pg_ctl", "-D", data, "-l", filepath.Join(dir, "log"), "-w", "start")
}

// database makes an empty database and returns its URL.
func (c *cluster) database(name string) (string, error) {
	if err := c.run("createdb", "-h", c.dir, "-U", "flint", name); err != nil {
		return "", err
	}
	q := url.Values{"host": {c.dir}, "user": {"flint"}, "dbname": {name}, "sslmode": {"disable"}}
	return "postgres:///?" + q.Encode(), nil
}

func (c *cluster) stop() error {
	return c.run("pg_ctl", "-D", filepath.Join(c.dir, "data"), "-m", "fast", "-w", "stop")
}

// version is that of the server, "PostgreSQL 17.2".
func (c *cluster) version() string {
	out, err := exec.Command(filepath.Join(c.bin, "postgres"), "--version").Output()
	if err != nil {
		return "PostgreSQL"
	}
	words := strings.Fields(string(out)) // postgres (PostgreSQL) 17.2 …
	return "PostgreSQL " + words[min(2, len(words)-1)]
}

// run runs one of the server's programs. Output goes through a file, which the server may keep open.
func (c *cluster) run(program string, args ...string) error {
	out, err := os.CreateTemp("", "flint-load-")
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(out.Close(), os.Remove(out.Name())) }() // a temporary file
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name()) // best effort: err says what failed
		return fmt.Errorf("%s: %w: %s", program, err, text)
	}
	return nil
}
