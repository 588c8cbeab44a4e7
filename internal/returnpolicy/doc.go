// Package returnpolicy says which goods may come back, until when, at what cost and to what end.
//
// A policy is an identity with a status; what it rules stands in its revisions, which never change. A new
// rule is a new revision, and a return keeps the one it was judged by. Reasons are what a buyer may give for
// a return: some are built in, a merchant adds others.
//
// # States of a policy
//
//	inactive ◀──▶ active
//	   └─────┬──────┘
//	         ▼
//	      archived
//
// A new policy is inactive: it is read once more before it binds anybody. Archived is final.
//
// # Judging
//
// Evaluate is pure. For each asked line it picks one revision and says eligible, ineligible or
// review_required, with the outcomes that are allowed, when a refund may go, and the fees as proposals. The
// preview that a buyer reads and the return that is made from it call it with the same input.
package returnpolicy
