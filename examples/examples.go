// Package examples holds apps that stand on the public API alone. `flint app init` copies the starters;
// they are real programs, so that what a newcomer gets is built and tested with everything else.
package examples

import "embed"

// Starters has one folder for each language: starter-go and starter-typescript. The files are named one
// by one where a build or an installation leaves others beside them.
//
//go:embed starter-go/*.go starter-go/home.html starter-go/permissions.json starter-go/*.txt starter-go/README.md starter-go/.gitignore
//go:embed starter-typescript/src/*.ts starter-typescript/package.json starter-typescript/tsconfig.json starter-typescript/permissions.json starter-typescript/README.md starter-typescript/.gitignore
var Starters embed.FS
