import type { Delta } from '../api/answers.ts';
import { type StateWords, stateOf, verdictOf } from '../words/delta.ts';

/** A word with a colour that means the same. */
export function Badge({ text, tone }: StateWords) {
  return <span class={`badge ${tone}`}>{text}</span>;
}

/** Where a delta stands, and what was found about it. */
export function Standing({ delta }: { readonly delta: Pick<Delta, 'state' | 'effect'> }) {
  const verdict = verdictOf(delta);
  return (
    <>
      <Badge {...stateOf(delta)} />
      {verdict !== undefined && <Badge {...verdict} />}
    </>
  );
}
