import { nameOf, ownValues } from '../../domain/cohort.ts';
import { invalidFields, LearningError } from '../../domain/errors.ts';
import { isOfType, nameOfType, type ParameterType, typeOf } from '../../domain/parameter-type.ts';
import { MAX_PARAMETERS } from '../../domain/parameters.ts';
import { own, type Parameters, type Value } from '../../domain/value.ts';
import type { Engine } from '../../engine/engine.ts';
import { baseline, held, type Resolved } from '../../engine/resolve.ts';
import { readContext } from './context.ts';

/** The value of a parameter for one caller. */
export interface Evaluation {
  readonly name: string;
  /** `undefined` if the caller is to use its own default. */
  readonly value: Value | undefined;
  /** The parameter's type in the config, or else the value's; `undefined` for a list, or without either. */
  readonly type: ParameterType | undefined;
  /**
   * Never STATIC: clients cache a static value by the flag's name alone, whatever the context, until a change of the
   * flag is announced. A trial gives tasks different values without an announcement.
   */
  readonly reason: 'SPLIT' | 'TARGETING_MATCH' | 'DEFAULT';
  /** `undefined` without a value. Never empty, which would mean the caller's default. */
  readonly variant: 'old' | 'new' | 'baseline' | undefined;
  readonly metadata: Readonly<Record<string, string | number>>;
}

/** The type that a caller expects of a parameter; `any` if the caller checks the type itself. */
export type Wanted = ParameterType | 'any';

/** The set that all parameters are in, for telemetry. */
const FLAG_SET_ID = 'learning';

/** Number of newest evaluations kept: twice the maximum number of parameters. */
const KEPT = 2 * MAX_PARAMETERS;

/** Evaluates parameters as OpenFeature's flags. As long as nothing changes, an evaluation is the same object. */
export class Evaluator {
  readonly #engine: Engine;
  /** The newest evaluations, by parameter name and, where there is one, assignment and cohort. */
  readonly #newest = new Map<string, Evaluation>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Evaluates one parameter. A task that the context names may be given an arm in a trial of this parameter, and of no
   * other. Throws PARAMETER_NOT_FOUND, and INVALID_FIELD for a value of another type than `wanted`.
   */
  async one(name: string, wanted: Wanted, context: Value | undefined): Promise<Evaluation> {
    const { state } = this.#engine.ledger;
    const trials = state.trials.filter(({ plan }) => plan.target === name);
    const live = own(state.head.parameters, name);
    if (live === undefined && trials.length === 0) {
      throw new LearningError('PARAMETER_NOT_FOUND', `there is no parameter ${show(name)}`);
    }
    const { taskId, labels } = readContext(context);
    const ofCohorts = ownValues(state.head).filter(({ target }) => target === name);
    const possible = [
      live,
      ...ofCohorts.map(({ value }) => value),
      ...trials.flatMap(({ plan }) => [plan.oldValue, plan.newValue]),
    ];
    const faults = possible.map((value) => this.#fault(name, value, wanted));
    const resolve = () => {
      if (taskId === '') return baseline(state, labels);
      // A task that could not use the value of one of the arms is assigned none.
      if (faults.some((fault) => fault !== undefined)) return held(state, { taskId, labels });
      return this.#engine.resolve({ taskId, labels, target: name });
    };
    const evaluation = this.#evaluate(await resolve(), name);
    const fault = this.#fault(name, evaluation.value, wanted);
    if (fault !== undefined) throw invalidFields([{ field: 'flag_key', description: fault }]);
    return evaluation;
  }

  /** Evaluates all parameters, for the context's cohort. Assigns no arms, since a caller that asks for all values keeps them for later. */
  all(context: Value | undefined): readonly Evaluation[] {
    const { taskId, labels } = readContext(context);
    const { state } = this.#engine.ledger;
    return this.#evaluateAll(
      taskId === '' ? baseline(state, labels) : this.#engine.peek({ taskId, labels }),
    );
  }

  /** The values in force for tasks of no cohort. */
  baseline(): readonly Evaluation[] {
    return this.#evaluateAll(baseline(this.#engine.ledger.state));
  }

