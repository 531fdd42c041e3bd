package example;

import com.google.protobuf.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import learning.v1.CoordinationMetrics;
import learning.v1.Task;
import learning.v1.TaskStatus;

/** An orchestrator whose sub-agents do simulated work, by settings that its sidecar learns. */
public final class Orchestrator {
  /** What it runs by until the sidecar has answered. */
  private static final Map<String, Value> DEFAULTS = Map.of(
      "primary_coordination_strategy", text("sequential"),
      "fallback_strategy_threshold", number(0.8),
      "max_cpu_per_agent", number(100));
  private static final Map<String, String> LABELS = Map.of("kind", "draft");

  private final LearningSidecar sidecar;
  private final int agents;

  private Orchestrator(LearningSidecar sidecar, int agents) {
    this.sidecar = sidecar;
    this.agents = agents;
  }

  public static void main(String[] args) throws Exception {
    var flags = new Flags(args);
    int tasks = Integer.parseInt(flags.get("tasks", "200"));
    double rate = Double.parseDouble(flags.get("rate", "20"));
    int agents = Integer.parseInt(flags.get("agents", "12"));
    var options = flags.options("java-example", DEFAULTS);
    options.onChange = Orchestrator::report;
    options.onDisconnected =
        failure -> System.out.println("sidecar away: " + failure.getMessage() + "; going on");
    options.onProblem = System.err::println;
    var sidecar = new LearningSidecar(options);
    Runtime.getRuntime().addShutdownHook(new Thread(sidecar::close));
    sidecar.follow();

    var orchestrator = new Orchestrator(sidecar, agents);
    var pool = Executors.newCachedThreadPool();
    List<CompletableFuture<?>> work = new ArrayList<>();
    long start = System.currentTimeMillis();
    for (int number = 1; number <= tasks; number++) {
      var taskId = options.clientId + "-" + start + "-" + number;
      work.add(CompletableFuture.runAsync(() -> orchestrator.runTask(taskId), pool));
      if (number % 10 == 1) pool.execute(orchestrator::reportMetrics);
      Thread.sleep((long) (1000 / rate));
    }
    CompletableFuture.allOf(work.toArray(CompletableFuture[]::new)).join();
    sidecar.close();
    System.out.println(tasks + " tasks, " + sidecar.dropped() + " not recorded");
    System.exit(0);
  }

  /** One task of a sub-agent: settings, work, report. */
  private void runTask(String taskId) {
    var resolved = sidecar.resolve(taskId, LABELS);
    var random = ThreadLocalRandom.current();
    var strategy = resolved.values().get("primary_coordination_strategy");
    // Many agents are faster where they adapt; a low threshold gives up later, and fails less.
    boolean isAdaptive = strategy != null && strategy.getStringValue().equals("adaptive");
    double crowd = isAdaptive ? 1 : 1 + agents / 8.0;
    double latencyMs = 80 * crowd * (0.5 + random.nextDouble());
    double threshold = numberOf(resolved.values(), "fallback_strategy_threshold");
    boolean isSuccess = random.nextDouble() < 1.5 - threshold;
    try {
      Thread.sleep((long) latencyMs);
    } catch (InterruptedException ended) {
      return;
    }
    sidecar.record(Task.newBuilder()
        .setTaskId(taskId)
        .setAgentId("writer")
        .setStatus(isSuccess ? TaskStatus.TASK_STATUS_SUCCESS : TaskStatus.TASK_STATUS_FAILURE)
        .setLatencyMs(latencyMs)
        .putAllLabels(LABELS)
        .setDeltaSequence(resolved.deltaSequence())
        .build());
  }

  private void reportMetrics() {
    double share = numberOf(sidecar.values(), "max_cpu_per_agent") / 100;
    sidecar.reportMetrics(CoordinationMetrics.newBuilder()
        .setSubAgentCount(agents)
        .setCpuPercent(Math.min(100, 8 * agents) * share)
        .build());
  }

  private static void report(LearningSidecar.Change change) {
    var delta = change.delta();
    var why = delta == null ? change.source() : delta.getTarget() + ": " + delta.getReasoning();
    var values = new TreeMap<String, Object>();
    change.values().forEach((name, value) -> values.put(name,
        value.hasStringValue() ? value.getStringValue() : value.getNumberValue()));
    System.out.println("#" + change.sequence() + " in force (" + why + "): " + values);
  }

  private static double numberOf(Map<String, Value> values, String name) {
    return values.getOrDefault(name, DEFAULTS.get(name)).getNumberValue();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  private static Value number(double value) {
    return Value.newBuilder().setNumberValue(value).build();
  }
}
