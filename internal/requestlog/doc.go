// Package requestlog keeps for developers what their API requests asked and were answered.
//
// A request is described to Log.Add after its answer and costs it nothing more: one goroutine writes what
// has gathered, in batches and transactions of its own. The queue is bounded in rows and bytes. When it is
// full the row is dropped and counted, never the request; a server that stops writes what it holds, one
// that crashes loses it. So a missing row says nothing about its request.
//
// Invariants: nothing is stored before it went through a Redactor, which takes out credentials, card
// data and whatever stands under a secret name; a credential reads only its own rows; rows end after Keep.
package requestlog
