//! A value too large to be sent at once goes in chunks, on a connection where it holds up nobody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{TryStreamExt, stream};
use wayfare_engine::storage::Failure;

use crate::error::describe;
use crate::failure::of_read;
use crate::group::Said;
use crate::queue::{Item, Queue};
use crate::session::Session;
use crate::slot::Slot;
use crate::write::{Chunks, Write};

/// What still goes with the writes of others: it delays them by a few milliseconds.
pub(crate) const INLINE_BYTES_MAX: usize = 256 * 1024;
/// Of one chunk, each with a commit of its own.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Chunks on their way, and so what there is in memory beside the value itself: one is stored while
/// the next arrives.
const CHUNKS_AHEAD: usize = 2;

/// Stores the chunks, then gives the write back to its lane. If that fails the write is certainly not done,
/// and what was stored is forgotten with the next snapshot or seal.
pub(crate) async fn run(bulk: Arc<Slot>, queue: Arc<Queue>, mut write: Write, deadline: Duration) {
    let stored = match bulk.session().await {
        Err(error) => Err(Failure::NotDone(error.to_string())),
        Ok(session) => {
            let stored = store(&session, &write, deadline).await;
            if let Err(Failure::Unknown(_)) = stored {
                bulk.discard(&session);
            }
            stored
        }
    };
    match stored {
        Ok((chunks, count)) => {
            bulk.count_chunks(count);
            write.is_in(chunks);
            write.since = Instant::now();
            queue.give_back(Item::Uploaded(write));
        }
        Err(failure) => {
            let name = write.name.clone();
            write.settle(Err(match failure {
                // Only what nothing names yet.
                Failure::Unknown(why) => Failure::NotDone(why),
                other => other,
            }));
            queue.give_back(Item::GivenUp(name));
        }
    }
}

/// `Unknown` if the session is of no use any more.
async fn store(
    session: &Session,
    write: &Write,
    deadline: Duration,
) -> Result<(Chunks, usize), Failure> {
    let asked = session
        .client
        .query_one(&session.statements.chunks_number, &[]);
    let row = within(deadline, asked).await?;
    let number: i64 = row.try_get(0).map_err(|error| of_read(&error))?;
    let count = write.value().len().div_ceil(CHUNK_BYTES);
    stream::iter((0..count).map(Ok))
        .map_ok(|place| store_one(session, write, number, place, deadline))
        .try_buffered(CHUNKS_AHEAD)
        .try_for_each(|()| std::future::ready(Ok(())))
        .await?;
    Ok((Chunks(number), count))
}

async fn store_one(
    session: &Session,
    write: &Write,
    number: i64,
    place: usize,
    deadline: Duration,
) -> Result<(), Failure> {
    let start = place * CHUNK_BYTES;
    let end = write.value().len().min(start + CHUNK_BYTES);
    let piece = &write.value()[start..end];
    let (name, epoch, place) = (write.name.as_bytes(), write.epoch.0 as i64, place as i64);
    let statement = &session.statements.chunk;
    let row = within(deadline, async {
        let client = &session.client;
        client
            .query_one(statement, &[&name, &epoch, &number, &place, &piece])
            .await
    })
    .await?;
    let said = Said::read(&row).map_err(|error| of_read(&error))?;
    said.answer(write).map(|_| ())
}

async fn within<T>(
    deadline: Duration,
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(deadline, asked).await {
        Err(_) => Err(Failure::Unknown("no answer within the deadline".into())),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) if error.as_db_error().is_none() => Err(Failure::Unknown(describe(&error))),
        Ok(Err(error)) => Err(of_read(&error)),
    }
}
