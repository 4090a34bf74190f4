// What the causality probe says: numbers, no elements.

/** @typedef {{ids: number[], replacements: number[], moved: Float32Array, leak: number, effect: number, sees_the_future: boolean}} Probe */

/** How far the logits at a position moved as another was changed. @param {Probe} probe */
export function moved({ ids, moved }, changed, position) {
  return moved[changed * ids.length + position];
}

/**
 * A scale in powers of ten over all that moved at all; what did not is null.
 * @param {Probe} probe
 * @returns {{low: number, high: number, share: (value: number) => number | null}} low and high: powers
 */
export function scale({ moved }) {
  const some = moved.filter(value => value > 0 && Number.isFinite(value));
  const least = some.reduce((a, b) => Math.min(a, b), Infinity);
  const most = some.reduce((a, b) => Math.max(a, b), 0);
  const low = most > 0 ? Math.floor(Math.log10(least)) : -1;
  const high = most > 0 ? Math.max(low + 1, Math.ceil(Math.log10(most))) : 0;
  const within = value => (Math.log10(value) - low) / (high - low);
  return { low, high, share: value => (value > 0 ? Math.min(1, within(value)) : null) };
}

/**
 * What the picture shows, as a sentence's name and values; `position` counts from 0.
 * @param {Probe} probe
 * @returns {{key: 'one' | 'future' | 'causal', position: number, leak: number}}
 */
export function verdict(probe) {
  const { ids, leak, sees_the_future: future } = probe;
  if (ids.length < 2) return { key: 'one', position: 0, leak: 0 };
  return { key: future ? 'future' : 'causal', position: furthest(probe), leak: leak ?? Infinity };
}

/** The change that moved logits before it furthest. */
function furthest(probe) {
  const size = probe.ids.length;
  let best = { value: 0, changed: 0 };
  for (let changed = 1; changed < size; changed++) {
    for (let position = 0; position < changed; position++) {
      const value = moved(probe, changed, position);
      if (value > best.value) best = { value, changed };
    }
  }
  return best.changed;
}
