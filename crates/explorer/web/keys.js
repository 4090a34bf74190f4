// Keys for the whole page, silent wherever one writes.

const WRITING = 'input:not([type=range], [type=checkbox]), textarea, select, [contenteditable]';

/**
 * Listens for 1–9 and Backspace until the signal ends it.
 * @param {{pick: (index: number) => void, undo: () => void}} actions
 * @param {AbortSignal} signal
 * @returns {(on: boolean) => void} turns the keys on and off
 */
export function pageKeys({ pick, undo }, signal) {
  let on = true;
  const pressed = event => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (!on || ctrlKey || metaKey || altKey || event.defaultPrevented || target.closest?.(WRITING)) return;
    if (/^[1-9]$/.test(key)) pick(Number(key) - 1);
    else if (key === 'Backspace') undo();
    else return;
    event.preventDefault();
  };
  document.addEventListener('keydown', pressed, { signal });
  return now => (on = now);
}
