package server

import (
	"log/slog"
	"net/netip"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/failpoint"
	"flint/internal/httpapi"
	"flint/internal/notification"
)

// Config is what an installation is made of.
type Config struct {
	// Database is a path of SQLite or a postgres:// URL.
	Database string
	// DataDir holds the root key and what belongs to this machine.
	DataDir string
	// Addr is where the public listener listens, host:port; port 0 picks a free one.
	Addr string
	// MetricsAddr is the listener of /metrics; empty is none.
	MetricsAddr string
	// BaseURL is the public address without a slash at its end; empty derives it from Addr.
	BaseURL string
	// Development starts the simulator for all merchants, the /dev routes and the developer home.
	Development bool
	// Clock is the platform's; the machine's when nil.
	Clock clock.Clock
	Log   *slog.Logger
	// Limits of requests; nil for none.
	Limits *httpapi.Limits
	// Egress is what webhook deliveries may reach beyond public https.
	Egress egress.Policy
	// Mail sends mails; the mailbox of the database when nil.
	Mail notification.Sender
	// HideEmails takes e-mail addresses out of the request logs too.
	HideEmails bool
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// ReadConns bounds concurrent reads (SQLite) or connections (PostgreSQL); 0 chooses.
	Conns int
	// Wrap, when set, stands between the domains and the database: measurements record statements there.
	Wrap func(db.DB) db.DB
	// Failpoints end the process at a named place, for crash tests; only a development server takes them.
	Failpoints *failpoint.Points
	Version    string
}

// Times of the server's life.
const (
	drainFor     = 8 * time.Second // SIGTERM to exit stays below 10 s
	headerWithin = 10 * time.Second
	writeWithin  = time.Minute // an answer, from the end of the request's header; streams move it with each frame
	idleFor      = 2 * time.Minute
)
