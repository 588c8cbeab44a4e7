// Package arch holds no code, only tests that read the project's own source and fail when a rule of
// its architecture is broken: who may import whom, what every package and table must have, and what
// must not be written anywhere.
//
// A breach is printed with its place and the reason for the rule. Where a rule has exceptions they
// stand in a list beside it, each with its reason; an exception that no longer applies fails as well,
// so the lists cannot rot. Each rule is shown a small bad example, so that a rule that has gone blind
// fails too.
package arch
