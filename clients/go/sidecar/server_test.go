package sidecar

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

// server answers as a test wants it to.
type server struct {
	learningv1.UnimplementedLearningServiceServer
	record  func(context.Context, *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error)
	resolve func(context.Context, *learningv1.ResolveParametersRequest) (*learningv1.ResolveParametersResponse, error)
	ack     func(*learningv1.AckDeltaRequest) error
	// streams are what each stream in turn is sent before it ends; one after the last has nothing and does not end.
	streams  []stream
	requests chan *learningv1.StreamDeltasRequest
	acks     chan *learningv1.AckDeltaRequest
	mutex    sync.Mutex
}

type stream struct {
	messages []*learningv1.StreamDeltasResponse
	end      error
}

func (s *server) RecordTask(ctx context.Context, request *learningv1.RecordTaskRequest) (*learningv1.RecordTaskResponse, error) {
	return s.record(ctx, request)
}

func (s *server) ResolveParameters(
	ctx context.Context, request *learningv1.ResolveParametersRequest,
) (*learningv1.ResolveParametersResponse, error) {
	return s.resolve(ctx, request)
}

func (s *server) ReportMetrics(ctx context.Context, _ *learningv1.ReportMetricsRequest) (*learningv1.ReportMetricsResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *server) AckDelta(_ context.Context, request *learningv1.AckDeltaRequest) (*learningv1.AckDeltaResponse, error) {
	s.acks <- request
	if s.ack == nil {
		return &learningv1.AckDeltaResponse{}, nil
	}
	return &learningv1.AckDeltaResponse{}, s.ack(request)
}

func (s *server) StreamDeltas(
	request *learningv1.StreamDeltasRequest, to grpc.ServerStreamingServer[learningv1.StreamDeltasResponse],
) error {
	s.requests <- request
	s.mutex.Lock()
	if len(s.streams) == 0 {
		s.mutex.Unlock()
		<-to.Context().Done()
		return nil
	}
	next := s.streams[0]
	s.streams = s.streams[1:]
	s.mutex.Unlock()
	for _, message := range next.messages {
		if err := to.Send(message); err != nil {
			return err
		}
	}
	return next.end
}

// listen serves at host:port or unix:/path until the test ends.
func (s *server) listen(t *testing.T, address string) string {
	t.Helper()
	network := "tcp"
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s.requests = make(chan *learningv1.StreamDeltasRequest, 100)
	s.acks = make(chan *learningv1.AckDeltaRequest, 100)
	served := grpc.NewServer()
	learningv1.RegisterLearningServiceServer(served, s)
	go served.Serve(listener) //nolint:errcheck // It ends with the test.
	t.Cleanup(served.Stop)
	return listener.Addr().String()
}

// open makes a client of a server, until the test ends.
func open(t *testing.T, s *server, options Options) *Sidecar {
	t.Helper()
	options.Target = s.listen(t, "127.0.0.1:0")
	return openAt(t, options)
}

func openAt(t *testing.T, options Options) *Sidecar {
	t.Helper()
	if options.ClientID == "" {
		options.ClientID = "me"
	}
	learning, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = learning.Close(ended)
	})
	return learning
}

func refused(t *testing.T, code codes.Code, reason string) error {
	t.Helper()
	read, err := status.New(code, "not now").WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "learning.v1"})
	if err != nil {
		t.Fatal(err)
	}
	return read.Err()
}

type fields = map[string]any

func snapshotOf(t *testing.T, sequence uint64, parameters fields, deltaIDs map[string]string) *learningv1.StreamDeltasResponse {
	t.Helper()
	values, err := structpb.NewStruct(parameters)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := &learningv1.Snapshot{
		Outcome: learningv1.SnapshotOutcome_SNAPSHOT_OUTCOME_INITIAL, Parameters: values.Fields, DeltaIds: deltaIDs,
	}
	event := &learningv1.StreamDeltasResponse_Snapshot{Snapshot: snapshot}
	return &learningv1.StreamDeltasResponse{Epoch: "e", Sequence: sequence, Event: event}
}

// deltaOf sets a parameter, or takes it away.
func deltaOf(sequence uint64, id, target string, value *structpb.Value) *learningv1.StreamDeltasResponse {
	delta := &learningv1.Delta{DeltaId: id, Sequence: sequence, Target: target, NewValue: value}
	event := &learningv1.StreamDeltasResponse_Delta{Delta: delta}
	return &learningv1.StreamDeltasResponse{Epoch: "e", Sequence: sequence, Event: event}
}

// logLines returns what has been logged since it was called. Tests that use it are not parallel.
func logLines(t *testing.T) func() []string {
	var mutex sync.Mutex
	var text strings.Builder
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(writer(func(line []byte) (int, error) {
		mutex.Lock()
		defer mutex.Unlock()
		return text.Write(line)
	}), nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		return strings.FieldsFunc(text.String(), func(r rune) bool { return r == '\n' })
	}
}

type writer func([]byte) (int, error)

var _ io.Writer = writer(nil)

func (w writer) Write(line []byte) (int, error) { return w(line) }
