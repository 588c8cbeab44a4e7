package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"flint/internal/db"
	"flint/internal/db/migrations"
)

// template is the migrated database that others are copied from.
type template struct {
	fingerprint string // of the migrations; part of the names of all databases made from it
	shape       string // digest of its tables and columns
}

// Database returns the URL of a migrated database without rows that no other test uses.
//
// Copying and dropping databases is slow, because the server writes every file to the disk. So they
// are kept: a test takes one through a lock on a file, which the kernel gives back however the test
// ends, and whoever takes it next empties it first. One whose tables were changed is made anew.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	name, lock, err := s.take(t.Context())
	if err != nil {
		t.Fatalf("get a PostgreSQL database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := lock.Close(); err != nil {
			t.Errorf("give the database back: %v", err)
		}
	})
	return s.url(name)
}

func (s *Server) take(ctx context.Context) (name string, lock *os.File, err error) {
	if s.template.fingerprint == "" {
		if s.template, err = s.makeTemplate(ctx); err != nil {
			return "", nil, err
		}
	}
	for n := 1; ; n++ {
		name = "t_" + s.template.fingerprint + "_" + strconv.Itoa(n)
		lock, err = lockPath(filepath.Join(s.dir, name+".lock"), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if s.empty(ctx, name) == nil {
			return name, lock, nil
		}
		err = errors.Join(s.admin(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"),
			s.admin(ctx, "CREATE DATABASE "+name+" TEMPLATE "+s.template.name()))
		if err != nil {
			return "", nil, errors.Join(err, lock.Close())
		}
		return name, lock, nil
	}
}

func (m template) name() string { return "template_" + m.fingerprint }

// empty removes all rows from a database that a test left. It fails when there is no such database
// or its tables are not those of the template.
func (s *Server) empty(ctx context.Context, name string) error {
	return s.on(ctx, name, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
			return err
		}
		shape, err := shapeOf(ctx, c)
		if err != nil {
			return err
		}
		if shape != s.template.shape {
			return fmt.Errorf("the tables of %s were changed", name)
		}
		_, err = c.Exec(ctx, `DO $$
DECLARE
	name text;
	filled text := '';
	found boolean;
BEGIN
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'schema\_migrations%' LOOP
		EXECUTE 'SELECT EXISTS (SELECT FROM ' || quote_ident(name) || ')' INTO found;
		IF found THEN
			filled := filled || ', ' || quote_ident(name);
		END IF;
	END LOOP;
	IF filled <> '' THEN
		EXECUTE 'TRUNCATE ' || substr(filled, 3) || ' CASCADE';
	END IF;
END $$`)
		return err
	})
}

func shapeOf(ctx context.Context, c *pgx.Conn) (shape string, err error) {
	err = c.QueryRow(ctx, `SELECT md5(string_agg(r.relname || '.' || a.attname || ' ' || a.atttypid || a.attnotnull, ',' ORDER BY r.relname, a.attnum))
		FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid
		WHERE r.relnamespace = 'public'::regnamespace AND r.relkind IN ('r', 'i')`).Scan(&shape)
	return shape, err
}

// makeTemplate finds or makes the template. It is renamed into place, so a half-migrated one is
// never copied.
func (s *Server) makeTemplate(ctx context.Context) (m template, err error) {
	if m.fingerprint, err = migrations.Fingerprint(); err != nil {
		return template{}, err
	}
	making, err := lockPath(filepath.Join(s.dir, "template.lock"), syscall.LOCK_EX)
	if err != nil {
		return template{}, err
	}
	defer func() { err = errors.Join(err, making.Close()) }()
	read := func() error {
		return s.on(ctx, m.name(), func(c *pgx.Conn) (err error) {
			m.shape, err = shapeOf(ctx, c)
			return err
		})
	}
	if read() == nil {
		return m, nil
	}
	raw := "making_" + m.fingerprint
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + raw + " WITH (FORCE)", "CREATE DATABASE " + raw + " TEMPLATE template0"} {
		if err := s.admin(ctx, sql); err != nil {
			return template{}, err
		}
	}
	if err := migrations.Up(ctx, db.Postgres, s.url(raw)); err != nil {
		return template{}, err
	}
	if err := s.admin(ctx, "ALTER DATABASE "+raw+" RENAME TO "+m.name()); err != nil {
		return template{}, err
	}
	return m, read()
}

// dropOutdated removes the databases of other migrations than this binary's.
func (s *Server) dropOutdated(ctx context.Context) error {
	print, err := migrations.Fingerprint()
	if err != nil {
		return err
	}
	var names []string
	err = s.on(ctx, "postgres", func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `SELECT COALESCE(array_agg(datname::text), '{}') FROM pg_database
			WHERE datname NOT IN ('postgres', 'template0', 'template1')`).Scan(&names)
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.Contains(name, print) {
			continue
		}
		if err := s.admin(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}
