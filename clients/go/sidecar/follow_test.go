package sidecar

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
)

var (
	number = structpb.NewNumberValue
	away   = status.Error(codes.Unavailable, "the end")
)

func TestFollowReopensWithoutAPlaceAndTellsWhatDiffers(t *testing.T) {
	t.Parallel()
	served := &server{streams: []stream{
		{end: away, messages: []*learningv1.StreamDeltasResponse{
			snapshotOf(t, 4, fields{"level": 4, "text": "a"}, map[string]string{"level": "d4"}),
			deltaOf(5, "d5", "level", number(5)),
			{Epoch: "e", Sequence: 6, Event: &learningv1.StreamDeltasResponse_Heartbeat{}},
		}},
		{end: away, messages: []*learningv1.StreamDeltasResponse{
			snapshotOf(t, 9, fields{"level": 9, "text": "a"}, map[string]string{"level": "d9", "text": "d0"}),
			deltaOf(10, "d10", "text", nil),
		}},
	}}
	changes := make(chan Change, 10)
	learning := open(t, served, Options{
		Defaults: fields{"level": 4, "gone": true},
		OnChange: func(change Change) error { changes <- change; return nil },
	})
	if level := learning.Parameters().Int("level", 0); level != 4 {
		t.Errorf("level is %d before the sidecar answers", level)
	}
	go learning.Follow(t.Context())
	for _, want := range []Change{
		{Source: "snapshot", Sequence: 4, Changed: map[string]string{"text": "", "gone": ""}, Parameters: Values{"level": 4.0, "text": "a"}},
		{Source: "delta", Sequence: 5, Changed: map[string]string{"level": "d5"}, Parameters: Values{"level": 5.0, "text": "a"}},
		{Source: "snapshot", Sequence: 9, Changed: map[string]string{"level": "d9"}, Parameters: Values{"level": 9.0, "text": "a"}},
		{Source: "delta", Sequence: 10, Changed: map[string]string{"text": "d10"}, Parameters: Values{"level": 9.0}},
	} {
		change := <-changes
		if (change.Delta != nil) != (want.Source == SourceDelta) || change.Epoch != "e" {
			t.Errorf("%+v", change)
		}
		want.Epoch, want.Delta, want.Outcome = change.Epoch, change.Delta, change.Outcome
		if !reflect.DeepEqual(change, want) {
			t.Errorf("%+v, want %+v", change, want)
		}
	}
	for range 2 {
		if request := <-served.requests; request.AfterSequence != nil || request.Epoch != "" || request.ClientId != "me" {
			t.Errorf("opened by %v", request)
		}
	}
	for _, want := range []string{"d5", "d9", "d10"} {
		if ack := <-served.acks; ack.DeltaId != want || ack.Error != nil || ack.Epoch != "e" || ack.ClientId != "me" {
			t.Errorf("acknowledged %v, want %s", ack, want)
		}
	}
	if sequence := learning.Sequence(); sequence != 10 {
		t.Error(sequence)
	}
}

func TestADeltaIsAnsweredEvenIfItChangesNothing(t *testing.T) {
	t.Parallel()
	isRefused := false
	served := &server{streams: []stream{{messages: []*learningv1.StreamDeltasResponse{
		deltaOf(1, "d1", "level", number(1)),
		deltaOf(2, "d2", "level", number(1)),
	}}}}
	learning := open(t, served, Options{Defaults: fields{"level": 1}, OnChange: func(change Change) error {
		if len(change.Changed) > 0 {
			t.Errorf("changed: %v", change.Changed)
		}
		if isRefused {
			return errors.New("not twice")
		}
		isRefused = true
		return nil
	}})
	go learning.Follow(t.Context())
	if ack := <-served.acks; ack.DeltaId != "d1" || ack.Error != nil {
		t.Error(ack)
	}
	if ack := <-served.acks; ack.DeltaId != "d2" || ack.Error == nil {
		t.Error(ack)
	}
}

