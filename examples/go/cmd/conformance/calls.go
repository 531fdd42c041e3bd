package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/health/grpc_health_v1" // its descriptor
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
	"example.com/learning-sidecar/clients/go/sidecar"
)

// failed is a call's error and trailers.
type failed struct {
	error
	trailer metadata.MD
	counts  any
}

// call makes any unary call of a service that is linked in.
func (a *agent) call(ctx context.Context, c *command) (any, error) {
	service := protoreflect.FullName("learning.v1." + c.Service)
	if c.Service == "Health" {
		service = "grpc.health.v1.Health"
	}
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(service.Append(protoreflect.Name(c.Method)))
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, fmt.Errorf("no method %s.%s: %w", service, c.Method, err)
	}
	request, response := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	if len(c.Request) > 0 {
		if err := protojson.Unmarshal(c.Request, request); err != nil {
			return nil, err
		}
	}
	if err := a.invoke(ctx, c, fmt.Sprintf("/%s/%s", service, c.Method), request, response); err != nil {
		return nil, err
	}
	text, err := protojson.Marshal(response)
	return json.RawMessage(text), err
}

func (a *agent) callRaw(ctx context.Context, c *command) (any, error) {
	request, err := hex.DecodeString(c.Hex)
	if err != nil {
		return nil, err
	}
	var response []byte
	err = a.invoke(ctx, c, c.Method, request, &response, grpc.ForceCodecV2(asIs{}))
	return object{"hex": hex.EncodeToString(response)}, err
}

func (a *agent) invoke(ctx context.Context, c *command, method string, request, response any, options ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, c.deadline())
	defer cancel()
	var trailer metadata.MD
	if err := a.learning.Conn.Invoke(ctx, method, request, response, append(options, grpc.Trailer(&trailer))...); err != nil {
		return &failed{error: err, trailer: trailer}
	}
	return nil
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

// describe returns an error as the protocol has it.
func describe(err error) object {
	description := object{}
	if call := (*failed)(nil); errors.As(err, &call) {
		err = call.error
		if call.counts != nil {
			description["counts"] = call.counts
		}
		description["pushback_ms"] = nil
		if pushback := call.trailer.Get("grpc-retry-pushback-ms"); len(pushback) > 0 {
			description["pushback_ms"] = pushback[0]
		}
	} else if _, ok := status.FromError(err); !ok {
		return object{"code": "AGENT", "message": err.Error()}
	}
	violations := []object{}
	for _, violation := range sidecar.Detail[*errdetails.BadRequest](err).GetFieldViolations() {
		violations = append(violations, object{"field": violation.Field, "description": violation.Description})
	}
	description["violations"] = violations
	description["retry_delay_ms"] = nil
	if retry := sidecar.Detail[*errdetails.RetryInfo](err); retry != nil {
		description["retry_delay_ms"] = retry.RetryDelay.AsDuration().Milliseconds()
	}
	info := sidecar.Detail[*errdetails.ErrorInfo](err)
	description["reason"], description["domain"] = info.GetReason(), info.GetDomain()
	description["code"] = code.Code_name[int32(status.Code(err))] // Go's own names differ.
	description["message"] = status.Convert(err).Message()
	return description
}
