export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'learning-sidecar-theme';

/** The theme that this browser was last told to use; a browser that keeps nothing follows the system. */
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

/** Uses a theme, and tells charts, which draw in its colours. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new Event('themechange'));
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It is not kept, and holds until the page is left.
  }
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
  document.dispatchEvent(new Event('themechange')),
);
