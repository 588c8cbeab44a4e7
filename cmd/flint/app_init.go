package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"flint/examples"
)

type appCmd struct {
	Init     appInitCmd     `cmd:"" help:"Write a small working app into a new folder."`
	Register appRegisterCmd `cmd:"" help:"Register the app of this folder and write its .env."`
}

type appInitCmd struct {
	Dir  string `arg:"" help:"Folder of the app, new or empty."`
	Lang string `help:"Language of the app." enum:"go,typescript" default:"go"`
	Name string `help:"Name that merchants read; the folder's when left out." placeholder:"NAME"`
}

// appName is what a name may be: it is written into pages, sources and files of packages.
var appName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$`)

// Run writes the starter, with its name, and says what to do next.
func (c *appInitCmd) Run() error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name = filepath.Base(dir)
	}
	if !appName.MatchString(name) {
		return exitError{exitUsage, errors.New("--name: letters, digits, spaces, dots, dashes and underscores, at most 80, beginning with a letter or digit")}
	}
	if err := mustBeEmpty(dir); err != nil {
		return err
	}
	if err := writeStarter(dir, c.Lang, name); err != nil {
		return fmt.Errorf("write the app: %w", err)
	}
	register := "flint app register --data DIR"
	if name != filepath.Base(dir) {
		register += fmt.Sprintf(" --name %q", name)
	}
	_, err = fmt.Printf(`%s is in %s. README.md tells what is where. Next:

  cd %s
  %s    # DIR is the data folder of flint dev
  %s

`, name, c.Dir, c.Dir, register, strings.Join(startOf[c.Lang], "\n  "))
	return err
}

// startOf is how an app is started and tested.
var startOf = map[string][]string{
	"go":         {"go test ./...", "go run ."},
	"typescript": {"npm install", "npm test", "npm start"},
}

func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = exitError{exitUsage, errors.New("the folder has something in it; choose a new one")}
	}
	return err
}

// writeStarter copies the starter of a language. Files that would mean something where the starter stands
// carry the ending .txt there.
func writeStarter(dir, lang, name string) error {
	root := "starter-" + lang
	named := strings.NewReplacer("Starter App", name, "starter-app", packageName(name))
	return fs.WalkDir(examples.Starters, root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(at, root), "/")))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755) //nolint:gosec // sources, which others may read
		}
		content, err := examples.Starters.ReadFile(at)
		if err != nil {
			return err
		}
		if path.Ext(target) == ".txt" {
			target = strings.TrimSuffix(target, ".txt")
		}
		return os.WriteFile(target, []byte(named.Replace(string(content))), 0o644) //nolint:gosec // sources, which others may read
	})
}

// packageName is a name as a module and a package of npm may be called.
func packageName(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	if len(words) == 0 {
		return "app"
	}
	return strings.Join(words, "-")
}
