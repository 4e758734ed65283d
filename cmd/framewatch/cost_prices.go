package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/internal/catalogue"
)

// priceFile is a file of --region-prices.
type priceFile struct {
	// Default is the set that is taken when none is named.
	Default string               `yaml:"default"`
	Sets    map[string]*priceSet `yaml:"sets"`
	Assumed assumptions          `yaml:"assumed"`
}

// priceSet is what a place asks, and where it stops.
type priceSet struct {
	About    string  `yaml:"about"`
	Currency string  `yaml:"currency"`
	Prices   prices  `yaml:"prices"`
	Walls    []quota `yaml:"walls"`
}

// price is a figure with where it is from.
type price struct {
	Value  *float64 `yaml:"value" json:"value"`
	Source string   `yaml:"source" json:"source"`
	// AsOf is the date from which it is known, Checked that a public page that says so was looked up when it was written down.
	AsOf    string `yaml:"as_of" json:"as_of"`
	Checked bool   `yaml:"checked" json:"checked"`
}

// assumption is a figure that is neither a price nor measured.
type assumption struct {
	Value *float64 `yaml:"value" json:"value"`
	Why   string   `yaml:"why" json:"why"`
}

// prices are each of one unit: an hour of a machine, a request, a gigabyte (2^30 bytes), a gigabyte for a month.
type prices struct {
	MachineHour       price `yaml:"machine_hour"`
	MachineVCPUs      price `yaml:"machine_vcpus"`
	MachineMemoryGiB  price `yaml:"machine_memory_gib"`
	BrokerHour        price `yaml:"broker_hour"`
	BrokerVCPUs       price `yaml:"broker_vcpus"`
	DiskGBMonth       price `yaml:"disk_gb_month"`
	CrossZoneGB       price `yaml:"cross_zone_gb"`
	Transition        price `yaml:"transition"`
	ExpressRequest    price `yaml:"express_request"`
	ExpressGBSecond   price `yaml:"express_gb_second"`
	FunctionRequest   price `yaml:"function_request"`
	FunctionGBSecond  price `yaml:"function_gb_second"`
	FunctionGBPerVCPU price `yaml:"function_gb_per_vcpu"`
	ObjectPut         price `yaml:"object_put"`
	ObjectGet         price `yaml:"object_get"`
	ObjectGBMonth     price `yaml:"object_gb_month"`
	ObjectTransferGB  price `yaml:"object_transfer_gb"`
	Notification      price `yaml:"notification"`
}

// quota is so much of something a second, or at once, for a whole account.
type quota struct {
	Name string `yaml:"name"`
	// Of is one of quotaOf.
	Of    string `yaml:"of"`
	price `yaml:",inline"`
}

// assumptions are described where they stand in the file.
type assumptions struct {
	Utilisation           assumption `yaml:"utilisation"`
	MemoryShare           assumption `yaml:"memory_share"`
	SpareMachines         assumption `yaml:"spare_machines"`
	ObjectRetentionHours  assumption `yaml:"object_retention_hours"`
	LogRetentionHours     assumption `yaml:"log_retention_hours"`
	LogReplication        assumption `yaml:"log_replication"`
	LogFill               assumption `yaml:"log_fill"`
	BrokerLeast           assumption `yaml:"broker_least"`
	BrokerMBPerSecond     assumption `yaml:"broker_mb_per_second"`
	CrossZoneCrossings    assumption `yaml:"cross_zone_crossings"`
	DefectsPerStreamDay   assumption `yaml:"defects_per_stream_day"`
	EvidenceMBPerDefect   assumption `yaml:"evidence_mb_per_defect"`
	EvidenceRetentionDays assumption `yaml:"evidence_retention_days"`
	ExpressGB             assumption `yaml:"express_gb"`
	HoursPerMonth         assumption `yaml:"hours_per_month"`
}

// divisors are the figures that something is divided by.
var divisors = []string{"machine_vcpus", "machine_memory_gib", "broker_vcpus", "utilisation", "memory_share", "log_fill", "broker_mb_per_second", "hours_per_month"}

// readPrices reads a file of prices and chooses a set; name is empty for the default.
func readPrices(file, name string) (*priceFile, string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	var p priceFile
	if err := decodeStrict(text, &p); err != nil {
		return nil, "", fmt.Errorf("%s: %w", file, err)
	}
	if err := p.validate(); err != nil {
		return nil, "", fmt.Errorf("%s: %w", file, err)
	}
	if name == "" {
		name = p.Default
	}
	if p.Sets[name] == nil {
		names := slices.Sorted(maps.Keys(p.Sets))
		return nil, "", fmt.Errorf("%s has no set %q%s: it has %s", file, name, catalogue.Suggest(name, names), strings.Join(names, ", "))
	}
	return &p, name, nil
}

// validate names the first figure that is missing or cannot be.
func (p *priceFile) validate() error {
	if len(p.Sets) == 0 {
		return errors.New("sets: there is no set of prices")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Sets)) {
		set := p.Sets[name]
		if set == nil || set.About == "" || set.Currency == "" {
			return fmt.Errorf("sets.%s: about and currency must be there", name)
		}
		if err := eachFigure(set.Prices, func(key string, v reflect.Value) error { return v.Interface().(price).validate(key) }); err != nil {
			return fmt.Errorf("sets.%s.prices.%w", name, err)
		}
		for i, q := range set.Walls {
			if err := q.validate(); err != nil {
				return fmt.Errorf("sets.%s.walls[%d]: %w", name, i, err)
			}
		}
	}
	err := eachFigure(p.Assumed, func(key string, v reflect.Value) error {
		a := v.Interface().(assumption)
		if a.Why == "" {
			return fmt.Errorf("%s: why is missing", key)
		}
		return validFigure(key, a.Value)
	})
	if err != nil {
		return fmt.Errorf("assumed.%w", err)
	}
	return nil
}

// eachFigure calls look with each field of a struct by its key.
func eachFigure(of any, look func(key string, v reflect.Value) error) error {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		if err := look(v.Type().Field(i).Tag.Get("yaml"), v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (f price) validate(key string) error {
	if err := validFigure(key, f.Value); err != nil {
		return err
	}
	if f.Source == "" {
		return fmt.Errorf("%s: source is missing: say where it is from", key)
	}
	if _, err := time.Parse(time.DateOnly, f.AsOf); err != nil {
		return fmt.Errorf("%s: as_of %q is not a date such as 2026-01-31", key, f.AsOf)
	}
	return nil
}

func validFigure(key string, value *float64) error {
	switch {
	case value == nil:
		return fmt.Errorf("%s: value is missing; what costs nothing says 0", key)
	case !(*value >= 0 && *value < 1e12):
		return fmt.Errorf("%s: %v is not a figure from 0", key, *value)
	case *value == 0 && slices.Contains(divisors, key):
		return fmt.Errorf("%s: it cannot be 0", key)
	}
	return nil
}

func (q quota) validate() error {
	if q.Name == "" {
		return errors.New("name is missing")
	}
	if _, ok := quotaOf[q.Of]; !ok {
		known := slices.Sorted(maps.Keys(quotaOf))
		return fmt.Errorf("of %q is none of %s", q.Of, strings.Join(known, ", "))
	}
	return q.price.validate(q.Name)
}
