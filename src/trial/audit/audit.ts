import { messageOf } from '../../domain/errors.ts';
import { foldReceipt } from '../fold.ts';
import { firstHash } from '../receipt.ts';
import type { TrialEnded, TrialStep } from '../step.ts';
import { isOfThisFormat, runningBlock, type Trial } from '../trial.ts';
import { type AuditFault, type Chain, type FoundReceipt, type Placed, readChain } from './chain.ts';
import { afterStep, type Course, describeDue, isDueStep } from './course.ts';
import { faultOfConfirmation, faultOfRenewal } from './holdback.ts';
import { faultOfEnd, faultOfPromotion, faultOfSuspension, type MoveContext } from './move.ts';
import { type Disclosed, disclosedSeeds, seedOf } from './seeds.ts';
import { type AuditedStage, stagesOf } from './stages.ts';
import {
  faultOfAssignment,
  faultOfBlock,
  faultOfEValues,
  faultOfMissing,
  faultOfOutcome,
  faultOfPause,
  faultOfRest,
  faultOfSettled,
  faultOfStart,
} from './step.ts';

/** The result of an audit. */
export interface TrialAudit {
  /** The trial as far as its receipts can be followed, without its end step; `undefined` if none can be. */
  readonly trial: Trial | undefined;
  /** The step that ends the trial, as its receipts claim, if any. */
  readonly end: TrialEnded | undefined;
  /** Whether the trial has ended, or was confirmed without a holdback. */
  readonly isOver: boolean;
  /** Whether the trial has an earlier release's format: only the chain of hashes can then be checked. */
  readonly isChainOnly: boolean;
  /** The stages that the receipts claim, in order. */
  readonly stages: readonly AuditedStage[];
  /** Number of receipts found; number and hash of the last one, 0 and `firstHash` if there is none. */
  readonly count: number;
  readonly lastNumber: number;
  readonly lastHash: string;
  /** Empty: every receipt is as written, and every step is one that the trial allows. */
  readonly faults: readonly AuditFault[];
  /** The parts that cannot be checked, or not yet, in words. */
  readonly unchecked: readonly string[];
}

/** A trial of a confirmed change's old value: when it began, and when it helped. */
export interface Retrial {
  readonly startMs: number | undefined;
  readonly helpedMs: number | undefined;
}

/** Other facts in a ledger that a trial's receipts depend on. */
export interface Surroundings {
  /** Trials of the old value after the change was confirmed. */
  readonly retrials: readonly Retrial[];
  /** Whether there may have been more such trials, which the ledger no longer has. */
  readonly mayLackRetrials: boolean;
}

const NOTHING_KNOWN: Surroundings = { retrials: [], mayLackRetrials: true };

/**
 * Verifies a trial by its receipts: each must be sealed after the one before, and each step must be one
 * that the trial allows, with the same e-values (`isNear`). Summaries are not compared.
 *
 * @param found the trial's receipts, in the order of the ledger
 */
export function auditTrial(
  deltaId: string,
  found: readonly FoundReceipt[],
  surroundings: Surroundings = NOTHING_KNOWN,
): TrialAudit {
  const chain = readChain(deltaId, found);
  const { receipts } = chain;
  const walk = new Walk(deltaId, chain, surroundings);
  walk.follow();
  const last = receipts.at(-1);
  return {
    trial: walk.trial,
    end: receipts.flatMap(({ step }) => (isEnd(step) ? [step] : [])).at(-1),
    isOver: walk.isOver,
    isChainOnly: walk.trial !== undefined && !isOfThisFormat(walk.trial.plan),
    stages: stagesOf(receipts),
    count: receipts.length,
    lastNumber: last?.number ?? 0,
    lastHash: last?.hash ?? firstHash(deltaId),
    faults: [...chain.faults, ...walk.faults],
    unchecked: walk.unchecked,
  };
}

function isEnd(step: TrialStep): step is TrialEnded {
  return step.step === 'end' && typeof step.effect?.verdict === 'string';
}

/** Checks a trial's steps up to the first one that the trial does not allow. */
class Walk {
  readonly faults: AuditFault[] = [];
  readonly unchecked: string[] = [];
  isOver = false;
  #course: Course | undefined;
  readonly #deltaId: string;
  readonly #chain: Chain;
  readonly #seeds: Disclosed;
  readonly #surroundings: Surroundings;

  constructor(deltaId: string, chain: Chain, surroundings: Surroundings) {
    this.#deltaId = deltaId;
    this.#chain = chain;
    this.#seeds = disclosedSeeds(chain.receipts.map(({ step }) => step));
    this.#surroundings = surroundings;
  }

  get trial(): Trial | undefined {
    return this.#course?.trial;
  }

  follow(): void {
    const { receipts, faults } = this.#chain;
    // Faults after the first one would only be its consequences.
    const firstFault = Math.min(...faults.map((fault) => fault.receipts?.[0] ?? Infinity));
    for (const receipt of receipts.filter(({ number }) => number < firstFault)) {
      const text = this.#take(receipt);
      if (text === undefined) continue;
      const { number, position } = receipt;
      this.faults.push({ receipts: [number, number], position, text });
      return;
    }
    if (faults.length === 0) this.#checkEnd();
  }

