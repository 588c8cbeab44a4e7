package httpapi

import (
	"context"
	"time"

	"flint/internal/catalog"
	"flint/internal/db"
	"flint/internal/db/listing"
)

// ListProductsInput is the request of listProducts.
type ListProductsInput struct {
	PageQuery
	Type              string    `query:"product_type" enum:"physical,service,fee,digital,gift_card"`
	Status            string    `query:"status" enum:"active,inactive,archived" doc:"Without it archived ones are left out."`
	CategoryHandle    string    `query:"category_handle" maxLength:"255"`
	ExternalReference string    `query:"external_reference_id" maxLength:"255" doc:"Exact."`
	SKU               string    `query:"sku" maxLength:"100" doc:"Exact, of a variant that is not archived."`
	Query             string    `query:"query" maxLength:"255" doc:"Part of names, description, categories, SKUs, barcodes or references."`
	DeliveryProfileID string    `query:"delivery_profile_id" maxLength:"64" doc:"No product has one yet."`
	DeliveryStatus    string    `query:"delivery_configuration_status" enum:"configured,action_required,not_applicable" doc:"All products are not_applicable."`
	SortBy            string    `query:"sort_by" enum:"name,created_at,updated_at"`
	SortDirection     string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter      time.Time `query:"created_after"`
	CreatedBefore     time.Time `query:"created_before"`
	UpdatedAfter      time.Time `query:"updated_after"`
	UpdatedBefore     time.Time `query:"updated_before"`
}

// GetProductInput is the request of getProduct.
type GetProductInput struct {
	ProductID string   `path:"product_id" id:"prod"`
	Expand    []string `query:"expand" enum:"modifier_set" doc:"No product has one yet."`
}

// ProductInput names a product.
type ProductInput struct {
	ProductID string `path:"product_id" id:"prod"`
}

func registerProducts(a *API, s *Services) {
	Get(a, "listProducts", func(ctx context.Context, tx db.Tx, c *Caller, in *ListProductsInput) (Page[*Product], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*catalog.Product, *listing.Cursor, error) {
			if withDelivery(in.DeliveryProfileID, in.DeliveryStatus) {
				return nil, nil, nil
			}
			return s.Catalog.List(ctx, tx, catalog.ListInput{
				Scope: c.Scope, Type: in.Type, Status: in.Status, CategoryHandle: in.CategoryHandle, ExternalReferenceID: in.ExternalReference,
				SKU: in.SKU, Query: in.Query, CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, UpdatedAfter: in.UpdatedAfter,
				UpdatedBefore: in.UpdatedBefore, SortBy: in.SortBy, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
			})
		})
		return MapPage(page, func(p *catalog.Product) *Product { return wireProduct(p).matched(p, in.SKU, in.Query) }), err
	}, Doc("List products", "Newest first unless sorted otherwise."))

	Get(a, "getProduct", func(ctx context.Context, tx db.Tx, c *Caller, in *GetProductInput) (*Product, error) {
		p, err := s.Catalog.Get(ctx, tx, c.Scope, in.ProductID)
		if err != nil {
			return nil, err
		}
		return wireProduct(p), nil
	}, Doc("Read a product", "With its options and the variant that stands for it."))

	Write(a, "deleteProduct", func(ctx context.Context, tx db.Tx, c *Caller, in *ProductInput) (*Product, error) {
		p, err := s.Catalog.Archive(ctx, tx, c.Scope, in.ProductID)
		if err != nil {
			return nil, err
		}
		return wireProduct(p), nil
	}, Doc("Archive a product", "Takes it and its variants out of the catalogue for good; orders keep what they copied. Refused while somebody could still pay for it."),
		Errors("PRODUCT_IN_USE", "PRODUCT_IN_OPEN_CHECKOUT_SESSION"))
}

// withDelivery tells whether a filter asks for a delivery configuration, which nothing has yet.
func withDelivery(profileID, status string) bool {
	return profileID != "" || status != "" && status != "not_applicable"
}
