import { randomBytes } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';

/** A session that is not used ends after this time; one that is used, after the second. */
const IDLE_MS = 15 * 60_000;
const LONGEST_MS = 8 * 3_600_000;

/** Maximum number of sessions; the one unused for longest makes room. */
const MAX_SESSIONS = 64;

const ID_BYTES = 32;

interface Session {
  /** Of the token that it stands for. */
  readonly digest: Buffer;
  readonly begunMs: number;
  usedMs: number;
}

/** Sessions that stand for tokens, in memory only: a restart ends them. Those used last are last. */
export class Sessions {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #byId = new Map<string, Session>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Begins a session; returns its id. */
  begin(digest: Buffer): string {
    const nowMs = this.#clock.monotonic();
    const id = randomBytes(ID_BYTES).toString('base64url');
    this.#byId.set(id, { digest, begunMs: nowMs, usedMs: nowMs });
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= MAX_SESSIONS) break;
      this.#byId.delete(oldest);
    }
    return id;
  }

  /** The digest of the token that an open session stands for; the session counts as used unless it is only looked at. */
  digestOf(id: string, isUse: boolean): Buffer | undefined {
    const session = this.#byId.get(id);
    if (session === undefined) return undefined;
    const nowMs = this.#clock.monotonic();
    if (nowMs - session.usedMs >= IDLE_MS || nowMs - session.begunMs >= LONGEST_MS) {
      this.#byId.delete(id);
      return undefined;
    }
    if (isUse) {
      session.usedMs = nowMs;
      this.#byId.delete(id);
      this.#byId.set(id, session);
    }
    return session.digest;
  }

  end(id: string): void {
    this.#byId.delete(id);
  }
}
