//! gRPC over a connection: single requests, and the stream of watches.

use futures_util::stream;
use http::uri::PathAndQuery;
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::connection::Connection;
use crate::wire::{Ask, WATCH, WatchRequest, WatchResponse};

/// The size limit of an answer. A list that exceeds it uses smaller pages. It is many times the
/// size limit of a record (1.5 MiB, etcd's own limit of a request).
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The queue of a stream's requests: one to open it, the others to request signs of life.
const QUESTIONS_MAX: usize = 4;

/// The login token of a request.
pub(crate) type Token = MetadataValue<Ascii>;

/// Sends a request. [`crate::trouble::Trouble::of`] interprets its errors.
pub(crate) async fn ask<A: Ask>(
    connection: &Connection,
    question: A,
    token: Option<&Token>,
) -> Result<A::Answer, Status> {
    let mut grpc = grpc(connection);
    grpc.ready()
        .await
        .map_err(|e| Status::from_error(e.into()))?;
    let path = PathAndQuery::from_static(A::PATH);
    let codec = ProstCodec::<A, A::Answer>::default();
    let request = request(question, A::NEEDS_LEADER, token);
    let answer = grpc.unary(request, path, codec).await?;
    Ok(answer.into_inner())
}

/// Opens a stream of watches.
pub(crate) async fn watch(
    connection: &Connection,
    first: WatchRequest,
    token: Option<&Token>,
) -> Result<(mpsc::Sender<WatchRequest>, Streaming<WatchResponse>), Status> {
    let (questions, mut queue) = mpsc::channel(QUESTIONS_MAX);
    // The queue is empty, so this succeeds.
    let _ = questions.try_send(first);
    let mut grpc = grpc(connection);
    grpc.ready()
        .await
        .map_err(|e| Status::from_error(e.into()))?;
    let path = PathAndQuery::from_static(WATCH);
    let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
    let questions_stream = stream::poll_fn(move |cx| queue.poll_recv(cx));
    let request = request(questions_stream, true, token);
    let answers = grpc.streaming(request, path, codec).await?;
    Ok((questions, answers.into_inner()))
}

fn grpc(connection: &Connection) -> Grpc<Connection> {
    Grpc::with_origin(connection.clone(), connection.origin().clone())
        .max_decoding_message_size(ANSWER_BYTES_MAX)
}

fn request<T>(message: T, needs_leader: bool, token: Option<&Token>) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    if needs_leader {
        metadata.insert("hasleader", MetadataValue::from_static("true"));
    }
    if let Some(token) = token {
        metadata.insert("token", token.clone());
    }
    request
}
