// Package apps follows installed apps through the whole of Flint from outside: the real binary, an
// example as it stands in examples/, and the hosted pages as a browser without scripts sees them. It also walks the
// pages of docs/ whose commands lead through more than one call.
package apps
