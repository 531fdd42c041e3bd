import { causeOf } from '../client/dial.ts';
import { DeltaState, DeltaStateSchema, VerdictSchema } from '../gen/learning/v1/delta_pb.ts';
import {
  type Snapshot,
  SnapshotOutcome,
  type StreamDeltasResponse,
} from '../gen/learning/v1/learning_service_pb.ts';
import {
  describeChange,
  describeDelta,
  describeParameters,
  isIdleSwitch,
  showTime,
  wordOf,
} from './delta-line.ts';
import type { StreamEvent } from './watch-stream.ts';
import type { RefusalEvent, StageEvent, TrialEvent } from './watch-trials.ts';

/** A line for a message of StreamDeltas; `undefined` for heartbeats and switches that do not change the value. */
export function describeMessage(message: StreamDeltasResponse): string | undefined {
  const { epoch, sequence, event } = message;
  switch (event.case) {
    case 'delta':
      if (isIdleSwitch(event.value)) return undefined;
      return `${showTime(event.value.applyTime)} #${sequence} ${describeDelta(event.value)}`;
    case 'snapshot':
      return describeSnapshot(event.value, epoch, sequence);
    default:
      return undefined;
  }
}

/** A line for a trial, a probation or a refusal. */
export function describeTrial(event: TrialEvent): string {
  if (event.kind === 'refused') return describeRefusal(event);
  const { idleSwitches: idle } = event;
  if (event.kind === 'on' || idle === 0) return describeStage(event);
  const switches = idle === 1 ? '1 switch' : `${idle} switches`;
  return `${describeStage(event)} (${switches} that left the value as it was not shown)`;
}

function describeRefusal({ delta, refusal }: RefusalEvent): string {
  const { clientId, reason, message } = refusal;
  const why = [reason, message].filter((text) => text !== '').join(': ');
  const text = `${delta.deltaId} is refused by client ${JSON.stringify(clientId)}, and stays`;
  return `${text}: ${describeChange(delta)}${why === '' ? '' : `: ${why}`}`;
}

function describeStage({ kind, stage, delta }: StageEvent): string {
  const { deltaId, ruleId, effect, state } = delta;
  const summary = effect?.summary ?? '';
  const what = `${stage} of ${deltaId}`;
  if (kind === 'on') return `${what}: ${describeChange(delta)} by ${ruleId}: ${summary}`;
  if (stage === 'probation') {
    return `${what} ended: ${wordOf(DeltaStateSchema, state).toUpperCase()}: ${summary}`;
  }
  const verdict = wordOf(VerdictSchema, effect?.verdict ?? 0).toUpperCase();
  const next = state === DeltaState.PROVISIONAL ? ', on probation' : '';
  return `${what} ended: ${verdict}${next}: ${summary}`;
}

/** A line for an event of the connection. */
export function describeBreak(event: Exclude<StreamEvent, { kind: 'message' }>): string {
  if (event.kind === 'resumed') {
    const { sequence } = event;
    return `connected again${sequence === undefined ? '' : `, going on after #${sequence}`}`;
  }
  const { failure } = event;
  const why = failure === undefined ? 'the sidecar ended the stream' : causeOf(failure);
  return `the connection broke (${why}): trying again`;
}

/** A line for a snapshot: its reason and its values. */
function describeSnapshot(
  { outcome, parameters }: Snapshot,
  epoch: string,
  sequence: bigint,
): string {
  const values = `values at #${sequence}: ${describeParameters(parameters)}`;
  switch (outcome) {
    case SnapshotOutcome.RESET_EPOCH:
      return `the ledger is another one, of epoch ${epoch}; ${values}`;
    case SnapshotOutcome.RESET_COMPACTED:
      return `the deltas asked for are no longer retained; ${values}`;
    case SnapshotOutcome.RESET_SLOW:
      return `this reader fell too far behind; ${values}`;
    default:
      return `ledger of epoch ${epoch}; ${values}`;
  }
}
