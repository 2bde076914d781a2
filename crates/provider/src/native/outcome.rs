//! Operations of which it is not known whether they took effect: the object is looked for, and work goes on from what is found.
//!
//! A connection that breaks after a call was sent says nothing of the call. Sending a creation again might create twice, giving up would leave an object that nobody knows. So the frame asks
//! the type for the object (as it does after a crash), and adopts what it finds.

use super::{NativeClient, Operation, Resource};
use crate::Fault;

/// How often an operation is begun whose end stays unknown.
const TRIES: u32 = 5;

/// Creates the object. `wanted` gives what is planned (computed attributes as in what was found), `reported` what `created` was told.
pub(super) async fn create<R: Resource>(
    client: &R::Client,
    wanted: &(dyn Fn(Option<&R>) -> Result<R, Fault> + Sync),
    reported: &(dyn Fn() -> Result<Option<R>, Fault> + Sync),
    operation: &Operation<'_>,
) -> Result<R, Fault> {
    let planned = wanted(None)?;
    for _ in 1..TRIES {
        let fault = match R::create(client, planned.clone(), operation).await {
            Err(fault) if fault.uncertain => fault,
            done => return done,
        };
        match look(client, &planned, reported()?, operation.token).await {
            Ok(Some(found)) => {
                operation.created(&found)?;
                let planned = wanted(Some(&found))?;
                if same(&found, &planned) {
                    return Ok(found);
                }
                return update(client, found, planned, operation).await;
            }
            // What had been reported is gone again.
            Ok(None) if reported()?.is_some() => return Err(fault),
            Ok(None) => {}
            // Why the object cannot be looked for is most often why the call failed, which says more.
            Err(_) => return Err(fault),
        }
    }
    R::create(client, planned, operation).await
}

/// True when nothing is left to be done.
fn same<R: Resource>(found: &R, planned: &R) -> bool {
    serde_json::to_value(found).is_ok_and(|found| serde_json::to_value(planned).is_ok_and(|planned| planned == found))
}

/// The object, if there is one: asks for as long as a new object may not be seen yet, and again where the answer to the look itself was lost.
async fn look<R: Resource>(client: &R::Client, planned: &R, reported: Option<R>, token: &str) -> Result<Option<R>, Fault> {
    let (mut asked, mut lost) = (0, 0);
    loop {
        let found = match &reported {
            Some(reported) => R::read(client, reported.clone()).await,
            None => R::recover(client, planned.clone(), token).await,
        };
        match found {
            Ok(None) => {}
            Err(fault) if fault.not_found => {}
            Err(fault) if fault.uncertain && lost < TRIES => {
                lost += 1;
                continue;
            }
            found => return found,
        }
        asked += 1;
        if !client.lag(asked).await {
            return Ok(None);
        }
    }
}

/// Changes the object; when the end is not known, goes on from what is there.
pub(super) async fn update<R: Resource>(client: &R::Client, mut prior: R, planned: R, operation: &Operation<'_>) -> Result<R, Fault> {
    for _ in 1..TRIES {
        let fault = match R::update(client, prior.clone(), planned.clone(), operation).await {
            Err(fault) if fault.uncertain => fault,
            done => return done,
        };
        let present = match R::read(client, prior).await {
            // The change may have given it another id.
            Ok(None) => R::recover(client, planned.clone(), operation.token).await,
            present => present,
        };
        let Ok(Some(present)) = present else { return Err(fault) };
        operation.created(&present)?;
        prior = present;
    }
    R::update(client, prior, planned, operation).await
}

/// Deletes the object; a deletion that finds nothing more to do is done.
pub(super) async fn delete<R: Resource>(client: &R::Client, prior: R, operation: &Operation<'_>) -> Result<(), Fault> {
    for _ in 1..TRIES {
        match R::delete(client, prior.clone(), operation).await {
            Err(fault) if fault.uncertain => {}
            done => return done,
        }
    }
    R::delete(client, prior, operation).await
}
