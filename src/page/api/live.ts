import { topicsOf } from './topics.ts';

/** Whether the page hears of changes. */
export type Liveness = 'connecting' | 'live' | 'lost';

/** Who hears of what changes. */
export interface LiveListener {
  /** Topics that have changed; `undefined`: anything may have. */
  changed(topics: readonly string[] | undefined): void;
  liveness(state: Liveness): void;
}

/** After an attempt that the browser gives up on, the next one comes after this time. */
const RETRY_MS = 2000;

/**
 * Listens to `/api/v1/events` until the returned function is called. The browser resumes with the last event's id; once
 * it gives up (an answer other than 200), this opens another stream, and anything may have changed meanwhile.
 */
export function listen(listener: LiveListener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasLost = false;
  const open = () => {
    source = new EventSource('/api/v1/events');
    source.onopen = () => {
      listener.liveness('live');
      if (wasLost) listener.changed(undefined);
      wasLost = false;
    };
    source.addEventListener('changed', ({ data }) => listener.changed(topicsOf(data)));
    source.onerror = () => {
      wasLost = true;
      listener.liveness('lost');
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, RETRY_MS);
    };
  };
  listener.liveness('connecting');
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
