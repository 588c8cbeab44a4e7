// Package settings keeps what a merchant decides about its environment as a whole: how pages and mails
// look, how checkouts behave, who writes to buyers, how invoices are numbered and reminded of, tips,
// receipts, legal links, tax identity, own domains, and the plan by which left checkouts are recovered.
//
// An environment has one record, a JSON document that holds only what the merchant has said, under a
// version that rises with every change. Effective lays it over the platform's defaults; domains ask
// there and never look at the record. Live and test environments share nothing.
//
// Invariants: a stored record, laid over the defaults, has passed every rule of Check; of two changes
// that name the same version one is refused; a change and the event of a domain's new status commit
// together.
//
// Domains to the left of this one (customer) and packages that know no domain (notification) get
// Effective as a function.
package settings
