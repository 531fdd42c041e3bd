// Command conformance does what test/conformance asks of it, as lines of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
	"example.com/learning-sidecar/clients/go/sidecar"
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
	Parameters []string            `json:"parameters"`
	DeadlineMS float64             `json:"deadline_ms"`
	Times      int                 `json:"times"`
}

type agent struct {
	options  sidecar.Options
	learning *sidecar.Sidecar
	refusal  atomic.Pointer[sidecar.DeltaRefusal] // of the next change
	reading  sync.Mutex                           // held while reading is paused
	output   sync.Mutex
}

func main() {
	options, err := optionsOfFlags()
	if err != nil {
		log.Fatal(err)
	}
	a := &agent{options: options}
	options.OnChange = a.apply
	if a.learning, err = sidecar.New(options); err != nil {
		log.Fatal(err)
	}
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

func (a *agent) apply(change sidecar.Change) error {
	a.reading.Lock()
	defer a.reading.Unlock()
	refusal := a.refusal.Swap(nil)
	if refusal == nil || len(refusal.Parameters) > 0 {
		event := object{
			"event":      "values",
			"source":     change.Source,
			"outcome":    nil,
			"epoch":      change.Epoch,
			"sequence":   change.Sequence,
			"delta_id":   nil,
			"changed":    change.Changed,
			"parameters": change.Parameters,
		}
		if change.Delta == nil {
			event["outcome"] = change.Outcome.String()
		} else {
			event["delta_id"] = change.Delta.DeltaId
		}
		a.write(event)
	}
	if refusal == nil {
		return nil
	}
	return refusal
}

func (a *agent) perform(ctx context.Context, c *command) (any, error) {
	switch c.Do {
	case "versions":
		return versions(), nil
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
			"fallback":       resolved.IsFallback,
		}, nil
	case "record":
		return a.record(c)
	case "reopen":
		for range c.Times {
			if err := reopen(ctx, a.options); err != nil {
				return nil, err
			}
		}
		files, err := os.ReadDir("/proc/self/fd")
		return object{"threads": runtime.NumGoroutine(), "files": len(files)}, err
	case "refuse_next":
		a.refusal.Store(&sidecar.DeltaRefusal{Reason: c.Reason, Message: c.Message, Parameters: c.Parameters})
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

func (a *agent) record(c *command) (any, error) {
	task := &learningv1.Task{}
	if err := protojson.Unmarshal(c.Task, task); err != nil {
		return nil, err
	}
	outcome := <-a.learning.Record(task)
	switch {
	case outcome.Err == sidecar.ErrDropped:
		return object{"outcome": "dropped"}, nil
	case outcome.Duplicate:
		return object{"outcome": "duplicate"}, nil
	}
	return object{"outcome": "recorded"}, outcome.Err
}

// reopen makes another client, from its beginning to its end.
func reopen(ctx context.Context, options sidecar.Options) error {
	snapshot := make(chan struct{}, 1)
	options.OnChange = func(change sidecar.Change) error {
		if change.Source == sidecar.SourceSnapshot {
			snapshot <- struct{}{}
		}
		return nil
	}
	other, err := sidecar.New(options)
	if err != nil {
		return err
	}
	go other.Follow(ctx)
	outcome := <-other.Record(&learningv1.Task{})
	<-snapshot
	_ = other.Close(ctx)
	return outcome.Err
}

func versions() object {
	protobuf := "unknown"
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "google.golang.org/protobuf" {
			protobuf = strings.TrimPrefix(module.Version, "v")
		}
	}
	return object{
		"language": strings.Replace(runtime.Version(), "go", "Go ", 1),
		"grpc":     "grpc-go " + grpc.Version,
		"protobuf": "protobuf-go " + protobuf,
	}
}
