package crash

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// newOrder is a call that makes an order.
func newOrder(key string) *call {
	return &call{method: "POST", path: "/v1/orders", key: key, body: jsonOf(map[string]any{
		"line_items": []any{map[string]any{"name": strings.Repeat("Notebook ", 20), "unit_price_money": usd(1200), "quantity": 2}},
		"tax":        map[string]any{"enabled": false}, "external_reference_id": key,
	})}
}

// TestFullDisk fills the disk under the data folder. Writes are refused with a code that says so, reads
// go on, nothing is half there, and with room again the same server goes on. The disk is small enough
// that a log which is not written back in time would take all of it and never give it back.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("a small disk of its own needs root")
	}
	in := install(t, "")
	disk := in.data()
	if err := os.MkdirAll(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		in.kill()
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	in.up()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, h := newClient(in.facts.BaseURL, in.facts.APIKey), &history{orders: map[string]*story{}}
	for round := range 3 {
		first, err := c.once(ctx, newOrder(fmt.Sprintf("before-%d", round)))
		if err != nil || !first.ok() {
			t.Fatalf("before the disk is full: %d %s, %v", first.status, first.code, err)
		}
		ballast := fill(t, disk)
		refused := 0
		var pending []*call
		for n := 0; refused < 20 && n < 3000; n++ {
			k := newOrder(fmt.Sprintf("full-%d-%d", round, n))
			a, err := c.once(ctx, k)
			switch {
			case err != nil:
				t.Fatalf("on a full disk: %v", err)
			case a.ok():
				k.got = a
				h.add(k)
			case a.status != http.StatusInsufficientStorage && a.status != http.StatusServiceUnavailable || a.code == "":
				t.Fatalf("on a full disk a write is refused with %d %s", a.status, a.code)
			default:
				if a.status != http.StatusInsufficientStorage || a.code != "STORAGE_FULL" {
					t.Errorf("a full disk is told as %d %s", a.status, a.code)
				}
				refused++
				pending = append(pending, k)
			}
		}
		if refused == 0 {
			t.Fatal("the disk did not get full")
		}
		if a, err := c.once(ctx, &call{method: "GET", path: "/v1/orders/" + first.object().str("order_id")}); err != nil || !a.ok() {
			t.Errorf("a read on a full disk: %d %s, %v", a.status, a.code, err)
		}
		if round == 1 {
			in.kill() // and it starts again without any room
			in.launch()
			select {
			case <-in.ended:
				if tail := in.logTail(2000); !strings.Contains(tail, "flint:") {
					t.Errorf("the server does not start on a full disk and does not say why:\n%s", tail)
				}
			case <-time.After(2 * time.Second):
				in.kill()
			}
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			in.up()
		}
		for _, k := range pending {
			a, err := c.settle(ctx, k)
			if err != nil || !a.ok() {
				t.Fatalf("with room again: %d %s, %v", a.status, a.code, err)
			}
			if a.replay {
				t.Errorf("what was refused for want of room had an effect")
			}
			h.add(k)
		}
		if !in.running() {
			t.Fatal("the server ended")
		}
	}
	if err := in.quiet(ctx, c, nil); err != nil {
		t.Error(err)
	}
	for _, w := range in.check(ctx, c, h, nil, 0) {
		t.Error(w)
	}
	in.stop()
	in.doctor()
}

// fill takes all room of a disk but a page or two, and returns the file that has it.
func fill(t *testing.T, disk string) string {
	t.Helper()
	path := filepath.Join(disk, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(page)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var pathErr *fs.PathError
	if !errors.As(err, &pathErr) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	return path
}

// TestDatabaseGoesAway stops PostgreSQL under load, as a crash does, and starts it again.
func TestDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	if dbtest.Engines(t)[len(dbtest.Engines(t))-1] != db.Postgres {
		t.Skip("FLINT_TEST_ENGINES leaves PostgreSQL out")
	}
	pg := dbtest.NewServer(t)
	in := install(t, pg.Database(t))
	in.up()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c, h := newClient(in.facts.BaseURL, in.facts.APIKey), &history{orders: map[string]*story{}}
	l := newLoad(ctx, c, h, "gone", 4, *seed)
	for range 3 {
		time.Sleep(500 * time.Millisecond)
		pg.Stop(t)
		begun := time.Now()
		for _, k := range []*call{newOrder("gone"), {method: "GET", path: "/v1/orders"}} {
			a, err := c.once(ctx, k)
			if err != nil || a.status != http.StatusServiceUnavailable || a.code == "" {
				t.Errorf("%s without a database: %d %s, %v", k.method, a.status, a.code, err)
			}
		}
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("without a database two answers take %v", took)
		}
		resp, err := http.Get("http://" + in.addr + "/readyz")
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("readyz without a database: %v, %v", resp, err)
		} else {
			_ = resp.Body.Close()
		}
		pg.Start(t)
		back := time.Now()
		for a := (answer{}); !a.ok(); {
			if a, err = c.once(ctx, &call{method: "GET", path: "/v1/orders"}); err != nil {
				t.Fatal(err)
			}
			if time.Since(back) > 20*time.Second {
				t.Fatal("the server does not find its database again")
			}
		}
		if err := in.advance(61 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range l.finish() {
		t.Error(err)
	}
	if c.refused.Load() == 0 {
		t.Error("no client noticed")
	}
	if err := in.quiet(ctx, c, nil); err != nil {
		t.Error(err)
	}
	for _, w := range in.check(ctx, c, h, nil, 0) {
		t.Error(w)
	}
	in.stop()
	in.doctor()
}

