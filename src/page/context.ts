import { createContext } from 'preact';
import { useContext, useEffect, useReducer, useState } from 'preact/hooks';
import { Cache, type Known } from './api/cache.ts';
import type { Liveness } from './api/live.ts';

/** What every part of the page shares. */
export interface Shared {
  readonly cache: Cache;
  readonly liveness: Liveness;
  /** Says something to screen readers. */
  announce(text: string): void;
}

export const SharedContext = createContext<Shared>({
  cache: new Cache(),
  liveness: 'connecting',
  announce: () => {},
});

export function useShared(): Shared {
  return useContext(SharedContext);
}

/**
 * A resource of the API, which stays as new as the events say.
 *
 * @param topics what events call a change of it
 * @param restMs least time between two readings, for what is large or changes all the time
 */
export function useResource<T>(path: string, topics: readonly string[], restMs?: number): Known<T> {
  const { cache } = useShared();
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  // The topics of a path, and its rest, are always the same.
  useEffect(() => {
    const watched = restMs === undefined ? { topics } : { topics, restMs };
    return cache.watch(path, watched, () => redraw(undefined));
  }, [cache, path]);
  return cache.known<T>(path);
}

/** The time, some seconds old at most. */
export function useNow(everyMs = 5000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
