package sidecar

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	retryCap      = time.Minute // whatever the sidecar asks for
	internalLimit = 10          // calls in a row that fail within the library, before a request is given up
)

// callWithRetry calls until it is answered for good. What the request names makes that safe.
func callWithRetry[Q, R any](
	ctx context.Context, call func(context.Context, Q, ...grpc.CallOption) (R, error), request Q,
) (R, *Failure) {
	var delays delays
	internal, told := 0, false
	for {
		callCtx, cancel := context.WithTimeout(ctx, callTimeout)
		answer, err := call(callCtx, request)
		cancel()
		if err == nil {
			return answer, nil
		}
		failure := FailureOf(err)
		if internal++; failure.Code != codes.Internal {
			internal = 0
		}
		// What is queued can wait for a token that is being exchanged.
		noToken := failure.Code == codes.Unauthenticated
		if !failure.MayPass() && !noToken || internal >= internalLimit || ctx.Err() != nil {
			return answer, failure
		}
		if noToken && !told {
			slog.Warn("trying again, with what is in the token file by then", "error", failure)
			told = true
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
			failure.RetryDelay = min(max(detail.RetryDelay.AsDuration(), 0), retryCap)
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
