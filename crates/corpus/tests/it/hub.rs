use std::fs;
use std::path::Path;

use enredo_corpus::{Dataset, Error, Hub, Reader, Result};
use serde_json::json;
use tempfile::TempDir;

use crate::fake_hub::{
    CONVERT, CONVERT_SHA, FakeHub, MAIN_SHA, Reply, Site, entry, git_oid, sha256, tree,
};

fn hub(server: &FakeHub, cache: &TempDir) -> Hub {
    let cache = cache.path().to_owned();
    Hub { endpoint: server.url.clone(), cache, token: Some("hf_secret".to_owned()), offline: false }
}

/// Asks for `acme/films` with a new cache.
fn fetch(server: &FakeHub) -> (TempDir, Result<Dataset>) {
    let cache = tempfile::tempdir().unwrap();
    let outcome = hub(server, &cache).dataset("acme/films", |_| {});
    (cache, outcome)
}

/// The message of the error, which must have left nothing but folders behind.
fn refused(server: &FakeHub) -> String {
    let (cache, outcome) = fetch(server);
    assert_eq!(files_under(cache.path()), 0);
    outcome.unwrap_err().to_string()
}

fn files_under(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_under(&path) } else { 1 }).sum()
}

fn contents(files: &[std::path::PathBuf]) -> Vec<String> {
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// The usual site, but one path's answer is `reply`.
fn with_reply(part: &'static str, reply: impl Fn(&str) -> Reply + Send + 'static) -> FakeHub {
    let site = Site::converted();
    FakeHub::start(move |request| {
        if request.path.contains(part) { reply(&request.host) } else { site.answer(request) }
    })
}

/// The usual site, but its listing has one more entry.
fn with_entry(extra: serde_json::Value) -> FakeHub {
    let mut listing = tree(&[("default/train/0000.parquet", "the training")]);
    listing.as_array_mut().unwrap().push(extra);
    with_reply("/tree/", move |_| Reply::ok(listing.to_string()))
}

#[test]
fn the_conversion_is_downloaded_once() {
    let server = Site::converted().serve();
    let cache = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    let progress = |step: enredo_corpus::Download<'_>| {
        seen.push((step.file.to_owned(), step.done, step.total));
    };
    let first = hub(&server, &cache).dataset("acme/films", progress).unwrap();
    assert_eq!(contents(&first.train), ["the training"]);
    assert_eq!(contents(&first.validation), ["the validation"]);
    assert_eq!((first.config.as_deref(), first.revision.as_str()), (Some("default"), CONVERT_SHA));
    assert!(!first.from_cache);
    assert_eq!(seen[0], ("default/train/0000.parquet".to_owned(), 12, 12));
    assert_eq!(server.downloads().len(), 2);

    let again =
        hub(&server, &cache).dataset("acme/films:default", |_| panic!("a download")).unwrap();
    assert_eq!(again, first);
    assert_eq!(server.downloads().len(), 2);
}

#[cfg(unix)]
#[test]
fn the_cache_is_laid_out_as_pythons() {
    let (cache, outcome) = fetch(&Site::converted().serve());
    let root = cache.path().join("datasets--acme--films");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert_eq!(read("refs/refs/convert/parquet"), CONVERT_SHA);
    let blob = sha256("the training");
    assert_eq!(read(&format!("blobs/{blob}")), "the training");
    let link = root.join("snapshots").join(CONVERT_SHA).join("default/train/0000.parquet");
    let target = fs::read_link(&link).unwrap();
    assert_eq!(target, Path::new(&format!("../../../../blobs/{blob}")));
    assert_eq!(outcome.unwrap().train, [link]);
    assert_eq!(fs::read_dir(root.join("blobs")).unwrap().count(), 2);
}

#[test]
fn what_was_downloaded_can_be_read() {
    let main =
        vec![("train.csv", "plot\nA shark\n"), ("test.csv", "plot\nB\n"), ("README.md", "x")];
    let server = Site { convert: None, main: Some(main) }.serve();
    let (cache, outcome) = fetch(&server);
    let dataset = outcome.unwrap();
    assert_eq!((dataset.config, dataset.revision.as_str()), (None, MAIN_SHA));
    let texts: Vec<_> =
        Reader::open_files(dataset.train, "plot").unwrap().map(Result::unwrap).collect();
    assert_eq!(texts, ["A shark"]);
    let blob = format!("datasets--acme--films/blobs/{}", git_oid("plot\nA shark\n"));
    assert!(cache.path().join(blob).is_file());
}

