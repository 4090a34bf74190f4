// How numbers of tokens and branches are put into words.

import { strategyName } from '../../strategy.js';

/** @param {string} measure @param {number} x @param {object} f of format.js */
export function valueText(measure, x, f) {
  if (measure === 'probability') return f.exact(x);
  if (measure === 'rank') return f.integer(x);
  return bits(x, f);
}

/** @param {number} x */
export function bits(x, f) {
  return Number.isFinite(x) ? `${f.fixed(x, 2)} bits` : '∞';
}

/** What made a branch. @param {import('./tree.js').Recipe} recipe */
export function recipeText({ step, seed, config }, app) {
  const { t, f } = app;
  const parts = [strategyName(config, app), config.do_sample && t('recipe_seed', { seed }), t('step_value', { step: f.integer(step) })];
  return parts.filter(Boolean).join(' · ');
}

/** How a branch ended, or that it has not. @param {import('./tree.js').Branch} branch */
export function endText({ end }, t) {
  if (!end) return t('growing');
  return end.reason === 'broken' && end.detail ? t('end_broken_by', { detail: end.detail }) : t(`end_${end.reason}`);
}
