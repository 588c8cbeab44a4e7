// Package backup writes an installation's database into one file while the server runs, and makes a
// new installation of such a file.
//
// # The file
//
// A gzip-compressed tar archive: manifest.json first, then the database (database.sqlite, a complete
// SQLite file, or database.dump, pg_dump's custom format), then root.key when it was asked for. The
// manifest has the size and SHA-256 of each entry; nothing is put in place before all of them hold.
//
// The root key, which opens the secrets in the database, is left out unless WithKey is given, so that
// whoever gets hold of a backup cannot read them. Keep it apart, and keep it: without it a restored
// installation cannot sign webhooks or reach a processor.
//
// # After a restore
//
// The world went on after the backup was made: payments may have moved that the restored database
// does not know. So a restored data directory is in quarantine: the server must make no processor call
// and no delivery while Quarantined says so, until an operator has compared the books and calls
// Release.
package backup
