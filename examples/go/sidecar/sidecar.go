// Package sidecar is an orchestrator's learning sidecar: it follows its deltas over restarts and
// outages, keeps the last settings while it is away, and records tasks until they are durable.
// To be lifted out as it is, with the code generated from proto/.
package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	learningv1 "example.com/orchestrator/gen/learning/v1"
)

const (
	callTimeout   = 5 * time.Second        // what is not answered within this long is sent again
	bestEffort    = 500 * time.Millisecond // no task is held up longer for its settings, or metrics
	recordWorkers = 16                     // tasks being recorded at once
	queueLimit    = 10_000                 // tasks that wait for a sidecar that is away
	closeTimeout  = 5 * time.Second        // Close does not wait longer, unless it is told to
	ackLimit      = 1000                   // where more wait to be acknowledged, nothing is read
	maxClientID   = 256                    // bytes, as the sidecar has it
)

// ErrDropped is what becomes of a task that found no room, or no time, while the sidecar was away.
var ErrDropped = errors.New("dropped")

// Options say how to reach the sidecar, and whom to tell. Target and ClientID are needed.
type Options struct {
	Target         string                           // host:port or unix:/path
	ClientID       string                           // stays the same over restarts
	Defaults       map[string]any                   // the settings until the sidecar has answered
	OnChange       func(Change) error               // puts settings in force; an error refuses a delta
	OnDisconnected func(*Failure)                   // the sidecar has gone, and is looked for; nil: logged
	Credentials    credentials.TransportCredentials // nil: in the clear
	TokenFile      string                           // read again for each call
	QueueLimit     int                              // beyond, the oldest tasks are dropped; 0: 10,000
}

// Resolved is settings for a task.
type Resolved struct {
	Parameters    map[string]any
	DeltaSequence uint64 // to be sent back in the task
	Arm           learningv1.Arm
	Fallback      bool // the sidecar did not answer in time: these are the last that it told
}

// Sidecar is a connection to one, and what is known of it.
type Sidecar struct {
	Conn    *grpc.ClientConn
	Service learningv1.LearningServiceClient
	options Options
	ctx     context.Context // until Close
	cancel  context.CancelFunc
	known   atomic.Pointer[known]
	dropped atomic.Uint64
	queue   chan job
	full    atomic.Bool // it was, and is not empty again

	closing sync.RWMutex // nothing is added to pending once closed is set
	closed  bool
	pending sync.WaitGroup

	following atomic.Bool
	place     *place // to resume from; only Follow's
	acks      chan *learningv1.AckDeltaRequest
}

type known struct {
	parameters map[string]any
	sequence   uint64
}

type place struct {
	epoch    string
	sequence uint64
}

type job struct {
	task *learningv1.Task
	done chan error
}

// New makes one, which connects at the first call. What the sidecar would refuse for ever is an error at once.
func New(options Options) (*Sidecar, error) {
	if !utf8.ValidString(options.ClientID) || len(options.ClientID) > maxClientID {
		return nil, fmt.Errorf("ClientID %q: expected UTF-8, at most %d bytes", options.ClientID, maxClientID)
	}
	if err := checkTarget(options.Target); err != nil {
		return nil, err
	}
	if options.QueueLimit <= 0 {
		options.QueueLimit = queueLimit
	}
	if options.Credentials == nil {
		options.Credentials = insecure.NewCredentials()
	}
	reconnect := backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(options.Credentials),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 5 * time.Second}),
		// Finds out that a host has gone. Servers may refuse more frequent pings.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithNoProxy(),
	}
	if options.TokenFile != "" {
		file, err := openTokenFile(options.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("TokenFile: %w", err)
		}
		dial = append(dial, grpc.WithPerRPCCredentials(file))
	}
	conn, err := grpc.NewClient(options.Target, dial...)
	if err != nil {
		return nil, err
	}
	s := &Sidecar{
		Conn:    conn,
		Service: learningv1.NewLearningServiceClient(conn),
		options: options,
		queue:   make(chan job, options.QueueLimit),
		acks:    make(chan *learningv1.AckDeltaRequest, ackLimit),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	defaults := maps.Clone(options.Defaults)
	if defaults == nil {
		defaults = map[string]any{}
	}
	s.known.Store(&known{parameters: defaults})
	for range recordWorkers {
		go s.recordTasks()
	}
	return s, nil
}

// Parameters are the settings in force; not to be written to.
func (s *Sidecar) Parameters() map[string]any { return s.known.Load().parameters }

// Dropped counts the tasks that were dropped so far.
func (s *Sidecar) Dropped() uint64 { return s.dropped.Load() }

