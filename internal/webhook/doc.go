// Package webhook tells a merchant's servers what happened: it keeps the endpoints, makes one delivery
// for each event and endpoint that wants it, and sends, signs, repeats and logs.
//
// # Promises
//
// Every event is, for each endpoint that wanted it when it was fanned out, delivered, pending, failed
// or suppressed; none is lost. Deliveries may repeat and their order is not promised: a receiver keeps
// apart by webhook_event_id and orders by sequence, which counts up by one for each root object. The
// id and the body are the same at each try, the time of the signature is that of the try.
//
// # States of a delivery
//
//	pending    -> delivered   an attempt was answered 2xx
//	pending    -> failed      the ninth automatic attempt failed, or the endpoint answered 410
//	pending    -> suppressed  the endpoint was disabled or deleted first
//	failed, suppressed -> delivered   a manual resend was answered 2xx
//	suppressed -> failed      a manual resend was not
//
// While an attempt waits or is under way the delivery carries a lease. A process that dies in between leaves a
// lease that runs out, and another attempt is made: at least once, never less.
package webhook
