// Package catalog holds what a merchant sells: products, their options, and the variants that have a price.
//
// # Shapes
//
// A product is made in one of two shapes: with one default variant, or with options (size, colour) and
// variants that each choose one value of every option. All variants of a product have one currency, and
// no two that are not archived choose the same values.
//
// # States
//
// Products, options, values and variants are active, inactive or archived. Only an active variant of an
// active product can be sold. Nothing is deleted: archiving is final, frees the SKU and the barcode, and
// is refused while somebody could still pay for the variant.
//
// # Copies
//
// An order line copies what it needs of a variant when it is added (Offer). Later changes of the catalogue
// never reach an order; a payment link reads the catalogue whenever a buyer opens it.
package catalog
