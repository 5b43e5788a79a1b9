/** The screen is in the URL: every one can be shared, and the browser's own keys go back and forth. */
import { computed, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

const BASE = '/console';

const here = signal(read());

function read(): string {
  return location.pathname.slice(BASE.length) + location.search;
}

addEventListener('popstate', () => {
  here.value = read();
});

/** Below `/console`, without the query; `/` is the first screen. */
export const path = computed(() => here.value.split('?', 1)[0] || '/');
export const query = computed(() => new URLSearchParams(here.value.split('?')[1] ?? ''));

/** A part of a URL; one that is written wrongly stays as it is, and names nothing then. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param to a path below `/console`, with a query or a part of the screen if any */
export function go(to: string): void {
  history.pushState(null, '', BASE + (to === '/' ? '' : to));
  here.value = read();
}

/** The same screen with other parameters; an empty one is taken away. */
export function goWith(changes: Readonly<Record<string, string>>): void {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  go(path.value + (text === '' ? '' : `?${text}`));
}

interface LinkProps {
  to: string;
  children: ComponentChildren;
  current?: boolean;
  class?: string;
}

export function Link({ to, children, current = false, class: style }: LinkProps) {
  return (
    <a
      href={BASE + (to === '/' ? '' : to)}
      class={style}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => {
        // Another tab or window is the browser's own business.
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
