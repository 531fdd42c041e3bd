import { clip } from '../domain/clip.ts';
import { messageOf } from '../domain/errors.ts';
import { own, sameValue, type Value } from '../domain/value.ts';
import type { Delta } from '../gen/learning/v1/delta_pb.ts';
import type {
  SnapshotOutcome,
  StreamDeltasResponse,
} from '../gen/learning/v1/learning_service_pb.ts';
import { type Values, valuesOf } from './values.ts';

/** The contract's limits for a refusal, in bytes. */
const MAX_REASON_BYTES = 256;
const MAX_MESSAGE_BYTES = 1024;

/** New settings to apply. */
export interface Change {
  readonly source: 'snapshot' | 'delta';
  /** All settings after the change. */
  readonly parameters: Values;
  /**
   * The parameters whose value differs from the live one, removed ones included, each with the id of its delta. The
   * id is empty for an initial value, or if the sidecar no longer has the delta.
   */
  readonly changed: Readonly<Record<string, string>>;
  /** The ledger's epoch. */
  readonly epoch: string;
  /** The sequence of the newest delta. */
  readonly sequence: bigint;
  /** The reason of a snapshot. */
  readonly outcome: SnapshotOutcome | undefined;
  readonly delta: Delta | undefined;
}

/** The change from the live settings that a message brings; `undefined` if it brings none. */
export function changeOf(
  live: Values,
  { epoch, sequence, event }: StreamDeltasResponse,
): Change | undefined {
  const place = { epoch, sequence, outcome: undefined, delta: undefined };
  if (event.case === 'snapshot') {
    const { outcome, deltaIds } = event.value;
    const parameters = valuesOf(event.value.parameters);
    const changed = differing(live, parameters, deltaIds);
    return { ...place, source: 'snapshot', parameters, changed, outcome };
  }
  if (event.case === 'delta') {
    const delta = event.value;
    const { target, newValue } = delta;
    const { [target]: _, ...others } = live;
    const set = newValue === undefined ? {} : valuesOf({ [target]: newValue });
    const parameters = { ...others, ...set };
    const changed = differing(live, parameters, { [target]: delta.deltaId });
    return { ...place, source: 'delta', parameters, changed, delta };
  }
  return undefined;
}

function differing(from: Values, to: Values, deltaIds: Readonly<Record<string, string>>) {
  const names = Object.keys({ ...from, ...to });
  const changed = names.filter((name) => !sameValue(own(from, name), own(to, name)));
  return Object.fromEntries(changed.map((name) => [name, own(deltaIds, name) ?? '']));
}

/** `settings` with the `former` values of the parameters in `names`; a parameter that had none is left out. */
export function withFormer(settings: Values, former: Values, names: Iterable<string>): Values {
  const kept: Record<string, Value> = { ...settings };
  for (const name of names) {
    const value = own(former, name);
    if (value === undefined) delete kept[name];
    else kept[name] = value;
  }
  return kept;
}

/** Throw it from `onChange` to refuse values with a reason. Any other error refuses all that changed. */
export class DeltaRefusal extends Error {
  override readonly name = 'DeltaRefusal';
  /** A short constant, such as `UNSUPPORTED_VALUE`. */
  readonly reason: string;
  /** The parameters whose values are refused; by default all that changed. */
  readonly parameters: readonly string[] | undefined;

  constructor(reason: string, message: string, parameters?: readonly string[]) {
    super(message);
    this.reason = reason;
    this.parameters = parameters;
  }
}

/** What `onChange` refused, and why. */
export interface Refusal {
  readonly names: readonly string[];
  readonly error: { readonly reason: string; readonly message: string };
}

/** The refusal that an error thrown by `onChange` stands for. */
export function refusalOf(thrown: unknown, change: Change): Refusal {
  const isRefusal = thrown instanceof DeltaRefusal;
  const names = (isRefusal && thrown.parameters) || Object.keys(deltasOf(change));
  const reason = clip(isRefusal ? thrown.reason : 'NOT_PUT_IN_FORCE', MAX_REASON_BYTES);
  return { names, error: { reason, message: clip(messageOf(thrown), MAX_MESSAGE_BYTES) } };
}

/** The acknowledgement of a delta; with `error`, its refusal. */
export interface DeltaAnswer {
  readonly epoch: string;
  readonly deltaId: string;
  readonly error?: Refusal['error'];
}

export function answersTo(change: Change, refusal?: Refusal): DeltaAnswer[] {
  const { epoch } = change;
  const known = Object.entries(deltasOf(change)).filter(([, deltaId]) => deltaId !== '');
  return known.map(([name, deltaId]) =>
    refusal?.names.includes(name) ? { epoch, deltaId, error: refusal.error } : { epoch, deltaId },
  );
}

/** The deltas to answer, by parameter. A streamed delta is answered even if it leaves the value as it was. */
function deltasOf({ changed, delta }: Change): Readonly<Record<string, string>> {
  return delta === undefined ? changed : { [delta.target]: delta.deltaId };
}
