package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// statisticsEvery and statisticsFor are how often and how long after the start tables are looked at
	// that grew without the planner knowing.
	statisticsEvery = 5 * time.Second
	statisticsFor   = 10 * time.Minute
)

// grown lists tables of which so much changed since they were analyzed that a plan may be wrong. All
// keys start with the tenant, so about a table it knows nothing of the planner takes any index that does
// for as good as any other, and prepared statements keep that choice.
const grown = `SELECT relname FROM pg_stat_user_tables
	WHERE schemaname = current_schema() AND n_mod_since_analyze > 200 + n_live_tup / 4`

// keepStatistics analyzes tables that grow, until the server's own autovacuum, which looks once a
// minute, has come round to them a few times.
func (d *DB) keepStatistics(ctx context.Context) {
	tick := time.NewTicker(statisticsEvery)
	defer tick.Stop()
	for end := time.Now().Add(statisticsFor); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := d.analyze(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("tables could not be analyzed; their queries may be slow", "error", err)
		}
	}
}

func (d *DB) analyze(ctx context.Context) error {
	c, err := d.conn(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	rows, err := c.Query(ctx, grown)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := c.Exec(ctx, "ANALYZE "+pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}
