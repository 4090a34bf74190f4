// Asks again and again while a run goes on, and not while nobody looks.

export const EVERY = 1000;

/**
 * @template T
 * @param {{ask: (signal: AbortSignal) => Promise<T>, isLive: (answer: T) => boolean, show: (answer: T) => void, fail: (error: Error, again: () => void) => void}} how
 * @param {Document} [page]
 * @returns {{leave: () => void}}
 */
export function follow({ ask, isLive, show, fail }, page = document) {
  const life = new AbortController();
  const { signal } = life;
  let timer = 0;
  let waits = false; // until someone looks
  const look = async () => {
    clearTimeout(timer);
    waits = false;
    try {
      const answer = await ask(signal);
      if (signal.aborted) return;
      show(answer);
      if (isLive(answer)) later();
    } catch (error) {
      if (!signal.aborted) fail(error, () => signal.aborted || look());
    }
  };
  const later = () => {
    if (page.hidden) waits = true;
    else timer = setTimeout(() => (page.hidden ? (waits = true) : look()), EVERY);
  };
  page.addEventListener('visibilitychange', () => waits && !page.hidden && look(), { signal });
  look();
  return { leave: () => (clearTimeout(timer), life.abort()) };
}
