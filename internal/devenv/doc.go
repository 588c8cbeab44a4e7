// Package devenv is what `flint dev` adds to a server: two demo merchants with keys, an order to pay,
// the file dev.json that tests and tools read, a clock that can be moved, the simulator's switches and
// the mailbox. `flint serve` never routes any of it.
package devenv
