//! The three questions that the hub is asked: a branch's revision, its files, a file's content.

use std::fmt::Display;
use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use super::Hub;
use super::branch::Branch;
use super::cache::StoreError;
use super::name::Name;
use super::remote::{RemoteFile, TreeEntry};
use crate::error::{Error, Result};

const MAX_REDIRECTS: usize = 5;
const MAX_PAGES: usize = 1000;
const MAX_JSON_BYTES: u64 = 64 << 20;

pub(super) struct Client<'h> {
    agent: Agent,
    endpoint: &'h str,
    token: Option<&'h str>,
    name: &'h Name,
}

#[derive(Deserialize)]
struct Revision {
    sha: String,
}

impl<'h> Client<'h> {
    pub(super) fn new(hub: &'h Hub, name: &'h Name) -> Self {
        // Redirects are followed here, because the token must not follow them to another port either.
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_per_read(Some(Duration::from_secs(30)))
            .user_agent(concat!("enredo/", env!("CARGO_PKG_VERSION")))
            .build();
        let endpoint = hub.endpoint.trim_end_matches('/');
        Self { agent: config.into(), endpoint, token: hub.token.as_deref(), name }
    }

    /// The commit that a branch is at, or `None` if the hub knows no such branch or data set.
    pub(super) fn revision(&self, branch: Branch) -> Result<Option<String>> {
        let url = self.api("revision", branch);
        let revision: Revision = match self.json(&url) {
            Err(Error::HubNotFound { .. }) => return Ok(None),
            answer => answer?.0,
        };
        if !super::oid::is_hex(&revision.sha, 40) {
            return Err(untrusted(&url, format!("the revision {:?}", revision.sha)));
        }
        Ok(Some(revision.sha))
    }

    /// All files of a branch, every page of the listing.
    pub(super) fn tree(&self, branch: Branch) -> Result<Vec<RemoteFile>> {
        let mut url = format!("{}?recursive=true", self.api("tree", branch));
        let mut files = Vec::new();
        for _ in 0..MAX_PAGES {
            let (entries, next): (Vec<TreeEntry>, _) = self.json(&url)?;
            for entry in entries.into_iter().filter(TreeEntry::is_file) {
                files.push(entry.check().map_err(|reason| untrusted(&url, reason))?);
            }
            match next {
                Some(next) => url = self.on_this_hub(&url, next)?,
                None => return Ok(files),
            }
        }
        Err(untrusted(&url, "its listing does not end".to_owned()))
    }

    /// Passes a file's content to `store`.
    pub(super) fn download(
        &self,
        revision: &str,
        file: &RemoteFile,
        store: impl FnOnce(&mut dyn Read) -> Result<(), StoreError>,
    ) -> Result<()> {
        let path: Vec<_> = file.path.split('/').map(encoded).collect();
        let path = path.join("/");
        let url = format!("{}/datasets/{}/resolve/{revision}/{path}", self.endpoint, self.name);
        let mut response = self.get(&url)?;
        store(&mut response.body_mut().as_reader()).map_err(|error| match error {
            StoreError::Body(error) => unreachable(&url, &error),
            StoreError::Cache(error) => error,
        })
    }

    pub(super) fn not_found(&self) -> Error {
        Error::HubNotFound { name: self.name.to_string(), endpoint: self.endpoint.to_owned() }
    }

    fn api(&self, question: &str, branch: Branch) -> String {
        let revision = encoded(branch.revision());
        format!("{}/api/datasets/{}/{question}/{revision}", self.endpoint, self.name)
    }

    /// The answer, and the address of the next page if there is one.
    fn json<T: DeserializeOwned>(&self, url: &str) -> Result<(T, Option<String>)> {
        let mut response = self.get(url)?;
        let next = next_page(&response);
        let body = response.body_mut().with_config().limit(MAX_JSON_BYTES);
        let text = body.read_to_vec().map_err(|error| unreachable(url, &error))?;
        let answer = serde_json::from_slice(&text);
        Ok((answer.map_err(|error| untrusted(url, error.to_string()))?, next))
    }

