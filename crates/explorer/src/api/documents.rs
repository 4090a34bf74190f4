//! `GET /api/v1/documents`: the texts of the run, by pages, and those that hold some words.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::Api;
use crate::{
    Document, Documents,
    problem::Problem,
    query::Query,
    queue::{self, IsGone},
};

/// The documents of a page where nothing is said, and the most there may be.
const LIMIT: usize = 20;
const MOST: usize = 100;
/// The most characters that can be looked for.
const LONGEST: usize = 200;
/// How many documents are looked through before the client is asked whether it still waits.
const STRETCH: usize = 1_024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    #[serde(default)]
    split: Split,
    #[serde(default)]
    q: String,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Split {
    #[default]
    All,
    Train,
    HeldOut,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Answer {
    source: String,
    is_the_runs_own: bool,
    /// The documents of the split.
    total: usize,
    /// Those of them that hold what was looked for.
    matching: usize,
    offset: usize,
    documents: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Found {
    /// Its place among all documents.
    index: usize,
    held_out: bool,
    text: String,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Query(request): Query<Request>,
) -> Result<Json<Answer>, Problem> {
    let limit = request.limit.unwrap_or(LIMIT);
    if limit > MOST {
        let detail = format!("{limit} documents are too many; ask for {MOST} at most");
        return Err(Problem::value("/limit", detail));
    }
    if request.q.chars().count() > LONGEST {
        let detail = format!("what is looked for has at most {LONGEST} characters; shorten it");
        return Err(Problem::value("/q", detail));
    }
    let answer = api.queue.run(move |subject, is_gone| {
        Answer::new(subject.documents()?, &request, limit, is_gone).ok_or_else(queue::gone)
    });
    answer.await.map(Json)
}

impl Answer {
    /// Looks through all of them, in O(their bytes); `None` where nobody waits any more.
    fn new(all: &Documents, request: &Request, limit: usize, is_gone: IsGone<'_>) -> Option<Self> {
        let &Request { split, ref q, offset, .. } = request;
        let mut needle = Needle::new(q);
        let (source, is_the_runs_own) = (all.source.clone(), all.is_the_runs_own);
        let mut answer = Self { source, is_the_runs_own, offset, ..Self::default() };
        for (index, document) in all.documents.iter().enumerate() {
            if index % STRETCH == 0 && is_gone() {
                return None;
            }
            let is_of_split = split.has(document);
            answer.total += usize::from(is_of_split);
            if is_of_split && needle.is_in(&document.text) {
                answer.take(index, document, limit);
            }
        }
        Some(answer)
    }

    /// Counts one that matches, and keeps it where it is of the page.
    fn take(&mut self, index: usize, document: &Document, limit: usize) {
        if self.matching >= self.offset && self.documents.len() < limit {
            let Document { held_out, text } = document.clone();
            self.documents.push(Found { index, held_out, text });
        }
        self.matching += 1;
    }
}

impl Split {
    fn has(self, document: &Document) -> bool {
        match self {
            Self::All => true,
            Self::Train => !document.held_out,
            Self::HeldOut => document.held_out,
        }
    }
}

/// What is looked for, in lower case.
struct Needle {
    text: String,
    /// A document in lower case.
    hay: String,
}

impl Needle {
    fn new(text: &str) -> Self {
        let mut lower = String::new();
        lower_into(text, &mut lower);
        Self { text: lower, hay: String::new() }
    }

    fn is_in(&mut self, text: &str) -> bool {
        if self.text.is_empty() {
            return true;
        }
        lower_into(text, &mut self.hay);
        self.hay.contains(&self.text)
    }
}

/// A character becomes the same wherever it stands, which [`str::to_lowercase`] does not promise (Σ).
fn lower_into(text: &str, lower: &mut String) {
    lower.clear();
    if text.is_ascii() {
        lower.push_str(text);
        lower.make_ascii_lowercase();
    } else {
        lower.extend(text.chars().flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn documents(texts: &[&str]) -> Documents {
        let document =
            |(i, &text): (usize, &&str)| Document { text: text.to_owned(), held_out: i % 3 == 2 };
        let documents = texts.iter().enumerate().map(document).collect();
        Documents { source: "here".to_owned(), is_the_runs_own: true, documents }
    }

    fn ask(all: &Documents, split: Split, q: &str, offset: usize, limit: usize) -> Answer {
        let request = Request { split, q: q.to_owned(), offset, limit: None };
        Answer::new(all, &request, limit, &|| false).unwrap()
    }

    fn found(answer: &Answer) -> Vec<usize> {
        answer.documents.iter().map(|document| document.index).collect()
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        let all = documents(&["ÉTÉ", "l'été", "ΣΊΣΥΦΟΣ", "", "Straße", "A dog", "the DOG."]);
        let of = |q| found(&ask(&all, Split::All, q, 0, 9));
        assert_eq!(of("éTé"), [0, 1]);
        assert_eq!(of("φΟσ"), [2]);
        assert_eq!(of("dog"), [5, 6]);
        assert_eq!(of(".*"), [] as [usize; 0]);
        assert_eq!(of("").len(), 7);
    }

    #[test]
    fn pages_are_of_what_matches_in_the_split() {
        let all = documents(&["a"; 10]);
        let answer = ask(&all, Split::HeldOut, "A", 1, 1);
        assert_eq!((answer.total, answer.matching, found(&answer)), (3, 3, vec![5]));
        let answer = ask(&all, Split::Train, "", 5, 9);
        assert_eq!((answer.total, answer.matching, found(&answer)), (7, 7, vec![7, 9]));
        let answer = ask(&all, Split::All, "b", 0, 9);
        assert_eq!((answer.total, answer.matching, found(&answer)), (10, 0, vec![]));
        assert_eq!(found(&ask(&all, Split::All, "", usize::MAX, 9)), [] as [usize; 0]);
        assert_eq!(ask(&all, Split::All, "", 0, 0).matching, 10);
    }

    #[test]
    fn a_hundred_thousand_are_looked_through_in_a_moment() {
        let text = "aé".repeat(100);
        let all = documents(&vec![&*text; 100_000]);
        let start = Instant::now();
        assert_eq!(ask(&all, Split::All, &"aé".repeat(99).replace("éa", "éb"), 0, 9).matching, 0);
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }

    #[test]
    fn a_search_that_nobody_waits_for_ends() {
        let request = Request { split: Split::All, q: String::new(), offset: 0, limit: None };
        assert!(Answer::new(&documents(&["a"]), &request, 1, &|| true).is_none());
    }
}
