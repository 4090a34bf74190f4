// Values as SVG paths. What is missing leaves a gap, and a value alone between two gaps stays to be seen.

const at = (x, y) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/**
 * A line through the points that there are. One alone is a line of no length, which a round cap makes a dot.
 * @param {(number | null)[]} xs @param {(number | null)[]} ys places; null is a gap
 */
export function line(xs, ys) {
  return runs(xs, ys).map(run => (run.length === 1 ? `M${at(xs[run[0]], ys[run[0]])}h0` : `M${run.map(i => at(xs[i], ys[i])).join('L')}`)).join('');
}

/** The area between two lines. */
export function band(xs, lows, highs) {
  const both = xs.map((x, i) => (x === null || lows[i] === null || highs[i] === null ? null : 0));
  const edge = (run, ys) => run.map(i => at(xs[i], ys[i])).join('L');
  return runs(xs, both).filter(run => run.length > 1).map(run => `M${edge(run, highs)}L${edge(run.toReversed(), lows)}Z`).join('');
}

/** The places of neighbours without a gap. @returns {number[][]} */
function runs(xs, ys) {
  const found = [[]];
  xs.forEach((x, i) => {
    if (x !== null && ys[i] !== null) found.at(-1).push(i);
    else if (found.at(-1).length > 0) found.push([]);
  });
  return found.filter(run => run.length > 0);
}

/** A diamond at each point. @param {number} r half its width */
export function diamonds(xs, ys, r = 4.5) {
  return each(xs, ys, (x, y) => `M${at(x, y - r)}l${r} ${r}l${-r} ${r}l${-r} ${-r}Z`);
}

/** A triangle that points up at each point: what lies beyond. */
export function triangles(xs, ys, r = 5) {
  return each(xs, ys, (x, y) => `M${at(x, y)}l${r} ${1.6 * r}h${-2 * r}Z`);
}

/** A line down from each point. */
export function strokes(xs, y, length) {
  return each(xs, xs.map(() => y), (x, top) => `M${at(x, top)}v${length}`);
}

function each(xs, ys, draw) {
  return xs.map((x, i) => (x === null || ys[i] === null ? '' : draw(x, ys[i]))).join('');
}
