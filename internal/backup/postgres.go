package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"flint/internal/fault"
	"flint/internal/observe"
)

// dump writes pg_dump's custom format, which reads one snapshot, and tells the schema.
func dump(ctx context.Context, database, to string) (schema []int64, err error) {
	err = withServer(ctx, database, func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, schemaQuery)
		if err != nil {
			return err
		}
		schema, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	if err := tool(ctx, database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--compress=0", "--file="+to); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open the dump: %w", err)
	}
	return schema, errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
}

// restoreDump fills an empty database in one transaction.
func restoreDump(ctx context.Context, database, from string) error {
	return tool(ctx, database, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", from)
}

// checkEmpty refuses a database that holds any table but those of extensions.
func checkEmpty(ctx context.Context, database string) error {
	var tables int64
	err := withServer(ctx, database, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, `SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
			AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')`).Scan(&tables)
	})
	if err != nil {
		return fmt.Errorf("look into the database: %w", err)
	}
	if tables > 0 {
		return notEmpty("The database to restore into is not empty.")
	}
	return nil
}

func withServer(ctx context.Context, database string, fn func(*pgx.Conn) error) (err error) {
	c, err := pgx.Connect(ctx, database)
	if err != nil {
		return errors.New(observe.Mask(err.Error()))
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	return fn(c)
}

// tool runs one of PostgreSQL's programs on the database. The password goes through the environment,
// because every user of a machine can read the arguments of its processes.
func tool(ctx context.Context, database, name string, args ...string) error {
	path, err := find(name)
	if err != nil {
		return err
	}
	address, password, err := withoutPassword(database)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--no-password", "--dbname=" + address}, args...)...)
	cmd.Env = os.Environ()
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s failed: %w: %s", name, err, observe.Mask(strings.TrimSpace(said.String())))
	}
	return nil
}

// find looks for one of PostgreSQL's programs on the PATH, then where Debian keeps them, newest first.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", fault.Unavailable("POSTGRES_TOOLS_MISSING", "The program %s was not found.", name).
			Then("Install PostgreSQL's client programs, of the server's version or newer, and have them on the PATH.")
	}
	release := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for names that are no version
		return n
	}
	return slices.MaxFunc(found, func(a, b string) int { return release(a) - release(b) }), nil
}

// withoutPassword splits the password off a URL, and drops settings that only our driver knows.
func withoutPassword(database string) (address, password string, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", "", errors.New("the database URL cannot be read")
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	if v := q.Get("password"); v != "" {
		password = v
	}
	for name := range q {
		if name == "password" || strings.HasPrefix(name, "pool_") || strings.HasSuffix(name, "_cache_capacity") || name == "default_query_exec_mode" {
			q.Del(name)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), password, nil
}
