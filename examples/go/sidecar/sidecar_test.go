package sidecar

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	learningv1 "example.com/orchestrator/gen/learning/v1"
)

// script is a sidecar that answers its n-th stream with the n-th list of messages, and ends it.
type script struct {
	learningv1.UnimplementedLearningServiceServer
	streams  [][]*learningv1.StreamDeltasResponse
	opened   atomic.Int64
	requests chan *learningv1.StreamDeltasRequest
	acks     chan *learningv1.AckDeltaRequest
	failures atomic.Int64 // of RecordTask, before it succeeds
	code     codes.Code   // what they are; 0: UNAVAILABLE
	calls    atomic.Int64 // of RecordTask
}

func (s *script) StreamDeltas(
	request *learningv1.StreamDeltasRequest, stream grpc.ServerStreamingServer[learningv1.StreamDeltasResponse],
) error {
	number := int(s.opened.Add(1)) - 1
	s.requests <- request
	if number >= len(s.streams) {
		<-stream.Context().Done()
		return nil
	}
	for _, message := range s.streams[number] {
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	return status.Error(codes.Unavailable, "the end")
}

func (s *script) AckDelta(_ context.Context, request *learningv1.AckDeltaRequest) (*learningv1.AckDeltaResponse, error) {
	s.acks <- request
	return &learningv1.AckDeltaResponse{}, nil
}

func (s *script) RecordTask(context.Context, *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
	s.calls.Add(1)
	if s.failures.Add(-1) >= 0 {
		return nil, status.Error(cmp.Or(s.code, codes.Unavailable), "later")
	}
	return &learningv1.RecordTaskResponse{}, nil
}

func serve(t *testing.T, s *script, options Options) *Sidecar {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.requests = make(chan *learningv1.StreamDeltasRequest, 10)
	s.acks = make(chan *learningv1.AckDeltaRequest, 10)
	server := grpc.NewServer()
	learningv1.RegisterLearningServiceServer(server, s)
	go server.Serve(listener) //nolint:errcheck // Ends with the test.
	t.Cleanup(server.Stop)
	options.Target = listener.Addr().String()
	learning, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = learning.Close(ctx)
	})
	return learning
}

func delta(sequence uint64, level float64) *learningv1.StreamDeltasResponse {
	delta := &learningv1.Delta{DeltaId: "d", Sequence: sequence, Target: "level", NewValue: structpb.NewNumberValue(level)}
	event := &learningv1.StreamDeltasResponse_Delta{Delta: delta}
	return &learningv1.StreamDeltasResponse{Epoch: "e", Sequence: sequence, Event: event}
}

func snapshot(sequence uint64, level float64) *learningv1.StreamDeltasResponse {
	parameters := map[string]*structpb.Value{"level": structpb.NewNumberValue(level)}
	event := &learningv1.StreamDeltasResponse_Snapshot{Snapshot: &learningv1.Snapshot{Parameters: parameters}}
	return &learningv1.StreamDeltasResponse{Epoch: "e", Sequence: sequence, Event: event}
}

func TestFollowTakesEachDeltaOnceAndStartsOverAtAGap(t *testing.T) {
	changes := make(chan Change, 10)
	server := &script{streams: [][]*learningv1.StreamDeltasResponse{
		{snapshot(4, 40), delta(5, 50)},
		{delta(5, 50), delta(6, 60), delta(8, 80)},
		{snapshot(8, 80)},
	}}
	learning := serve(t, server, Options{
		Defaults: map[string]any{"level": 0.0},
		OnChange: func(change Change) error {
			changes <- change
			if change.Sequence == 6 {
				return &DeltaRefusal{"NO", "not six"}
			}
			return nil
		},
	})
	go learning.Follow(t.Context())
	var seen []uint64
	for range 5 {
		seen = append(seen, (<-changes).Sequence)
	}
	if want := []uint64{0, 4, 5, 6, 8}; !slices.Equal(seen, want) {
		t.Errorf("put in force %v, want %v", seen, want)
	}
	if first, second := <-server.requests, <-server.requests; first.AfterSequence != nil || second.GetAfterSequence() != 5 {
		t.Errorf("resumed by %v, then %v", first, second)
	}
	if third := <-server.requests; third.AfterSequence != nil {
		t.Errorf("after a gap it was resumed by %v", third)
	}
	if five, six := <-server.acks, <-server.acks; five.Error != nil || six.Error.GetReason() != "NO" {
		t.Errorf("acknowledged %v, then %v", five, six)
	}
}

