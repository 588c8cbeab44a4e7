package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/fault"
)

func TestThePasswordStaysOutOfTheArguments(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"postgres://flint:s3cret@db:5432/flint?sslmode=require":           {"postgres://flint@db:5432/flint?sslmode=require", "s3cret"},
		"postgres://db/flint?user=flint&password=s3cret&pool_max_conns=4": {"postgres://db/flint?user=flint", "s3cret"},
		"postgres:///flint?host=%2Fvar%2Frun":                             {"postgres:///flint?host=%2Fvar%2Frun", ""},
	} {
		address, password, err := withoutPassword(in)
		if err != nil || address != want[0] || password != want[1] {
			t.Errorf("%q gives %q and %q, %v", in, address, password, err)
		}
	}
}

func TestMissingToolsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := find("pg_dump_of_no_version")
	if f := fault.Of(err); f == nil || f.Code != "POSTGRES_TOOLS_MISSING" || !strings.Contains(f.NextSteps, "PATH") {
		t.Errorf("a missing program: %v", err)
	}
}

func TestAFailingToolSaysWhyWithoutSecrets(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho \"bad: $PGPASSWORD postgres://u:hunter2@db/x args $*\" >&2\nexit 3\n"
	if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	err := tool(t.Context(), "postgres://u:flint_live_abcdefgh@db/x", "pg_dump", "--file=y")
	if err == nil {
		t.Fatal("the failure was lost")
	}
	for _, want := range []string{"pg_dump failed", "exit status 3", "args --no-password --dbname=postgres://u@db/x --file=y"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "abcdefgh") {
		t.Errorf("the error shows a password: %v", err)
	}
}
