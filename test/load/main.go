// Command load measures a whole installation: it starts the binary, sells through its API with 1, 8 and
// 32 clients, and compares that with the floor, the same rows in the same transactions straight through
// the database. The results are printed, and with -out written to a dated file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settings of a run.
type settings struct {
	binary   string
	out      string
	engines  []string
	clients  []int
	duration time.Duration
	profile  string
}

func main() {
	var s settings
	engines := flag.String("engines", "sqlite,postgres", "engines to measure")
	flag.StringVar(&s.binary, "binary", "bin/flint", "the binary to start")
	flag.StringVar(&s.out, "out", "", "folder in which the results are written to a dated file")
	flag.DurationVar(&s.duration, "duration", 10*time.Second, "how long each number of clients is measured")
	clients := flag.String("clients", "1,8,32", "numbers of clients")
	flag.StringVar(&s.profile, "profile", "", "folder for profiles of the server under the most clients")
	flag.Parse()
	s.engines = strings.Split(*engines, ",")
	for text := range strings.SplitSeq(*clients, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fmt.Fprintln(os.Stderr, "load: -clients takes numbers with commas between them")
			os.Exit(2)
		}
		s.clients = append(s.clients, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, s settings) (err error) {
	if s.binary, err = filepath.Abs(s.binary); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "flint-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's user goes through it
		return err
	}
	rep := report{settings: s, began: time.Now(), machine: facts()}
	for _, engine := range s.engines {
		m, err := measureEngine(ctx, s, engine, filepath.Join(dir, engine))
		if err != nil {
			return fmt.Errorf("measure %s: %w", engine, err)
		}
		rep.engines = append(rep.engines, m)
	}
	return rep.publish()
}

// settleFor is the longest wait for the webhooks of a round.
const settleFor = 30 * time.Second

// measured is what was found with one engine.
type measured struct {
	engine          string
	first, again    time.Duration // ready on a new and on a used database
	idle, peak      float64       // MiB
	rounds          []sold
	reads           []round
	readCPU         time.Duration
	statements, txs int
}

// sold is one number of clients.
type sold struct {
	clients  int
	round    round
	floor    float64 // flows a second, all statements
	floorCPU time.Duration
	rows     float64 // flows a second, only what writes rows
	cpu      time.Duration
	hooks    float64       // deliveries a flow
	lag      time.Duration // from the last call to the last delivery
	mallocs  float64
	allocKiB float64
}

// kept is how many flows a second were done in the time that also saw all their webhooks out.
func (s sold) kept() float64 { return float64(s.round.count) / (s.round.took + s.lag).Seconds() }

func measureEngine(ctx context.Context, s settings, engine, dir string) (m measured, err error) {
	m.engine = engine
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return m, err
	}
	database, floor := "", filepath.Join(dir, "floor.db")
	if engine == "postgres" {
		c, err := newCluster(filepath.Join(dir, "cluster"))
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, c.stop()) }()
		m.engine = c.version()
		if database, err = c.database("flint"); err != nil {
			return m, err
		}
		if floor, err = c.database("floor"); err != nil {
			return m, err
		}
	}
	flow, err := capture(ctx, floor, filepath.Join(dir, "capture"))
	if err != nil {
		return m, fmt.Errorf("capture a flow: %w", err)
	}
	m.txs = len(flow.transactions)
	for _, t := range flow.transactions {
		m.statements += len(t.statements)
	}
	under, err := openDatabase(ctx, floor)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, under.Close()) }()
	all := newReplay(flow, under, false)
	rows := all.withoutReads()

	data := filepath.Join(dir, "data")
	server, err := start(ctx, s.binary, data, database)
	if err != nil {
		return m, err
	}
	m.first = server.ready
	if err := m.sell(ctx, s, server, all, rows, engine); err != nil {
		return m, errors.Join(err, server.stop())
	}
	if err := server.stop(); err != nil {
		return m, fmt.Errorf("stop the server: %w", err)
	}
	if server, err = start(ctx, s.binary, data, database); err != nil {
		return m, err
	}
	m.again = server.ready
	time.Sleep(5 * time.Second)
	m.idle, _, err = memory(server.cmd.Process.Pid)
	return m, errors.Join(err, server.stop())
}

