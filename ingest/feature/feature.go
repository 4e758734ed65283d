// Package feature measures: numbers about a picture or a stretch of sound, no opinion about them. A video extractor is one file and one
// line in the Catalogue; the pixels it shares with the others are read once, by the C kernels beside it.
package feature

import (
	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
)

// Extractor turns what was gathered about one picture into its own group of the record. It allocates the group once and writes into it
// again when the caller hands the same record in again; a group that is undefined for the picture is set to nil. One goroutine.
type Extractor interface {
	Extract(p *Picture, out *schemas.VideoFrame)
}

// Catalogue lists the video extractors.
var Catalogue = catalogue.Catalogue[Extractor]{
	"block":      func() Extractor { return &Block{} },
	"border":     func() Extractor { return &Border{} },
	"chroma":     NewChroma,
	"detail":     func() Extractor { return &Detail{} },
	"difference": func() Extractor { return &Difference{} },
	"field":      func() Extractor { return &Field{} },
	"flash":      func() Extractor { return &Flash{} },
	"grid":       func() Extractor { return &Grid{} },
	"hash":       func() Extractor { return &Hash{} },
	"luma":       func() Extractor { return &Luma{} },
	"macroblock": func() Extractor { return &Macroblock{} },
}
