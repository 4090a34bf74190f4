//! Who may ask: pages of this server and programs of this machine, and no other site's page.
//!
//! A foreign `Host` is how a name that was rebound to 127.0.0.1 gives itself away.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, StatusCode, Uri,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::Response,
};

use crate::problem::Problem;

/// The names of this server, each with its port.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(Arc<[String]>);

impl Hosts {
    pub(crate) fn of(addr: SocketAddr) -> Self {
        let port = addr.port();
        let names = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
        // Port 80 goes without saying.
        let bare = names.clone().map(|name| name.trim_end_matches(":80").to_owned());
        Self(names.into_iter().chain(bare).chain([addr.to_string()]).collect())
    }

    fn contain(&self, host: &str) -> bool {
        self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// What is wrong with where a request comes from or goes to.
    fn fault(&self, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
        let foreign_target = uri.authority().is_some_and(|target| !self.contain(target.as_str()));
        let Some(host) = only(headers, HOST).filter(|host| self.contain(host)) else {
            return Some("its Host is not this server");
        };
        if foreign_target {
            return Some("its target is not this server");
        }
        let own = |origin: &str| {
            origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host))
        };
        if headers.contains_key(ORIGIN) && !only(headers, ORIGIN).is_some_and(own) {
            return Some("its Origin is another site");
        }
        let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        (site == Some(b"cross-site")).then_some("another site's page sent it")
    }
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Refuses what another site's page may have sent.
pub(crate) async fn this_machine_only(
    State(hosts): State<Hosts>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match hosts.fault(request.uri(), request.headers()) {
        None => Ok(next.run(request).await),
        Some(fault) => {
            let detail = format!(
                "the request is refused: {fault}; open the address that the explorer printed"
            );
            Err(Problem::new(StatusCode::FORBIDDEN, detail))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fault(port: u16, headers: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Hosts::of(([127, 0, 0, 1], port).into()).fault(&Uri::from_static("/"), &map)
    }

    #[test]
    fn this_machine_is_let_in_by_each_of_its_names() {
        for host in ["127.0.0.1:81", "localhost:81", "LocalHost:81", "[::1]:81"] {
            assert_eq!(fault(81, &[("host", host)]), None, "{host}");
        }
        assert_eq!(fault(80, &[("host", "localhost")]), None);
        assert_eq!(fault(80, &[("host", "127.0.0.1:80")]), None);
    }

    #[test]
    fn other_names_and_ports_are_not() {
        let foreign =
            ["example.org", "example.org:81", "127.0.0.1", "127.0.0.1:8", "127.0.0.1:811"];
        for host in foreign.into_iter().chain(["localhost.example.org:81", "", "::1:81"]) {
            assert!(fault(81, &[("host", host)]).is_some(), "{host}");
        }
        assert!(fault(81, &[]).is_some());
        assert!(fault(81, &[("host", "localhost:81"), ("host", "localhost:81")]).is_some());
    }

    #[test]
    fn an_origin_is_the_same_or_none() {
        let from = |origin| fault(81, &[("host", "localhost:81"), ("origin", origin)]);
        assert_eq!(from("http://localhost:81"), None);
        for origin in [
            "null",
            "http://localhost",
            "https://localhost:81",
            "http://127.0.0.1:81",
            "http://evil",
        ] {
            assert!(from(origin).is_some(), "{origin}");
        }
    }
}
