import type { Task } from '../domain/task.ts';
import type { Role, Tokens } from './conventions.ts';
import type { Evaluation, Span } from './span.ts';

/** What marks a span as a task. */
export interface Marks {
  /** Ids in attributes; they take precedence. At most two are kept, since two are none. */
  readonly named: readonly string[];
  readonly evaluations: readonly Evaluation[];
}

/** What spans below another sum up to. */
export interface Sums {
  readonly tokens: Tokens | undefined;
  readonly llmCalls: number;
  readonly toolCalls: number;
  readonly toolErrors: number;
  /** Names of the nearest agents and of models, each once; at most two, since two are none. */
  readonly agents: readonly string[];
  readonly models: readonly string[];
}

export const NO_MARKS: Marks = { named: [], evaluations: [] };
export const NO_SUMS: Sums = {
  ...{ tokens: undefined, llmCalls: 0, toolCalls: 0, toolErrors: 0, agents: [], models: [] },
};

/** Evaluations of one span: a task asks for some parameters, some times. */
const MAX_EVALUATIONS = 64;

/** A span as it is remembered, or the place of one that is still to come. */
export class Place {
  marks: Marks = NO_MARKS;
  sums: Sums = NO_SUMS;
  /** `undefined` until it has come. */
  arrived: { readonly span: Span; readonly role: Role } | undefined;
  /** What has become of it; `undefined` while it is no task. */
  result: Task | Rejection | undefined;

  mark(marks: Marks): void {
    if (isUnmarked(marks)) return;
    this.marks = {
      named: twoOf([...this.marks.named, ...marks.named]),
      evaluations: [...this.marks.evaluations, ...marks.evaluations].slice(0, MAX_EVALUATIONS),
    };
  }

  add(sums: Sums): void {
    if (isNothing(sums)) return;
    this.sums = this.sums === NO_SUMS ? sums : plus(this.sums, sums);
  }
}

/** Whether what marks it marks a span above it. At the top there is none, and it stands for itself. */
export function passesOn({ arrived }: Place): boolean {
  if (arrived === undefined || arrived.span.parentKey === '') return false;
  return arrived.role !== 'agent' && arrived.role !== 'other';
}

/** Why a span that should have been a task is none. */
export interface Rejection {
  readonly rejected: RejectReason;
}

export type RejectReason =
  | 'several_ids'
  | 'no_span_id'
  | 'no_times'
  | 'reversed_times'
  | 'long_id'
  | 'unknown_status';

export function isUnmarked({ named, evaluations }: Marks): boolean {
  return named.length === 0 && evaluations.length === 0;
}

export function isNothing(sums: Sums): boolean {
  const { tokens, llmCalls, toolCalls, agents, models } = sums;
  return tokens === undefined && llmCalls + toolCalls + agents.length + models.length === 0;
}

function plus(one: Sums, other: Sums): Sums {
  return {
    tokens: addTokens(one.tokens, other.tokens),
    llmCalls: one.llmCalls + other.llmCalls,
    toolCalls: one.toolCalls + other.toolCalls,
    toolErrors: one.toolErrors + other.toolErrors,
    agents: twoOf([...one.agents, ...other.agents]),
    models: twoOf([...one.models, ...other.models]),
  };
}

function addTokens(one: Tokens | undefined, other: Tokens | undefined): Tokens | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { input: one.input + other.input, output: one.output + other.output };
}

/** The different ones, two at most. */
function twoOf(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].slice(0, 2);
}

/** The only one; empty if there is none, or several. */
export function onlyOne(texts: readonly string[]): string {
  return texts.length === 1 ? (texts[0] ?? '') : '';
}
