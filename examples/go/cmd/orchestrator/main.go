// Command orchestrator runs made-up sub-agents, and learns from its sidecar how to run them.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	learningv1 "example.com/orchestrator/gen/learning/v1"
	"example.com/orchestrator/internal/access"
	"example.com/orchestrator/sidecar"
)

var defaults = map[string]any{
	"primary_coordination_strategy": "sequential",
	"fallback_strategy_threshold":   0.8,
	"max_cpu_per_agent":             100.0,
}

func main() {
	var flags access.Flags
	flags.Define("orchestrator-go")
	tasks := flag.Int("tasks", 1000, "ends after so many")
	rate := flag.Float64("rate", 20, "tasks a second")
	agents := flag.Int("agents", 12, "sub-agents at work at once")
	flag.Parse()
	log.SetFlags(log.Ltime)

	credentials, err := flags.Credentials()
	if err != nil {
		log.Fatal(err)
	}
	learning, err := sidecar.New(sidecar.Options{
		Target:         flags.Target,
		ClientID:       flags.ClientID,
		Defaults:       defaults,
		OnChange:       putInForce,
		OnDisconnected: func(failure *sidecar.Failure) { log.Printf("the sidecar is away: %v", failure) },
		Credentials:    credentials,
		TokenFile:      flags.TokenFile,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go learning.Follow(ctx)
	go report(ctx, learning, *agents)
	started := runTasks(ctx, learning, *tasks, *rate, *agents)

	if err := learning.Close(context.Background()); err != nil {
		log.Print(err)
	}
	log.Printf("%d tasks, %d of them dropped", started, learning.Dropped())
	log.Printf("in force: %v", learning.Parameters())
}

// putInForce is where a real orchestrator turns a knob; Parameters follows.
func putInForce(change sidecar.Change) error {
	if change.Delta == nil {
		log.Printf("%s %s %d: %v", change.Source, change.Outcome, change.Sequence, change.Parameters)
		return nil
	}
	switch strategy := change.Parameters["primary_coordination_strategy"]; strategy {
	case "sequential", "adaptive":
	default:
		return &sidecar.DeltaRefusal{Reason: "UNSUPPORTED_VALUE", Message: fmt.Sprintf("no strategy %v", strategy)}
	}
	target := change.Delta.Target
	log.Printf("delta %d: %s = %v (%s)", change.Sequence, target, change.Parameters[target], change.Delta.Reasoning)
	return nil
}

// runTasks answers how many there were.
func runTasks(ctx context.Context, learning *sidecar.Sidecar, tasks int, rate float64, agents int) int {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, agents)
	ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticker.Stop()
	for number := range tasks {
		select {
		case <-ctx.Done():
			return number
		case <-ticker.C:
		}
		free <- struct{}{}
		running.Go(func() {
			runTask(ctx, learning, agents, number)
			<-free
		})
	}
	return tasks
}

func runTask(ctx context.Context, learning *sidecar.Sidecar, agents, number int) {
	id := fmt.Sprintf("task-%016x", rand.Uint64())
	labels := map[string]string{"kind": []string{"search", "summary"}[number%2]}
	settings := learning.Resolve(ctx, id, labels)
	milliseconds, outcome := work(settings.Parameters, agents)
	time.Sleep(time.Duration(milliseconds * float64(time.Millisecond)))
	learning.Record(&learningv1.Task{
		TaskId:        id,
		AgentId:       fmt.Sprintf("agent-%d", number%agents),
		Status:        outcome,
		LatencyMs:     &milliseconds,
		Labels:        labels,
		DeltaSequence: settings.DeltaSequence,
	})
}

// work is made up: what sequential coordination costs grows with the agents, adaptive's does not.
func work(parameters map[string]any, agents int) (milliseconds float64, outcome learningv1.TaskStatus) {
	milliseconds, failing := 40+10*float64(agents), 0.1
	if parameters["primary_coordination_strategy"] == "adaptive" {
		milliseconds, failing = 80, 0.03
	}
	if share, ok := parameters["max_cpu_per_agent"].(float64); ok {
		milliseconds /= math.Sqrt(max(share/100, 0.1))
	}
	outcome = learningv1.TaskStatus_TASK_STATUS_SUCCESS
	if rand.Float64() < failing {
		outcome = learningv1.TaskStatus_TASK_STATUS_FAILURE
	}
	return milliseconds * math.Exp(0.2*rand.NormFloat64()), outcome
}

func report(ctx context.Context, learning *sidecar.Sidecar, agents int) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			metrics := &learningv1.CoordinationMetrics{SubAgentCount: uint32(agents), CpuPercent: 55 + 15*rand.Float64()}
			if err := learning.ReportMetrics(ctx, metrics); err != nil && !sidecar.FailureOf(err).MayPass() {
				log.Printf("metrics were not reported: %v", err)
			}
		}
	}
}
