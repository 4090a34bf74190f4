//! The page's files, in the binary: a table, so that no path leads anywhere else.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderValue},
    routing::get,
};

use crate::etag::Tagged;

macro_rules! assets {
    ($($path:literal,)*) => {
        [$(Asset { path: $path, bytes: include_bytes!(concat!("../web/", $path)) }),*]
    };
}

/// Every file of the page; the shipped file is the source file.
const ASSETS: &[Asset] = &assets![
    "api.js",
    "asking.js",
    "context.js",
    "controls.js",
    "dom.js",
    "export.js",
    "fields.js",
    "files.js",
    "format.js",
    "frame.js",
    "i18n/en.js",
    "i18n/index.js",
    "i18n/pt.js",
    "index.html",
    "keys.js",
    "main.js",
    "menu.js",
    "pages.js",
    "ramp.js",
    "rows.js",
    "sampler.js",
    "screens/beams/chart.js",
    "screens/beams/fields.js",
    "screens/beams/figure.js",
    "screens/beams/index.js",
    "screens/beams/layout.js",
    "screens/beams/list.js",
    "screens/beams/numbers.js",
    "screens/beams/ranking.js",
    "screens/beams/request.js",
    "screens/beams/settings.js",
    "screens/beams/style.css",
    "screens/beams/telling.js",
    "screens/beams/tree.js",
    "screens/beams/walk.js",
    "screens/beams/words.js",
    "screens/compare/cells.js",
    "screens/compare/fields.js",
    "screens/compare/figure.js",
    "screens/compare/grid.js",
    "screens/compare/index.js",
    "screens/compare/numbers.js",
    "screens/compare/plot.js",
    "screens/compare/settings.js",
    "screens/compare/strategies.js",
    "screens/compare/style.css",
    "screens/compare/words.js",
    "screens/data/documents.js",
    "screens/data/fields.js",
    "screens/data/index.js",
    "screens/data/matches.js",
    "screens/data/pieces.js",
    "screens/data/strip-picture.js",
    "screens/data/strip.js",
    "screens/data/style.css",
    "screens/data/tokens.js",
    "screens/data/vocabulary.js",
    "screens/data/words.js",
    "screens/generate/choices.js",
    "screens/generate/fields.js",
    "screens/generate/figure.js",
    "screens/generate/index.js",
    "screens/generate/numbers.js",
    "screens/generate/outline.js",
    "screens/generate/picture.js",
    "screens/generate/session.js",
    "screens/generate/settings.js",
    "screens/generate/shade.js",
    "screens/generate/shown.js",
    "screens/generate/style.css",
    "screens/generate/telling.js",
    "screens/generate/tree.js",
    "screens/generate/words.js",
    "screens/inside/attention.js",
    "screens/inside/choice.js",
    "screens/inside/fields.js",
    "screens/inside/heads.js",
    "screens/inside/heatmap.js",
    "screens/inside/index.js",
    "screens/inside/lens.js",
    "screens/inside/lens_figure.js",
    "screens/inside/maps.js",
    "screens/inside/part.js",
    "screens/inside/pixels.js",
    "screens/inside/probe.js",
    "screens/inside/probe_figure.js",
    "screens/inside/probe_lines.js",
    "screens/inside/probe_row.js",
    "screens/inside/replacement.js",
    "screens/inside/style.css",
    "screens/inside/telling.js",
    "screens/inside/tracks.js",
    "screens/inside/words.js",
    "screens/next/chart.js",
    "screens/next/figure.js",
    "screens/next/index.js",
    "screens/next/numbers.js",
    "screens/next/picture.js",
    "screens/next/settings.js",
    "screens/next/stages.js",
    "screens/next/words.js",
    "screens/training/changes.js",
    "screens/training/chart.js",
    "screens/training/checkpoints.js",
    "screens/training/curves.js",
    "screens/training/fields.js",
    "screens/training/figure.js",
    "screens/training/gallery.js",
    "screens/training/index.js",
    "screens/training/live.js",
    "screens/training/path.js",
    "screens/training/picture.js",
    "screens/training/samples.js",
    "screens/training/scale.js",
    "screens/training/style.css",
    "screens/training/summary.js",
    "screens/training/time.js",
    "screens/training/words.js",
    "seed.js",
    "state.js",
    "statistics.js",
    "strategy.js",
    "style.css",
    "table.js",
    "text.js",
];

struct Asset {
    path: &'static str,
    bytes: &'static [u8],
}

/// The page: `index.html` at `/`, every other file at its own path.
pub(crate) fn router() -> Router {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        let tagged = asset.tagged();
        router.route(&asset.url(), get(async move |request: HeaderMap| tagged.answer(&request)))
    })
}

impl Asset {
    fn url(&self) -> String {
        if self.path == "index.html" { "/".to_owned() } else { format!("/{}", self.path) }
    }

    fn tagged(&self) -> Tagged {
        let mut hasher = DefaultHasher::new();
        self.bytes.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        // Sixteen digits are always a header.
        let etag = HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\""));
        let content_type = content_type(self.path);
        Tagged { etag, content_type, body: Bytes::from_static(self.bytes) }
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// The files under `folder` by their paths from `root`.
    fn files(root: &Path, folder: &Path) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.extend(files(root, &path));
            } else {
                found.insert(name);
            }
        }
        found
    }

    #[test]
    fn every_file_of_the_page_is_in_the_table() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/web"));
        let table: BTreeSet<_> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
        let page = files(root, root).into_iter().filter(|path| !path.starts_with("tests/"));
        assert_eq!(table, page.collect());
        assert!(ASSETS.is_sorted_by_key(|asset| asset.path));
    }

    #[test]
    fn every_file_has_its_type() {
        assert_eq!(content_type("i18n/en.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("style.css"), "text/css; charset=utf-8");
        for asset in ASSETS {
            assert_ne!(content_type(asset.path), "application/octet-stream", "{}", asset.path);
        }
    }
}
