package detector

import "github.com/framewatch/framewatch/schemas"

// FigureUnits are the main figures that roll-ups tell, and of what unit they are, in the order in which they are told.
func FigureUnits() [][2]string {
	units := [...]string{"level", "level", "LUFS", "dBFS", "1/s", "bit/s"}
	list := make([][2]string, len(figureNames))
	for i, name := range figureNames {
		list[i] = [2]string{name, units[i]}
	}
	return list
}

// Figures gives those of the main figures that a record has, by their index in FigureUnits.
func Figures(f *schemas.Feature, give func(index int, value float64)) {
	var h health
	h.measure(f)
	for i, x := range h.figures {
		if x.count > 0 {
			give(i, x.sum)
		}
	}
}