// TestSlowDatabase lets another program hold a lock: writes are given up in time with a code that says
// so, have no effect, and go through once the lock is gone.
func TestSlowDatabase(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			database := ""
			if engine == db.Postgres {
				database = dbtest.OpenURL(t, engine)
			}
			in := install(t, database)
			in.up()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			c := newClient(in.facts.BaseURL, in.facts.APIKey)
			release := hold(t, in)
			k, begun := newOrder("slow"), time.Now()
			a, err := c.once(ctx, k)
			took := time.Since(begun)
			if err != nil || a.status != http.StatusServiceUnavailable && a.status != http.StatusGatewayTimeout || a.code == "" || a.code == "INTERNAL_ERROR" {
				t.Errorf("a write that waits for a lock: %d %s, %v", a.status, a.code, err)
			}
			if took > 35*time.Second {
				t.Errorf("it took %v", took)
			}
			t.Logf("given up with %d %s after %v", a.status, a.code, took.Round(time.Millisecond))
			release()
			if a, err = c.settle(ctx, k); err != nil || !a.ok() || a.replay {
				t.Errorf("once the lock is gone: %d %s, replayed %v, %v", a.status, a.code, a.replay, err)
			}
			in.stop()
			in.doctor()
		})
	}
}

// hold takes a lock that every write needs.
func hold(t *testing.T, in *installation) (release func()) {
	t.Helper()
	if in.engine() == "postgres" {
		conn, err := pgx.Connect(t.Context(), in.database)
		if err == nil {
			_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}
	}
	conn, err := sqlite.OpenConn(filepath.Join(in.data(), "flint.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	stmt := conn.Prep("BEGIN IMMEDIATE")
	if _, err := stmt.Step(); err != nil {
		t.Fatal(err)
	}
	if err := stmt.Reset(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Two processes on one data folder would each believe to be alone; the second is sent away.
func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	in.up()
	cmd := exec.Command(in.bin, "dev", "--data", in.data(), "--addr", freeAddress(t))
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); err == nil || code != 1 && code != 2 {
		t.Errorf("the second process ends with %d, %v", code, err)
	}
	if !strings.Contains(string(out), "flint:") || !strings.Contains(strings.ToLower(string(out)), "another") {
		t.Errorf("it does not say why:\n%s", out)
	}
	if a, err := newClient(in.facts.BaseURL, in.facts.APIKey).once(t.Context(), newOrder("alone")); err != nil || !a.ok() {
		t.Errorf("the first goes on: %d %s, %v", a.status, a.code, err)
	}
	in.stop()
}

// TestStopUnderLoad asks the server to end while clients use it, a processor is slow, a receiver hangs
// and a stream is open. It ends within ten seconds with exit code 0, and nothing is lost.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			database := ""
			if engine == db.Postgres {
				database = dbtest.OpenURL(t, engine)
			}
			in := install(t, database)
			in.up()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			c, h := newClient(in.facts.BaseURL, in.facts.APIKey), &history{orders: map[string]*story{}}
			over := make(chan struct{})
			slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
			t.Cleanup(slow.Close)
			t.Cleanup(func() { close(over) })
			if a, err := c.settle(ctx, &call{method: "POST", path: "/v1/webhook-endpoints", key: "hook", body: jsonOf(map[string]any{"url": slow.URL})}); err != nil || !a.ok() {
				t.Fatalf("make a webhook endpoint: %d %s, %v", a.status, a.code, err)
			}
			in.dev("PUT", "/dev/simulator/faults", map[string]any{"seed": 0, "operations": map[string]any{"refund": map[string]any{"answer_delay_ms": 15_000}}}, nil)
			go func() {
				req, err := http.NewRequestWithContext(ctx, "GET", in.facts.BaseURL+"/v1/webhook-events/stream", nil)
				if err != nil {
					return
				}
				req.Header.Set("Authorization", "Bearer "+in.facts.APIKey)
				if resp, err := http.DefaultClient.Do(req); err == nil {
					_, _ = resp.Body.Read(make([]byte, 1<<20)) // it is only there to be open
					<-over
					_ = resp.Body.Close()
				}
			}()
			l := newLoad(ctx, c, h, "drain", 4, *seed)
			time.Sleep(1200 * time.Millisecond)
			took := in.stop()
			if took > 10*time.Second {
				t.Errorf("it took %v to stop", took)
			}
			t.Logf("stopped in %v", took.Round(time.Millisecond))
			in.doctor()
			in.up()
			if err := in.advance(61 * time.Second); err != nil {
				t.Fatal(err)
			}
			for _, err := range l.finish() {
				t.Error(err)
			}
			if err := in.quiet(ctx, c, nil); err != nil {
				t.Error(err)
			}
			for _, w := range in.check(ctx, c, h, nil, 0) {
				t.Error(w)
			}
		})
	}
}

// TestCrashOfTheFirstStart kills the process while it makes its database and its demo data; the next
// start finishes what is missing.
func TestCrashOfTheFirstStart(t *testing.T) {
	t.Parallel()
	for nth := 1; nth <= 4; nth++ {
		for _, place := range []string{"commit.before", "commit.after"} {
			in := install(t, "")
			if _, err := in.start(fmt.Sprintf("FLINT_FAILPOINT=%s:%d", place, nth)); err == nil {
				in.kill() // it had fewer commits to make
			}
			in.up()
			if a, err := newClient(in.facts.BaseURL, in.facts.APIKey).once(t.Context(), newOrder("first")); err != nil || !a.ok() {
				t.Errorf("after a crash at %s:%d: %d %s, %v", place, nth, a.status, a.code, err)
			}
			in.stop()
			in.doctor()
		}
	}
	for after := 10 * time.Millisecond; after < 300*time.Millisecond; after += 40 * time.Millisecond {
		in := install(t, "")
		in.launch()
		time.Sleep(after)
		in.kill()
		in.up()
		in.stop()
		in.doctor()
	}
}