#[test]
fn a_conversion_without_parquet_falls_back_to_main() {
    let convert = Some(vec![("README.md", "empty")]);
    let server = Site { convert, main: Some(vec![("films.csv", "plot\nx\n")]) }.serve();
    let dataset = fetch(&server).1.unwrap();
    assert_eq!(dataset.revision, MAIN_SHA);
    assert!(dataset.train[0].ends_with("films.csv"));
}

#[test]
fn every_page_of_the_listing_is_read() {
    let site = Site::converted();
    let server = FakeHub::start(move |request| match request.path.as_str() {
        path if path.contains("cursor=2") => {
            Reply::ok(tree(&[("default/train/0000.parquet", "the training")]).to_string())
        }
        path if path.contains("/tree/") => {
            let next = format!(
                "<http://{}/api/datasets/acme/films/tree/{CONVERT}?cursor=2>; rel=\"next\"",
                request.host
            );
            Reply::ok(tree(&[("README.md", "about")]).to_string()).header("Link", &next)
        }
        _ => site.answer(request),
    });
    assert_eq!(contents(&fetch(&server).1.unwrap().train), ["the training"]);
}

#[test]
fn a_next_page_elsewhere_is_not_followed() {
    let elsewhere = Site::converted().serve();
    let link = format!("<{}/page>; rel=\"next\"", elsewhere.url);
    let server = with_reply("/tree/", move |_| Reply::ok("[]").header("Link", &link));
    assert!(refused(&server).contains("its next page is elsewhere"));
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_listing_that_never_ends_is_given_up() {
    let server = with_reply("/tree/", |host| {
        Reply::ok("[]").header("Link", &format!("<http://{host}/tree/again>; rel=\"next\""))
    });
    assert!(refused(&server).contains("its listing does not end"));
}

#[test]
fn a_corrupt_body_of_the_right_length_is_not_kept() {
    let message = refused(&with_reply("/train/", |_| Reply::ok("the TRAINING")));
    assert!(
        message.contains("default/train/0000.parquet arrived damaged: its hash is"),
        "{message}"
    );
}

#[test]
fn a_corrupt_body_of_a_git_file_is_not_kept() {
    let site = Site { convert: None, main: Some(vec![("films.csv", "plot\nx\n")]) };
    let server = FakeHub::start(move |request| match request.path.contains("/resolve/") {
        true => Reply::ok("plot\ny\n"),
        false => site.answer(request),
    });
    assert!(refused(&server).contains("films.csv arrived damaged: its hash is"));
}

#[test]
fn a_body_of_the_wrong_length_is_not_kept() {
    let message = refused(&with_reply("/train/", |_| Reply::ok("the train")));
    assert!(message.contains("9 bytes of 12"), "{message}");
    let message = refused(&with_reply("/train/", |_| Reply::ok("the training and more")));
    assert!(message.contains("longer than 12 bytes"), "{message}");
    let message = refused(&with_reply("/train/", |_| Reply::ok("the train").short_by(3)));
    assert!(message.contains("the hub cannot be reached"), "{message}");
}

#[test]
fn a_path_that_leaves_the_cache_is_refused() {
    for path in ["../../../../escaped.parquet", "/escaped.parquet", "a/./b.parquet", "a\\b.parquet"]
    {
        let message = refused(&with_entry(entry(path, "x")));
        assert!(message.contains("the unsafe path"), "{path}: {message}");
    }
}

#[test]
fn an_id_that_is_not_a_hash_is_refused() {
    let hostile = "../../../../../../../../../../../../../../../../../../../../../x";
    let lfs = json!({ "oid": hostile, "size": 1 });
    let large = json!({ "type": "file", "path": "a.parquet", "size": 1, "oid": "0", "lfs": lfs });
    let plain = json!({ "type": "file", "path": "a.csv", "size": 1, "oid": hostile });
    for entry in [large, plain] {
        assert!(refused(&with_entry(entry)).contains("no valid content id"));
    }
    let server = with_reply("/revision/", |_| Reply::ok(r#"{"sha":"../../../x"}"#));
    assert!(refused(&server).contains("the revision \"../../../x\""));
}

#[test]
fn refused_access_says_how_to_get_it() {
    for status in [401, 403] {
        let message = refused(&FakeHub::start(move |_| Reply::status(status)));
        assert!(message.contains(&format!("HTTP {status}")), "{message}");
        assert!(message.contains("set HF_TOKEN"), "{message}");
    }
}

#[test]
fn an_unknown_name_says_to_check_it() {
    let message = refused(&Site::default().serve());
    assert!(message.starts_with("acme/films: not on the hub at http://127.0.0.1"), "{message}");
    assert!(message.contains("check the name's spelling"), "{message}");
}

#[test]
fn a_data_set_without_data_says_so() {
    let server = Site { convert: None, main: Some(vec![("README.md", "x")]) }.serve();
    assert!(refused(&server).starts_with("acme/films: no .parquet"));
}

#[test]
fn an_answer_that_is_not_json_is_not_trusted() {
    let message = refused(&with_reply("/revision/", |_| Reply::ok("<html>")));
    assert!(message.contains("the hub's answer cannot be trusted"), "{message}");
}

#[test]
fn the_token_goes_to_the_hub() {
    let server = Site::converted().serve();
    fetch(&server).1.unwrap();
    assert!(server.requests().iter().all(|r| r.token.as_deref() == Some("Bearer hf_secret")));
}

#[test]
fn the_token_does_not_follow_a_redirection_to_another_port() {
    let cdn = FakeHub::start(|_| Reply::ok("the training"));
    let target = format!("{}/signed", cdn.url);
    let server = with_reply("/train/", move |_| Reply::redirect(&target));
    assert_eq!(contents(&fetch(&server).1.unwrap().train), ["the training"]);
    let seen = cdn.requests();
    assert_eq!((seen.len(), seen[0].path.as_str(), &seen[0].token), (1, "/signed", &None));
}

#[test]
fn the_token_follows_a_redirection_on_the_hub() {
    let site = Site::converted();
    let server = FakeHub::start(move |request| match request.path.as_str() {
        "/cached" if request.token.is_some() => Reply::ok("the training"),
        path if path.contains("/train/") => Reply::redirect("/cached"),
        _ => site.answer(request),
    });
    assert_eq!(contents(&fetch(&server).1.unwrap().train), ["the training"]);
}

#[test]
fn a_circle_of_redirections_ends() {
    let server = with_reply("/train/", |_| Reply::redirect("/train/again"));
    assert!(refused(&server).contains("it redirects in circles"));
}

#[test]
fn offline_the_cache_answers_and_the_hub_is_not_asked() {
    let server = Site::converted().serve();
    let (cache, online) = fetch(&server);
    let asked = server.requests().len();
    let offline = Hub { offline: true, ..hub(&server, &cache) };
    let dataset = offline.dataset("acme/films", |_| {}).unwrap();
    assert_eq!(dataset, Dataset { from_cache: true, ..online.unwrap() });
    assert_eq!(server.requests().len(), asked);
    let message = offline.dataset("acme/other", |_| {}).unwrap_err().to_string();
    assert!(message.contains("HF_HUB_OFFLINE is set; unset it once"), "{message}");
}

#[test]
fn when_the_hub_cannot_be_reached_the_cache_answers() {
    let server = Site::converted().serve();
    let (cache, online) = fetch(&server);
    let hub = hub(&server, &cache);
    drop(server);
    let dataset = hub.dataset("acme/films", |_| {}).unwrap();
    assert_eq!(dataset, Dataset { from_cache: true, ..online.unwrap() });
    let error = hub.dataset("acme/other", |_| {}).unwrap_err();
    assert!(matches!(error, Error::HubUnreachable { .. }), "{error}");
    assert!(error.to_string().contains("local files"), "{error}");
}

#[test]
fn an_overloaded_hub_counts_as_unreachable() {
    let (cache, online) = fetch(&Site::converted().serve());
    let busy = FakeHub::start(|_| Reply::status(503));
    let dataset = hub(&busy, &cache).dataset("acme/films", |_| {}).unwrap();
    assert_eq!(dataset.train, online.unwrap().train);
    assert!(refused(&busy).contains("HTTP 503"));
}

#[test]
fn an_interrupted_download_leaves_no_half_data_set_for_offline_use() {
    let server = with_reply("/validation/", |_| Reply::status(500));
    let (cache, outcome) = fetch(&server);
    outcome.unwrap_err();
    let offline = Hub { offline: true, ..hub(&server, &cache) };
    let error = offline.dataset("acme/films", |_| {}).unwrap_err();
    assert!(matches!(error, Error::HubOffline { .. }), "{error}");
    // What had arrived whole is not asked for again.
    let whole = Site::converted().serve();
    hub(&whole, &cache).dataset("acme/films", |_| {}).unwrap();
    assert_eq!(
        whole.downloads(),
        [format!("/datasets/acme/films/resolve/{CONVERT_SHA}/default/validation/0000.parquet")]
    );
}
