// Package apps follows installed apps through the whole of Flint from outside: the real binary, an
// example as it stands in examples/, and the hosted pages as a browser without scripts sees them.
package apps