// Resolve answers the settings for a task, or the last known where the sidecar does not answer in time.
func (s *Sidecar) Resolve(ctx context.Context, taskID string, labels map[string]string) Resolved {
	ctx, cancel := context.WithTimeout(ctx, bestEffort)
	defer cancel()
	request := &learningv1.ResolveParametersRequest{
		TaskId: taskID, Labels: labels, ClientId: s.options.ClientID,
	}
	answer, err := s.Service.ResolveParameters(ctx, request)
	if err != nil {
		// The library has nothing but Internal for what cannot be sent.
		if failure := FailureOf(err); !failure.MayPass() || failure.Code == codes.Internal {
			slog.Warn("no settings for a task", "task", taskID, "error", err)
		}
		known := s.known.Load()
		return Resolved{Parameters: known.parameters, DeltaSequence: known.sequence, Fallback: true}
	}
	return Resolved{Parameters: plain(answer.Parameters), DeltaSequence: answer.DeltaSequence, Arm: answer.Arm}
}

// Record sends a finished task until it is durable, and never blocks. Nobody has to wait for what
// became of it: nil, a *Failure where the sidecar does not take it, or ErrDropped.
func (s *Sidecar) Record(task *learningv1.Task) <-chan error {
	// It may be recorded much later than it finished, and sent more than once.
	task = proto.CloneOf(task)
	if task.TaskId == "" {
		task.TaskId = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	}
	if task.ClientId == "" {
		task.ClientId = s.options.ClientID
	}
	if task.FinishTime == nil {
		task.FinishTime = timestamppb.Now()
	}
	added := job{task, make(chan error, 1)}
	if _, err := proto.Marshal(task); err != nil { // such as text that is not UTF-8
		slog.Warn("a task cannot be sent", "task", task.TaskId, "error", err)
		added.done <- &Failure{Code: codes.InvalidArgument, Message: err.Error()}
		return added.done
	}
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		s.dropped.Add(1)
		added.done <- ErrDropped
		return added.done
	}
	s.pending.Add(1)
	for {
		select {
		case s.queue <- added:
			return added.done
		default:
		}
		select {
		case oldest := <-s.queue:
			if !s.full.Swap(true) {
				slog.Warn("no room for more tasks: the oldest are dropped", "limit", s.options.QueueLimit)
			}
			s.finish(oldest, ErrDropped)
		default:
		}
	}
}

// ReportMetrics reports coordination metrics, once, and does not wait longer than half a second: where a
// report is lost, the next makes up for it. They are this client's, unless they name another.
func (s *Sidecar) ReportMetrics(ctx context.Context, metrics *learningv1.CoordinationMetrics) error {
	ctx, cancel := context.WithTimeout(ctx, bestEffort)
	defer cancel()
	if metrics.GetClientId() == "" {
		metrics = proto.CloneOf(metrics)
		metrics.ClientId = s.options.ClientID
	}
	_, err := s.Service.ReportMetrics(ctx, &learningv1.ReportMetricsRequest{Metrics: metrics})
	return err
}

// Close waits for tasks on their way, until ctx is done, and ends everything. Where ctx has no
// deadline, it waits for 5 s.
func (s *Sidecar) Close(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, closeTimeout)
		defer cancel()
	}
	s.closing.Lock()
	s.closed = true
	s.closing.Unlock()
	recorded := make(chan struct{})
	go func() {
		s.pending.Wait()
		close(recorded)
	}()
	select {
	case <-recorded:
	case <-ctx.Done():
	}
	s.cancel()
	<-recorded
	return s.Conn.Close()
}

func (s *Sidecar) recordTasks() {
	for {
		select {
		case next := <-s.queue:
			_, failure := callWithRetry(s.ctx, s.Service.RecordTask, &learningv1.RecordTaskRequest{Task: next.task})
			if s.ctx.Err() == nil && len(s.queue) == 0 {
				s.full.Store(false)
			}
			switch {
			case failure == nil:
				s.finish(next, nil)
			case s.ctx.Err() != nil:
				s.finish(next, ErrDropped)
			default:
				slog.Warn("a task was refused", "task", next.task.TaskId, "error", failure)
				s.finish(next, failure)
			}
		case <-s.ctx.Done():
			for {
				select {
				case left := <-s.queue:
					s.finish(left, ErrDropped)
				default:
					return
				}
			}
		}
	}
}

func (s *Sidecar) finish(one job, outcome error) {
	if outcome == ErrDropped {
		s.dropped.Add(1)
	}
	one.done <- outcome
	s.pending.Done()
}
