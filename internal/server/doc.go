// Package server builds the graph of an installation, starts and stops it in order, and tells how it
// is.
//
// Start: database, migrations, domains, workers, listeners. Stop, within ten seconds of a signal: the
// listener takes no more, requests and streams end, workers finish what they hold, the database closes.
package server
