package sidecar

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

func taken(context.Context, *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
	return &learningv1.RecordTaskResponse{}, nil
}

// untilEnded never answers.
func untilEnded(ctx context.Context, _ *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestRecordIsRepeatedUntilDurable(t *testing.T) {
	t.Parallel()
	failures := []codes.Code{
		codes.Unavailable, codes.Unavailable, codes.Unavailable, codes.Unavailable, codes.Unavailable, codes.Unavailable,
		codes.Unauthenticated, codes.Internal, codes.Unknown, codes.Canceled,
	}
	requests := make(chan *learningv1.RecordTaskRequest, 20)
	calls := 0
	served := &server{record: func(_ context.Context, request *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
		requests <- request
		if calls++; calls <= len(failures) {
			return nil, status.Error(failures[calls-1], "later")
		}
		return &learningv1.RecordTaskResponse{Duplicate: true}, nil
	}}
	learning := open(t, served, Options{})
	if outcome := <-learning.Record(&learningv1.Task{}); outcome.Err != nil || !outcome.Duplicate {
		t.Error(outcome)
	}
	first := <-requests
	if first.ClientId != "me" || len(first.Task.TaskId) < 20 || first.Task.FinishTime == nil {
		t.Error(first)
	}
	for range failures {
		if again := <-requests; !proto.Equal(again, first) {
			t.Errorf("%v, then %v", first, again)
		}
	}
}

func TestRecordWaitsForASidecarThatIsAway(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() //nolint:errcheck // Only its port was wanted.
	learning := openAt(t, Options{Target: address})
	task := &learningv1.Task{TaskId: "t"}
	settled := learning.Record(task)
	task.TaskId = "\xff" // The caller may go on with it.
	if resolved := learning.Resolve(t.Context(), "r", nil); !resolved.IsFallback {
		t.Error(resolved)
	}
	(&server{record: taken}).listen(t, address)
	if outcome := <-settled; outcome.Err != nil {
		t.Error(outcome)
	}
}

func TestPushBackIsHonouredWithinTheCall(t *testing.T) {
	t.Parallel()
	attempts := make(chan string, 10)
	served := &server{record: func(ctx context.Context, _ *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
		before := strings.Join(metadata.ValueFromIncomingContext(ctx, "grpc-previous-rpc-attempts"), "")
		attempts <- before
		if before == "" {
			_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", "1"))
			return nil, status.Error(codes.Unavailable, "later")
		}
		return &learningv1.RecordTaskResponse{}, nil
	}}
	start := time.Now()
	if outcome := <-open(t, served, Options{}).Record(&learningv1.Task{}); outcome.Err != nil {
		t.Error(outcome)
	}
	if first, second := <-attempts, <-attempts; first != "" || second != "1" || time.Since(start) > 150*time.Millisecond {
		t.Errorf("attempts %q, %q in %v", first, second, time.Since(start))
	}
}

func TestARefusedTaskIsNotRepeated(t *testing.T) {
	lines := logLines(t)
	var refusal error
	calls := 0
	served := &server{record: func(context.Context, *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
		calls++
		return nil, refusal
	}}
	learning := open(t, served, Options{})
	for i, code := range []codes.Code{codes.InvalidArgument, codes.Internal, codes.Unimplemented} {
		refusal = refused(t, code, "A_REASON")
		outcome := <-learning.Record(&learningv1.Task{})
		if status.Code(outcome.Err) != code || Detail[*errdetails.ErrorInfo](outcome.Err).GetReason() != "A_REASON" {
			t.Error(outcome)
		}
		if calls != i+1 || len(lines()) != i+1 {
			t.Errorf("%d calls, %v", calls, lines())
		}
	}
	outcome := <-learning.Record(&learningv1.Task{Labels: map[string]string{"kind": "\xff"}})
	if status.Code(outcome.Err) != codes.InvalidArgument || calls != 3 {
		t.Error(outcome)
	}
}

func TestTheNewestIsDroppedWhenThereIsNoRoom(t *testing.T) {
	lines := logLines(t)
	free := make(chan struct{})
	served := &server{record: func(context.Context, *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
		<-free
		return &learningv1.RecordTaskResponse{}, nil
	}}
	learning := open(t, served, Options{MaxPending: 2})
	first, second := learning.Record(&learningv1.Task{}), learning.Record(&learningv1.Task{})
	for range 3 {
		if outcome := <-learning.Record(&learningv1.Task{}); !errors.Is(outcome.Err, ErrDropped) {
			t.Error(outcome)
		}
	}
	if learning.Dropped() != 3 || len(lines()) != 1 {
		t.Errorf("%d dropped: %v", learning.Dropped(), lines())
	}
	close(free)
	if one, two := <-first, <-second; one.Err != nil || two.Err != nil {
		t.Error(one, two)
	}
	if err := learning.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseWaitsForTasks(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	learning := open(t, &server{record: func(context.Context, *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
		<-free
		return &learningv1.RecordTaskResponse{}, nil
	}}, Options{})
	settled := learning.Record(&learningv1.Task{})
	time.AfterFunc(100*time.Millisecond, func() { close(free) })
	if err := learning.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if outcome := <-settled; outcome.Err != nil {
		t.Error(outcome)
	}
}

func TestCloseDropsWhatIsNotDurableInTime(t *testing.T) {
	t.Parallel()
	learning := open(t, &server{record: untilEnded}, Options{})
	settled := learning.Record(&learningv1.Task{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := learning.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := learning.Close(ctx); err != nil {
		t.Error(err)
	}
	for _, outcome := range []Outcome{<-settled, <-learning.Record(&learningv1.Task{})} {
		if !errors.Is(outcome.Err, ErrDropped) {
			t.Error(outcome)
		}
	}
	if dropped := learning.Dropped(); dropped != 2 {
		t.Error(dropped)
	}
	if resolved := learning.Resolve(t.Context(), "t", nil); !resolved.IsFallback {
		t.Error(resolved)
	}
}

func TestCloseWaitsFiveSecondsAtMost(t *testing.T) {
	t.Parallel()
	learning := open(t, &server{record: untilEnded}, Options{})
	learning.Record(&learningv1.Task{})
	start := time.Now()
	if err := learning.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took < closeTimeout || took > closeTimeout+2*time.Second {
		t.Error(took)
	}
}

func TestNothingIsLeftAfterClose(t *testing.T) {
	served := &server{record: taken}
	address := served.listen(t, "127.0.0.1:0")
	use := func() {
		learning, err := New(Options{Target: address, ClientID: "me"})
		if err != nil {
			t.Fatal(err)
		}
		go learning.Follow(t.Context())
		<-served.requests
		<-learning.Record(&learningv1.Task{})
		if err := learning.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	use()
	before := runtime.NumGoroutine()
	for range 50 {
		use()
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before+10 {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, and %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}

func TestWaitsAreBounded(t *testing.T) {
	t.Parallel()
	for seconds, bounds := range map[int64][2]time.Duration{
		-5: {200 * time.Millisecond, time.Second}, 2: {2 * time.Second, 2 * time.Second}, 1e11: {time.Minute, time.Minute},
	} {
		asked := &errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Seconds: seconds}}
		read, err := status.New(codes.Unavailable, "later").WithDetails(asked)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			pause(t.Context(), read.Err())
			if took := time.Since(start); took < bounds[0] || took > bounds[1] {
				t.Errorf("waited %v where %d s were asked for", took, seconds)
			}
		})
	}
}
