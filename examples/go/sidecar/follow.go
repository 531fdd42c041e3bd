package sidecar

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	learningv1 "example.com/orchestrator/gen/learning/v1"
)

// Change is new settings to be put in force.
type Change struct {
	Source     string            // defaults (the sidecar has not answered yet), snapshot or delta
	Parameters map[string]any    // all settings, as they are after it; not to be written to
	Epoch      string            // of the ledger
	Sequence   uint64            // the newest delta in them
	Outcome    string            // why there is a snapshot: SNAPSHOT_OUTCOME_…
	Delta      *learningv1.Delta // nil unless it is one
}

// DeltaRefusal says why OnChange refuses a delta. Any other error refuses it as well.
type DeltaRefusal struct{ Reason, Message string }

func (r *DeltaRefusal) Error() string { return r.Message }

// Follow puts the defaults in force, then whatever the sidecar says, until ctx is done, or Close.
// While it does, another call answers at once.
func (s *Sidecar) Follow(ctx context.Context) {
	if !s.following.CompareAndSwap(false, true) {
		slog.Warn("Follow was called twice")
		return
	}
	defer s.following.Store(false)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	go s.acknowledge(ctx)
	if s.ctx.Err() != nil {
		return
	}
	s.putInForce(Change{Source: "defaults", Parameters: s.Parameters()})
	var delays delays
	told := "" // what was, until there is a message again
	for ctx.Err() == nil {
		failure := s.readStream(ctx, func() { delays, told = 0, "" })
		if ctx.Err() != nil || s.ctx.Err() != nil {
			return
		}
		if failure.Code == codes.OutOfRange {
			s.place = nil // the ledger is not so far: it was restored from a copy
		}
		what := failure.Code.String() + failure.Reason
		if what != told {
			s.tellDisconnected(failure)
		}
		told = what
		sleep(ctx, max(delays.next(), failure.RetryDelay))
	}
}

func (s *Sidecar) tellDisconnected(failure *Failure) {
	switch {
	case !failure.MayPass() && failure.Code != codes.OutOfRange:
		slog.Warn("the stream is refused, and tried again", "error", failure)
	case s.options.OnDisconnected == nil:
		slog.Warn("the sidecar is away, and looked for", "error", failure)
	}
	if s.options.OnDisconnected != nil {
		s.options.OnDisconnected(failure)
	}
}

func (s *Sidecar) readStream(ctx context.Context, onMessage func()) *Failure {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request := &learningv1.StreamDeltasRequest{ClientId: s.options.ClientID}
	if s.place != nil {
		request.Epoch, request.AfterSequence = s.place.epoch, &s.place.sequence
	}
	stream, err := s.Service.StreamDeltas(ctx, request)
	for err == nil {
		var message *learningv1.StreamDeltasResponse
		if message, err = stream.Recv(); err == nil {
			err = s.take(ctx, message)
			onMessage()
		}
	}
	if errors.Is(err, io.EOF) {
		err = status.Error(codes.Unavailable, "the stream ended")
	}
	return FailureOf(err)
}

func (s *Sidecar) take(ctx context.Context, message *learningv1.StreamDeltasResponse) error {
	delta, snapshot := message.GetDelta(), message.GetSnapshot()
	change := Change{Epoch: message.Epoch, Sequence: message.Sequence, Delta: delta}
	if s.place == nil && snapshot == nil {
		if delta != nil {
			return status.Errorf(codes.DataLoss, "%s %d came before a snapshot", message.Epoch, message.Sequence)
		}
		return nil
	}
	if last := s.place; last != nil && snapshot == nil {
		isGap := delta != nil && message.Sequence > last.sequence+1
		if message.Epoch != last.epoch || isGap { // must not be: starts over with a snapshot
			s.place = nil
			return status.Errorf(codes.DataLoss, "%s %d came after %s %d", message.Epoch, message.Sequence, last.epoch, last.sequence)
		}
		if message.Sequence <= last.sequence {
			return nil
		}
	}
	switch {
	case snapshot != nil:
		change.Source, change.Outcome = "snapshot", snapshot.Outcome.String()
		change.Parameters = plain(snapshot.Parameters)
		s.putInForce(change)
	case delta != nil:
		change.Source, change.Parameters = "delta", maps.Clone(s.Parameters())
		delete(change.Parameters, delta.Target)
		if delta.NewValue != nil {
			change.Parameters[delta.Target] = delta.NewValue.AsInterface()
		}
		select {
		case s.acks <- s.acknowledgement(change, s.putInForce(change)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.place = &place{message.Epoch, message.Sequence}
	s.known.Store(&known{s.Parameters(), message.Sequence})
	return nil
}

// putInForce answers why not, where the orchestrator refuses it.
func (s *Sidecar) putInForce(change Change) error {
	if s.options.OnChange != nil {
		if err := s.options.OnChange(change); err != nil {
			// There is nothing to go back to from a snapshot, or from what a revert restores.
			if change.Delta != nil && change.Delta.RevertsDeltaId == "" {
				return err
			}
			slog.Error("could not be put in force", "source", change.Source, "sequence", change.Sequence, "error", err)
		}
	}
	s.known.Store(&known{change.Parameters, change.Sequence})
	return nil
}

func (s *Sidecar) acknowledgement(change Change, err error) *learningv1.AckDeltaRequest {
	request := &learningv1.AckDeltaRequest{
		ClientId: s.options.ClientID, Epoch: change.Epoch, DeltaId: change.Delta.DeltaId,
	}
	if err != nil {
		refusal := &DeltaRefusal{"NOT_PUT_IN_FORCE", err.Error()}
		errors.As(err, &refusal)
		request.Error = &learningv1.AckError{Reason: clip(refusal.Reason, 256), Message: clip(refusal.Message, 1024)}
	}
	return request
}

func (s *Sidecar) acknowledge(ctx context.Context) {
	for {
		select {
		case request := <-s.acks:
			_, failure := callWithRetry(ctx, s.Service.AckDelta, request)
			// Another ledger has no use for it: what it wants is said by its snapshot.
			if failure != nil && failure.Reason != "EPOCH_CHANGED" && ctx.Err() == nil {
				slog.Warn("a delta was not acknowledged", "delta", request.DeltaId, "error", failure)
			}
		case <-ctx.Done():
			return
		}
	}
}

func plain(values map[string]*structpb.Value) map[string]any {
	parameters := make(map[string]any, len(values))
	for name, value := range values {
		parameters[name] = value.AsInterface()
	}
	return parameters
}

// clip answers as many whole characters as fit.
func clip(text string, size int) string {
	return strings.ToValidUTF8(text[:min(len(text), size)], "")
}
