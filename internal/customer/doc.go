// Package customer keeps the people and companies that buy.
//
// A customer belongs to one merchant environment and is found there by its e-mail address, which is
// unique regardless of letter case and is not changed by the merchant. Version rises by one with
// every change; a caller that sends the version it read is refused when somebody was faster.
//
// One customer is one row: what is filtered and sorted is a column, the rest a JSON document.
package customer
