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

func errNeither(name string, x float64) error {
	return fmt.Errorf("%s %v is neither 0 nor above 1", name, x)
}

// notNegative tells what is wrong with an option that is a number from 0 on.
func notNegative(name string, x float64) error {
	if x < 0 || !finite(x) {
		return fmt.Errorf("%s %v is not a number from 0 on", name, x)
	}
	return nil
}

func errPositive(name string, x float64) error {
	return fmt.Errorf("%s %v is not above 0", name, x)
}
