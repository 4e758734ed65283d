package rule

import (
	"fmt"
	"slices"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
)

// validated looks at the options, and whether all of chosen, which the option called name lists, are among known.
func validated(o *Options, name string, chosen, known []string) error {
	for _, c := range chosen {
		if !slices.Contains(known, c) {
			return fmt.Errorf("%s: %q is unknown%s", name, c, catalogue.Suggest(c, known))
		}
	}
	return o.Validate()
}

func errNegative(name string, d time.Duration) error {
	return fmt.Errorf("%s %v is negative", name, d)
}

func errPositive(name string, x float64) error {
	return fmt.Errorf("%s %v is not above 0", name, x)
}
