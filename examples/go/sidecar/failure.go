package sidecar

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// insist calls until it is answered for good. What the request names makes that safe.
func insist[Q, R any](
	ctx context.Context, call func(context.Context, Q, ...grpc.CallOption) (R, error), request Q,
) (R, *Failure) {
	for delays := delays(0); ; {
		callCtx, cancel := context.WithTimeout(ctx, callTimeout)
		answer, err := call(callCtx, request)
		cancel()
		if err == nil {
			return answer, nil
		}
		failure := FailureOf(err)
		if !failure.MayPass() || ctx.Err() != nil {
			return answer, failure
		}
		sleep(ctx, max(delays.next(), failure.RetryDelay))
	}
}

// Failure is why a call failed, with all that the sidecar said of it.
type Failure struct {
	Code       codes.Code
	Message    string
	Reason     string // such as INVALID_FIELD; empty: the sidecar itself did not answer
	Domain     string
	Violations []*errdetails.BadRequest_FieldViolation
	RetryDelay time.Duration // 0: the sidecar said nothing of trying again
}

// FailureOf reads the error of a call.
func FailureOf(err error) *Failure {
	read := status.Convert(err)
	failure := &Failure{Code: read.Code(), Message: read.Message()}
	for _, detail := range read.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			failure.Reason, failure.Domain = detail.Reason, detail.Domain
		case *errdetails.BadRequest:
			failure.Violations = detail.FieldViolations
		case *errdetails.RetryInfo:
			failure.RetryDelay = detail.RetryDelay.AsDuration()
		}
	}
	return failure
}

func (f *Failure) Error() string { return fmt.Sprintf("%v %s: %s", f.Code, f.Reason, f.Message) }

// MayPass says whether trying again may help. What the library says of a broken connection has no reason.
func (f *Failure) MayPass() bool {
	switch f.Code {
	case codes.Unavailable, codes.DeadlineExceeded:
		return true
	case codes.Internal, codes.Unknown, codes.Canceled, codes.Aborted:
		return f.Reason == ""
	}
	return false
}

// delays double up to a second; each is shortened at random, so that clients spread.
type delays time.Duration

func (d *delays) next() time.Duration {
	*d = min(max(2**d, delays(200*time.Millisecond)), delays(time.Second))
	return rand.N(time.Duration(*d))
}

func sleep(ctx context.Context, delay time.Duration) {
	select {
	case <-time.After(delay):
	case <-ctx.Done():
	}
}
