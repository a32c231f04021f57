//! The access of rooms' futures to the storage engine: documents and logs only.

use std::pin::Pin;
use std::sync::Weak;

use wayfare_core::game::DocumentStore;
use wayfare_engine::Storage;
use wayfare_protocol::storage::{Failure, Outcome, Request};

/// A weak reference, so that a future that outlives the node's shards does not keep the engine open
/// beyond a request.
pub(crate) struct EngineDocuments(pub(crate) Weak<dyn Storage>);

impl DocumentStore for EngineDocuments {
    fn call(&self, request: Request) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
        if !is_for_everybody(&request) {
            // Writes of entities are fenced by their epochs, which are not known here.
            return refused("what entities keep is theirs alone");
        }
        let Some(storage) = self.0.upgrade() else {
            return refused("the node has stopped");
        };
        Box::pin(async move { storage.call(request).await })
    }
}

fn refused(why: &str) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
    let failure = Failure::NotDone(why.into());
    Box::pin(async { Err(failure) })
}

/// Checks that a request is for a document or a game log.
fn is_for_everybody(request: &Request) -> bool {
    matches!(
        request,
        Request::PutDocument { .. }
            | Request::DeleteDocument { .. }
            | Request::Document(_)
            | Request::Documents { .. }
            | Request::Read { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use wayfare_engine::model::MemoryStorage;
    use wayfare_protocol::Epoch;
    use wayfare_protocol::coordination::{Commit, Expect};
    use wayfare_protocol::storage::Reply;

    use super::*;

    #[tokio::test]
    async fn futures_reach_only_documents() {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let documents = EngineDocuments(Arc::downgrade(&storage));
        let put = Request::PutDocument {
            name: "accounts/ada".into(),
            value: Bytes::from_static(b"7"),
            expect: Expect::Absent,
        };
        let outcome = documents.call(put).await;
        assert!(matches!(outcome, Ok(Reply::Committed(Commit::Done(_)))));
        let read = documents.call(Request::Document("accounts/ada".into()));
        let Ok(Reply::Document(Some(record))) = read.await else {
            panic!("the document is there");
        };
        assert_eq!(record.value, "7");
        let seal = Request::Load {
            entity: "plaza/main".into(),
            epoch: Epoch(1_000_000),
        };
        assert!(matches!(
            documents.call(seal).await,
            Err(Failure::NotDone(_))
        ));
        drop(storage);
        let late = documents.call(Request::Document("accounts/ada".into()));
        assert!(matches!(late.await, Err(Failure::NotDone(_))));
    }
}
