package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	c, err := readConfig(".env")
	if err != nil {
		return err
	}
	s, err := openStore(c.StoreFile)
	if err != nil {
		return err
	}
	a := newApp(c, s)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	server := &http.Server{Addr: c.Addr, Handler: a.routes(), ReadHeaderTimeout: 5 * time.Second}
	go a.work(ctx)
	go func() {
		<-ctx.Done()
		_ = server.Close() // what was accepted is in the store
	}()
	slog.Info("ready: open /install to install the app", "address", "http://"+c.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("listen on %s: %w", c.Addr, err)
	}
	return nil
}

// app is the running app. Its methods are spread over the files by subject.
type app struct {
	config     config
	store      *store
	client     *http.Client
	refreshing keyLocks
	wake       chan struct{} // holds a value when an event waits
}

func newApp(c config, s *store) *app {
	return &app{config: c, store: s, client: &http.Client{Timeout: 15 * time.Second}, wake: make(chan struct{}, 1)}
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /install", a.install)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("POST /webhooks", a.receiveWebhook)
	a.pages(mux)
	// Refuses forms that another site makes a browser send here.
	return http.NewCrossOriginProtection().Handler(mux)
}
