//! A bare client for comparison: the same calls over one connection, without deadlines.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;
use tower_service::Service;

#[allow(
    missing_docs,
    clippy::all,
    unreachable_pub,
    dead_code,
    reason = "generated code"
)]
mod wire {
    include!("../../src/generated/etcdserverpb.rs");
}

use wire::compare::{CompareTarget, TargetUnion};
use wire::request_op::Request as Operation;
use wire::watch_request::RequestUnion;
use wire::{
    Compare, PutRequest, RequestOp, TxnRequest, TxnResponse, WatchCreateRequest, WatchRequest,
    WatchResponse,
};

#[derive(Clone)]
struct Line(SendRequest<Body>);

impl Service<Request<Body>> for Line {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

/// A connection to one member.
pub(crate) struct Bare(Grpc<Line>);

impl Bare {
    pub(crate) async fn connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let handshake = Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await.ok()?;
        tokio::spawn(connection);
        let origin: Uri = format!("http://{address}").parse().unwrap();
        Some(Self(Grpc::with_origin(Line(sender), origin)))
    }

    /// Writes if the record is at `revision`, 0 for none. Returns the new revision if it was
    /// written.
    pub(crate) async fn compare_and_set(
        &mut self,
        key: &str,
        revision: i64,
        value: &Bytes,
    ) -> Result<Option<i64>, Status> {
        let key = Bytes::copy_from_slice(key.as_bytes());
        let compare = Compare {
            target: CompareTarget::Mod.into(),
            key: key.clone(),
            target_union: Some(TargetUnion::ModRevision(revision)),
            ..Compare::default()
        };
        let put = PutRequest {
            key,
            value: value.clone(),
        };
        let put = RequestOp {
            request: Some(Operation::RequestPut(put)),
        };
        let request = TxnRequest {
            compare: vec![compare],
            success: vec![put],
            failure: Vec::new(),
        };
        self.0
            .ready()
            .await
            .map_err(|e| Status::unknown(e.to_string()))?;
        let path = PathAndQuery::from_static("/etcdserverpb.KV/Txn");
        let codec = ProstCodec::<TxnRequest, TxnResponse>::default();
        let answer = self
            .0
            .unary(tonic::Request::new(request), path, codec)
            .await?;
        let answer = answer.into_inner();
        Ok(answer
            .succeeded
            .then(|| answer.header.unwrap_or_default().revision))
    }

    /// Watches a key from now on.
    pub(crate) async fn watch(&mut self, key: &str) -> Streaming<WatchResponse> {
        let create = WatchCreateRequest {
            key: Bytes::copy_from_slice(key.as_bytes()),
            ..WatchCreateRequest::default()
        };
        let mut first = Some(WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(create)),
        });
        // The stream never ends, because its end would end the watch.
        let questions = stream::poll_fn(move |_| match first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Poll::Pending,
        });
        self.0.ready().await.unwrap();
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
        let request = tonic::Request::new(questions);
        let mut messages = self
            .0
            .streaming(request, path, codec)
            .await
            .unwrap()
            .into_inner();
        let created = messages.message().await.unwrap();
        assert!(created.unwrap().created);
        messages
    }
}
