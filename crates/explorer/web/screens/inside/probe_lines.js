// The lines of the probe's tables and files.

import { moved } from './probe.js';

/** A power of ten. @param {number} exponent */
export function power(exponent) {
  return exponent >= 0 && exponent < 5 ? String(10 ** exponent) : `1e${exponent}`;
}

/** The cells of the row of one change. @param {import('./probe.js').Probe} probe @param {number} row */
export function cells(probe, row, { tell }) {
  return probe.ids.map((_, column) => [tell.at(probe.ids, row), tell.at(probe.ids, column), tell.size(moved(probe, row, column))]);
}

/** The lines of a CSV file, of these rows. @param {import('./probe.js').Probe} probe @param {number[]} rows */
export function numbers(probe, rows) {
  const line = (row, column) => [row, probe.ids[row], probe.replacements[row], column, probe.ids[column], moved(probe, row, column)];
  return [['changed', 'changed_id', 'replacement_id', 'position', 'id', 'moved'], ...rows.flatMap(row => probe.ids.map((_, column) => line(row, column)))];
}

/** What the JSON file says. */
export function told(record, probe) {
  const { replacements, leak, effect, sees_the_future } = probe;
  return { ...record(probe), replacements, leak, effect, sees_the_future, moved: Array.from(probe.moved) };
}
