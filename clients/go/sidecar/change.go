package sidecar

import (
	"errors"
	"maps"
	"reflect"
	"slices"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

// Sources of a change.
const (
	SourceSnapshot = "snapshot" // all values: after the stream was opened, or the client fell behind
	SourceDelta    = "delta"    // the value of one parameter
)

// Change is what the sidecar has put in force.
type Change struct {
	// Parameters are all values after the change.
	Parameters Values
	// Changed has the parameters whose value differs from the client's live one, those that are gone included,
	// with the id of the delta that set it; empty for an initial value.
	Changed map[string]string
	// Source is SourceSnapshot or SourceDelta.
	Source string
	// Sequence is that of the newest delta in force.
	Sequence uint64
	// Epoch names the ledger that counts the sequence.
	Epoch string
	// Delta is set for SourceDelta.
	Delta *learningv1.Delta
	// Outcome says why there is a snapshot.
	Outcome learningv1.SnapshotOutcome
}

// DeltaRefusal is the error of OnChange that refuses changed parameters: they keep their live value in this
// client, and the sidecar reverts their deltas unless they are proven. Any other error refuses all of them.
type DeltaRefusal struct {
	// Reason is a short constant, such as UNSUPPORTED_VALUE; at most 256 bytes.
	Reason string
	// Message says it in words; at most 1024 bytes.
	Message string
	// Parameters are the refused ones; empty: all that changed.
	Parameters []string
}

func (r *DeltaRefusal) Error() string { return r.Reason + ": " + r.Message }

// has tells whether a changed parameter is refused.
func (r *DeltaRefusal) has(parameter string) bool {
	return r != nil && (len(r.Parameters) == 0 || slices.Contains(r.Parameters, parameter))
}

func refusalOf(err error) *DeltaRefusal {
	var refusal *DeltaRefusal
	if err != nil && !errors.As(err, &refusal) {
		refusal = &DeltaRefusal{Reason: "NOT_PUT_IN_FORCE", Message: err.Error()}
	}
	return refusal
}

// changeOf returns what a message changes in the live values, and the deltas to be acknowledged or refused, by
// parameter: that of a delta message always, also if its value is the live one. A heartbeat has no source.
func changeOf(message *learningv1.StreamDeltasResponse, live Values) (Change, map[string]string) {
	change := Change{Sequence: message.Sequence, Epoch: message.Epoch, Changed: map[string]string{}}
	var deltaIDs, answered map[string]string
	switch event := message.Event.(type) {
	case *learningv1.StreamDeltasResponse_Snapshot:
		change.Source, change.Outcome = SourceSnapshot, event.Snapshot.Outcome
		change.Parameters = valuesOf(event.Snapshot.Parameters)
		deltaIDs, answered = event.Snapshot.DeltaIds, change.Changed
	case *learningv1.StreamDeltasResponse_Delta:
		change.Source, change.Delta = SourceDelta, event.Delta
		change.Parameters = maps.Clone(live)
		target, value := event.Delta.Target, event.Delta.NewValue
		if delete(change.Parameters, target); value != nil {
			change.Parameters[target] = value.AsInterface()
		}
		deltaIDs = map[string]string{target: event.Delta.DeltaId}
		answered = deltaIDs
	default:
		return change, nil
	}
	for _, names := range []Values{live, change.Parameters} {
		for name := range names {
			before, was := live[name]
			after, is := change.Parameters[name]
			if was != is || !reflect.DeepEqual(before, after) {
				change.Changed[name] = deltaIDs[name]
			}
		}
	}
	return change, answered
}

// without returns the values after the change, with the live ones of the parameters that are refused.
func (c *Change) without(refusal *DeltaRefusal, live Values) Values {
	values := maps.Clone(c.Parameters)
	for name := range c.Changed {
		if refusal.has(name) {
			delete(values, name)
			if value, ok := live[name]; ok {
				values[name] = value
			}
		}
	}
	return values
}
