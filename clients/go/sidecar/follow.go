package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

const ackDeadline = 5 * time.Second

// Follow keeps the values live until ctx ends or the client is closed: it calls OnChange, acknowledges or refuses
// deltas, and opens the stream again after each break. A second call waits for the first one to end.
func (s *Sidecar) Follow(ctx context.Context) {
	s.following.Lock()
	defer s.following.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	logged := "" // The outage that was logged, until the next message.
	for ctx.Err() == nil && s.ctx.Err() == nil {
		stream, err := s.Service.StreamDeltas(ctx, &learningv1.StreamDeltasRequest{ClientId: s.options.ClientID})
		for err == nil {
			var message *learningv1.StreamDeltasResponse
			if message, err = stream.Recv(); err == nil {
				logged = ""
				s.take(ctx, message)
			}
		}
		outage := fmt.Sprint(status.Code(err), " ", reasonOf(err))
		if outage != logged && ctx.Err() == nil && s.ctx.Err() == nil {
			slog.Warn("learning sidecar: away, and tried again", "reason", reasonOf(err), "error", err)
			logged = outage
		}
		pause(ctx, err)
	}
}

// take puts in force what a message says, except what OnChange refuses, and answers its deltas.
func (s *Sidecar) take(ctx context.Context, message *learningv1.StreamDeltasResponse) {
	known := s.live.Load().parameters
	change, deltas := changeOf(message, known)
	if change.Source == "" {
		s.live.Store(&live{known, message.Sequence})
		return
	}
	var refusal *DeltaRefusal
	if s.options.OnChange != nil {
		refusal = refusalOf(s.options.OnChange(change))
	}
	s.live.Store(&live{change.without(refusal, known), message.Sequence})
	for parameter, deltaID := range deltas {
		request := &learningv1.AckDeltaRequest{ClientId: s.options.ClientID, Epoch: message.Epoch, DeltaId: deltaID}
		switch {
		case deltaID == "":
		case refusal.has(parameter):
			request.Error = &learningv1.AckError{Reason: clip(refusal.Reason, 256), Message: clip(refusal.Message, 1024)}
			if _, err := callUntilDecided(ctx, s.Service.AckDelta, request); err != nil && !errors.Is(err, ErrDropped) {
				slog.Warn("learning sidecar: a refusal was not taken", "delta", deltaID, "error", err)
			}
		default:
			// The next acknowledgement covers one that is lost.
			bounded, cancel := context.WithTimeout(ctx, ackDeadline)
			_, _ = s.Service.AckDelta(bounded, request)
			cancel()
		}
	}
}

// clip returns the whole characters that fit.
func clip(text string, bytes int) string {
	return strings.ToValidUTF8(text[:min(len(text), bytes)], "")
}