  /** Metadata of the whole set: the sequence and epoch of what is in force. */
  metadata({ deltaSequence } = baseline(this.#engine.ledger.state)): Evaluation['metadata'] {
    const { epoch } = this.#engine.ledger.state.head;
    return {
      delta_sequence: deltaSequence,
      epoch,
      // The names that telemetry hooks read.
      version: String(deltaSequence),
      flagSetId: FLAG_SET_ID,
    };
  }

  #evaluateAll(resolved: Resolved): readonly Evaluation[] {
    return Object.keys(resolved.parameters).map((name) => this.#evaluate(resolved, name));
  }

  #evaluate(resolved: Resolved, name: string): Evaluation {
    const { state } = this.#engine.ledger;
    const isOf = ({ deltaId }: { deltaId: string }) => state.delta(deltaId)?.target === name;
    const assignment = resolved.assignments.find(isOf);
    const value = valueIn(resolved.parameters, name);
    const type = this.#typeOf(name, value);
    // A space separates the parts, as names have none.
    const { cohort } = resolved;
    const arm = assignment === undefined ? '' : `${assignment.deltaId} ${assignment.arm}`;
    const key = `${name} ${arm} ${cohort === undefined ? '' : nameOf(cohort)}`;
    const known = this.#newest.get(key);
    if (known !== undefined && isStill(known, value, type, resolved)) return known;
    const evaluation = this.#createEvaluation({ name, value, type }, assignment, resolved);
    this.#newest.delete(key);
    this.#newest.set(key, evaluation);
    for (const oldest of this.#newest.keys()) {
      if (this.#newest.size <= KEPT) break;
      this.#newest.delete(oldest);
    }
    return evaluation;
  }

  #createEvaluation(
    shared: Pick<Evaluation, 'name' | 'value' | 'type'>,
    assignment: Resolved['assignments'][number] | undefined,
    resolved: Resolved,
  ): Evaluation {
    const { value } = shared;
    const metadata = this.metadata(resolved);
    const told =
      assignment === undefined ? metadata : { delta_id: assignment.deltaId, ...metadata };
    if (value === undefined) {
      return { ...shared, reason: 'DEFAULT', variant: undefined, metadata: told };
    }
    return assignment === undefined
      ? { ...shared, reason: 'TARGETING_MATCH', variant: 'baseline', metadata }
      : { ...shared, reason: 'SPLIT', variant: assignment.arm, metadata: told };
  }

  /** Why a value is not of the wanted type, in words; `undefined` if it is. */
  #fault(name: string, value: Value | undefined, wanted: Wanted): string | undefined {
    if (value === undefined || value === null || wanted === 'any') return undefined;
    const type = this.#typeOf(name, value);
    // A parameter of type number is no integer even if its value is whole: its next value may not be.
    const isFit = isOfType(wanted, value) && !(wanted === 'integer' && type === 'number');
    if (isFit) return undefined;
    const found = type === undefined ? 'null or a list' : nameOfType(type);
    return `expected ${nameOfType(wanted)}, but ${show(name)} is ${found}`;
  }

  #typeOf(name: string, value: Value | undefined): ParameterType | undefined {
    const declared = own(this.#engine.settings.parameters, name)?.type;
    // A value may be from before the config that declares the type.
    const isOther = value !== undefined && declared !== undefined && !isOfType(declared, value);
    if (declared !== undefined && !isOther) return declared;
    return value === undefined ? undefined : typeOf(value);
  }
}

/** Whether a known evaluation, of the same assignment, still holds. */
function isStill(
  known: Evaluation,
  value: Value | undefined,
  type: ParameterType | undefined,
  { deltaSequence }: Resolved,
): boolean {
  if (known.metadata.delta_sequence !== deltaSequence || known.type !== type) return false;
  // Values are immutable: a list or an object that is identical has not changed.
  return Object.is(known.value, value);
}

/** A parameter's value; `undefined` for null, too, which is no value to OpenFeature. */
function valueIn(parameters: Parameters, name: string): Value | undefined {
  return own(parameters, name) ?? undefined;
}

function show(name: string): string {
  return JSON.stringify(name);
}