func TestOnChangeRefusesWhatItNamesOrAll(t *testing.T) {
	t.Parallel()
	served := &server{streams: []stream{{messages: []*learningv1.StreamDeltasResponse{
		snapshotOf(t, 2, fields{"level": 7, "text": "fine"}, map[string]string{"level": "d1", "text": "d2"}),
		deltaOf(3, "d3", "text", nil),
		deltaOf(4, "d4", "more", number(1)),
	}}}}
	learning := open(t, served, Options{Defaults: fields{"level": 0}, OnChange: func(change Change) error {
		if change.Source == SourceSnapshot {
			return &DeltaRefusal{Reason: "NO", Message: "not with us", Parameters: []string{"level"}}
		}
		return errors.New("\xff" + strings.Repeat("ä", 1000))
	}})
	go learning.Follow(t.Context())
	acks := []*learningv1.AckDeltaRequest{<-served.acks, <-served.acks}
	slices.SortFunc(acks, func(a, b *learningv1.AckDeltaRequest) int { return strings.Compare(a.DeltaId, b.DeltaId) })
	if refusal := acks[0].Error; refusal.GetReason() != "NO" || refusal.GetMessage() != "not with us" || acks[1].Error != nil {
		t.Error(acks)
	}
	for _, id := range []string{"d3", "d4"} {
		ack := <-served.acks
		if ack.DeltaId != id || ack.Error.GetReason() != "NOT_PUT_IN_FORCE" || len(ack.Error.GetMessage()) < 1000 {
			t.Error(ack)
		}
	}
	if live := learning.Parameters(); !reflect.DeepEqual(live, Values{"level": 0.0, "text": "fine"}) {
		t.Error(live)
	}
}

func TestARefusalIsRepeatedUntilItIsTakenAndAnAcknowledgementIsNot(t *testing.T) {
	t.Parallel()
	failures := map[string]int{"d1": 2, "d2": 2}
	served := &server{
		streams: []stream{{messages: []*learningv1.StreamDeltasResponse{
			deltaOf(1, "d1", "level", number(1)),
			deltaOf(2, "d2", "level", number(2)),
			deltaOf(3, "d3", "level", number(3)),
		}}},
		ack: func(request *learningv1.AckDeltaRequest) error {
			if failures[request.DeltaId]--; failures[request.DeltaId] >= 0 {
				return status.Error(codes.Unauthenticated, "another token, please")
			}
			return nil
		},
	}
	learning := open(t, served, Options{OnChange: func(change Change) error {
		if change.Sequence == 1 {
			return &DeltaRefusal{Reason: "NO"}
		}
		return nil
	}})
	go learning.Follow(t.Context())
	for _, want := range []string{"d1", "d1", "d1", "d2", "d3"} {
		if ack := <-served.acks; ack.DeltaId != want {
			t.Errorf("answered %v, want %s", ack, want)
		}
	}
}

func TestARefusalThatIsNotTakenIsLogged(t *testing.T) {
	lines := logLines(t)
	served := &server{
		streams: []stream{{messages: []*learningv1.StreamDeltasResponse{
			deltaOf(1, "d1", "level", number(1)),
			deltaOf(2, "d2", "level", number(2)),
		}}},
		ack: func(*learningv1.AckDeltaRequest) error { return refused(t, codes.FailedPrecondition, "DELTA_STATE") },
	}
	learning := open(t, served, Options{OnChange: func(change Change) error {
		if change.Sequence == 1 {
			return &DeltaRefusal{Reason: "NO"}
		}
		return nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go learning.Follow(ctx)
	<-served.acks
	<-served.acks
	if logged := lines(); len(logged) != 1 || !strings.Contains(logged[0], "delta=d1") {
		t.Error(logged)
	}
}

func TestAnOutageIsLoggedOnceForEachReason(t *testing.T) {
	lines := logLines(t)
	snapshots := []*learningv1.StreamDeltasResponse{snapshotOf(t, 1, nil, nil)}
	noToken := refused(t, codes.Unauthenticated, "NO_TOKEN")
	served := &server{streams: []stream{
		{end: away}, {end: away}, {end: noToken}, {end: noToken, messages: snapshots}, {end: noToken},
	}}
	learning := open(t, served, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		learning.Follow(ctx)
		close(ended)
	}()
	for range 6 {
		<-served.requests
	}
	cancel()
	<-ended
	logged := lines()
	if len(logged) != 3 {
		t.Fatal(logged)
	}
	for i, want := range []string{"Unavailable", "NO_TOKEN", "NO_TOKEN"} {
		if !strings.Contains(logged[i], want) {
			t.Errorf("%s: no %s", logged[i], want)
		}
	}
}

func TestCloseEndsFollow(t *testing.T) {
	lines := logLines(t)
	served := &server{}
	learning := open(t, served, Options{})
	ended := make(chan struct{})
	go func() {
		learning.Follow(t.Context())
		close(ended)
	}()
	<-served.requests
	if err := learning.Close(t.Context()); err != nil {
		t.Error(err)
	}
	<-ended
	learning.Follow(t.Context())
	if logged := lines(); len(logged) > 0 {
		t.Error(logged)
	}
}
