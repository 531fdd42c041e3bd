package sidecar

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

func TestResolveAnswersInTime(t *testing.T) {
	t.Parallel()
	var isHung atomic.Bool
	served := &server{
		resolve: func(ctx context.Context, request *learningv1.ResolveParametersRequest) (*learningv1.ResolveParametersResponse, error) {
			if isHung.Load() {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			if request.TaskId != "t" || request.Labels["kind"] != "draft" || request.ClientId != "me" {
				t.Error(request)
			}
			return &learningv1.ResolveParametersResponse{DeltaSequence: 7, Arm: learningv1.Arm_ARM_NEW}, nil
		},
	}
	learning := open(t, served, Options{Defaults: fields{"level": 1}})
	labels := map[string]string{"kind": "draft"}
	resolved := learning.Resolve(t.Context(), "t", labels)
	if resolved.IsFallback || resolved.DeltaSequence != 7 || resolved.Arm != learningv1.Arm_ARM_NEW || len(resolved.Parameters) > 0 {
		t.Error(resolved)
	}
	isHung.Store(true)
	start := time.Now()
	if resolved := learning.Resolve(t.Context(), "t", labels); !resolved.IsFallback || resolved.Parameters.Int("level", 0) != 1 {
		t.Error(resolved)
	}
	if err := learning.ReportMetrics(t.Context(), &learningv1.CoordinationMetrics{}); status.Code(err) != codes.DeadlineExceeded {
		t.Error(err)
	}
	if took := time.Since(start); took < 2*answerDeadline || took > 2*answerDeadline+time.Second {
		t.Error(took)
	}
}

func TestResolveDoesNotWaitForASidecarThatIsAway(t *testing.T) {
	t.Parallel()
	learning := openAt(t, Options{Target: "127.0.0.1:1"})
	learning.Resolve(t.Context(), "t", nil)
	start := time.Now()
	for range 100 {
		if resolved := learning.Resolve(t.Context(), "t", nil); !resolved.IsFallback {
			t.Error(resolved)
		}
	}
	if took := time.Since(start); took > answerDeadline {
		t.Error(took)
	}
}

func TestARefusedResolveIsLogged(t *testing.T) {
	lines := logLines(t)
	served := &server{
		resolve: func(context.Context, *learningv1.ResolveParametersRequest) (*learningv1.ResolveParametersResponse, error) {
			return nil, refused(t, codes.InvalidArgument, "INVALID_FIELD")
		},
	}
	if resolved := open(t, served, Options{}).Resolve(t.Context(), "t", nil); !resolved.IsFallback {
		t.Error(resolved)
	}
	if logged := lines(); len(logged) != 1 || !strings.Contains(logged[0], "InvalidArgument") {
		t.Error(logged)
	}
}
