package example;

import io.github.learningsidecar.Change;
import io.github.learningsidecar.DeltaRefusal;
import io.github.learningsidecar.LearningSidecar;
import io.github.learningsidecar.v1.CoordinationMetrics;
import io.github.learningsidecar.v1.Task;
import io.github.learningsidecar.v1.TaskStatus;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** An orchestrator whose sub-agents do simulated work, by settings that its sidecar learns. */
public final class Orchestrator {
  private static final Map<String, Object> DEFAULTS =
      Map.of("primary_coordination_strategy", "sequential", "max_cpu_per_agent", 100);
  private static final Map<String, String> LABELS = Map.of("kind", "draft");

  public static void main(String[] args) throws Exception {
    var flags = new Flags(args);
    int tasks = Integer.parseInt(flags.get("tasks", "1000"));
    double rate = Double.parseDouble(flags.get("rate", "20"));
    int agents = Integer.parseInt(flags.get("agents", "12"));
    var options = flags.options("orchestrator-java").defaults(DEFAULTS).onChange(Orchestrator::putInForce);
    var pool = Executors.newFixedThreadPool(agents);
    try (var sidecar = new LearningSidecar(options)) {
      sidecar.follow();
      long start = System.currentTimeMillis();
      for (int number = 1; number <= tasks; number++) {
        var taskId = start + "-" + number;
        pool.execute(() -> runTask(sidecar, taskId, agents));
        if (number % rate < 1) reportMetrics(sidecar, agents);
        Thread.sleep((long) (1000 / rate));
      }
      pool.shutdown();
      pool.awaitTermination(1, TimeUnit.MINUTES);
      sidecar.close();
      System.out.println(tasks + " tasks, " + sidecar.dropped() + " of them dropped");
    }
  }

  /** One task of a sub-agent: settings, work, report. */
  private static void runTask(LearningSidecar sidecar, String taskId, int agents) {
    var resolved = sidecar.resolve(taskId, LABELS);
    long start = System.nanoTime();
    var isSuccess = work(resolved.parameters().getString("primary_coordination_strategy", "sequential"),
        resolved.parameters().getInt("max_cpu_per_agent", 100), agents);
    sidecar.record(Task.newBuilder()
        .setTaskId(taskId)
        .setAgentId("writer")
        .setStatus(isSuccess ? TaskStatus.TASK_STATUS_SUCCESS : TaskStatus.TASK_STATUS_FAILURE)
        .setLatencyMs((System.nanoTime() - start) / 1e6)
        .putAllLabels(LABELS)
        .setDeltaSequence(resolved.deltaSequence())
        .build());
  }

  /** Made up: what sequential coordination costs grows with the agents, adaptive's does not. */
  private static boolean work(String strategy, int cpuPercent, int agents) {
    boolean isAdaptive = strategy.equals("adaptive");
    double meanMs = (isAdaptive ? 80 : 40 + 10 * agents) / Math.sqrt(Math.max(cpuPercent / 100.0, 0.1));
    var random = ThreadLocalRandom.current();
    try {
      Thread.sleep((long) (meanMs * Math.exp(0.2 * random.nextGaussian())));
    } catch (InterruptedException ended) {
      return false;
    }
    return random.nextDouble() < (isAdaptive ? 0.97 : 0.9);
  }

  private static void reportMetrics(LearningSidecar sidecar, int agents) {
    double cpuPercent = ThreadLocalRandom.current().nextDouble(55, 70);
    sidecar.reportMetrics(
        CoordinationMetrics.newBuilder().setSubAgentCount(agents).setCpuPercent(cpuPercent).build());
  }

  /** What a real orchestrator does here: it turns a knob, or refuses to. sidecar.parameters() follows. */
  private static void putInForce(Change change) {
    var strategy = change.parameters().getString("primary_coordination_strategy", "sequential");
    if (!Set.of("sequential", "adaptive").contains(strategy)) {
      throw new DeltaRefusal("UNSUPPORTED_VALUE", "no such strategy: " + strategy, "primary_coordination_strategy");
    }
    var why = change.delta() == null ? "snapshot" : change.delta().getTarget() + ": " + change.delta().getReasoning();
    System.out.println("#" + change.sequence() + " in force (" + why + "): " + change.parameters());
  }
}
