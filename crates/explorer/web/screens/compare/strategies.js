// The strategies that are compared: the notebook's four, and up to three of one's own.

import { nearest } from '../../fields.js';
import { generation, strategyName } from '../../strategy.js';

const OFF = { k: 0, p: 1, min_p: 0, typical_p: 1, penalty: 1 };

/** As the notebook calls them. */
export const NOTEBOOK = [
  { name: 'Greedy', ...OFF, t: 1, greedy: true },
  { name: 'Temp=0.5 K=10 P=0.9', ...OFF, t: 0.5, k: 10, p: 0.9 },
  { name: 'Temp=1.0 K=50 P=0.9', ...OFF, t: 1, k: 50, p: 0.9 },
  { name: 'Temp=1.5 K=None P=0.95', ...OFF, t: 1.5, p: 0.95 },
];

/** Least, most and step of one's own. */
export const LIMITS = {
  t: { min: 0.1, max: 3, step: 0.05 },
  k: { min: 0, max: 2 ** 21, step: 1 },
  p: { min: 0.01, max: 1, step: 0.01 },
  min_p: { min: 0, max: 1, step: 0.01 },
  typical_p: { min: 0.01, max: 1, step: 0.01 },
  penalty: { min: 0.5, max: 3, step: 0.05 },
};
export const FRESH = { ...OFF, t: 0.8, k: 50, p: 0.9 };
export const MOST_OWN = 3;

/** @param {object[]} own @returns {string | null} as the address holds them: numbers by name's order */
export function write(own) {
  return own.length === 0 ? null : own.map(one => Object.keys(LIMITS).map(name => one[name]).join('_')).join('~');
}

/** @param {string | null} text @returns {object[]} what cannot be read is as in a fresh one */
export function read(text) {
  const one = part => {
    const numbers = part.split('_');
    return Object.fromEntries(Object.keys(LIMITS).map((name, i) => [name, nearest(numbers[i] ?? '', FRESH[name], LIMITS[name])]));
  };
  return text ? text.split('~').slice(0, MOST_OWN).map(one) : [];
}

/** All columns. @returns {{name: string, config: object}[]} */
export function columns(own, most, app) {
  const { meta } = app;
  const made = strategy => generation(strategy, meta, most);
  const noted = NOTEBOOK.map(({ name, ...strategy }) => ({ name, config: made(strategy) }));
  return [...noted, ...own.map((strategy, i) => ({ name: app.t('own_name', { n: i + 1, name: strategyName(made(strategy), app) }), config: made(strategy) }))];
}

/** The prompts that the state means. @param {string | null} text @param {string[]} prompts the run's */
export function promptsOf(text, prompts) {
  try {
    const own = JSON.parse(text);
    if (Array.isArray(own) && own.length > 0 && own.every(prompt => typeof prompt === 'string')) return own;
  } catch {
    // An address that someone has cut: the run's prompts then.
  }
  return prompts;
}
