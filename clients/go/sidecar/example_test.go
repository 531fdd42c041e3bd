package sidecar_test

import (
	"context"
	"log"

	learningv1 "example.com/learning-sidecar/clients/go/learning/v1"
	"example.com/learning-sidecar/clients/go/sidecar"
)

func Example() {
	ctx := context.Background()
	learning, err := sidecar.New(sidecar.Options{Target: "127.0.0.1:50051", ClientID: "my-orchestrator"})
	if err != nil {
		log.Fatal(err) // an invalid option; never an outage
	}
	defer learning.Close(ctx) // waits 5 s, or until the deadline of ctx, for tasks in flight
	go learning.Follow(ctx)   // keeps learning.Parameters() live
	values := learning.Resolve(ctx, "task-1", nil)
	runTask(values.Parameters.Int("threads", 4))
	learning.Record(&learningv1.Task{
		TaskId: "task-1", Status: learningv1.TaskStatus_TASK_STATUS_SUCCESS, DeltaSequence: values.DeltaSequence,
	})
}

func runTask(threads int64) { log.Print(threads) }
