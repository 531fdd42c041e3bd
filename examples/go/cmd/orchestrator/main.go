// Command orchestrator runs simulated sub-agents by the values that the sidecar learns.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"sync"
	"time"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
	"example.com/learning-sidecar/clients/go/sidecar"
)

const strategy = "primary_coordination_strategy"

func main() {
	target := flag.String("target", "127.0.0.1:50051", "host:port or unix:/path of the sidecar")
	tasks := flag.Int("tasks", 1000, "tasks to run")
	rate := flag.Float64("rate", 20, "tasks per second")
	agents := flag.Int("agents", 12, "sub-agents")
	flag.Parse()
	learning, err := sidecar.New(sidecar.Options{
		Target:   *target,
		ClientID: "orchestrator-go",
		Defaults: map[string]any{strategy: "sequential"},
		OnChange: apply,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	go learning.Follow(ctx)
	var running sync.WaitGroup
	ticks := time.Tick(time.Duration(float64(time.Second) / *rate))
	for number := range *tasks {
		<-ticks
		running.Go(func() { runTask(ctx, learning, fmt.Sprintf("agent-%d", number%*agents), *agents) })
		if number%int(max(*rate, 1)) == 0 { // each second
			metrics := &learningv1.CoordinationMetrics{SubAgentCount: uint32(*agents), CpuPercent: 55 + 15*rand.Float64()}
			_ = learning.ReportMetrics(ctx, metrics)
		}
	}
	running.Wait()
	_ = learning.Close(ctx)
	log.Printf("%d tasks, %d of them dropped; in force: %v", *tasks, learning.Dropped(), learning.Parameters())
}

// apply is where a real orchestrator reconfigures itself.
func apply(change sidecar.Change) error {
	switch value := change.Parameters.String(strategy, ""); value {
	case "sequential", "adaptive":
	default:
		refusal := &sidecar.DeltaRefusal{Reason: "UNSUPPORTED_VALUE", Message: "no strategy " + value}
		refusal.Parameters = []string{strategy}
		return refusal
	}
	for name := range change.Changed {
		log.Printf("%s %d: %s = %v (%s)", change.Source, change.Sequence, name, change.Parameters[name], change.Delta.GetReasoning())
	}
	return nil
}

func runTask(ctx context.Context, learning *sidecar.Sidecar, agent string, agents int) {
	id := fmt.Sprintf("task-%016x", rand.Uint64())
	resolved := learning.Resolve(ctx, id, nil)
	milliseconds, failing := 40+10*float64(agents), 0.1 // Sequential coordination costs more with more agents.
	if resolved.Parameters.String(strategy, "sequential") == "adaptive" {
		milliseconds, failing = 80, 0.03
	}
	milliseconds *= 0.8 + 0.4*rand.Float64()
	time.Sleep(time.Duration(milliseconds * float64(time.Millisecond)))
	outcome := learningv1.TaskStatus_TASK_STATUS_SUCCESS
	if rand.Float64() < failing {
		outcome = learningv1.TaskStatus_TASK_STATUS_FAILURE
	}
	learning.Record(&learningv1.Task{
		TaskId: id, AgentId: agent, Status: outcome, LatencyMs: &milliseconds, DeltaSequence: resolved.DeltaSequence,
	})
}
