//! The boxed future that every operation of an engine returns.

use std::future::{Future, ready};
use std::pin::Pin;

/// An answer on its way: a future of no particular runtime that may move between threads.
///
/// The operation may begin before the first poll. Dropping the future undoes nothing: what became
/// of the operation is then unknown.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer that is there already.
pub(crate) fn answered<'a, T: Send + 'a>(answer: T) -> Pending<'a, T> {
    Box::pin(ready(answer))
}

/// The part of a reply that its request asked for; `unknown` if the reply is to another request.
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
