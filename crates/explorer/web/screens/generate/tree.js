// The texts that were generated, as trees. A branch holds the tokens that are its own; those before them are its
// parent's, up to `at`. Nothing here is taken from a branch again.

/** @typedef {{id: number, rank: number, p_raw: number, p_final: number, surprisal_bits: number, entropy_bits: number,
 *             entropy_final_bits: number, kept: number, top: Choice[], by_hand?: boolean}} Made  a token and what it was chosen from */
/** @typedef {{id: number, rank: number, logit: number | null, p_raw: number, p_final: number, kept: boolean, cut_by: string | null}} Choice */
/** @typedef {{step: number, seed: string, config: object}} Recipe */
/** @typedef {{id: number, parent: number | null, at: number, prompt: string, ids: number[], cut: number, recipe: Recipe, tokens: Made[],
 *             end: {reason: 'length' | 'eos' | 'stop' | 'stopped' | 'broken', seconds: number, detail?: string} | null}} Branch
 *     `at` counts the generated tokens before its own; `ids` and `cut` are the prompt's; `end` is null while it grows */

/** @param {Branch[]} forest @param {number | null} id @returns {Branch | null} */
export function find(forest, id) {
  return forest.find(branch => branch.id === id) ?? null;
}

/** All tokens of a branch from the prompt's end, each with the branch that owns it. @returns {{token: Made, owner: Branch}[]} */
export function path(forest, id) {
  const branch = find(forest, id);
  if (!branch) return [];
  const own = branch.tokens.map(token => ({ token, owner: branch }));
  return [...path(forest, branch.parent).slice(0, branch.at), ...own];
}

/** The ids that a model reads to continue it. @returns {number[]} */
export function sequence(forest, id) {
  return [...(find(forest, id)?.ids ?? []), ...path(forest, id).map(({ token }) => token.id)];
}

/** A new tree. @param {string} prompt @param {Recipe} recipe @returns {Branch} */
export function root(forest, prompt, recipe) {
  return sprout(forest, { parent: null, at: 0, prompt, ids: [], cut: 0, recipe, tokens: [] });
}

/** A branch that goes on where another ends. @returns {Branch} */
export function onward(forest, id, recipe) {
  const { prompt, ids, cut } = find(forest, id);
  return sprout(forest, { parent: id, at: path(forest, id).length, prompt, ids, cut, recipe, tokens: [] });
}

/**
 * A branch that takes another token at a place. One that stands first in its branch is another beginning of the same: a sibling.
 * @param {Branch[]} forest
 * @param {number} id of the branch on show
 * @param {number} index of the generated token, from 0
 * @param {Choice} choice what is taken instead
 * @param {Recipe} recipe
 * @returns {Branch}
 */
export function instead(forest, id, index, choice, recipe) {
  const { token, owner } = path(forest, id)[index];
  const { prompt, ids, cut } = owner;
  const parent = owner.parent !== null && owner.at === index ? owner.parent : owner.id;
  const { rank, p_raw, p_final } = choice;
  const taken = { ...token, id: choice.id, rank, p_raw, p_final, surprisal_bits: 0 - Math.log2(p_raw), by_hand: true };
  return sprout(forest, { parent, at: index, prompt, ids, cut, recipe, tokens: [taken] });
}

function sprout(forest, branch) {
  return { id: 1 + Math.max(0, ...forest.map(({ id }) => id)), ...branch, end: null };
}

/** The branches that spring from one, oldest first. @param {number | null} parent */
export function children(forest, parent) {
  return forest.filter(branch => branch.parent === parent);
}

/** A branch and all that springs from it. @returns {Branch[]} */
export function family(forest, id) {
  const branch = find(forest, id);
  return branch ? [branch, ...children(forest, id).flatMap(child => family(forest, child.id))] : [];
}

/** Without these branches. @param {Branch[]} gone */
export function without(forest, gone) {
  return forest.filter(branch => !gone.includes(branch));
}

/** As many trees as fit into so many characters, the newest first; the newest always. @returns {Branch[]} in order */
export function bounded(forest, most) {
  const kept = new Set();
  let size = 0;
  for (const tree of children(forest, null).reverse()) {
    const branches = family(forest, tree.id);
    size += write(branches).length;
    if (size > most && kept.size > 0) break;
    branches.forEach(branch => kept.add(branch));
  }
  return forest.filter(branch => kept.has(branch));
}

// --- as a text

const NUMBERS = ['id', 'rank', 'p_raw', 'p_final', 'surprisal_bits', 'entropy_bits', 'entropy_final_bits', 'kept', 'by_hand'];
const CHOICE = ['id', 'rank', 'logit', 'p_raw', 'p_final', 'kept', 'cut_by'];

/** @param {Branch[]} forest @returns {string} short: names of fields are left out */
export function write(forest) {
  const token = made => [...pick(made, NUMBERS), made.top.map(choice => pick(choice, CHOICE))];
  return JSON.stringify(forest.map(branch => ({ ...branch, tokens: branch.tokens.map(token) })));
}

/** What was written; what can no longer grow was stopped. @param {string | null} text @returns {Branch[]} none where it cannot be read */
export function read(text) {
  try {
    const token = line => ({ ...named(line, NUMBERS), top: line[NUMBERS.length].map(choice => named(choice, CHOICE)) });
    return JSON.parse(text ?? '[]').map(branch => ({ ...branch, tokens: branch.tokens.map(token), end: branch.end ?? { reason: 'stopped', seconds: 0 } }));
  } catch {
    return [];
  }
}

const pick = (from, names) => names.map(name => from[name]);
const named = (values, names) => Object.fromEntries(names.map((name, i) => [name, values[i]]));
