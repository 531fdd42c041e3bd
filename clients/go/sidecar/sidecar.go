// Package sidecar is the client of a learning sidecar: it keeps the live parameter values, resolves them for
// tasks, and records finished tasks until they are durable. An outage is never an error that the orchestrator
// has to handle.
package sidecar

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

const (
	answerDeadline    = 500 * time.Millisecond // of Resolve and ReportMetrics
	closeTimeout      = 5 * time.Second
	defaultMaxPending = 1000
)

// Sidecar is a client. Its methods may be called concurrently.
type Sidecar struct {
	// Service has the raw calls of LearningService.
	Service learningv1.LearningServiceClient
	// Conn is the connection, for clients of other services.
	Conn *grpc.ClientConn

	options      Options
	ctx          context.Context // ends when the client is closed
	cancel       context.CancelFunc
	live         atomic.Pointer[live]
	following    sync.Mutex
	slots        chan struct{} // one for each task in flight
	closed, full atomic.Bool
	dropped      atomic.Uint64
}

type live struct {
	parameters Values
	sequence   uint64
}

// New makes a client, which connects at its first call. It returns an error for invalid options.
func New(options Options) (*Sidecar, error) {
	defaults, err := structpb.NewStruct(options.Defaults)
	if err != nil {
		return nil, fmt.Errorf("Defaults: %w", err)
	}
	conn, err := connect(options)
	if err != nil {
		return nil, err
	}
	s := &Sidecar{Service: learningv1.NewLearningServiceClient(conn), Conn: conn, options: options}
	s.slots = make(chan struct{}, cmp.Or(options.MaxPending, defaultMaxPending))
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.live.Store(&live{parameters: defaults.AsMap()})
	return s, nil
}

// Parameters returns the live values.
func (s *Sidecar) Parameters() Values { return s.live.Load().parameters }

// Sequence returns that of the newest delta; 0 before the first.
func (s *Sidecar) Sequence() uint64 { return s.live.Load().sequence }

// Dropped counts the tasks with the outcome ErrDropped.
func (s *Sidecar) Dropped() uint64 { return s.dropped.Load() }

// Resolved are parameter values for a task.
type Resolved struct {
	Parameters Values
	// DeltaSequence is to be sent back as Task.DeltaSequence.
	DeltaSequence uint64
	// Arm of the task in a trial.
	Arm learningv1.Arm
	// IsFallback is set if the sidecar did not answer: these are the live values of this client.
	IsFallback bool
}

// Resolve returns the values for a task within 500 ms.
func (s *Sidecar) Resolve(ctx context.Context, taskID string, labels map[string]string) Resolved {
	ctx, cancel := context.WithTimeout(ctx, answerDeadline)
	defer cancel()
	request := &learningv1.ResolveParametersRequest{TaskId: taskID, Labels: labels, ClientId: s.options.ClientID}
	response, err := s.Service.ResolveParameters(ctx, request)
	if err == nil {
		parameters := valuesOf(response.Parameters)
		return Resolved{Parameters: parameters, DeltaSequence: response.DeltaSequence, Arm: response.Arm}
	}
	if !isAway(err) {
		slog.Warn("learning sidecar: no values for a task", "task", taskID, "error", err)
	}
	known := s.live.Load()
	return Resolved{Parameters: known.parameters, DeltaSequence: known.sequence, IsFallback: true}
}

// ReportMetrics reports coordination metrics, once and within 500 ms: the next report replaces a lost one.
func (s *Sidecar) ReportMetrics(ctx context.Context, metrics *learningv1.CoordinationMetrics) error {
	ctx, cancel := context.WithTimeout(ctx, answerDeadline)
	defer cancel()
	metrics = proto.CloneOf(metrics)
	metrics.ClientId = cmp.Or(metrics.ClientId, s.options.ClientID)
	_, err := s.Service.ReportMetrics(ctx, &learningv1.ReportMetricsRequest{Metrics: metrics})
	return err
}

// Close waits for tasks in flight until ctx ends, or 5 s if it has no deadline, and drops those that are left.
func (s *Sidecar) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	if _, hasDeadline := ctx.Deadline(); !hasDeadline {
		bounded, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		ctx = bounded
	}
	defer context.AfterFunc(ctx, s.cancel)()
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	s.cancel()
	return s.Conn.Close()
}
