package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// report is a whole run as a page of Markdown.
type report struct {
	settings settings
	began    time.Time
	machine  string
	engines  []measured
}

// targets of the figures, as the report repeats them.
const targets = "Targets: with 32 clients at least 60 % of the floor; at most 2.5 ms of processor time for a whole flow; p99 of a write at most\n" +
	"25 ms; more than 10,000 reads of one order a second with the generator on the same processors; below 60 MiB idle and\n" +
	"250 MiB under load; ready within 0.5 s on an existing database."

// facts about the machine that bear on the figures: no names.
func facts() string {
	load := "unknown"
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(raw), " ")
	}
	memory := "unknown"
	if raw, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int64
		if _, err := fmt.Sscanf(string(raw), "MemTotal: %d kB", &kib); err == nil {
			memory = fmt.Sprintf("%d GiB", (kib+1<<19)>>20)
		}
	}
	return fmt.Sprintf("%s/%s, %d processors, %s of memory, %s; load average before the run %s (other work on the machine)",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memory, runtime.Version(), load)
}

func (r report) markdown() []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Load, %s", r.began.UTC().Format("2006-01-02 15:04 UTC"))
	p("")
	p("%s.", r.machine)
	p("")
	p("A flow is an order of two lines with tax, a checkout session, a payment by test token, and the refund of a line; each of")
	p("its events goes to one webhook endpoint. The floor is the same flow as its statements: those of the calls all, those of the")
	p("work behind them (feed, webhooks, settling) as far as they write, in the same transactions, through the database package")
	p("alone; rows is that without what only reads. They run by turns with the flows. Kept up is the rate with the time in which")
	p("the last webhooks went out counted in; that is what is compared with the floor, which writes their rows as it goes.")
	p("The other flows are measured the same way with the most clients. The floor of an invoice leaves out that its PDF is drawn.")
	p("The generator, the floor and the sink of the webhooks run on the same processors as the server.")
	p("")
	p("%s", targets)
	for _, m := range r.engines {
		p("")
		p("## %s", m.engine)
		p("")
		p("%d statements in %d transactions a flow.", m.size.statements, m.size.transactions)
		p("")
		p("| clients | flows/s | kept up/s | floor/s | of floor | rows/s | of rows | CPU a flow | floor CPU | allocations a flow | webhooks a flow | webhooks behind |")
		p("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
		for _, s := range m.rounds {
			p("| %d | %.0f | %.0f | %.0f | %.0f %% | %.0f | %.0f %% | %s ms | %s ms | %.0f, %.0f KiB | %.1f | %.1f s |", s.clients, s.round.perSecond(), s.kept(), s.floor,
				100*s.kept()/s.floor, s.rows, 100*s.kept()/s.rows, ms(s.cpu), ms(s.floorCPU), s.mallocs, s.allocKiB, s.hooks, s.lag.Seconds())
		}
		p("")
		head, rule := "| call, ms", "|---"
		for _, n := range r.settings.clients {
			head, rule = head+fmt.Sprintf(" | %d: p50 | p95 | p99", n), rule+"|--:|--:|--:"
		}
		p("%s |", head)
		p("%s|", rule)
		for kind := callOrder; kind <= callRefund; kind++ {
			var row strings.Builder
			row.WriteString("| " + callNames[kind])
			for _, s := range m.rounds {
				row.WriteString(percentiles(s.round, kind))
			}
			p("%s |", row.String())
		}
		row := "| " + callNames[callRead] + ", alone"
		for _, read := range m.reads {
			row += percentiles(read, callRead)
		}
		p("%s |", row)
		p("")
		m.reportOthers(p)
		row = "Reads of one order a second:"
		for n, read := range m.reads {
			row += fmt.Sprintf(" %.0f with %d clients;", read.perSecond(), r.settings.clients[n])
		}
		p("%s %d µs of processor time each.", row, m.readCPU.Microseconds())
		p("Ready in %s ms on a new database and %s ms on the used one; %.0f MiB idle after that, %.0f MiB at the peak of the load.",
			ms(m.first), ms(m.again), m.idle, m.peak)
	}
	return b.Bytes()
}

// reportOthers lists the flows beside the sale.
func (m measured) reportOthers(p func(format string, args ...any)) {
	if len(m.others) == 0 {
		return
	}
	p("| flow, %d clients | flows/s | kept up/s | floor/s | of floor | rows/s | of rows | CPU a flow | floor CPU | allocations a flow | statements, transactions | webhooks a flow |", m.others[0].clients)
	p("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, s := range m.others {
		p("| %s | %.0f | %.0f | %.0f | %.0f %% | %.0f | %.0f %% | %s ms | %s ms | %.0f, %.0f KiB | %d, %d | %.1f |", s.kind.name, s.round.perSecond(), s.kept(), s.floor,
			100*s.kept()/s.floor, s.rows, 100*s.kept()/s.rows, ms(s.cpu), ms(s.floorCPU), s.mallocs, s.allocKiB, s.size.statements, s.size.transactions, s.hooks)
	}
	p("")
	p("| call, ms | %d: p50 | p95 | p99 |", m.others[0].clients)
	p("|---|--:|--:|--:|")
	for _, s := range m.others {
		for call := s.kind.first; call <= s.kind.last; call++ {
			p("| %s: %s%s |", s.kind.name, callNames[call], percentiles(s.round, call))
		}
	}
	p("")
	for _, s := range m.others {
		p("- %s: %s.", s.kind.name, s.kind.text)
	}
	p("")
}

func percentiles(r round, kind int) string {
	return fmt.Sprintf(" | %s | %s | %s", ms(r.percentile(kind, 0.5)), ms(r.percentile(kind, 0.95)), ms(r.percentile(kind, 0.99)))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000) }

// publish prints the report and writes it when a folder was named.
func (r report) publish() error {
	text := r.markdown()
	if _, err := os.Stdout.Write(append([]byte("\n"), text...)); err != nil {
		return err
	}
	if r.settings.out == "" {
		return nil
	}
	if err := os.MkdirAll(r.settings.out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.settings.out, r.began.UTC().Format("2006-01-02-1504")+".md"), text, 0o644)
}
