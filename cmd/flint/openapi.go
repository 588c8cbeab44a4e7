package main

import (
	"context"
	"errors"
	"os"

	"flint/internal/server"
)

type openapiCmd struct{}

// Run prints the document of every operation that is registered. It needs no installation.
func (openapiCmd) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "flint-openapi-")
	if err != nil {
		return err
	}
	config := storage{Data: dir}.config()
	s, err := server.Open(ctx, config)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	_, err = os.Stdout.Write(s.API.EncodeDocument())
	return errors.Join(err, s.Close(), os.RemoveAll(dir))
}