func TestRecordIsRetriedUntilDurable(t *testing.T) {
	server := &script{}
	server.failures.Store(3)
	learning := serve(t, server, Options{})
	if err := <-learning.Record(&learningv1.Task{TaskId: "t"}); err != nil {
		t.Error(err)
	}
	if left := server.failures.Load(); left != -1 {
		t.Errorf("%d calls more than were needed", -1-left)
	}
}

func TestRecordDropsTheOldestAndNeverBlocks(t *testing.T) {
	server := &script{}
	server.failures.Store(1 << 40)
	learning := serve(t, server, Options{QueueLimit: 2})
	var outcomes []<-chan error
	for range recordWorkers + 10 {
		outcomes = append(outcomes, learning.Record(&learningv1.Task{}))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := learning.Close(ctx); err != nil {
		t.Error(err)
	}
	for _, outcome := range append(outcomes, learning.Record(&learningv1.Task{})) {
		if err := <-outcome; !errors.Is(err, ErrDropped) {
			t.Error(err)
		}
	}
	if dropped := learning.Dropped(); dropped != recordWorkers+11 {
		t.Errorf("%d dropped", dropped)
	}
}

func TestRecordWaitsForAToken(t *testing.T) {
	server := &script{code: codes.Unauthenticated}
	server.failures.Store(3)
	learning := serve(t, server, Options{})
	if err := <-learning.Record(&learningv1.Task{TaskId: "t"}); err != nil {
		t.Error(err)
	}
}

func TestRecordGivesUpWhatTheLibraryCannotSend(t *testing.T) {
	t.Parallel()
	server := &script{code: codes.Internal}
	server.failures.Store(1 << 40)
	learning := serve(t, server, Options{QueueLimit: -1})
	expect := func(task *learningv1.Task, code codes.Code) {
		var failure *Failure
		if err := <-learning.Record(task); !errors.As(err, &failure) || failure.Code != code {
			t.Errorf("%v, want %v", err, code)
		}
	}
	expect(&learningv1.Task{TaskId: "\xff"}, codes.InvalidArgument)
	if calls := server.calls.Load(); calls != 0 {
		t.Errorf("%d calls", calls)
	}
	expect(&learningv1.Task{TaskId: "t"}, codes.Internal)
	if calls := server.calls.Load(); calls != internalLimit {
		t.Errorf("%d calls", calls)
	}
}

func TestADeltaBeforeASnapshotIsAGap(t *testing.T) {
	changes := make(chan Change, 10)
	server := &script{streams: [][]*learningv1.StreamDeltasResponse{{delta(5, 50)}, {snapshot(5, 50)}}}
	learning := serve(t, server, Options{OnChange: func(change Change) error {
		changes <- change
		return nil
	}})
	go learning.Follow(t.Context())
	if first, second := <-changes, <-changes; first.Source != "defaults" || second.Source != "snapshot" {
		t.Errorf("put in force %v, then %v", first, second)
	}
	learning.Follow(t.Context()) // Answers at once: it is followed already.
}

func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	server := &script{}
	server.failures.Store(1 << 40)
	learning := serve(t, server, Options{})
	outcome := learning.Record(&learningv1.Task{})
	if err := learning.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-outcome; !errors.Is(err, ErrDropped) {
		t.Error(err)
	}
}

func TestWaitsAreClamped(t *testing.T) {
	asked := &errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Seconds: 1e11}}
	refused, err := status.New(codes.Unavailable, "later").WithDetails(asked)
	if err != nil {
		t.Fatal(err)
	}
	if delay := FailureOf(refused.Err()).RetryDelay; delay != retryCap {
		t.Error(delay)
	}
}
