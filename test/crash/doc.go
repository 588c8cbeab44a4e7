// Package crash breaks the real binary and looks at what is left: it kills it under load, takes its
// disk and its database away, and lets clients race. What clients were told is compared with what the
// API, the webhooks, the processor's books and `flint doctor` say afterwards.
//
// A short run belongs to `go test ./...`; `make crash` and `make soak` run the campaigns.
package crash
