import { acknowledge } from '../../engine/acknowledge.ts';
import { reportMetrics } from '../../engine/record.ts';
import { baseline } from '../../engine/resolve.ts';
import { LearningService } from '../../gen/learning/v1/learning_service_pb.ts';
import type { ServiceHandlers } from '../../wire/codec.ts';
import { fromProtoMetrics, fromProtoTask } from '../../wire/from-proto.ts';
import {
  bidiHandler,
  type HandlerEnvironment,
  serverStreamHandler,
  unaryHandler,
} from '../handlers.ts';
import type { DeltaStreams } from '../streams/deltas.ts';
import type { OpenStreams } from '../streams/open-streams.ts';
import { RecordStream } from '../streams/tasks.ts';
import { TasksInFlight } from '../streams/tasks-in-flight.ts';
import { untilDone } from '../streams/until-done.ts';
import {
  checkRecordTask,
  checkReportMetrics,
  checkResolveParameters,
} from '../validation/task-check.ts';
import { unaryByRules, type Validate } from '../validation/validate.ts';
import { getGains } from './gains.ts';
import {
  getDeltaStatus,
  getStatus,
  listCycles,
  listDeltas,
  type StatusSources,
} from './queries.ts';
import { ResolvedAnswers } from './resolved-answers.ts';

/** What the handlers work with. */
export interface LearningServiceParts extends StatusSources {
  readonly environment: HandlerEnvironment;
  readonly validate: Validate;
  readonly deltaStreams: DeltaStreams;
  readonly openStreams: OpenStreams;
}

/** The handlers of LearningService. */
export function learningHandlers(
  parts: LearningServiceParts,
): ServiceHandlers<typeof LearningService> {
  const { engine, environment, openStreams } = parts;
  const { state } = engine.ledger;
  const { method } = LearningService;
  const tasksInFlight = new TasksInFlight();
  const answers = new ResolvedAnswers(state.head.epoch);
  const unary = unaryByRules(environment, parts.validate);
  return {
    recordTask: unaryHandler(
      environment,
      method.recordTask,
      checkRecordTask,
      async ({ task, metrics, clientId }) => {
        const nowMs = engine.clock.wallNow();
        const { duplicates, deltaSequence } = await engine.recordTasks(
          task === undefined ? [] : [fromProtoTask(task, nowMs, clientId)],
          metrics && fromProtoMetrics(metrics, nowMs, clientId),
        );
        return { duplicate: duplicates > 0, deltaSequence: BigInt(deltaSequence) };
      },
    ),
    recordTasks: bidiHandler(environment, method.recordTasks, (call) =>
      untilDone(
        openStreams,
        call.getPeer(),
        (done) => new RecordStream(call, engine, tasksInFlight, done),
      ),
    ),
    reportMetrics: unaryHandler(
      environment,
      method.reportMetrics,
      checkReportMetrics,
      async ({ metrics }) => {
        if (metrics !== undefined) {
          await engine.decide(reportMetrics(fromProtoMetrics(metrics, engine.clock.wallNow())));
        }
        return {};
      },
    ),
    resolveParameters: unaryHandler(
      environment,
      method.resolveParameters,
      checkResolveParameters,
      async ({ taskId, labels, clientId }) => {
        const task = { taskId, labels, clientId };
        return answers.answer(taskId === '' ? baseline(state, labels) : await engine.resolve(task));
      },
    ),
    streamDeltas: serverStreamHandler(
      environment,
      method.streamDeltas,
      (request) => parts.validate(method.streamDeltas.input, request),
      (request, call) =>
        untilDone(openStreams, call.getPeer(), (done) =>
          parts.deltaStreams.open(call, request, done),
        ),
    ),
    ackDelta: unary(method.ackDelta, async ({ clientId, epoch, deltaId, error }) => {
      await engine.decide(acknowledge({ clientId, epoch, deltaId, refusal: error }));
      return {};
    }),
    getStatus: unary(method.getStatus, (request) => getStatus(parts, request)),
    getDeltaStatus: unary(method.getDeltaStatus, (request) => getDeltaStatus(state, request)),
    listDeltas: unary(method.listDeltas, (request) => listDeltas(state, request)),
    listCycles: unary(method.listCycles, (request) => listCycles(state, request)),
    getGains: unary(method.getGains, () => getGains(engine)),
  };
}
