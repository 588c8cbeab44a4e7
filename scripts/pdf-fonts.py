#!/usr/bin/env python3
"""Builds internal/pdf/fonts from Debian's fonts-noto-core, fonts-droid-fallback and fonts-nanum.

Needs python3-fonttools. Every font keeps its outlines and metrics; hinting goes, and the simple scripts
keep no layout tables because their letters stand alone. Fonts of scripts that need shaping get one more
code point per glyph (U+E000 + glyph number), so that a page can show any glyph that shaping asks for.
"""
import gzip, pathlib, sys
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

NOTO = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/truetype/noto")
DROID = pathlib.Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf")
NANUM = pathlib.Path("/usr/share/fonts/truetype/nanum/NanumGothic.ttf")
OUT = pathlib.Path(__file__).parent.parent / "internal/pdf/fonts"

SIMPLE = [(0x20, 0x36F), (0x370, 0x52F), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF),
          (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF), (0x2C60, 0x2C7F),
          (0xA720, 0xA7FF), (0xFB00, 0xFB06)]
SHAPED = ["Arabic", "Hebrew", "Thai", "Lao", "Khmer", "Myanmar", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Tamil",
          "Telugu", "Kannada", "Malayalam", "Sinhala", "Ethiopic", "Georgian", "Armenian"]

def cut(path, runes, layout):
    font = TTFont(path)
    o = subset.Options()
    o.hinting, o.legacy_kern, o.glyph_names, o.notdef_outline, o.name_IDs = False, False, False, True, [1, 2, 3, 4, 5, 6, 13, 14]
    o.layout_features = ["*"] if layout else []
    o.drop_tables += ["DSIG", "STAT", "meta", "MATH"] + ([] if layout else ["GSUB", "GPOS", "GDEF"])
    s = subset.Subsetter(o)
    s.populate(unicodes=runes or [r for r in font.getBestCmap() if r < 0x10000])
    s.subset(font)
    return font

def save(font, name, every):
    codes = {r: g for r, g in font.getBestCmap().items() if r < 0x10000 and not 0xE000 <= r < 0xF900}
    if every:
        for n, g in enumerate(font.getGlyphOrder()):
            codes[0xE000 + n] = g
        assert len(font.getGlyphOrder()) < 0x1900
    table = CmapSubtable.newSubtable(4)
    table.platformID, table.platEncID, table.language, table.cmap = 3, 1, 0, codes
    font["cmap"].tables = [table]
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    raw = OUT / (name + ".ttf")
    font.save(raw)
    data = raw.read_bytes()
    raw.unlink()
    (OUT / (name + ".ttf.gz")).write_bytes(gzip.compress(data, 9, mtime=0))
    print(name, len(data), (OUT / (name + ".ttf.gz")).stat().st_size)

OUT.mkdir(exist_ok=True)
simple = [r for a, b in SIMPLE for r in range(a, b + 1)]
for style in ("Regular", "Bold"):
    save(cut(NOTO / f"NotoSans-{style}.ttf", simple, False), "noto-" + style.lower(), False)
for script in SHAPED:
    save(cut(NOTO / f"NotoSans{script}-Regular.ttf", None, True), "noto-" + script.lower(), True)
save(cut(DROID, None, False), "droid-fallback", False)

korean = cut(NANUM, [*range(0x1100, 0x1200), *range(0x3130, 0x3190), *range(0xAC00, 0xD7B0)], False)
for record in korean["name"].names:  # its name is reserved for the font as its makers publish it
    record.string = "Flint Hangul" if record.nameID in (1, 3, 4, 6) else record.toUnicode()
save(korean, "hangul", False)
