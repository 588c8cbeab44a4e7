// Package devhome renders the pages of `flint dev`: the developer home, and the mailbox that catches
// what would have been sent. They show keys and move the clock, so `flint serve` must not route them.
//
// Forms on these pages:
//
//	POST /dev/clock              advance_seconds
//	POST /dev/simulator/faults   <operation>.delay_ms and checkboxes <operation>.duplicate, .reorder,
//	                             .drop, .timeout with the value "on"; clear=1 switches all off
package devhome
