package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// allocated is how many objects and bytes the server allocated so far, from the text form of its heap
// profile. Zero when it cannot be had.
func (c *child) allocated() (objects, bytes float64) {
	res, err := http.Get("http://" + c.addr + "/debug/pprof/allocs?debug=1")
	if err != nil {
		return 0, 0
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " = ")
		v, _ := strconv.ParseFloat(value, 64) // 0 for other lines
		switch name {
		case "# Mallocs":
			objects = v
		case "# TotalAlloc":
			bytes = v
		}
	}
	return objects, bytes
}

// profile starts a CPU profile of a round with the most clients, when one is asked for, and returns
// what waits for it.
func (c *child) profile(s settings, name string, clients int, length time.Duration) (wait func()) {
	if s.profile == "" || clients != s.clients[len(s.clients)-1] {
		return func() {}
	}
	done := make(chan error, 1)
	go func() {
		seconds := strconv.Itoa(max(1, int(length.Seconds())))
		err := c.save("profile?seconds="+seconds, filepath.Join(s.profile, "cpu."+name))
		if err == nil {
			err = c.save("allocs", filepath.Join(s.profile, "mem."+name))
		}
		done <- err
	}()
	return func() {
		if err := <-done; err != nil {
			fmt.Fprintln(os.Stderr, "load: no profile:", err)
		}
	}
}

func (c *child) save(what, file string) error {
	res, err := http.Get("http://" + c.addr + "/debug/pprof/" + what)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, res.Body); err != nil {
		return err
	}
	return f.Close()
}
