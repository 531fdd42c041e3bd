/** What the processes of the load say to one another. */

export type Order =
  /** Begin with tasks. */
  | 'work'
  /** Answer a `Report`, and begin a new one. */
  | 'report'
  /** The sidecar is about to be ended: note who comes back, and when. */
  | 'mark'
  /** End what is under way, and answer a `Back`. */
  | 'stop';

/** How many streams have been told of the values. */
export interface Ready {
  readonly kind: 'ready';
}

/** What has happened since the last one. */
export interface Report {
  readonly kind: 'report';
  /** Milliseconds from the beginning of each task to its acknowledgement. */
  readonly latenciesMs: readonly number[];
  /** Lines of the clients' logs: outages, and what was refused. */
  readonly logLines: readonly string[];
}

/** A task that was not acknowledged yet when the mark was set, or began after it. Unix milliseconds. */
export interface TaskSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** What became of everything. */
export interface Back {
  readonly kind: 'back';
  /** Tasks of which each was acknowledged; ids are not counted twice. */
  readonly acknowledged: number;
  readonly unacknowledged: number;
  /** Ids of the newest that were acknowledged before the mark. */
  readonly newestIds: readonly string[];
  readonly spans: readonly TaskSpan[];
  /** When each stream said something for the first time after the mark. */
  readonly streamsBackMs: readonly number[];
}

export type Message = Ready | Report | Back;
