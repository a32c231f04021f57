//! Uploads of large values in chunks, on a connection where they delay nobody.

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

/// The largest value that is sent together with other writes. It delays them by a few milliseconds.
pub(crate) const INLINE_BYTES_MAX: usize = 256 * 1024;
/// The size of a chunk. Each has its own commit.
const CHUNK_BYTES: usize = 1024 * 1024;
/// The number of chunks in flight, which is also the memory used besides the value itself: one is
/// stored while the next is transferred.
const CHUNKS_AHEAD: usize = 2;

/// Stores the chunks, then returns the write to its lane. On a failure the write is certainly not
/// done, and the stored chunks are deleted with the next snapshot or seal.
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
                // Only chunks that nothing refers to yet are affected.
                Failure::Unknown(why) => Failure::NotDone(why),
                other => other,
            }));
            queue.give_back(Item::GivenUp(name));
        }
    }
}

/// Stores the chunks. `Unknown` means that the session is broken.
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
