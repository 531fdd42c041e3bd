import { type Delta, DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';

/** What happened to the delta of one seed. Times are in tasks dispatched since its trial began. */
export interface Ending {
  /** The states observed, in order. */
  readonly path: readonly string[];
  readonly state: DeltaState;
  readonly verdict: Verdict;
  /** It was put in force at some time. */
  readonly wasInForce: boolean;
  readonly isInForce: boolean;
  readonly provisionalAt: number | undefined;
  readonly confirmedAt: number | undefined;
  /** When it was confirmed or reverted. */
  readonly endedAt: number | undefined;
  readonly dispatched: number;
  readonly summary: string;
  /** Transitions and combinations of state, verdict and value that are not allowed, in words. */
  readonly faults: readonly string[];
}

const { PROPOSED, TRIAL, PROVISIONAL, CONFIRMED, REVERTED } = DeltaState;
const { UNSPECIFIED, HELPED, HARMED, INCONCLUSIVE, INVALID } = Verdict;

/** Allowed transitions. A poll may miss the states in between. */
const NEXT_STATES: ReadonlyMap<DeltaState, readonly DeltaState[]> = new Map([
  [TRIAL, [PROVISIONAL, CONFIRMED, REVERTED]],
  [PROVISIONAL, [CONFIRMED, REVERTED]],
]);

const NEXT_VERDICTS: ReadonlyMap<Verdict, readonly Verdict[]> = new Map([
  [UNSPECIFIED, [HELPED, HARMED, INCONCLUSIVE, INVALID]],
  [HELPED, [HARMED, INCONCLUSIVE, INVALID]],
]);

/** Records the states of a delta, as polled. */
export class Course {
  readonly #path: string[] = [];
  readonly #faults: string[] = [];
  #state: DeltaState | undefined;
  #verdict: Verdict = UNSPECIFIED;
  readonly #firstAt = new Map<DeltaState, number>();
  readonly #first: DeltaState;

  /** @param first the state that it is to begin in */
  constructor(first: DeltaState) {
    this.#first = first;
  }

  /** Answers whether the state has changed. */
  see({ state, effect }: Delta, dispatched: number): boolean {
    const verdict = effect?.verdict ?? UNSPECIFIED;
    const isSuspended = effect?.summary.startsWith('Suspended') ?? false;
    const place = `${stateName(state)}${isSuspended ? ' (suspended)' : ''}`;
    this.#check(state, verdict);
    this.#state = state;
    this.#verdict = verdict;
    if (!this.#firstAt.has(state)) this.#firstAt.set(state, dispatched);
    if (this.#path.at(-1) === place) return false;
    this.#path.push(place);
    return true;
  }

  end({ state, sequence, effect }: Delta, isInForce: boolean, dispatched: number): Ending {
    const confirmedAt = this.#firstAt.get(CONFIRMED);
    return {
      path: this.#path,
      state,
      verdict: effect?.verdict ?? UNSPECIFIED,
      wasInForce: sequence > 0n,
      isInForce,
      provisionalAt: this.#firstAt.get(PROVISIONAL) ?? confirmedAt,
      confirmedAt,
      endedAt: confirmedAt ?? this.#firstAt.get(REVERTED),
      dispatched,
      summary: effect?.summary ?? '',
      faults: [...this.#faults, ...faultsOf(state, effect?.verdict, isInForce)],
    };
  }

  #check(state: DeltaState, verdict: Verdict): void {
    const former = this.#state;
    if (former === undefined) {
      if (state !== this.#first) this.#faults.push(`it began as ${stateName(state)}`);
    } else if (former !== state && !NEXT_STATES.get(former)?.includes(state)) {
      this.#faults.push(`${stateName(former)} became ${stateName(state)}`);
    }
    if (this.#verdict !== verdict && !NEXT_VERDICTS.get(this.#verdict)?.includes(verdict)) {
      this.#faults.push(`${verdictName(this.#verdict)} became ${verdictName(verdict)}`);
    }
  }
}

/** State, verdict and value in force must agree. */
function faultsOf(
  state: DeltaState,
  verdict: Verdict = UNSPECIFIED,
  isInForce: boolean,
): readonly string[] {
  const allowed: Partial<Record<DeltaState, readonly Verdict[]>> = {
    [PROPOSED]: [UNSPECIFIED],
    [TRIAL]: [UNSPECIFIED],
    [PROVISIONAL]: [HELPED],
    [CONFIRMED]: [HELPED],
    [REVERTED]: [HARMED, INCONCLUSIVE, INVALID],
  };
  const faults: string[] = [];
  if (!allowed[state]?.includes(verdict)) {
    faults.push(`${stateName(state)} with verdict ${verdictName(verdict)}`);
  }
  if (isInForce && state !== PROVISIONAL && state !== CONFIRMED) {
    faults.push(`${stateName(state)}, and the new value is in force`);
  }
  if (!isInForce && state === CONFIRMED) faults.push('CONFIRMED, and the old value is in force');
  return faults;
}

/** The name in the proto without its prefix. */
export function verdictName(verdict: Verdict): string {
  return nameIn(Verdict, verdict);
}

function stateName(state: DeltaState): string {
  return nameIn(DeltaState, state);
}

function nameIn(values: Readonly<Record<string, number>>, wanted: number): string {
  const [name = `${wanted}`] = Object.entries(values).find(([, value]) => value === wanted) ?? [];
  return name;
}
