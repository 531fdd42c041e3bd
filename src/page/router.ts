/** What an address shows. */
export type Route =
  | { readonly view: ViewName }
  | { readonly view: 'delta'; readonly deltaId: string };

export const VIEWS = [
  { view: 'overview', path: '/', title: 'Overview' },
  { view: 'changes', path: '/deltas', title: 'Changes' },
  { view: 'parameters', path: '/parameters', title: 'Parameters' },
  { view: 'rules', path: '/rules', title: 'Rules' },
  { view: 'subscribers', path: '/subscribers', title: 'Subscribers' },
  { view: 'cycles', path: '/cycles', title: 'Cycles' },
  { view: 'health', path: '/health', title: 'Health' },
] as const;
export type ViewName = (typeof VIEWS)[number]['view'];

/** The route of a path; the overview for one that nothing is at. */
export function routeOf(path: string): Route {
  const found = VIEWS.find((one) => one.path === path);
  if (found !== undefined) return { view: found.view };
  const [, room, id = ''] = path.split('/');
  if (room !== 'deltas' || id === '') return { view: 'overview' };
  return { view: 'delta', deltaId: decoded(id) };
}

export function deltaPath(deltaId: string): string {
  return `/deltas/${encodeURIComponent(deltaId)}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
