package sidecar

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Detail returns what the sidecar says of an error as a T, such as *errdetails.ErrorInfo; nil if it says nothing.
func Detail[T proto.Message](err error) (detail T) {
	for _, each := range status.Convert(err).Details() {
		if found, ok := each.(T); ok {
			detail = found
		}
	}
	return detail
}

func reasonOf(err error) string { return Detail[*errdetails.ErrorInfo](err).GetReason() }

// isAway tells whether a failure may pass by itself, or with another token. What gRPC says of a broken
// connection has no reason.
func isAway(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Unauthenticated:
		return true
	case codes.Internal, codes.Unknown, codes.Canceled:
		return reasonOf(err) == ""
	}
	return false
}
