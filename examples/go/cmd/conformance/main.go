// Command conformance does what test/conformance asks of it, as lines of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	learningv1 "example.com/orchestrator/gen/learning/v1"
	"example.com/orchestrator/internal/access"
	"example.com/orchestrator/sidecar"
)

type object = map[string]any

type command struct {
	ID         json.RawMessage     `json:"id"`
	Do         string              `json:"do"`
	Service    string              `json:"service"`
	Method     string              `json:"method"`
	Request    json.RawMessage     `json:"request"`
	Hex        string              `json:"hex"`
	Batches    [][]json.RawMessage `json:"batches"`
	Task       json.RawMessage     `json:"task"`
	TaskID     string              `json:"task_id"`
	Labels     map[string]string   `json:"labels"`
	Reason     string              `json:"reason"`
	Message    string              `json:"message"`
	DeadlineMS float64             `json:"deadline_ms"`
	Times      int                 `json:"times"`
}

type agent struct {
	options  sidecar.Options
	learning *sidecar.Sidecar
	methods  map[string]unary
	refusal  atomic.Pointer[sidecar.DeltaRefusal]
	reading  sync.Mutex // held while reading is paused
	output   sync.Mutex
}

func main() {
	var flags access.Flags
	flags.Define("conformance-go")
	defaults := flag.String("defaults", "{}", "JSON: the settings until the sidecar has answered")
	flag.Parse()
	a := &agent{}
	options := sidecar.Options{
		Target:         flags.Target,
		ClientID:       flags.ClientID,
		TokenFile:      flags.TokenFile,
		OnChange:       a.putInForce,
		OnDisconnected: a.tellDisconnected,
	}
	var err error
	if err = json.Unmarshal([]byte(*defaults), &options.Defaults); err != nil {
		log.Fatal(err)
	}
	if options.Credentials, err = flags.Credentials(); err != nil {
		log.Fatal(err)
	}
	if a.learning, err = sidecar.New(options); err != nil {
		log.Fatal(err)
	}
	a.options = options
	a.methods = methodsOf(a.learning)
	a.run()
}

func (a *agent) run() {
	ctx, cancel := context.WithCancel(context.Background())
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var c command
		if err := json.Unmarshal(line, &c); err != nil {
			log.Fatal(err)
		}
		go func() {
			ok, err := a.perform(ctx, &c)
			if err != nil {
				a.write(object{"id": c.ID, "error": describe(err)})
				return
			}
			a.write(object{"id": c.ID, "ok": ok})
		}()
	}
	cancel()
	_ = a.learning.Close(ctx)
}

func (a *agent) write(record object) {
	line, err := json.Marshal(record)
	if err != nil {
		log.Fatal(err)
	}
	a.output.Lock()
	defer a.output.Unlock()
	_, _ = os.Stdout.Write(append(line, '\n'))
}

func (a *agent) putInForce(change sidecar.Change) error {
	a.reading.Lock()
	defer a.reading.Unlock()
	if change.Delta != nil {
		if refusal := a.refusal.Swap(nil); refusal != nil {
			return refusal
		}
	}
	a.write(object{
		"event":      "values",
		"source":     change.Source,
		"outcome":    orNull(change.Outcome),
		"epoch":      change.Epoch,
		"sequence":   change.Sequence,
		"delta_id":   orNull(change.Delta.GetDeltaId()),
		"parameters": change.Parameters,
	})
	return nil
}

func (a *agent) tellDisconnected(failure *sidecar.Failure) {
	a.write(object{"event": "disconnected", "code": nameOf(failure.Code), "reason": orNull(failure.Reason)})
}

