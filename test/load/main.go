// Command load measures a whole installation: it starts the binary, sells through its API with 1, 8 and
// 32 clients, and compares that with the floor, the same rows in the same transactions straight through
// the database. The results are printed, and with -out written to a dated file. main.go begins it; flows.go
// names what is measured, flow.go measures one of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
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

// most is the largest number of clients.
func (s settings) most() int { return slices.Max(s.clients) }

func main() {
	var s settings
	engines := flag.String("engines", "sqlite,postgres", "engines to measure")
	flag.StringVar(&s.binary, "binary", "bin/flint", "the binary to start")
	flag.StringVar(&s.out, "out", "", "folder in which the results are written to a dated file")
	flag.DurationVar(&s.duration, "duration", 10*time.Second, "how long each number of clients is measured")
	clients := flag.String("clients", "1,8,32", "numbers of clients")
	flag.StringVar(&s.profile, "profile", "", "folder for profiles of the server under the most clients")
	short := flag.Bool("short", false, "a second with 2 clients, to see that everything runs; the figures mean nothing")
	flag.Parse()
	if *short {
		s.duration, *clients = time.Second, "2"
	}
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
	engine       string
	first, again time.Duration // ready on a new and on a used database
	idle, peak   float64       // MiB
	rounds       []sold
	others       []sold // with the most clients, one for each of otherKinds
	reads        []round
	readCPU      time.Duration
	size         size // of the sale
}

// sold is one flow with one number of clients.
type sold struct {
	kind     kind
	clients  int
	size     size
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
	flows, err := capture(ctx, floor, filepath.Join(dir, "capture"), append([]kind{mainKind}, otherKinds...))
	if err != nil {
		return m, err
	}
	under, err := openDatabase(ctx, floor)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, under.Close()) }()
	var floors []floored
	for _, c := range flows {
		all := newReplay(c, under, false)
		floors = append(floors, floored{all, all.withoutReads()})
	}
	m.size = flows[0].size()

	data := filepath.Join(dir, "data")
	server, err := start(ctx, s.binary, data, database)
	if err != nil {
		return m, err
	}
	m.first = server.ready
	if err := m.sell(ctx, s, server, floors, engine); err != nil {
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

// floored is a flow as its statements: all of them, and only those that write.
type floored struct{ all, rows *replay }

func (m *measured) sell(ctx context.Context, s settings, server *child, floors []floored, engine string) error {
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
	b := bench{settings: s, server: server, hook: hook, engine: engine}
	for n, k := range append([]kind{mainKind}, otherKinds...) {
		round, err := k.make(setup)
		if err != nil {
			return fmt.Errorf("prepare the flow %s: %w", k.name, err)
		}
		if err := b.warm(ctx, floors[n], round); err != nil {
			return fmt.Errorf("warm up the flow %s: %w", k.name, err)
		}
		counts := s.clients
		if n > 0 {
			counts = []int{s.most()}
		}
		for _, clients := range counts {
			r, err := b.round(ctx, k, floors[n], round, clients)
			if err != nil {
				return fmt.Errorf("measure the flow %s: %w", k.name, err)
			}
			if n == 0 {
				m.rounds = append(m.rounds, r)
			} else {
				m.others = append(m.others, r)
			}
			fmt.Printf("%s, %s, %d clients: %.0f flows/s, floor %.0f (rows %.0f), %s ms CPU a flow, floor %s ms, %.1f webhooks a flow, %s behind, first call p99 %s ms\n",
				m.engine, k.name, clients, r.round.perSecond(), r.floor, r.rows, ms(r.cpu), ms(r.floorCPU), r.hooks, r.lag.Round(time.Millisecond), ms(r.round.percentile(k.first, 0.99)))
		}
	}
	return m.read(ctx, s, server, engine)
}

// bench is what every round of one engine shares.
type bench struct {
	settings
	server *child
	hook   *sink
	engine string
}

func (b bench) warm(ctx context.Context, f floored, work func(*client, *timings) error) error {
	if _, err := run(ctx, b.server.addr, b.server.facts.APIKey, min(8, b.most()), min(3*time.Second, b.duration), work); err != nil {
		return err
	}
	_, _, err := f.all.run(ctx, min(8, b.most()), time.Second)
	return err
}

// round measures a flow with a number of clients, between the two floors under it.
func (b bench) round(ctx context.Context, k kind, f floored, work func(*client, *timings) error, clients int) (r sold, err error) {
	pid := b.server.cmd.Process.Pid
	b.hook.settle(settleFor)
	r = sold{kind: k, clients: clients, size: f.all.size()}
	if r.floor, r.floorCPU, err = f.all.run(ctx, clients, b.duration/2); err != nil {
		return r, fmt.Errorf("measure the floor: %w", err)
	}
	before, err := cpu(pid)
	if err != nil {
		return r, err
	}
	mallocs, bytes := b.server.allocated()
	hooks := b.hook.received.Load()
	profiled := b.server.profile(b.settings, strings.ReplaceAll(k.name, " ", "-")+"."+b.engine, clients, b.duration)
	if r.round, err = run(ctx, b.server.addr, b.server.facts.APIKey, clients, b.duration, work); err != nil {
		return r, err
	}
	r.lag = b.hook.settle(settleFor)
	profiled()
	after, err := cpu(pid)
	if err != nil {
		return r, err
	}
	flows := float64(r.round.count)
	r.cpu = time.Duration(float64(after-before) / flows)
	r.hooks = float64(b.hook.received.Load()-hooks) / flows
	mallocs2, bytes2 := b.server.allocated()
	r.mallocs, r.allocKiB = (mallocs2-mallocs)/flows, (bytes2-bytes)/flows/1024
	if r.rows, _, err = f.rows.run(ctx, clients, b.duration/2); err != nil {
		return r, fmt.Errorf("measure the floor of rows: %w", err)
	}
	return r, nil
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
