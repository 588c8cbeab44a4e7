package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/go-json-experiment/json"
)

// settings are those of a configuration file: one JSON object whose keys are names of flags with
// underscores. A flag or a variable that is given goes before the file.
type settings map[string]any

// readSettings reads a configuration file; kong calls it for --config.
func readSettings(r io.Reader) (kong.Resolver, error) {
	s := settings{}
	if err := json.UnmarshalRead(r, &s); err != nil {
		return nil, fmt.Errorf("a configuration file is one JSON object like {\"base_url\": \"https://pay.example.com\"}: %w", err)
	}
	return s, nil
}

// Validate refuses keys that no command knows: a misspelt setting would silently keep its default.
func (s settings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, flags := range app.AllFlags(true) {
		collect(known, flags)
	}
	for _, leaf := range app.Leaves(false) {
		for _, flags := range leaf.AllFlags(true) {
			collect(known, flags)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if !known[key] {
			return fmt.Errorf("the configuration file sets %q, which is no setting; the keys are the names of flags with underscores, like base_url", key)
		}
	}
	return nil
}

func collect(known map[string]bool, flags []*kong.Flag) {
	for _, f := range flags {
		known[settingOf(f)] = f.Name != "config" && f.Name != "help"
	}
}

func settingOf(f *kong.Flag) string { return strings.ReplaceAll(f.Name, "-", "_") }

// Resolve gives a flag its value from the file, unless a variable has one.
func (s settings) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	for _, name := range f.Envs {
		if _, given := os.LookupEnv(name); given {
			return nil, nil
		}
	}
	return s[settingOf(f)], nil
}
