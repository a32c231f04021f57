//! `POST /v1/backup`: copies the running node's store and reports progress line by line.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use super::Admin;
use super::failure::Failure;
use super::json::{BackupLine, BackupTo};
use crate::logs::millis;
use crate::store::backup;

/// Lines that the operator has not read yet. When it is reached, progress is skipped.
const LINES_MAX: usize = 16;

pub(super) async fn back_up(
    State(admin): State<Admin>,
    to: Result<Query<BackupTo>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(BackupTo { to }) = to.map_err(|rejected| Failure::bad_request(&rejected))?;
    if !to.is_absolute() {
        return Err(Failure::bad_request(&"`to` must be an absolute path"));
    }
    let file = admin.begun()?.store.file().cloned();
    let file = file.ok_or_else(Failure::nothing_to_back_up)?;
    let one_at_a_time = admin.backing_up.try_lock_owned();
    let one_at_a_time = one_at_a_time.map_err(|_| Failure::backing_up())?;
    let (lines, told) = mpsc::channel(LINES_MAX);
    tokio::task::spawn_blocking(move || {
        let _one_at_a_time = one_at_a_time;
        tracing::info!(to = %to.display(), "an operator started a backup");
        let mut progress = |done, of| drop(lines.try_send(BackupLine::Progress { done, of }));
        let last = match backup::back_up(&file, &to, &mut progress) {
            Ok(copied) => {
                tracing::info!(to = %to.display(), bytes = copied.bytes, took_ms = millis(copied.took), "the backup is written");
                BackupLine::Copied {
                    bytes: copied.bytes,
                    millis: u64::try_from(copied.took.as_millis()).unwrap_or(u64::MAX),
                }
            }
            Err(error) => {
                tracing::warn!(to = %to.display(), error = format!("{error:#}"), "a backup failed");
                let message = format!("{error:#}");
                BackupLine::Failed { message }
            }
        };
        // The operator may have disconnected. The file stays.
        drop(lines.blocking_send(last));
    });
    let body = Body::from_stream(stream::unfold(told, |mut told| async {
        let line = told.recv().await?;
        Some((Ok::<_, Infallible>(encoded(&line)), told))
    }));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn encoded(line: &BackupLine) -> Bytes {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