func (m *measured) sell(ctx context.Context, s settings, server *child, all, rows *replay, engine string) error {
	hook, err := newSink()
	if err != nil {
		return err
	}
	defer hook.close()
	setup, err := dial(server.addr, server.facts.APIKey)
	if err != nil {
		return err
	}
	defer setup.close()
	status, answer, err := setup.call("POST", "/v1/webhook-endpoints", "", []byte(`{"url":"`+hook.url+`"}`))
	if err != nil || status != 201 {
		return fmt.Errorf("register the webhook endpoint: status %d: %s %w", status, answer, err)
	}
	pid, key := server.cmd.Process.Pid, server.facts.APIKey
	if _, err := run(ctx, server.addr, key, 8, min(3*time.Second, s.duration), sale); err != nil { // warm-up
		return err
	}
	if _, _, err := all.run(ctx, 8, time.Second); err != nil {
		return err
	}
	for _, n := range s.clients {
		hook.settle(settleFor)
		r := sold{clients: n}
		if r.floor, r.floorCPU, err = all.run(ctx, n, s.duration/2); err != nil {
			return fmt.Errorf("measure the floor: %w", err)
		}
		before, err := cpu(pid)
		if err != nil {
			return err
		}
		mallocs, bytes := server.allocated()
		hooks := hook.received.Load()
		profiled := server.profile(s, engine, n, s.duration)
		if r.round, err = run(ctx, server.addr, key, n, s.duration, sale); err != nil {
			return err
		}
		r.lag = hook.settle(settleFor)
		profiled()
		after, err := cpu(pid)
		if err != nil {
			return err
		}
		flows := float64(r.round.count)
		r.cpu = time.Duration(float64(after-before) / flows)
		r.hooks = float64(hook.received.Load()-hooks) / flows
		mallocs2, bytes2 := server.allocated()
		r.mallocs, r.allocKiB = (mallocs2-mallocs)/flows, (bytes2-bytes)/flows/1024
		if r.rows, _, err = rows.run(ctx, n, s.duration/2); err != nil {
			return fmt.Errorf("measure the floor of rows: %w", err)
		}
		m.rounds = append(m.rounds, r)
		fmt.Printf("%s, %d clients: %.0f flows/s, floor %.0f (rows %.0f), %s ms CPU a flow, floor %s ms, %.1f webhooks a flow, %s behind, order p99 %s ms\n",
			m.engine, n, r.round.perSecond(), r.floor, r.rows, ms(r.cpu), ms(r.floorCPU), r.hooks, r.lag.Round(time.Millisecond), ms(r.round.percentile(callOrder, 0.99)))
	}
	return m.read(ctx, s, server, engine)
}

// read measures reads of one order.
func (m *measured) read(ctx context.Context, s settings, server *child, engine string) error {
	c, err := dial(server.addr, server.facts.APIKey)
	if err != nil {
		return err
	}
	defer c.close()
	var orders []string
	for range 20 {
		var t timings
		orderID, err := flow(c, &t)
		if err != nil {
			return err
		}
		orders = append(orders, orderID)
	}
	for _, n := range s.clients {
		before, err := cpu(server.cmd.Process.Pid)
		if err != nil {
			return err
		}
		profiled := server.profile(s, "reads."+engine, n, s.duration/2)
		r, err := run(ctx, server.addr, server.facts.APIKey, n, s.duration/2, reader(orders))
		if err != nil {
			return err
		}
		profiled()
		after, err := cpu(server.cmd.Process.Pid)
		if err != nil {
			return err
		}
		m.readCPU = time.Duration(float64(after-before) / float64(r.count))
		m.reads = append(m.reads, r)
		fmt.Printf("%s, %d clients: %.0f reads/s, %s CPU a read\n", m.engine, n, r.perSecond(), m.readCPU)
	}
	_, m.peak, err = memory(server.cmd.Process.Pid)
	return err
}
