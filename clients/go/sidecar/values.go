package sidecar

import (
	"math"

	"google.golang.org/protobuf/types/known/structpb"
)

// Values are parameter values by name: float64, string, bool, nil, []any or map[string]any. They must not be
// written to; a change makes new ones.
type Values map[string]any

// Int returns a value that is a whole number, or fallback if there is none.
func (v Values) Int(name string, fallback int64) int64 {
	const exact = 1 << 53 // Beyond it, a float64 no longer tells whole numbers apart.
	if number, ok := v[name].(float64); ok && number == math.Trunc(number) && math.Abs(number) <= exact {
		return int64(number)
	}
	return fallback
}

// Float returns a value that is a number, or fallback if there is none.
func (v Values) Float(name string, fallback float64) float64 { return valueOr(v, name, fallback) }

// String returns a value that is a text, or fallback if there is none.
func (v Values) String(name string, fallback string) string { return valueOr(v, name, fallback) }

// Bool returns a value that is true or false, or fallback if there is none.
func (v Values) Bool(name string, fallback bool) bool { return valueOr(v, name, fallback) }

func valueOr[T any](values Values, name string, fallback T) T {
	if value, ok := values[name].(T); ok {
		return value
	}
	return fallback
}

func valuesOf(fields map[string]*structpb.Value) Values {
	return (&structpb.Struct{Fields: fields}).AsMap()
}
