// The page's words by language: those of every screen here, a screen's own in its `words.js`.

import en from './en.js';
import pt from './pt.js';

const CATALOGS = { en, pt };

/** What the page starts in: the first of the browser's languages that it speaks. @param {readonly string[]} wanted */
export function preferred(wanted) {
  const spoken = wanted.map(tag => tag.slice(0, 2).toLowerCase()).find(tag => tag in CATALOGS);
  return spoken ?? 'en';
}

/** The tag for `lang` and for numbers. @param {string} lang */
export function tag(lang) {
  return lang === 'pt' ? 'pt-BR' : 'en';
}

/**
 * `t('kept', {n: 3})` is the sentence `kept` with {n} put in; with `count` the plural form it takes: `kept_one`, `kept_other`.
 * @param {string} lang
 * @param {{en: Record<string, string>, pt: Record<string, string>}} [own] a screen's words, which come before the page's
 * @returns {(key: string, values?: Record<string, unknown>, count?: number) => string}
 */
export function translator(lang, own) {
  const spoken = lang in CATALOGS ? lang : 'en';
  const catalog = { ...CATALOGS[spoken], ...own?.[spoken] };
  const plural = new Intl.PluralRules(tag(lang));
  return (key, values = {}, count) => {
    const form = count === undefined ? key : `${key}_${plural.select(count) === 'one' ? 'one' : 'other'}`;
    return (catalog[form] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}