    /// A successful answer, redirects followed.
    fn get(&self, url: &str) -> Result<Response<Body>> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&url)?;
            match redirect(&url, &response)? {
                Some(target) => url = target,
                None => return self.successful(&url, response),
            }
        }
        Err(untrusted(&url, "it redirects in circles".to_owned()))
    }

    fn send(&self, url: &str) -> Result<Response<Body>> {
        let mut request = self.agent.get(url);
        if let Some(token) = self.token.filter(|_| same_origin(url, self.endpoint)) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().map_err(|error| unreachable(url, &error))
    }

    fn successful(&self, url: &str, response: Response<Body>) -> Result<Response<Body>> {
        match response.status().as_u16() {
            200 => Ok(response),
            status @ (401 | 403) => Err(Error::HubDenied { name: self.name.to_string(), status }),
            404 => Err(self.not_found()),
            status => Err(unreachable(url, &format_args!("HTTP {status}"))),
        }
    }

    fn on_this_hub(&self, url: &str, next: String) -> Result<String> {
        if same_origin(&next, self.endpoint) {
            return Ok(next);
        }
        Err(untrusted(url, format!("its next page is elsewhere, at {next}")))
    }
}

/// Where a redirection leads.
fn redirect(url: &str, response: &Response<Body>) -> Result<Option<String>> {
    if !response.status().is_redirection() {
        return Ok(None);
    }
    let location = response.headers().get("location").and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| join(url, location));
    target.map(Some).ok_or_else(|| untrusted(url, format!("it redirects to {location:?}")))
}

/// The absolute address of `location`, seen from `url`; `None` for relative paths, other schemes and a step from https to http.
fn join(url: &str, location: &str) -> Option<String> {
    let base: Uri = url.parse().ok()?;
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    if location.starts_with("//") {
        return Some(format!("{scheme}:{location}"));
    }
    if location.starts_with('/') {
        return Some(format!("{scheme}://{authority}{location}"));
    }
    let target: Uri = location.parse().ok()?;
    let is_safe = matches!((scheme, target.scheme_str()?), (_, "https") | ("http", "http"));
    is_safe.then(|| location.to_owned())
}

/// Whether scheme, host and port are the same.
fn same_origin(a: &str, b: &str) -> bool {
    let origin = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        Some((uri.scheme()?.clone(), uri.authority()?.clone()))
    };
    origin(a).is_some_and(|a| origin(b) == Some(a))
}

/// The address in `Link: <…>; rel="next"`.
fn next_page(response: &Response<Body>) -> Option<String> {
    let links = response.headers().get("link")?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    Some(next.split_once('<')?.1.split_once('>')?.0.to_owned())
}

/// `segment` with everything but unreserved characters percent-encoded, slashes too.
fn encoded(segment: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    segment.bytes().map(encode).collect()
}

fn unreachable(url: &str, reason: &dyn Display) -> Error {
    Error::HubUnreachable { url: url.to_owned(), reason: reason.to_string() }
}

fn untrusted(url: &str, reason: String) -> Error {
    Error::HubUntrusted { url: url.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_one_segment() {
        assert_eq!(encoded("refs/convert/parquet"), "refs%2Fconvert%2Fparquet");
        assert_eq!(encoded("a b?#%\u{e9}"), "a%20b%3F%23%25%C3%A9");
    }

    #[test]
    fn origins_compare_scheme_host_and_port() {
        assert!(same_origin("https://hub.co/a?b", "https://HUB.co"));
        for other in ["http://hub.co", "https://hub.co:8443", "https://hub.co@evil", "hub.co", ""] {
            assert!(!same_origin(other, "https://hub.co"), "{other}");
        }
    }

    #[test]
    fn redirections_never_leave_https() {
        let from = "https://hub.co/a/b";
        assert_eq!(join(from, "/c?d").as_deref(), Some("https://hub.co/c?d"));
        assert_eq!(join(from, "//cdn/c").as_deref(), Some("https://cdn/c"));
        assert_eq!(join(from, "https://cdn/c").as_deref(), Some("https://cdn/c"));
        assert_eq!(join(from, "http://cdn/c"), None);
        assert_eq!(join(from, "file:///etc/passwd"), None);
        assert_eq!(join(from, "c"), None);
    }
}