func (a *agent) perform(ctx context.Context, c *command) (any, error) {
	switch c.Do {
	case "versions":
		return object{
			"language": strings.Replace(runtime.Version(), "go", "Go ", 1),
			"grpc":     "grpc-go " + grpc.Version,
			"protobuf": "protobuf-go " + strings.TrimPrefix(versionOf("google.golang.org/protobuf"), "v"),
		}, nil
	case "call":
		return a.call(ctx, c)
	case "call_raw":
		return a.callRaw(ctx, c)
	case "record_stream":
		return a.recordStream(ctx, c)
	case "follow":
		go a.learning.Follow(ctx)
		return object{}, nil
	case "parameters":
		return a.learning.Parameters(), nil
	case "resolve":
		resolved := a.learning.Resolve(ctx, c.TaskID, c.Labels)
		return object{
			"parameters":     resolved.Parameters,
			"delta_sequence": resolved.DeltaSequence,
			"arm":            resolved.Arm.String(),
			"fallback":       resolved.Fallback,
		}, nil
	case "record":
		task := &learningv1.Task{}
		if err := protojson.Unmarshal(c.Task, task); err != nil {
			return nil, err
		}
		return object{}, <-a.learning.Record(task)
	case "reopen":
		for range c.Times {
			if err := reopen(ctx, a.options); err != nil {
				return nil, err
			}
		}
		files, err := os.ReadDir("/proc/self/fd")
		return object{"threads": runtime.NumGoroutine(), "files": len(files)}, err
	case "refuse_next":
		a.refusal.Store(&sidecar.DeltaRefusal{Reason: c.Reason, Message: c.Message})
		return object{}, nil
	case "pause_reading":
		a.reading.Lock()
		return object{}, nil
	case "resume_reading":
		a.reading.Unlock()
		return object{}, nil
	}
	return nil, fmt.Errorf("unknown command %s", c.Do)
}

// reopen makes another client, from its beginning to its end.
func reopen(ctx context.Context, options sidecar.Options) error {
	snapshot := make(chan struct{}, 1)
	options.OnChange = func(change sidecar.Change) error {
		if change.Source == "snapshot" {
			snapshot <- struct{}{}
		}
		return nil
	}
	other, err := sidecar.New(options)
	if err != nil {
		return err
	}
	go other.Follow(ctx)
	err = <-other.Record(&learningv1.Task{})
	<-snapshot
	return errors.Join(err, other.Close(ctx))
}

// failed is a call's error and trailers.
type failed struct {
	error
	trailer metadata.MD
	counts  any
}

type unary func(ctx context.Context, request []byte, option grpc.CallOption) (proto.Message, error)

// of makes a generated method one that takes JSON.
func of[Q any, R proto.Message, P interface {
	*Q
	proto.Message
}](method func(context.Context, P, ...grpc.CallOption) (R, error)) unary {
	return func(ctx context.Context, request []byte, option grpc.CallOption) (proto.Message, error) {
		message := P(new(Q))
		if err := protojson.Unmarshal(request, message); err != nil {
			return nil, errUnreadable{err}
		}
		return method(ctx, message, option)
	}
}

type errUnreadable struct{ error }

func methodsOf(learning *sidecar.Sidecar) map[string]unary {
	admin := learningv1.NewLearningAdminServiceClient(learning.Conn)
	service := learning.Service
	return map[string]unary{
		"Health.Check":                       of(grpc_health_v1.NewHealthClient(learning.Conn).Check),
		"LearningService.RecordTask":         of(service.RecordTask),
		"LearningService.ReportMetrics":      of(service.ReportMetrics),
		"LearningService.ResolveParameters":  of(service.ResolveParameters),
		"LearningService.AckDelta":           of(service.AckDelta),
		"LearningService.GetStatus":          of(service.GetStatus),
		"LearningService.GetDeltaStatus":     of(service.GetDeltaStatus),
		"LearningService.ListDeltas":         of(service.ListDeltas),
		"LearningService.ListCycles":         of(service.ListCycles),
		"LearningService.GetGains":           of(service.GetGains),
		"LearningAdminService.StartLearning": of(admin.StartLearning),
		"LearningAdminService.StopLearning":  of(admin.StopLearning),
		"LearningAdminService.RunCycle":      of(admin.RunCycle),
		"LearningAdminService.ApproveDelta":  of(admin.ApproveDelta),
		"LearningAdminService.RejectDelta":   of(admin.RejectDelta),
		"LearningAdminService.RevertDelta":   of(admin.RevertDelta),
		"LearningAdminService.SetParameter":  of(admin.SetParameter),
		"LearningAdminService.PauseTrials":   of(admin.PauseTrials),
		"LearningAdminService.ResumeTrials":  of(admin.ResumeTrials),
	}
}

