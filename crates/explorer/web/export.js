// The chart and its numbers as files, made in the page.

const STYLES = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-opacity', 'stroke-linecap', 'stroke-linejoin', 'font-family', 'font-size', 'font-weight', 'text-anchor'];
const LIVE = ['class', 'role', 'tabindex', 'aria-label', 'aria-hidden'];

/** A file for the browser to save. @param {string} name @param {Blob} blob */
export function save(name, blob) {
  const link = document.createElement('a');
  const url = URL.createObjectURL(blob);
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The chart as it looks now, standing alone: styles written out, nothing hidden, nothing to press. @param {SVGSVGElement} chart */
export function svgFile(chart) {
  const copy = chart.cloneNode(true);
  const [from, to] = [chart, copy].map(node => [node, ...node.querySelectorAll('*')]);
  from.forEach((node, i) => settle(getComputedStyle(node), to[i]));
  copy.querySelectorAll('[display=none], .hit').forEach(node => node.remove());
  to.forEach(node => LIVE.forEach(name => node.removeAttribute(name)));
  const { width, height } = chart.viewBox.baseVal;
  Object.entries({ width, height }).forEach(([name, value]) => copy.setAttribute(name, value));
  copy.prepend(ground(getComputedStyle(document.body).backgroundColor));
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
}

function settle(style, node) {
  if (node.parentElement === null || node.localName === 'defs') return;
  STYLES.forEach(name => node.setAttribute(name, style.getPropertyValue(name)));
}

function ground(colour) {
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  Object.entries({ width: '100%', height: '100%', fill: colour }).forEach(([name, value]) => rect.setAttribute(name, value));
  return rect;
}

/** The same in pixels, twice as many as it has units. @param {SVGSVGElement} chart @returns {Promise<Blob>} */
export async function pngFile(chart) {
  const { width, height } = chart.viewBox.baseVal;
  const image = await load(svgFile(chart));
  const canvas = Object.assign(document.createElement('canvas'), { width: 2 * width, height: 2 * height });
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) => canvas.toBlob(blob => (blob ? done(blob) : fail(new Error('no PNG was made'))), 'image/png'));
}

async function load(blob) {
  const url = URL.createObjectURL(blob);
  try {
    const image = Object.assign(new Image(), { src: url });
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** RFC 4180: a line a row, numbers with a point in full precision. @param {unknown[][]} lines the names of the columns first */
export function csv(lines) {
  return lines.map(line => `${line.map(quote).join(',')}\r\n`).join('');
}

function quote(value) {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
