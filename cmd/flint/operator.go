package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/server"
)

// act is something the operator does to an installation. It runs in this process when the database is
// free, and in the running server otherwise: that has a SQLite file for itself.
type act interface {
	perform(ctx context.Context, tx db.Tx, s *server.Server) (any, error)
}

// acts are those a running server takes over its socket, by name.
var acts = map[string]func() act{
	"merchant":     func() act { return &adminMerchantCmd{} },
	"user":         func() act { return &adminUserCmd{} },
	"key":          func() act { return &adminKeyCmd{} },
	"organization": func() act { return &adminPlaceCmd{} },
	"operations":   func() act { return &adminOperationsCmd{} },
	"ask-again":    func() act { return &adminAskAgainCmd{} },
}

// socketOf is where the running server of a data folder takes the operator's acts. Only who can write
// to the folder can reach it, and they could read the root key as well.
func socketOf(dataDir string) string { return filepath.Join(dataDir, "operator.sock") }

// run performs an act and prints what it returns as JSON.
func run(ctx context.Context, at storage, name string, a act) error {
	out, err := performHere(ctx, at, a)
	if fault.Is(err, "DATABASE_LOCKED") {
		out, err = performThere(ctx, at, name, a)
	}
	if err != nil {
		return err
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func performHere(ctx context.Context, at storage, a act) (any, error) {
	s, err := server.Open(ctx, at.config())
	if err != nil {
		return nil, err
	}
	out, err := inOneTransaction(ctx, s, a)
	return out, errors.Join(err, s.Close())
}

func inOneTransaction(ctx context.Context, s *server.Server, a act) (out any, err error) {
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		out, err = a.perform(ctx, tx, s)
		return err
	})
	return out, err
}

// reply is what the socket answers.
type reply struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

const (
	maxAct  = 64 << 10 // bytes
	actTime = 10 * time.Second
)

func performThere(ctx context.Context, at storage, name string, a act) (any, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: actTime, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socketOf(at.Data))
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://operator/"+name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the database is in use, and no server answers at %s: name the server's data folder with --data, or stop it: %w", socketOf(at.Data), err)
	}
	var r reply
	if err := errors.Join(json.NewDecoder(res.Body).Decode(&r), res.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	return r.Result, nil
}

// takeActs listens for the operator's acts until the returned function is called. Without the socket
// the server works all the same, so a folder that cannot hold one is only reported.
func takeActs(dataDir string, s *server.Server) (stop func()) {
	path := socketOf(dataDir)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a server that was killed
		s.Log.Warn("the operator's socket cannot be replaced", "error", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		s.Log.Warn("there is no socket for the operator; flint admin needs the server stopped", "error", err)
		return func() {}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		s.Log.Warn("the operator's socket cannot be protected", "error", err)
		_ = l.Close()
		return func() {}
	}
	srv := &http.Server{Handler: actHandler(s), ReadTimeout: actTime, WriteTimeout: actTime}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.Log.Warn("the operator's socket failed", "error", err)
		}
	}()
	return func() { _ = srv.Close() }
}

func actHandler(s *server.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{act}", func(w http.ResponseWriter, r *http.Request) {
		out, err := takeAct(r, s)
		answer := reply{}
		if err == nil {
			answer.Result, err = json.Marshal(out)
		}
		if err != nil {
			answer.Error = explain(err)
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			s.Log.Warn("the operator was not answered", "error", err)
		}
	})
	return mux
}

func takeAct(r *http.Request, s *server.Server) (any, error) {
	name := r.PathValue("act")
	create := acts[name]
	if create == nil {
		return nil, errors.New("the running server does not know this command; is it of the same version?")
	}
	a := create()
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxAct))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(a); err != nil {
		return nil, fmt.Errorf("read the command: %w", err)
	}
	s.Log.Info("the operator acts", "command", name)
	return inOneTransaction(r.Context(), s, a)
}