func (a *agent) call(ctx context.Context, c *command) (any, error) {
	method := a.methods[c.Service+"."+c.Method]
	if method == nil {
		return nil, fmt.Errorf("no method %s.%s", c.Service, c.Method)
	}
	if len(c.Request) == 0 {
		c.Request = json.RawMessage("{}")
	}
	ctx, cancel := context.WithTimeout(ctx, c.deadline())
	defer cancel()
	var trailer metadata.MD
	answer, err := method(ctx, c.Request, grpc.Trailer(&trailer))
	if unreadable := (errUnreadable{}); errors.As(err, &unreadable) {
		return nil, err
	}
	if err != nil {
		return nil, &failed{error: err, trailer: trailer}
	}
	text, err := protojson.Marshal(answer)
	return json.RawMessage(text), err
}

func (a *agent) callRaw(ctx context.Context, c *command) (any, error) {
	request, err := hex.DecodeString(c.Hex)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.deadline())
	defer cancel()
	var trailer metadata.MD
	var answer []byte
	options := []grpc.CallOption{grpc.ForceCodecV2(asIs{}), grpc.Trailer(&trailer)}
	if err := a.learning.Conn.Invoke(ctx, c.Method, request, &answer, options...); err != nil {
		return nil, &failed{error: err, trailer: trailer}
	}
	return object{"hex": hex.EncodeToString(answer)}, nil
}

// asIs sends and takes bytes.
type asIs struct{}

var _ encoding.CodecV2 = asIs{}

func (asIs) Name() string { return "proto" }

func (asIs) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

func (asIs) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

func (a *agent) recordStream(ctx context.Context, c *command) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, c.deadline())
	defer cancel()
	counts := object{"recordedCount": "0", "duplicateCount": "0"}
	stream, err := a.learning.Service.RecordTasks(ctx)
	if err != nil {
		return nil, &failed{error: err, counts: counts}
	}
	for _, batch := range c.Batches {
		request := &learningv1.RecordTasksRequest{}
		for _, text := range batch {
			task := &learningv1.Task{}
			if err := protojson.Unmarshal(text, task); err != nil {
				return nil, err
			}
			request.Tasks = append(request.Tasks, task)
		}
		if stream.Send(request) != nil {
			break // Recv says why.
		}
	}
	_ = stream.CloseSend()
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return counts, nil
		}
		if err != nil {
			return nil, &failed{error: err, trailer: stream.Trailer(), counts: counts}
		}
		counts["recordedCount"] = fmt.Sprint(answer.RecordedCount)
		counts["duplicateCount"] = fmt.Sprint(answer.DuplicateCount)
	}
}

func (c *command) deadline() time.Duration {
	if c.DeadlineMS == 0 {
		return 5 * time.Second
	}
	return time.Duration(c.DeadlineMS * float64(time.Millisecond))
}

func describe(err error) object {
	var refused *sidecar.Failure
	var call *failed
	description := object{}
	switch {
	case errors.As(err, &call):
		refused = sidecar.FailureOf(call.error)
		if call.counts != nil {
			description["counts"] = call.counts
		}
		description["pushback_ms"] = nil
		if pushback := call.trailer.Get("grpc-retry-pushback-ms"); len(pushback) > 0 {
			description["pushback_ms"] = pushback[0]
		}
	case errors.As(err, &refused):
	default:
		return object{"code": "AGENT", "message": err.Error()}
	}
	violations := []object{}
	for _, violation := range refused.Violations {
		violations = append(violations, object{"field": violation.Field, "description": violation.Description})
	}
	description["retry_delay_ms"] = nil
	if refused.RetryDelay > 0 {
		description["retry_delay_ms"] = refused.RetryDelay.Milliseconds()
	}
	description["code"], description["message"] = nameOf(refused.Code), refused.Message
	description["reason"], description["domain"] = orNull(refused.Reason), orNull(refused.Domain)
	description["violations"] = violations
	return description
}

// nameOf is as the protocol has it: Go's own differ.
func nameOf(number codes.Code) string { return code.Code_name[int32(number)] }

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func versionOf(path string) string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return "unknown"
}
