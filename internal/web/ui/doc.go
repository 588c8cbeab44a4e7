// Package ui is the design system of every page that people see: tokens and components in one
// stylesheet, the page layout, the texts, merchant branding with enforced contrast, hashed assets and
// the security headers.
//
// Pages work without JavaScript and carry no inline style or script that lacks the response's nonce.
// A package that has pages gives New a Part with its templates and scripts, and calls Render with
// views whose amounts and dates are already formatted.
package ui
