import { useState } from 'preact/hooks';
import { messageOf } from '../../domain/errors.ts';
import { readText } from '../api/client.ts';
import { useShared } from '../context.ts';
import { Failure } from '../parts/failure.tsx';
import type { VerifyReply, VerifyRequest } from '../verify-worker.ts';
import type { Verification } from './verify.ts';

type State =
  | { readonly is: 'idle' | 'busy' }
  | { readonly is: 'failed'; readonly error: string }
  | { readonly is: 'done'; readonly found: Verification };

interface Props {
  readonly deltaId: string;
  /** The verdict that the page shows, as receipts name it; empty: none yet. */
  readonly shown: string;
}

/** Fetches the receipts of a trial and recomputes it in this browser. */
export function Verify({ deltaId, shown }: Props) {
  const [state, setState] = useState<State>({ is: 'idle' });
  const { announce } = useShared();
  const run = () => {
    setState({ is: 'busy' });
    verifyInWorker(deltaId, shown).then(
      (found) => {
        setState({ is: 'done', found });
        announce(found.headline);
      },
      (error) => setState({ is: 'failed', error: messageOf(error) }),
    );
  };
  return (
    <section aria-labelledby="verify-title">
      <header class="row">
        <h2 id="verify-title">Verify</h2>
        <button type="button" class="main" disabled={state.is === 'busy'} onClick={run}>
          {state.is === 'busy' ? 'Recomputing …' : 'Verify in this browser'}
        </button>
      </header>
      <p class="faint">
        Fetches the receipts of the stages that have ended, and computes coins, evidence and verdict
        again here, by the code that the sidecar and <code>learning-sidecar audit</code> use.
      </p>
      {state.is === 'failed' && <Failure error={state.error} />}
      {state.is === 'done' && <Found {...state.found} />}
    </section>
  );
}

function Found({ stands, headline, details, unchecked, lastHash }: Verification) {
  return (
    <div class={`verification ${stands ? 'good' : 'bad'}`}>
      <p class="headline">{headline}</p>
      <ul>
        {details.map((text) => (
          <li key={text}>{text}</li>
        ))}
        {unchecked.map((text) => (
          <li key={text} class="faint">
            Not checked: {text}
          </li>
        ))}
      </ul>
      {lastHash !== '' && (
        <p class="faint">
          Hash of the last receipt: <code class="hash">{lastHash}</code>
        </p>
      )}
    </div>
  );
}

async function verifyInWorker(deltaId: string, shown: string): Promise<Verification> {
  const pages = await readPages(deltaId);
  const worker = new Worker(workerAddress(), { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: { readonly data: VerifyReply }) => {
        if ('found' in data) resolve(data.found);
        else reject(new Error(data.error));
      };
      worker.onerror = ({ message }) => reject(new Error(message || 'the worker did not start'));
      worker.postMessage({ pages, shown } satisfies VerifyRequest);
    });
  } finally {
    worker.terminate();
  }
}

/** Reads the receipts, page by page, as they are sent. */
async function readPages(deltaId: string): Promise<string[]> {
  const path = `deltas/${encodeURIComponent(deltaId)}/receipts`;
  const pages: string[] = [];
  let query = '';
  do {
    const text = await readText(`${path}${query}`);
    pages.push(text);
    query = nextQuery(text);
  } while (query !== '');
  return pages;
}

/** Empty on the last page, and on one that cannot be read: the worker says so. */
function nextQuery(text: string): string {
  try {
    const { nextPageToken = '' } = JSON.parse(text);
    return nextPageToken === '' ? '' : `?page_token=${encodeURIComponent(nextPageToken)}`;
  } catch {
    return '';
  }
}

/** Where the worker is: its name holds its hash, so the document says it. */
function workerAddress(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="verify-worker"]');
  if (meta === null) throw new Error('the page does not say where its worker is');
  return meta.content;
}
