import type { Beside, Combination } from '../domain/effect.ts';
import { own } from '../domain/value.ts';
import type { Arm } from './arm.ts';
import { isCancelled, logLatency, successOf } from './evidence/outcome.ts';
import { MAX_PARALLEL } from './parallel.ts';
import type { TrialPlan } from './plan.ts';
import type { ArmBeside, OutcomeRecorded } from './step.ts';

/** Sums over the reported tasks of one combination of arms. */
export interface Cell {
  readonly tasks: number;
  readonly succeeded: number;
  /** Tasks with a latency, and the sums of its logarithm and of the square of that. */
  readonly timed: number;
  readonly logs: number;
  readonly squares: number;
  /** Tasks with the primary measurement, and its sum. */
  readonly measured: number;
  readonly amount: number;
}

/** The tasks that also had an arm in the trial of another parameter, by both arms. */
export interface TasksBeside {
  readonly deltaId: string;
  readonly target: string;
  /** By own arm and the other's. */
  readonly cells: Readonly<Record<Arm, Readonly<Record<Arm, Cell>>>>;
}

const NONE: Cell = {
  ...{ tasks: 0, succeeded: 0, timed: 0, logs: 0, squares: 0, measured: 0, amount: 0 },
};

/** A table of four combinations says nothing of an interaction before each has this number of tasks with a latency. */
const MIN_TIMED = 10;

/** 97.5 % quantile of the normal distribution. */
const Z = 1.96;

const ARMS: readonly Arm[] = ['old', 'new'];

/** The tables after a report; trials beyond the first `MAX_PARALLEL` are left out, so that the tables stay few. */
export function addBeside(
  tables: readonly TasksBeside[],
  { beside = [], arm, outcome }: OutcomeRecorded,
  { primary }: TrialPlan,
): readonly TasksBeside[] {
  if (beside.length === 0 || isCancelled(outcome)) return tables;
  const { latencyMs } = outcome;
  const log = latencyMs === undefined ? 0 : logLatency(latencyMs);
  const amount =
    primary.kind === 'measurement' ? own(outcome.measurements, primary.name) : undefined;
  const add = (cell: Cell): Cell => ({
    tasks: cell.tasks + 1,
    succeeded: cell.succeeded + successOf(outcome),
    timed: cell.timed + (latencyMs === undefined ? 0 : 1),
    logs: cell.logs + log,
    squares: cell.squares + log ** 2,
    measured: cell.measured + (amount === undefined ? 0 : 1),
    amount: cell.amount + (amount ?? 0),
  });
  const after = new Map(tables.map((table) => [table.deltaId, table]));
  for (const other of beside) {
    const table = after.get(other.deltaId) ?? emptyTable(other);
    if (!after.has(other.deltaId) && after.size >= MAX_PARALLEL) continue;
    const row = { ...table.cells[arm], [other.arm]: add(table.cells[arm][other.arm]) };
    after.set(other.deltaId, { ...table, cells: { ...table.cells, [arm]: row } });
  }
  return [...after.values()];
}

function emptyTable({ deltaId, target }: ArmBeside): TasksBeside {
  return {
    deltaId,
    target,
    cells: { old: { old: NONE, new: NONE }, new: { old: NONE, new: NONE } },
  };
}

/** A table as it is shown. */
export function besideOf({ deltaId, target, cells }: TasksBeside): Beside {
  const combinations = ARMS.flatMap((arm) =>
    ARMS.map((other) => combinationOf(arm, other, cells[arm][other])),
  );
  const interaction = interactionOf(cells);
  return { deltaId, target, combinations, ...(interaction === undefined ? {} : { interaction }) };
}

function combinationOf(arm: Arm, other: Arm, cell: Cell): Combination {
  const { tasks, succeeded, timed, logs, measured, amount } = cell;
  return {
    arm,
    other,
    tasks,
    success: tasks === 0 ? 0 : succeeded / tasks,
    ...(timed === 0 ? {} : { latencyMs: Math.exp(logs / timed) }),
    ...(measured === 0 ? {} : { primary: amount / measured }),
  };
}

/** The effect where the other parameter has its new value, less that where it has its old one, in log latency. */
function interactionOf({ old, new: fresh }: TasksBeside['cells']): Beside['interaction'] {
  const cells = [old.old, old.new, fresh.old, fresh.new];
  if (cells.some(({ timed }) => timed < MIN_TIMED)) return undefined;
  const mean = ({ logs, timed }: Cell) => logs / timed;
  const estimate = mean(fresh.new) - mean(old.new) - (mean(fresh.old) - mean(old.old));
  const variance = cells.reduce((sum, cell) => {
    const spread = Math.max(cell.squares - cell.timed * mean(cell) ** 2, 0) / (cell.timed - 1);
    return sum + spread / cell.timed;
  }, 0);
  const half = Z * Math.sqrt(variance);
  return { estimate, lower: estimate - half, upper: estimate + half };
}
