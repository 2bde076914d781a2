//! Waiting for a state, and for consistency, with back-off and a time limit.

use std::future::Future;
use std::time::{Duration, Instant};

use weir_provider::Fault;

use crate::api::ApiError;
use crate::duration;

/// How long the first pause is; pauses grow from there.
const FIRST: Duration = Duration::from_millis(200);
/// How long a pause can get.
const LONGEST: Duration = Duration::from_secs(10);

/// The time limit of an operation: what the `timeouts` block says, or the type's default in minutes.
pub(crate) fn limit(written: Option<&String>, default_minutes: u64) -> Result<Duration, Fault> {
    written.map_or(Ok(Duration::from_secs(default_minutes * 60)), |text| duration::parse(text))
}

/// Growing pauses that differ from caller to caller, so that many waiters do not ask at once.
struct Pauses {
    next: Duration,
    end: Instant,
}

impl Pauses {
    fn new(limit: Duration) -> Self {
        Self { next: FIRST, end: Instant::now() + limit }
    }

    /// Waits; false when the time is over.
    async fn pause(&mut self) -> bool {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(jitter(self.next).min(left)).await;
        self.next = (self.next * 8 / 5).min(LONGEST);
        true
    }
}

/// Between half and all of it.
fn jitter(pause: Duration) -> Duration {
    let random = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    pause.mul_f64(0.5 + random / 2.0)
}

/// Asks until the answer is `Some`: the state waited for. `what` completes "Timed out waiting for …".
pub(crate) async fn until<T, F>(what: &str, limit: Duration, mut ask: impl FnMut() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<Option<T>, Fault>>,
{
    let mut pauses = Pauses::new(limit);
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        if !pauses.pause().await {
            let detail = format!("It took longer than {} s. Run again to go on waiting; the `timeouts` block (where the type has one) sets the limit.", limit.as_secs());
            return Err(Fault::error(format!("Timed out waiting for {what}"), detail));
        }
    }
}

/// Calls again for as long as the API answers with an error that `passing` says will pass: a dependant that is going away, a new object
/// that is not seen everywhere yet.
pub(crate) async fn retry<T, F>(limit: Duration, passing: impl Fn(&ApiError) -> bool, mut call: impl FnMut() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let mut pauses = Pauses::new(limit);
    loop {
        match call().await {
            Err(error) if passing(&error) => {
                if !pauses.pause().await {
                    return Err(error);
                }
            }
            done => return done,
        }
    }
}

/// The first pause in the search for an object that may have been created; each further one is twice as long, four in all: new objects and their tags are seen within seconds.
const LAG: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 700 });

/// Waits before the object is looked for again; false when it was looked for often enough.
pub(crate) async fn lag(asked: u32) -> bool {
    if asked > 4 {
        return false;
    }
    tokio::time::sleep(LAG * 2_u32.pow(asked - 1)).await;
    true
}

/// Reads a new object until the API shows it; it may take some seconds to be seen everywhere. "Not found" is an answer like none.
pub(crate) async fn appear<T, F>(what: &str, mut ask: impl FnMut() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<Option<T>, Fault>>,
{
    until(&format!("the new {what} to appear"), Duration::from_secs(120), || {
        let asked = ask();
        async {
            match asked.await {
                Err(fault) if fault.not_found => Ok(None),
                found => found,
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_until_there_is_an_answer_or_the_time_is_over() {
        let mut left = 2;
        let found = until("it", Duration::from_secs(5), || {
            left -= 1;
            let answer = (left == 0).then_some("there");
            async move { Ok(answer) }
        })
        .await;
        assert_eq!(found, Ok("there"));
        let late = until::<(), _>("it", Duration::ZERO, || async { Ok(None) }).await;
        assert_eq!(late.map_err(|fault| fault.summary), Err("Timed out waiting for it".to_owned()));
    }
}
