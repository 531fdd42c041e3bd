import type { Logger } from 'pino';

/** Logs that a window had no room for all names of measurements: once, and again after one that had. */
export function createDroppedNamesLog(log: Pick<Logger, 'warn'>) {
  let former = 0;
  return (count: number): void => {
    if (count > 0 && former === 0) {
      log.warn(
        { dropped: count },
        'tasks carry more names of measurements than a window has room for: those that rules ask for by name ' +
          'and those that most tasks carry are kept. Where names hold ids, use labels',
      );
    }
    former = count;
  };
}
