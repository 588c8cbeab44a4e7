package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fulfillment"
)

type (
	// ListPackageItemsInput is the request of listPackageItems.
	ListPackageItemsInput struct {
		PackagePath
		PageQuery
	}
	// CreatePackageItemRequest puts units of a line into a package.
	CreatePackageItemRequest struct {
		LineID   string            `json:"order_line_item_id" minLength:"1" maxLength:"64"`
		Quantity int64             `json:"quantity" minimum:"1" fault:"invalid=INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY,required=INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY"`
		Metadata map[string]string `json:"metadata,omitempty"`
	}
	// CreatePackageItemInput is the request of createPackageItem.
	CreatePackageItemInput struct {
		PackagePath
		Body CreatePackageItemRequest
	}
	// PackageItemPath names an item of a package.
	PackageItemPath struct {
		PackagePath
		ItemID string `path:"package_item_id" id:"pki"`
	}
	// UpdatePackageItemRequest changes the fields that are sent.
	UpdatePackageItemRequest struct {
		Quantity *int64        `json:"quantity,omitzero" minimum:"1" fault:"invalid=INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY"`
		Metadata MetadataPatch `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	}
	// UpdatePackageItemInput is the request of updatePackageItem.
	UpdatePackageItemInput struct {
		PackageItemPath
		Body UpdatePackageItemRequest
	}
)

func registerPackageItems(a *API, s *Services) {
	Get(a, "listPackageItems", func(_ context.Context, tx db.Tx, c *Caller, in *ListPackageItemsInput) (Page[*PackageItem], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*fulfillment.Item, *listing.Cursor, error) {
			return fulfillment.ListItems(tx, fulfillment.Page{Scope: c.Scope, After: after, Limit: limit}, in.PackageID)
		})
		return MapPage(page, wirePackageItem), err
	}, Doc("List what lies in a package", "Newest first."))

	Write(a, "createPackageItem", func(_ context.Context, tx db.Tx, c *Caller, in *CreatePackageItemInput) (*PackageItem, error) {
		b := &in.Body
		return wired(wirePackageItem)(s.Fulfillments.CreateItem(tx, fulfillment.ItemInput{
			Scope: c.Scope, PackageID: in.PackageID, OrderLineItemID: b.LineID, Quantity: &b.Quantity, Pairs: b.Metadata, Cause: c.Cause(),
		}))
	}, Doc("Put units into a package", "Before a carrier has it, and no more than the fulfillment has of the line."),
		Errors("SHIPMENT_PACKAGE_NOT_MUTABLE", "INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY", "SHIPMENT_PACKAGE_ITEM_LINE_ITEM_NOT_IN_FULFILLMENT",
			"SHIPMENT_PACKAGE_ITEM_QUANTITY_EXCEEDS_FULFILLMENT"))

	Write(a, "updatePackageItem", func(_ context.Context, tx db.Tx, c *Caller, in *UpdatePackageItemInput) (*PackageItem, error) {
		return wired(wirePackageItem)(s.Fulfillments.UpdateItem(tx, fulfillment.ItemInput{
			Scope: c.Scope, PackageID: in.PackageID, ItemID: in.ItemID, Quantity: in.Body.Quantity, Metadata: metadataIf(in.Body.Metadata), Cause: c.Cause(),
		}))
	}, Doc("Change what lies in a package", ""),
		Errors("SHIPMENT_PACKAGE_NOT_MUTABLE", "INVALID_SHIPMENT_PACKAGE_ITEM_QUANTITY", "SHIPMENT_PACKAGE_ITEM_QUANTITY_EXCEEDS_FULFILLMENT", "NO_FIELDS_TO_UPDATE"))

	Write(a, "deletePackageItem", func(_ context.Context, tx db.Tx, c *Caller, in *PackageItemPath) (*PackageItem, error) {
		return wired(wirePackageItem)(s.Fulfillments.DeleteItem(tx, fulfillment.ItemInput{Scope: c.Scope, PackageID: in.PackageID, ItemID: in.ItemID, Cause: c.Cause()}))
	}, Doc("Take units out of a package", "The answer is what was taken out."), Errors("SHIPMENT_PACKAGE_NOT_MUTABLE"))
}
