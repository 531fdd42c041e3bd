package sidecar

import (
	"cmp"
	"context"
	crypto "crypto/rand"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

const (
	callDeadline  = 10 * time.Minute // of a call that is repeated; it waits for the connection
	maxRetryDelay = time.Minute      // accepted from the sidecar
)

// ErrDropped is the outcome of a task for which there was no room, or that was not durable when the client closed.
var ErrDropped = errors.New("dropped")

// Outcome of a recorded task.
type Outcome struct {
	// Duplicate is set if the id was recorded before.
	Duplicate bool
	// Err is nil once the task is durable, ErrDropped, or the gRPC status with which it was refused.
	Err error
}

// Record sends a finished task until it is durable, and does not wait for that. The outcome need not be received.
func (s *Sidecar) Record(task *learningv1.Task) <-chan Outcome {
	task = proto.CloneOf(task)
	task.TaskId = cmp.Or(task.TaskId, crypto.Text()) // An id makes it safe to send the task again.
	task.FinishTime = cmp.Or(task.FinishTime, timestamppb.Now())
	request := &learningv1.RecordTaskRequest{Task: task, ClientId: s.options.ClientID}
	settled := make(chan Outcome, 1)
	settle := func(response *learningv1.RecordTaskResponse, err error) {
		if errors.Is(err, ErrDropped) {
			s.dropped.Add(1)
		} else if err != nil {
			slog.Warn("learning sidecar: a task was refused", "task", task.TaskId, "error", err)
		}
		settled <- Outcome{Duplicate: response.GetDuplicate(), Err: err}
	}
	if _, err := proto.Marshal(request); err != nil {
		settle(nil, status.Error(codes.InvalidArgument, err.Error()))
	} else if !s.takeSlot() {
		settle(nil, ErrDropped)
	} else {
		go func() {
			defer func() { <-s.slots }()
			settle(callUntilDecided(s.ctx, s.Service.RecordTask, request))
		}()
	}
	return settled
}

func (s *Sidecar) takeSlot() bool {
	if s.closed.Load() {
		return false
	}
	select {
	case s.slots <- struct{}{}:
		s.full.Store(false)
		return true
	default:
		if !s.full.Swap(true) {
			slog.Warn("learning sidecar: no room for more tasks: the newest are dropped", "limit", cap(s.slots))
		}
		return false
	}
}

// callUntilDecided calls until the sidecar has taken a request or refused it; ErrDropped if ctx ends before.
func callUntilDecided[Q, R any](
	ctx context.Context, call func(context.Context, Q, ...grpc.CallOption) (R, error), request Q,
) (response R, err error) {
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, callDeadline)
		response, err = call(attempt, request, grpc.WaitForReady(true))
		cancel()
		if !isAway(err) {
			return response, err
		}
		pause(ctx, err)
	}
	return response, ErrDropped
}

// pause waits 0.2 to 1 s, or longer if the sidecar asks for it.
func pause(ctx context.Context, err error) {
	asked := Detail[*errdetails.RetryInfo](err).GetRetryDelay().AsDuration()
	delay := 200*time.Millisecond + rand.N(800*time.Millisecond)
	select {
	case <-time.After(max(delay, min(asked, maxRetryDelay))):
	case <-ctx.Done():
	}
}
