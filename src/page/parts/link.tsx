import type { ComponentChildren } from 'preact';

interface Props {
  readonly to: string;
  readonly isCurrent?: boolean;
  readonly children: ComponentChildren;
}

/** Goes to an address of the page without loading it anew. */
function go(path: string): void {
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** A link within the page. */
export function Link({ to, isCurrent = false, children }: Props) {
  const onClick = (event: MouseEvent) => {
    // Other buttons and keys open it elsewhere, which is the browser's.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={to} onClick={onClick} aria-current={isCurrent ? 'page' : undefined}>
      {children}
    </a>
  );
}
