//! The boxed future that every operation of an engine returns.

use std::future::{Future, ready};
use std::pin::Pin;

/// A pending answer: a boxed future that needs no particular runtime and may move between threads.
///
/// The operation may begin before the first poll. Dropping the future undoes nothing; the outcome
/// of the operation is then unknown.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Returns a future that is ready with `answer`.
pub(crate) fn answered<'a, T: Send + 'a>(answer: T) -> Pending<'a, T> {
    Box::pin(ready(answer))
}

/// Picks the part of a reply that the request asked for; `unknown` makes the error for a reply to
/// another request.
pub(crate) fn picked<'a, Reply: 'a, Failure: 'a, T: 'a>(
    pending: Pending<'a, Result<Reply, Failure>>,
    pick: fn(Reply) -> Option<T>,
    unknown: fn(String) -> Failure,
) -> Pending<'a, Result<T, Failure>> {
    Box::pin(async move {
        let foreign = || unknown("the reply is to another request".into());
        pick(pending.await?).ok_or_else(foreign)
    })
}
