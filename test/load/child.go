package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// child is a running development server in a process of its own.
type child struct {
	cmd   *exec.Cmd
	addr  string
	log   *os.File
	ready time.Duration // from start to the first good answer of /readyz
	facts struct {
		BaseURL string `json:"base_url"`
		APIKey  string `json:"api_key"`
	}
}

// start runs the binary over a data folder and waits until it is ready.
func start(ctx context.Context, binary, dir, database string) (*child, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	args := []string{"dev", "--no-limits", "--data", dir, "--addr", addr}
	if database != "" {
		args = append(args, "--database", database)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(binary, args...), addr: addr, log: log}
	c.cmd.Env = append(os.Environ(), "FLINT_DEV_LOG_LEVEL=error")
	c.cmd.Stdout, c.cmd.Stderr = log, log
	began := time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the server: %w", err), log.Close())
	}
	for !c.answers() {
		if time.Since(began) > time.Minute || ctx.Err() != nil || !c.alive() {
			text, _ := os.ReadFile(log.Name()) // best effort: what the server said
			return nil, errors.Join(fmt.Errorf("the server did not become ready: %s", text), c.stop())
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.ready = time.Since(began)
	raw, err := os.ReadFile(filepath.Join(dir, "dev.json"))
	if err == nil {
		err = json.Unmarshal(raw, &c.facts)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the facts of the server: %w", err), c.stop())
	}
	return c, nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (c *child) answers() bool {
	res, err := http.Get("http://" + c.addr + "/readyz")
	if err != nil {
		return false
	}
	return errors.Join(res.Body.Close()) == nil && res.StatusCode == http.StatusOK
}

func (c *child) alive() bool { return c.cmd.Process.Signal(syscall.Signal(0)) == nil }

// stop ends the server the way an operator does.
func (c *child) stop() error {
	err := c.cmd.Process.Signal(syscall.SIGTERM)
	if err == nil {
		err = c.cmd.Wait()
	}
	return errors.Join(err, c.log.Close())
}

// cpu is the processor time that a process used so far, in user and kernel.
func cpu(pid int) (time.Duration, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(raw), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0, errors.New("the process's stat is not in the expected form")
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	const tick = time.Second / 100 // USER_HZ is 100 on every Linux architecture Go runs on
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// memory is the resident memory of a process and its peak, in MiB.
func memory(pid int) (now, peak float64, err error) {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64) // 0 for other lines
		switch name {
		case "VmRSS":
			now = kib / 1024
		case "VmHWM":
			peak = kib / 1024
		}
	}
	return now, peak, lines.Err()
}
