// Package mail has the ways a mail leaves: over SMTP, or into the mailbox of a development
// environment, which keeps it in the database and sends it to nobody.
package mail
