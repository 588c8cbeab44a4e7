package order

import (
	"fmt"
	"slices"
	"strconv"

	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/tenant"
)

// LineSource is the variant of a line as it was when the line was added. What it fixes of the line (name,
// description, price, picture, taxability and tax category) is then read-only.
type LineSource struct {
	ProductID  string             `json:"product_id"`
	VariantID  string             `json:"variant_id"`
	Selected   []catalog.Choice   `json:"selected,omitempty"`
	Categories []catalog.Category `json:"categories,omitempty"`
}

// checkVariant checks a line of a variant: everything the variant says is left to it.
func (in LineInput) checkVariant(l *fault.List, param string) {
	if !id.Valid(id.ProductVariant, in.VariantID) {
		l.Add("INVALID_ID", param+".variant_id", "This is not the id of a variant.")
	}
	if in.Name != "" || in.UnitPrice != nil {
		l.Add("LINE_ITEM_SOURCE_CONFLICT", param, "A line item has one source: a variant, or a name and a unit price.")
	}
	if in.Description != "" || in.Image != nil || (in.Tax != nil && (in.Tax.Taxable != nil || in.Tax.Category != "")) {
		l.Add("CATALOG_LINE_ITEM_FIELDS_READ_ONLY", param, "Description, image, taxability and tax category come from the variant.")
	}
	if in.Quantity != nil {
		checkQuantity(l, param+".quantity", *in.Quantity)
	}
	if in.Tax != nil {
		in.Tax.check(l, param+".tax", lineCategories)
	}
	l.AddError(param+".metadata", metadata.Check(in.Metadata))
}

// currency is that of an ad-hoc line's price, empty for a line of a variant.
func (in LineInput) currency() money.Currency {
	if in.UnitPrice == nil {
		return ""
	}
	return in.UnitPrice.Currency
}

// readVariants copies the variants that lines name into them, and refuses more than one currency; want is
// the order's, empty when the lines decide.
func (s *Service) readVariants(tx db.Tx, scope tenant.Scope, lines []LineInput, want money.Currency) ([]LineInput, error) {
	lines = slices.Clone(lines)
	var ids []string
	for _, in := range lines {
		if in.VariantID != "" && !slices.Contains(ids, in.VariantID) {
			ids = append(ids, in.VariantID)
		}
	}
	var offers map[string]*catalog.Offer
	if len(ids) > 0 {
		var err error
		if offers, err = s.Catalog.Offers(tx, scope, ids); err != nil {
			return nil, err
		}
	}
	for i := range lines {
		param := "line_items[" + strconv.Itoa(i) + "]"
		if lines[i].VariantID != "" {
			if err := lines[i].copyFrom(offers[lines[i].VariantID], param+".variant_id"); err != nil {
				return nil, err
			}
		}
		if want == "" {
			want = lines[i].UnitPrice.Currency
		}
		if lines[i].UnitPrice.Currency != want {
			return nil, fault.Invalid("CURRENCY_MISMATCH", param+".unit_price_money.currency", "The price is not in the currency of the order.")
		}
	}
	return lines, nil
}

func (in *LineInput) copyFrom(o *catalog.Offer, param string) error {
	switch {
	case o == nil:
		e := fault.NotFound("variant")
		e.Param = param
		return e
	case !o.Sellable():
		e := fault.Conflict("VARIANT_NOT_SELLABLE", "The variant or its product is not active.").Then("Activate it, or sell another variant.")
		e.Param = param
		return e
	}
	p, v := o.Product, o.Variant
	in.Name, in.Description, in.sku = p.Label(v), p.Description, v.SKU
	in.UnitPrice = &money.Amount{Minor: v.UnitPrice, Currency: v.Currency}
	if in.Agreed != nil {
		in.UnitPrice = in.Agreed
	}
	if pictures := p.PicturesOf(v); len(pictures) > 0 {
		in.Image = &Image{URL: pictures[0].URL, Alt: pictures[0].Alt}
	}
	tax := ItemTaxInput{Taxable: &v.Taxable, Category: v.TaxCategory}
	if in.Tax != nil {
		tax.Calculation = in.Tax.Calculation
	}
	in.Tax = &tax
	in.source = &LineSource{ProductID: p.ID, VariantID: v.ID, Selected: p.Choices(v), Categories: p.Categories}
	return nil
}

// checkCopied refuses to change what a line has from its variant, and keeps it when only the calculation of
// its tax changes.
func (in *UpdateLineInput) checkCopied(line *Line) error {
	if in.Name != nil || in.Description != nil || in.UnitPrice != nil || in.Tax != nil && (in.Tax.Taxable != nil || in.Tax.Category != "") {
		return fault.Invalid("CATALOG_LINE_ITEM_FIELDS_READ_ONLY", "", "Name, description, price, taxability and tax category come from the variant.").
			Then("Remove the line item and add another one.")
	}
	if in.Tax != nil {
		in.Tax = &ItemTaxInput{Taxable: &line.Tax.Taxable, Category: line.Tax.Category, Calculation: in.Tax.Calculation}
	}
	return nil
}

// noteVariants keeps which order has lines of which variant.
func noteVariants(tx db.Tx, o *Order, lines []Line) error {
	for i := range lines {
		if from := lines[i].Source; from != nil {
			err := tx.Send(`INSERT INTO order_variants (merchant_id, environment_id, variant_id, order_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
				o.Scope.MerchantID, o.Scope.EnvironmentID, from.VariantID, o.ID)
			if err != nil {
				return fmt.Errorf("note the variants of the order: %w", err)
			}
		}
	}
	return nil
}

// forgetVariant is called before a line goes.
func forgetVariant(tx db.Tx, o *Order, line *Line) error {
	if line.Source == nil || slices.ContainsFunc(o.Lines, func(l Line) bool {
		return l.ID != line.ID && l.Source != nil && l.Source.VariantID == line.Source.VariantID
	}) {
		return nil
	}
	err := tx.Send(`DELETE FROM order_variants WHERE merchant_id = $1 AND environment_id = $2 AND variant_id = $3 AND order_id = $4`,
		o.Scope.MerchantID, o.Scope.EnvironmentID, line.Source.VariantID, o.ID)
	if err != nil {
		return fmt.Errorf("forget the variant of a line: %w", err)
	}
	return nil
}

// VariantsInUse tells the catalogue whether an open order that is not paid sells one of the variants.
func VariantsInUse(tx db.Tx, scope tenant.Scope, variantIDs []string) (catalog.Use, error) {
	return catalog.CountUses(tx, scope, variantIDs, `order_variants v JOIN orders o ON o.merchant_id = v.merchant_id
		AND o.environment_id = v.environment_id AND o.order_id = v.order_id`,
		`o.status = 'open' AND o.payment_status <> 'paid'`, catalog.UsedByOrder)
}
