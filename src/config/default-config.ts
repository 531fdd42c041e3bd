// Generated from config/default.yaml by scripts/write-config-schema.ts; not to be edited.

/** The default config as YAML: the service runs without a file. */
export const DEFAULT_CONFIG = `# yaml-language-server: $schema=./schema.json
#
# The built-in defaults of learning-sidecar. They are also embedded: the service runs without a
# file. A file of your own needs only what differs: it is merged over these, key by key.

# version: "2026.1"         # reported as config_version; "unknown" without it

cycle:
  enabled: true             # the timer runs from the start
  interval_seconds: 30      # seconds between cycles; above 0, fractions allowed
  history_limit: 100        # tasks retained
  analysis_window: 30       # newest tasks that a cycle looks at; at most history_limit
  min_tasks: 30             # tasks retained before anything is proposed; at most history_limit
  max_age_seconds: 86400    # with curation.suppress_unchanged, rules do not act on a window whose
                            # newest task was recorded longer ago; 0 = never too old

recording:
  dedup_window: 100000      # newest task ids by which a task sent twice is recognised

metrics:
  max_age_seconds: 120      # rules do not act on metrics older than this; 0 = never too old
  combine:                  # what rules see of the reports of several clients that are not too old:
    sub_agent_count: sum    # sum, max or mean
    cpu_percent: mean
    values: {}              # by name: { queue_depth: max }; those not named are the mean

reflection:
  min_score: 65             # overall score, 0 to 100, from which a delta is recommended
  min_confidence: 0.5       # confidence, 0 to 1, from which a recommended delta is put through
  enforce_min_confidence: true  # false: min_confidence is read and not applied
  weights:                  # most points of each part of the score
    confidence: 40
    reasoning: 30
    impact: 20
    risk: 10

curation:
  mode: auto                # auto: as trial where tasks ask for parameters by their ids, else in force
                            # at once and compared there in blocks; apply: in force at once;
                            # recommend: a person decides; trial: tested before it is in force
  suppress_unchanged: true  # a value that changes nothing is not proposed; and a rule acts on a
                            # parameter only on tasks that began after its last change, in a
                            # window not older than cycle.max_age_seconds
  cooldown_seconds: 300     # seconds that a target rests once a delta for it is decided; 0 = none
  max_deltas_per_hour: 20   # deltas put in force in any hour; 0 = no bound
  proposal_ttl_seconds: 86400  # seconds that a proposal waits for a person or a trial
  ack_timeout_seconds: 0    # seconds until what no client acknowledged is reverted; 0 = never
  # refusals: any           # whose refusals take a delta back: any (client's) or majority (more than
                            # half of the clients); without it, majority where the delta has helped
                            # (PROVISIONAL or CONFIRMED), else any

# What rules may change. \`initial\` is the value in a ledger that has none yet. A new value moves
# by at most max_step, stays within min and max, and must be one of \`allowed\` where that is
# given, else of the type of \`initial\`, unless that is null; null lifts a bound. A file without
# rules has these, and yours merged over them field by field; \`NAME: null\` takes one away, with
# the rules for it. A file with rules has only the parameters that it names, each merged over the
# one of that name here: \`NAME: {}\` is this one.
parameters:
  primary_coordination_strategy:
    initial: sequential
  fallback_strategy_threshold:
    initial: 0.8            # success rate, 0 to 1
    min: 0.5
    max: 0.95
    max_step: 0.05
  max_cpu_per_agent:
    initial: 100            # percent of one core
    min: 10
    max: 100

# Looked at in this order, every cycle. \`when\`, \`new_value\`, \`old_value\` and \`reasoning\` are CEL
# (https://cel.dev) over \`window\`, \`metrics\`, \`parameters\` and \`initial\`, the parameters' initial
# values. Every number there is a double: write 1.0, not 1, in arithmetic. Without \`old_value\` it
# is the parameter's current value. Rules in your file replace all of these.
#
# Each of the first three takes one step from the present value in the direction that its reasoning
# gives. The other three go back, step by step, as far as \`initial\`, when the pressure is long gone.
rules:
  - id: coordination
    when: metrics.sub_agent_count > 8.0 && window.avg_latency_ms > 100.0
    # for_seconds: 0        # seconds that \`when\` must have held, at every cycle, before the rule
    #                       # acts; counted anew once it has, and after a restart
    type: coordination      # coordination, strategy, resource, metric
    operation: modify       # modify, add, remove, adjust
    target: primary_coordination_strategy
    new_value: '"adaptive"'
    reasoning: >-
      "High agent count (%s) with elevated latency (%.0fms)"
      .format([metrics.sub_agent_count, window.avg_latency_ms])
    confidence: 0.75        # 0 to 1
    impact: positive        # positive, neutral, negative
    # mode: trial           # auto, apply, recommend, trial; without it, that of curation
    # primary: outcome      # what trials are to improve: outcome (success first, then latency),
    #                       # latency, success, { metric: latency, statistic: total }, or a
    #                       # measurement of tasks: { measurement: cost, better: lower };
    #                       # better: lower, higher; statistic: median (what is typical; usual for
    #                       # latency) or total (what adds up; usual for measurements)
    # guards:               # what they must not make worse by more than margin; at most 8, or []
    #   - success           # for none; without them: success and latency, but the primary
    #   - { metric: latency, statistic: median, margin: 0.05 }  # margin: a share of the old value,
    #                       # above 0 and below 1; of success, a difference of rates
    #   - { measurement: cost, better: lower }  # its margin is 0.05, as that of a word
    # on_harm: revert       # revert, pause (all trials, too), notify (a person decides)

  - id: fallback
    when: window.success_rate < 0.85
    type: strategy
    operation: adjust
    target: fallback_strategy_threshold
    new_value: parameters.fallback_strategy_threshold - 0.05
    reasoning: '"Success rate %.1f%% below target".format([window.success_rate * 100.0])'
    confidence: 0.6
    impact: positive

  - id: cpu
    when: metrics.cpu_percent > 85.0
    type: resource
    operation: adjust
    target: max_cpu_per_agent
    new_value: parameters.max_cpu_per_agent - 10.0
    reasoning: '"CPU utilization at %s%%, approaching limit".format([metrics.cpu_percent])'
    confidence: 0.85
    impact: positive

  - id: coordination_back
    when: >-
      metrics.sub_agent_count > 0.0 && metrics.sub_agent_count <= 4.0
      && parameters.primary_coordination_strategy == "adaptive"
    for_seconds: 3600
    type: coordination
    operation: modify
    target: primary_coordination_strategy
    new_value: initial.primary_coordination_strategy
    reasoning: '"Agent count down to %s for an hour: back".format([metrics.sub_agent_count])'
    confidence: 0.75
    impact: positive

  - id: fallback_back
    when: >-
      window.success_rate >= 0.95
      && parameters.fallback_strategy_threshold < initial.fallback_strategy_threshold
    for_seconds: 3600
    type: strategy
    operation: adjust
    target: fallback_strategy_threshold
    new_value: >-
      parameters.fallback_strategy_threshold + 0.05 < initial.fallback_strategy_threshold
      ? parameters.fallback_strategy_threshold + 0.05
      : initial.fallback_strategy_threshold
    reasoning: >-
      "Success rate %.1f%%, above target for an hour: back up"
      .format([window.success_rate * 100.0])
    confidence: 0.6
    impact: positive

  - id: cpu_back
    when: >-
      metrics.cpu_percent > 0.0 && metrics.cpu_percent < 60.0
      && parameters.max_cpu_per_agent < initial.max_cpu_per_agent
    for_seconds: 3600
    type: resource
    operation: adjust
    target: max_cpu_per_agent
    new_value: >-
      parameters.max_cpu_per_agent + 10.0 < initial.max_cpu_per_agent
      ? parameters.max_cpu_per_agent + 10.0
      : initial.max_cpu_per_agent
    reasoning: >-
      "CPU utilization at %s%%, far below limit for an hour: back up".format([metrics.cpu_percent])
    confidence: 0.6
    impact: positive

# Randomised trials of deltas, where \`mode\` is \`trial\`. What helped in its trial is in force on
# probation until it is confirmed or taken back, and some tasks keep the old value meanwhile.
trial:
  assignment: auto          # task, switchback, auto
  block_tasks: 5            # reports that end a block of a switchback trial
  pair_by: []               # labels that tasks of a pair have in common
  pair_wait_tasks: 20       # tasks that one left single waits for its like
  # predict_by: [kind]      # labels that latency is predicted by, where pair_by is empty; without
  #                         # it, all but those that are nearly unique
  # outcome_timeout_seconds: 3600  # seconds until an outcome counts as missing; without it, three
  #                         # times as long as the longest task took to be reported lately, at
  #                         # least 60
  max_seconds: 604800       # seconds until a trial ends, inconclusive: in a week, 50 tasks a day
  #                         # are enough for 200
  # timeout_ms: 30000       # latency that a failed or timed-out task counts as at least; without
  #                         # it, the p99 of successes
  probation_tasks: 3000     # tasks that a probation takes at most
  probation_seconds: 2592000  # seconds that it takes at most
  holdback: 0.05            # share of tasks that keep the old value of a confirmed change; 0 to 0.2
  # seed: "1"               # makes the coins repeatable, for tests and reproductions; without it,
  #                         # each trial draws its own

# TLS on every TCP listener, gRPC and HTTP, once there is a certificate. The files are read again
# when they change; a bad one is refused, and the last good one kept.
tls:
  # certificate_file: /etc/learning/tls.crt  # PEM: the certificate, then those it is issued by
  # key_file: /etc/learning/tls.key          # PEM, without a passphrase
  # client_ca_file: /etc/learning/ca.crt     # PEM: clients must show a certificate of this CA
  allowed_names: []         # names, one of which that certificate must have; [] = any

# Bearer tokens, one a line, read again when they change. With either file callers need one:
# \`client\` may call LearningService, \`admin\` both services.
# tokens:
#   client_file: /etc/learning/client-tokens
#   admin_file: /etc/learning/admin-tokens

# What is beyond is refused with UNAVAILABLE (streams: RESOURCE_EXHAUSTED), to be tried again.
limits:
  max_pending_calls: 2048   # unary calls under way at once
  max_streams: 4096         # streams open at once, of all kinds
  max_streams_per_client: 1024  # those of one connection
  max_connections: 4096     # gRPC connections open at once

monitoring:
  # log_file: /var/log/learning.log  # without it: standard output
  log_level: info           # trace, debug, info, warn, error, fatal, silent

ledger:
  retain_deltas: 10000      # newest deltas kept in the history
  retain_cycles: 10000      # newest cycles kept in the history
  # backup:                 # copies of the ledger for \`restore\`; without it, none is made
  #   every_hours: 24       # between two of them
  #   keep: 7               # newest ones kept
  #   directory: /backups   # without it, \`backups\` in the data directory
`;
