package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"flint/internal/clock"
	"flint/internal/egress"
	"flint/internal/fault"
	"flint/internal/server"
)

// TestTheOperatorActsBesideARunningServer: a SQLite file belongs to one process, so what the operator
// wants done while the server runs is done by the server.
func TestTheOperatorActsBesideARunningServer(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "flint") //nolint:usetesting // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := storage{Data: dir}
	config := at.config()
	config.Addr, config.Clock, config.Egress = "127.0.0.1:0", clock.System{}, egress.Policy{}
	s, err := server.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	stop := takeActs(dir, s)
	if _, err := performHere(t.Context(), at, &adminOperationsCmd{}); !fault.Is(err, "DATABASE_LOCKED") {
		t.Fatalf("two processes have the database: %v", err)
	}
	ask := func(name string, a act) (map[string]string, error) {
		out, err := performThere(t.Context(), at, name, a)
		if err != nil {
			return nil, err
		}
		answer := map[string]string{}
		return answer, json.Unmarshal(out.(json.RawMessage), &answer)
	}
	m, err := ask("merchant", &adminMerchantCmd{Name: "Northwind Supply", Email: "owner@northwind.example"})
	if err != nil {
		t.Fatal(err)
	}
	user := &adminUserCmd{Merchant: m["merchant_id"], Email: "ann@northwind.example", Password: "correct horse battery"}
	if u, err := ask("user", user); err != nil || !strings.HasPrefix(u["user_id"], "user_") {
		t.Errorf("%v, %v", u, err)
	}
	if _, err := ask("user", user); err == nil || !strings.Contains(err.Error(), "has this e-mail address") {
		t.Errorf("the same user again: %v", err)
	}
	k, err := ask("key", &adminKeyCmd{Merchant: m["merchant_id"], Environment: m["sandbox_id"], Name: "Till"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keys.Authenticate(t.Context(), "", k["secret_key"]); err != nil {
		t.Errorf("the new key: %v", err)
	}
	if out, err := performThere(t.Context(), at, "operations", &adminOperationsCmd{}); err != nil || string(out.(json.RawMessage)) != "[]" {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := ask("ask-again", &adminAskAgainCmd{Merchant: m["merchant_id"], Environment: m["sandbox_id"], Operation: "prop_nobody"}); err == nil {
		t.Error("an unknown operation is taken up")
	}
	if _, err := ask("backup", user); err == nil || !strings.Contains(err.Error(), "does not know") {
		t.Errorf("an unknown command: %v", err)
	}
	if info, err := os.Stat(socketOf(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	stop()
	if _, err := performThere(context.Background(), at, "operations", &adminOperationsCmd{}); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("no server: %v", err)
	}
}
