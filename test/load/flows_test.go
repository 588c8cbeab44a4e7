package main

import (
	"path/filepath"
	"testing"
)

// TestFlows makes every flow once against a server over SQLite, and its floor twice: a flow that changed must
// still be one that the floor can write again with other ids.
func TestFlows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := filepath.Join(dir, "floor.db")
	kinds := append([]kind{mainKind}, otherKinds...)
	flows, err := capture(t.Context(), database, filepath.Join(dir, "data"), kinds)
	if err != nil {
		t.Fatal(err)
	}
	under, err := openDatabase(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := under.Close(); err != nil {
			t.Error(err)
		}
	}()
	for n, c := range flows {
		t.Logf("%s: %d statements in %d transactions", kinds[n].name, c.size().statements, c.size().transactions)
		if c.size().transactions < 4 {
			t.Errorf("%s: %d transactions were captured", kinds[n].name, c.size().transactions)
		}
		all := newReplay(c, under, false)
		for _, r := range []*replay{all, all, all.withoutReads()} {
			if err := r.once(t.Context()); err != nil {
				t.Errorf("%s: %v", kinds[n].name, err)
			}
		}
	}
}
