// From the model to the draw: what each step leaves, and how open the choice is.

import { help } from '../../controls.js';
import { el, say, words } from '../../dom.js';
import { createTable } from '../../table.js';

const STAGES = 7;

/**
 * @param {{t: Function, f: object}} app
 * @returns {{node: HTMLElement, show: (result: object) => void}} hidden for results without stages
 */
export function createStages({ t, f }) {
  const columns = [t('stage'), t('left'), t('mass')];
  const table = createTable({ caption: t('stages'), columns, rows: STAGES });
  const open = words();
  const node = el('section', { class: 'stages', hidden: true, 'aria-label': t('stages') }, table.node, el('p', { class: 'note' }, open), help(t, t('stages'), t('stages_help')));
  const line = ({ name, on, kept, mass }) => [on ? t(`stage_${name}`) : `${t(`stage_${name}`)} (${t('off')})`, f.integer(kept), f.exact(mass)];
  const show = ({ stages, entropy_raw_bits, entropy_bits, effective }) => {
    node.hidden = !stages;
    if (!stages) return;
    table.fill(stages.map(line), i => !stages[i].on);
    say(open, t('entropy', { before: f.fixed(entropy_raw_bits, 2), after: f.fixed(entropy_bits, 2), effective: f.fixed(effective, 1) }));
  };
  return { node, show };
}
