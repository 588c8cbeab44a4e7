package pdf

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
)

//go:embed fonts/*.ttf.gz
var fontFiles embed.FS

// privateGlyph is the code point of glyph 0 in the fonts of shaped scripts; see scripts/pdf-fonts.py.
const privateGlyph = 0xE000

// shapedScripts are those whose letters depend on each other, with the font of each.
func shapedScripts() map[language.Script]string {
	return map[language.Script]string{
		language.Arabic: "arabic", language.Hebrew: "hebrew", language.Thai: "thai", language.Lao: "lao",
		language.Khmer: "khmer", language.Myanmar: "myanmar", language.Devanagari: "devanagari", language.Bengali: "bengali",
		language.Gurmukhi: "gurmukhi", language.Gujarati: "gujarati", language.Tamil: "tamil", language.Telugu: "telugu",
		language.Kannada: "kannada", language.Malayalam: "malayalam", language.Sinhala: "sinhala", language.Ethiopic: "ethiopic",
		language.Georgian: "georgian", language.Armenian: "armenian",
	}
}

// Renderer draws documents. It keeps the fonts that were needed so far; use one for the process.
type Renderer struct {
	// A document in the making holds some ten megabytes, and more of them at once than there are processors
	// would only wait with their memory.
	drawing chan struct{}

	regular, bold *face
	wide, hangul  *face // Chinese and Japanese; Korean
	shaped        map[language.Script]*face
}

// New makes a renderer. Fonts are unpacked when a document first needs them.
func New() *Renderer {
	r := &Renderer{
		drawing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		regular: newFace("noto-regular"), bold: newFace("noto-bold"), wide: newFace("droid-fallback"), hangul: newFace("hangul"),
		shaped: map[language.Script]*face{},
	}
	for script, name := range shapedScripts() {
		f := newFace("noto-" + name)
		f.script = script
		r.shaped[script] = f
	}
	return r
}

// face is one font of the binary.
type face struct {
	name   string
	script language.Script // of a shaped font, 0 for letters that stand alone
	load   func() (*outlines, error)
}

// outlines is an unpacked font.
type outlines struct {
	data []byte
	upem float64
	font *font.Face
	mu   sync.Mutex // shaping uses memory of the font
	hb   *harfbuzz.Font
}

func newFace(name string) *face {
	return &face{name: name, load: sync.OnceValues(func() (*outlines, error) { return unpack(name) })}
}

func unpack(name string) (*outlines, error) {
	packed, err := fontFiles.Open("fonts/" + name + ".ttf.gz")
	if err != nil {
		return nil, fmt.Errorf("open font %s: %w", name, err)
	}
	defer func() { _ = packed.Close() }() // it lies in the binary
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack font %s: %w", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpack font %s: %w", name, err)
	}
	f, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read font %s: %w", name, err)
	}
	return &outlines{data: data, upem: float64(f.Upem()), font: f, hb: harfbuzz.NewFont(f)}, nil
}

// has tells whether the font can show a character.
func (o *outlines) has(c rune) bool {
	g, ok := o.font.NominalGlyph(c)
	return ok && g != 0 && (c < privateGlyph || c >= 0xF900)
}

// advance is the width of a character that stands alone, in ems.
func (o *outlines) advance(c rune) float64 {
	g, _ := o.font.NominalGlyph(c)
	return float64(o.font.HorizontalAdvance(g)) / o.upem
}

// glyph is a shape at its place, in ems from the start of its run.
type glyph struct {
	code rune
	x, y float64
	of   int // index of the first character that it is part of
}

// shape lays out characters of the font's script and returns the glyphs from left to right.
func (o *outlines) shape(text []rune, script language.Script, rightToLeft bool) (glyphs []glyph, width float64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := harfbuzz.NewBuffer()
	b.AddRunes(text, 0, -1)
	b.Props.Script, b.Props.Direction = script, harfbuzz.LeftToRight
	if rightToLeft {
		b.Props.Direction = harfbuzz.RightToLeft
	}
	b.Shape(o.hb, nil)
	for n, info := range b.Info {
		p := b.Pos[n]
		glyphs = append(glyphs, glyph{code: privateGlyph + rune(info.Glyph),
			x: width + float64(p.XOffset)/o.upem, y: float64(p.YOffset) / o.upem, of: info.Cluster})
		width += float64(p.XAdvance) / o.upem
	}
	return glyphs, width
}