  /** Checks and folds a receipt; returns why it is not allowed, in words, if it is not. */
  #take(receipt: Placed): string | undefined {
    try {
      const { step } = receipt;
      const course = this.#course;
      // In a trial of an earlier format, only the end is looked for.
      if (course !== undefined && !isOfThisFormat(course.trial.plan)) {
        this.isOver = step.step === 'end';
        return undefined;
      }
      const text =
        receipt.number === 1 ? faultOfStart(this.#deltaId, step) : this.#faultOfNext(receipt);
      return text ?? this.#fold(receipt);
    } catch (error) {
      return `it cannot be followed: ${messageOf(error)}`;
    }
  }

  /** Folds an allowed step; returns a fault if its e-values are not those that the fold leads to. */
  #fold(receipt: Placed): string | undefined {
    const { step, number } = receipt;
    const former = this.#course;
    const trial = foldReceipt(former?.trial, receipt);
    const fault = former && faultOfEValues(former.trial, trial, step);
    if (fault !== undefined) return fault;
    this.isOver = trial === undefined;
    if (trial === undefined) return undefined;
    if (number === 1 && !Number.isFinite(step.timeMs)) throw new Error('it has no time');
    this.#course = afterStep(former ?? { recorded: 0, sequence: 0 }, trial, step);
    return undefined;
  }

  #faultOfNext(receipt: Placed): string | undefined {
    const course = this.#course;
    const { step } = receipt;
    if (course === undefined) return 'the trial had not begun';
    if (this.isOver) return 'the trial was over';
    if (!(step.timeMs >= course.timeMs)) return 'its time is before that of the one before it';
    if (course.due !== undefined && !isDueStep(course, step)) {
      return `${describeDue(course.due)}, before it`;
    }
    return this.#faultOfStep(course, receipt);
  }

  #faultOfStep(course: Course, receipt: Placed): string | undefined {
    const { step } = receipt;
    switch (step.step) {
      case 'start':
        return 'it begins the trial once more';
      case 'assign':
        return faultOfAssignment(course, step, this.#seeds);
      case 'block':
        return faultOfBlock(course, step, this.#seeds);
      case 'acknowledged':
        return faultOfAcknowledgement(course);
      case 'settle':
        return faultOfSettled(course, step);
      case 'rest':
        return faultOfRest(course, step);
      case 'outcome':
      case 'late':
        return faultOfOutcome(course, step);
      case 'missing':
        return faultOfMissing(course, step);
      case 'pause':
        return faultOfPause(course, step);
      case 'resume':
        return course.trial.pauses.includes(step.reason)
          ? undefined
          : 'the trial was not paused so';
      case 'suspend':
      case 'continue':
        return faultOfSuspension(course, step);
      case 'promote':
        return faultOfPromotion(course, step);
      case 'confirm':
        return faultOfConfirmation(course, step);
      case 'renew':
        return faultOfRenewal(course, step, this.#contextOf(receipt));
      case 'end':
        return faultOfEnd(course, step, this.#contextOf(receipt));
      default:
        return 'it is no step of a trial';
    }
  }

  #contextOf({ number }: Placed): MoveContext {
    const { retrials, mayLackRetrials } = this.#surroundings;
    return {
      seeds: this.#seeds,
      isAfterDropped: this.#chain.dropped?.[1] === number - 1,
      faultOfRetrial: (event, timeMs) => {
        const isIt = ({ startMs, helpedMs }: Retrial) =>
          (event === 'begun' ? startMs : helpedMs) === timeMs;
        if (retrials.some(isIt)) return undefined;
        const text = `no trial of the value before it had ${event} just then`;
        if (!mayLackRetrials) return text;
        this.unchecked.push(`receipt ${number}: ${text} of which the ledger still knows`);
        return undefined;
      },
    };
  }

  /** Adds the step that is missing after the last receipt, and what cannot be checked yet. */
  #checkEnd(): void {
    const course = this.#course;
    const { receipts, dropped } = this.#chain;
    if (course !== undefined && !isOfThisFormat(course.trial.plan)) {
      this.unchecked.push('all but the chain of hashes: the trial was begun by an earlier release');
      return;
    }
    if (dropped !== undefined) {
      const [first, last] = dropped;
      this.unchecked.push(
        `receipts ${first} to ${last} of the holdback are no longer kept: what receipt ${last + 1} says of the state then is believed`,
      );
    }
    if (course === undefined || this.isOver) return;
    const { trial, due } = course;
    if (due !== undefined) {
      const next = (receipts.at(-1)?.number ?? 0) + 1;
      const text = `missing: ${describeDue(due)}`;
      this.faults.push({ receipts: [next, next], position: undefined, text });
    } else if (seedOf(trial, this.#seeds) === undefined) {
      this.unchecked.push(
        `the coins of the ${trial.stage} that goes on: their seed is disclosed when it ends`,
      );
    }
  }
}

function faultOfAcknowledgement({ trial }: Course): string | undefined {
  const block = runningBlock(trial);
  if (block === undefined) return 'no block was running';
  return block.acknowledgedMs === undefined ? undefined : 'its block had been acknowledged';
}
