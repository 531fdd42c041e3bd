import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Cache } from './api/cache.ts';
import { type Liveness, listen } from './api/live.ts';
import { type Shared, SharedContext } from './context.ts';
import { Link } from './parts/link.tsx';
import { SignedIn, SignInView, useSession } from './parts/sign-in.tsx';
import { type Route, routeOf, VIEWS } from './router.ts';
import { applyTheme, storedTheme, THEMES, type Theme } from './theme.ts';
import { Changes } from './views/changes.tsx';
import { Cycles } from './views/cycles.tsx';
import { DeltaView } from './views/delta.tsx';
import { Health } from './views/health.tsx';
import { Overview } from './views/overview.tsx';
import { Parameters } from './views/parameters.tsx';
import { Rules } from './views/rules.tsx';
import { Subscribers } from './views/subscribers.tsx';

/** The whole page: navigation, the view of the address, and what the views share. */
export function App() {
  const route = useRoute();
  const cache = useMemo(() => new Cache(), []);
  const [liveness, setLiveness] = useState<Liveness>('connecting');
  const [said, announce] = useState('');
  useEffect(
    () => listen({ changed: (topics) => cache.changed(topics), liveness: setLiveness }),
    [cache],
  );
  const shared = useMemo<Shared>(() => ({ cache, liveness, announce }), [cache, liveness]);
  const main = useFocusOfView(route);
  return (
    <SharedContext.Provider value={shared}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <Top route={route} liveness={liveness} />
      <main id="content" ref={main} tabIndex={-1}>
        <Guarded route={route} />
      </main>
      <p class="unseen" aria-live="polite">
        {said}
      </p>
    </SharedContext.Provider>
  );
}

/** The view, for a caller who may read it. */
function Guarded({ route }: { readonly route: Route }) {
  const session = useSession();
  return session?.mayRead === false ? <SignInView /> : <View route={route} />;
}

function View({ route }: { readonly route: Route }) {
  switch (route.view) {
    case 'overview':
      return <Overview />;
    case 'changes':
      return <Changes />;
    case 'delta':
      return <DeltaView key={route.deltaId} deltaId={route.deltaId} />;
    case 'parameters':
      return <Parameters />;
    case 'rules':
      return <Rules />;
    case 'subscribers':
      return <Subscribers />;
    case 'cycles':
      return <Cycles />;
    case 'health':
      return <Health />;
  }
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.pathname));
  useEffect(() => {
    const changed = () => setRoute(routeOf(location.pathname));
    addEventListener('popstate', changed);
    return () => removeEventListener('popstate', changed);
  }, []);
  return route;
}

/** Moves the focus to the content, and its top into sight, when another view is opened. */
function useFocusOfView(route: Route) {
  const main = useRef<HTMLElement>(null);
  const name = route.view === 'delta' ? route.deltaId : route.view;
  const shown = useRef(name);
  useEffect(() => {
    const found = VIEWS.find(({ view }) => view === route.view);
    document.title = `${found?.title ?? 'Change'} · learning-sidecar`;
    if (shown.current === name) return;
    shown.current = name;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name, route.view]);
  return main;
}

const LIVENESS: Readonly<Record<Liveness, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'no connection, trying again',
};

function Top({ route, liveness }: { readonly route: Route; readonly liveness: Liveness }) {
  const current = route.view === 'delta' ? 'changes' : route.view;
  return (
    <header class="top">
      <p class="brand">learning-sidecar</p>
      <nav aria-label="Views">
        <ul>
          {VIEWS.map(({ view, path, title }) => (
            <li key={view}>
              <Link to={path} isCurrent={view === current}>
                {title}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <p class={`liveness ${liveness}`} role="status">
        {LIVENESS[liveness]}
      </p>
      <SignedIn />
      <ThemeChoice />
    </header>
  );
}

function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const choose = (chosen: Theme) => {
    applyTheme(chosen);
    setTheme(chosen);
  };
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select
        value={theme}
        onChange={({ currentTarget: { value } }) =>
          choose(THEMES.find((one) => one === value) ?? 'system')
        }
      >
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}
