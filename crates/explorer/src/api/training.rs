//! `GET /api/v1/training`: the curves so far, in as many points as a screen can show.

mod series;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use enredo_run::{Eval, Metric};
use serde::{Deserialize, Serialize};

use self::series::{Series, WINDOW};
use super::Api;
use crate::{Floor, Progress, Training, etag::Tagged, problem::Problem, query::Query};

/// The points where nothing is said, the fewest and the most there may be.
const POINTS: usize = 1_000;
const FEWEST: usize = 10;
const MOST: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    points: Option<usize>,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    window: usize,
    series: Series,
    evals: &'a [Eval],
}

/// Everything but the rows, which are only ever added to.
#[derive(Serialize)]
struct Head<'a> {
    #[serde(flatten)]
    progress: &'a Progress,
    rows: usize,
    floor: Option<Floor>,
    fault: Option<&'a str>,
}

/// What an answer was made of, and the answer: made again when something has been added.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache(Arc<Mutex<Option<(Key, Tagged)>>>);

/// Two answers of one key are the same.
type Key = Vec<u8>;

pub(super) async fn answer(
    State(api): State<Api>,
    Query(Request { points }): Query<Request>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let points = points.unwrap_or(POINTS);
    if !(FEWEST..=MOST).contains(&points) {
        let detail = format!("{points} points cannot be had; ask for {FEWEST} to {MOST}");
        return Err(Problem::value("/points", detail));
    }
    let cache = api.training;
    let answer = api.queue.run(move |subject, _| {
        let progress = subject.progress()?;
        cache.answer(&progress, subject.training()?, points).map_err(|error| Problem::fault(&error))
    });
    Ok(answer.await?.answer(&headers))
}

impl Cache {
    fn answer(
        &self,
        progress: &Progress,
        training: &Training,
        points: usize,
    ) -> serde_json::Result<Tagged> {
        let Training { metrics, evals, floor, fault } = training;
        let head = Head { progress, rows: metrics.len(), floor: *floor, fault: fault.as_deref() };
        let key = key(&head, metrics.last(), evals, points)?;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tagged)) = held.as_ref().filter(|(held, _)| *held == key) {
            return Ok(tagged.clone());
        }
        let series = Series::new(metrics, points);
        let tagged = tagged(&Answer { head, window: WINDOW, series, evals })?;
        *held = Some((key, tagged.clone()));
        Ok(tagged)
    }
}

fn key(
    head: &Head<'_>,
    last: Option<&Metric>,
    evals: &[Eval],
    points: usize,
) -> serde_json::Result<Key> {
    serde_json::to_vec(&(head, last, evals.len(), evals.last(), points))
}

fn tagged(answer: &Answer<'_>) -> serde_json::Result<Tagged> {
    let body = serde_json::to_vec(answer)?;
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()));
    // Sixteen digits are always a header.
    let etag = etag.unwrap_or(HeaderValue::from_static("\"\""));
    Ok(Tagged { etag, content_type: "application/json", body: body.into() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn etag(cache: &Cache, training: &Training, points: usize) -> HeaderValue {
        cache.answer(&Progress::default(), training, points).unwrap().etag
    }

    fn row(step: u64) -> Metric {
        Metric { step, loss: 1.0, ..Metric::default() }
    }

    #[test]
    fn an_answer_is_made_once_until_something_is_added() {
        let cache = Cache::default();
        let mut training = Training { metrics: vec![row(1)], ..Training::default() };
        let first = etag(&cache, &training, 10);
        training.metrics[0].grad_norm = 9.0; // the last row is looked at
        assert_ne!(etag(&cache, &training, 10), first);
        training.metrics.push(row(2));
        let two = etag(&cache, &training, 10);
        training.metrics[0].loss = 5.0; // the rows before it are not: they do not change
        assert_eq!(etag(&cache, &training, 10), two);
        assert_ne!(etag(&cache, &training, 11), two);
        training.evals.push(Eval::default());
        let with_eval = etag(&cache, &training, 10);
        assert_ne!(with_eval, two);
        training.fault = Some("line 3".to_owned());
        assert_ne!(etag(&cache, &training, 10), with_eval);
    }
}
