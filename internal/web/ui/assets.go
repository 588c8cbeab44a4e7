package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Asset is one static file under the address that its content decides.
type Asset struct {
	Path      string // "/assets/<hash>/flint.css"
	Integrity string // subresource integrity, "sha256-…"
	Size      int    // bytes over the wire when the browser accepts gzip
	plain     []byte
	zipped    []byte
	mime      string
}

// Assets serves the static files of all pages. It is an http.Handler for "GET /assets/".
type Assets struct {
	byName map[string]Asset
	byPath map[string]Asset
}

var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func newAssets() *Assets {
	return &Assets{byName: map[string]Asset{}, byPath: map[string]Asset{}}
}

// add registers a file; a second file of the same name is an error of the program.
func (a *Assets) add(name string, content []byte) error {
	mime, ok := assetTypes[path.Ext(name)]
	if !ok {
		return fmt.Errorf("ui: no media type for asset %q", name)
	}
	if _, twice := a.byName[name]; twice {
		return fmt.Errorf("ui: two assets named %q", name)
	}
	var zipped bytes.Buffer
	zw, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := zw.Write(content); err != nil {
		return err
	}
	if err := zw.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	asset := Asset{
		Path:      "/assets/" + hex.EncodeToString(sum[:8]) + "/" + name,
		Integrity: "sha256-" + base64.StdEncoding.EncodeToString(sum[:]),
		Size:      zipped.Len(),
		plain:     content,
		zipped:    zipped.Bytes(),
		mime:      mime,
	}
	a.byName[name], a.byPath[asset.Path] = asset, asset
	return nil
}

// Get returns the asset of a file name; false when there is none.
func (a *Assets) Get(name string) (Asset, bool) {
	asset, ok := a.byName[name]
	return asset, ok
}

// ServeHTTP answers with the file of the path. The path changes with the content, so browsers and
// caches may keep it for good.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asset, ok := a.byPath[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", asset.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Encoding")
	asset.write(w, r)
}

func (a *Asset) write(w http.ResponseWriter, r *http.Request) {
	h, body := w.Header(), a.plain
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = a.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a reader that went away is no fault of ours
	}
}

// Shared serves one asset under an address that stays the same, to pages of any site. A browser asks
// again after ten minutes whether there is a newer one.
func (a *Assets) Shared(name string) http.HandlerFunc {
	asset, ok := a.byName[name]
	if !ok {
		return http.NotFound
	}
	tag := strconv.Quote(path.Base(path.Dir(asset.Path)))
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", asset.mime)
		h.Set("Cache-Control", "public, max-age=600")
		h.Set("ETag", tag)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Vary", "Accept-Encoding")
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		asset.write(w, r)
	}
}

// acceptsGzip reports whether the request offers gzip and does not refuse it with q=0.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		_, q, _ := strings.Cut(params, "=")
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err != nil || weight > 0
	}
	return false
}
