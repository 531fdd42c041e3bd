import { useState } from 'preact/hooks';

/** A place in a list that is served page by page. */
export interface Paging {
  /** `&page_token=…` of the page that is shown; empty on the first. */
  readonly query: string;
  readonly isFirst: boolean;
  next(token: string): void;
  back(): void;
  first(): void;
}

/** Keeps the tokens of the pages before the one that is shown. */
export function usePaging(): Paging {
  const [tokens, setTokens] = useState<readonly string[]>([]);
  const token = tokens.at(-1);
  return {
    query: token === undefined ? '' : `&page_token=${encodeURIComponent(token)}`,
    isFirst: token === undefined,
    next: (following) => setTokens([...tokens, following]),
    back: () => setTokens(tokens.slice(0, -1)),
    first: () => setTokens([]),
  };
}

interface Props {
  readonly paging: Paging;
  /** Empty or absent on the last page. */
  readonly nextToken: string | undefined;
}

/** Buttons to the page before and the one after. */
export function Pager({ paging, nextToken = '' }: Props) {
  if (paging.isFirst && nextToken === '') return null;
  return (
    <nav class="row pager" aria-label="Pages">
      <button type="button" disabled={paging.isFirst} onClick={paging.back}>
        Newer
      </button>
      <button type="button" disabled={nextToken === ''} onClick={() => paging.next(nextToken)}>
        Older
      </button>
    </nav>
  );
}
