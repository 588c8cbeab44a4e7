// Package qr draws addresses as QR codes, in vectors and in pixels.
package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the white border that scanners need, in modules.
const quiet = 4

// Draw returns a picture of text: format "svg", which scales, or "png" with 8 pixels a module.
func Draw(text, format string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("encode a QR code: %w", err)
	}
	if format == "png" {
		return code.PNG(), nil
	}
	return svg(code), nil
}

// svg draws each run of dark modules of a row as one rectangle of a path.
func svg(code *qr.Code) []byte {
	var b strings.Builder
	side := code.Size + 2*quiet
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side, side, side)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return []byte(b.String())
}
