package postgres_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	dbtest.Conformance(t, func(t *testing.T) db.DB { return dbtest.Open(t, db.Postgres) })
}
