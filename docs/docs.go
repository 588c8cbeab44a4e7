// Package docs holds the pages of the documentation that the binary serves itself.
package docs

import _ "embed"

// Errors is errors.md: a section of level three for each code, below a section of level two for each topic.
//
//go:embed errors.md
var Errors string
