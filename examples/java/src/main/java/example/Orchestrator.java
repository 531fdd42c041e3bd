package example;

import com.google.protobuf.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
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
  private static final Set<String> STRATEGIES = Set.of("sequential", "adaptive");
  private static final Map<String, String> LABELS = Map.of("kind", "draft");

  private final LearningSidecar sidecar;
  private final int agents;

  private Orchestrator(LearningSidecar sidecar, int agents) {
    this.sidecar = sidecar;
    this.agents = agents;
  }

  public static void main(String[] args) throws Exception {
    var flags = new Flags(args);
    int tasks = Integer.parseInt(flags.get("tasks", "1000"));
    double rate = Double.parseDouble(flags.get("rate", "20"));
    int agents = Integer.parseInt(flags.get("agents", "12"));
    var options = flags.options("orchestrator-java", DEFAULTS);
    options.onChange = Orchestrator::putInForce;
    options.onDisconnected =
        failure -> System.out.println("sidecar away: " + failure.getMessage() + "; going on");
    options.onProblem = System.err::println;
    var sidecar = new LearningSidecar(options);
    Runtime.getRuntime().addShutdownHook(new Thread(sidecar::close));
    sidecar.follow();

    var orchestrator = new Orchestrator(sidecar, agents);
    var pool = Executors.newFixedThreadPool(agents);
    Executors.newSingleThreadScheduledExecutor()
        .scheduleAtFixedRate(orchestrator::reportMetrics, 1, 1, TimeUnit.SECONDS);
    List<CompletableFuture<?>> work = new ArrayList<>();
    long start = System.currentTimeMillis();
    for (int number = 1; number <= tasks; number++) {
      var taskId = options.clientId + "-" + start + "-" + number;
      work.add(CompletableFuture.runAsync(() -> orchestrator.runTask(taskId), pool));
      Thread.sleep((long) (1000 / rate));
    }
    CompletableFuture.allOf(work.toArray(CompletableFuture[]::new)).join();
    sidecar.close();
    System.out.println(tasks + " tasks, " + sidecar.dropped() + " of them dropped");
    System.exit(0);
  }

  /** One task of a sub-agent: settings, work, report. */
  private void runTask(String taskId) {
    var resolved = sidecar.resolve(taskId, LABELS);
    var random = ThreadLocalRandom.current();
    // Made up: what sequential coordination costs grows with the agents, adaptive's does not.
    boolean isAdaptive = strategyOf(resolved.parameters()).equals("adaptive");
    double share = numberOf(resolved.parameters(), "max_cpu_per_agent") / 100;
    double meanMs = (isAdaptive ? 80 : 40 + 10 * agents) / Math.sqrt(Math.max(share, 0.1));
    double latencyMs = meanMs * Math.exp(0.2 * random.nextGaussian());
    boolean isSuccess = random.nextDouble() < (isAdaptive ? 0.97 : 0.9);
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
    sidecar.reportMetrics(CoordinationMetrics.newBuilder()
        .setSubAgentCount(agents)
        .setCpuPercent(ThreadLocalRandom.current().nextDouble(55, 70))
        .build());
  }

  /** What a real orchestrator does here: it turns a knob. sidecar.parameters() follows. */
  private static void putInForce(LearningSidecar.Change change) {
    var delta = change.delta();
    var strategy = strategyOf(change.parameters());
    if (delta != null && !STRATEGIES.contains(strategy)) {
      throw new LearningSidecar.DeltaRefusal(
          "UNSUPPORTED_VALUE", strategy + " is not one of " + STRATEGIES);
    }
    var why = delta == null ? change.source() : delta.getTarget() + ": " + delta.getReasoning();
    var values = new TreeMap<String, Object>();
    change.parameters().forEach((name, value) -> values.put(name,
        value.hasStringValue() ? value.getStringValue() : value.getNumberValue()));
    System.out.println("#" + change.sequence() + " in force (" + why + "): " + values);
  }

  private static String strategyOf(Map<String, Value> parameters) {
    var name = "primary_coordination_strategy";
    return parameters.getOrDefault(name, DEFAULTS.get(name)).getStringValue();
  }

  private static double numberOf(Map<String, Value> parameters, String name) {
    return parameters.getOrDefault(name, DEFAULTS.get(name)).getNumberValue();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  private static Value number(double value) {
    return Value.newBuilder().setNumberValue(value).build();
  }
}
