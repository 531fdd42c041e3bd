import type { Delta } from '../../domain/delta.ts';
import { invalidFields } from '../../domain/errors.ts';
import { approve, reject, setParameter } from '../../engine/curation.ts';
import type { EngineDecision } from '../../engine/decision/decision.ts';
import type { Engine } from '../../engine/engine.ts';
import { revert } from '../../engine/revert.ts';
import { setTrialsPaused } from '../../engine/trials.ts';
import {
  LearningAdminService,
  type SetParameterRequest,
} from '../../gen/learning/v1/admin_service_pb.ts';
import { DeltaSchema } from '../../gen/learning/v1/delta_pb.ts';
import type { ServiceHandlers } from '../../wire/codec.ts';
import { toProtoCycle, toProtoDelta } from '../../wire/to-proto.ts';
import { fromProtoValue } from '../../wire/value.ts';
import type { HandlerEnvironment } from '../handlers.ts';
import { unaryByRules, type Validate } from '../validation/validate.ts';
import { fill } from './bounded-list.ts';

/** What the handlers work with. */
export interface AdminServiceParts {
  readonly engine: Engine;
  readonly environment: HandlerEnvironment;
  readonly validate: Validate;
}

/** What the methods of LearningAdminService do. */
export function adminCalls(engine: Engine) {
  const setActive = (active: boolean) => {
    engine.setActive(active);
    return { active: engine.active };
  };
  const setPaused = async (paused: boolean) => {
    await engine.decide(setTrialsPaused(paused));
    return { paused };
  };
  type Request = { readonly deltaId: string; readonly reason: string };
  const onDelta =
    (decisionOf: (deltaId: string, reason: string) => EngineDecision<Delta>) =>
    async ({ deltaId, reason }: Request) => ({
      delta: toProtoDelta(await engine.decide(decisionOf(deltaId, reason))),
    });
  return {
    startLearning: () => setActive(true),
    stopLearning: () => setActive(false),
    async runCycle() {
      const { cycle, deltas } = await engine.runCycle();
      const { offsetMs } = engine.ledger.state.head.clock;
      const toMessage = (delta: Delta) => toProtoDelta(delta, delta.effect, offsetMs);
      const told = fill(deltas, { schema: DeltaSchema, toMessage }, { count: deltas.length });
      return { cycle: toProtoCycle(cycle, told.messages) };
    },
    approveDelta: onDelta(approve),
    rejectDelta: onDelta(reject),
    revertDelta: onDelta(revert),
    async setParameter({ target, cohort, value, reason, holdSeconds }: SetParameterRequest) {
      const read = value === undefined ? { fault: 'expected a value' } : fromProtoValue(value);
      if ('fault' in read) throw invalidFields([{ field: 'value', description: read.fault }]);
      const place = cohort && { label: cohort.label, value: cohort.value };
      const override = { target, cohort: place, value: read.value, reason, holdSeconds };
      return { delta: toProtoDelta(await engine.decide(setParameter(override))) };
    },
    pauseTrials: () => setPaused(true),
    resumeTrials: () => setPaused(false),
  };
}

/** The handlers of LearningAdminService. */
export function adminHandlers({
  engine,
  environment,
  validate,
}: AdminServiceParts): ServiceHandlers<typeof LearningAdminService> {
  const { method } = LearningAdminService;
  const unary = unaryByRules(environment, validate);
  const calls = adminCalls(engine);
  return {
    startLearning: unary(method.startLearning, calls.startLearning),
    stopLearning: unary(method.stopLearning, calls.stopLearning),
    runCycle: unary(method.runCycle, calls.runCycle),
    approveDelta: unary(method.approveDelta, calls.approveDelta),
    rejectDelta: unary(method.rejectDelta, calls.rejectDelta),
    revertDelta: unary(method.revertDelta, calls.revertDelta),
    setParameter: unary(method.setParameter, calls.setParameter),
    pauseTrials: unary(method.pauseTrials, calls.pauseTrials),
    resumeTrials: unary(method.resumeTrials, calls.resumeTrials),
  };
}
