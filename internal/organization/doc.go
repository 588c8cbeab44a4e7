// Package organization keeps the trees of organizations that merchants belong to, and who has which
// role in them.
//
// Every merchant begins with an organization of its own, the root of a tree. Below it there may be
// others, and other merchants may be members of any of them. A tree lies with the merchant it was
// founded for: that merchant's id is the tenant of all its rows. What somebody sees is the subtree of
// the organization their merchant belongs to, never what is above or beside it.
//
// A membership gives a user a role in the merchants of an organization and of everything below it; of
// several roles the highest counts.
//
// Invariants: a tree has one root and no cycle; its root never changes; an organization has at most one
// owner, who goes only by handing ownership on; an organization that is deleted has no active one below
// it and no merchant, and stays deleted. Every change of a tree locks its root first.
package organization
