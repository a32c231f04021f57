//! A `Durable` room that counts, and sends futures out for documents.

use bytes::Bytes;
use wayfare_core::game::{
    Documents, Durability, Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic, Work,
};
use wayfare_core::{Audience, HandlerContext};
use wayfare_protocol::coordination::Expect;
use wayfare_protocol::storage::{Reply, Request};

/// Makes the kind. `add` counts and sends the count to all members, `fetch` sends what a future
/// found in a document, `fail` runs a future that panics.
pub(crate) fn ledger() -> Kind {
    Kind {
        name: "ledger".into(),
        logic: Box::new(StubKind),
        settings: KindSettings {
            durability: Durability::Durable,
            empty_grace: None,
            ..KindSettings::default()
        },
    }
}

struct StubKind;

impl RoomKind for StubKind {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubLedger(0)))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let count = snapshot.try_into().map(u64::from_le_bytes);
        let count = count.map_err(|_| Refusal::new("no count"))?;
        Ok(Box::new(StubLedger(count)))
    }
}

struct StubLedger(u64);

impl RoomLogic for StubLedger {
    fn view(&self, _: &Player, _: &HandlerContext<'_>, into: &mut Vec<u8>) -> Result<(), Refusal> {
        into.extend_from_slice(self.0.to_string().as_bytes());
        Ok(())
    }

    fn command(
        &mut self,
        _: &Player,
        payload: &[u8],
        _: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let lost = |bytes: &mut Vec<u8>| bytes.extend_from_slice(b"lost");
        match payload {
            b"add" => {
                self.0 += 1;
                let count = self.0.to_string();
                cx.send(Audience::Everyone, |bytes| bytes.extend(count.bytes()));
            }
            b"fetch" => {
                let documents = cx.documents().expect("a node has documents");
                cx.run(Work(Box::pin(fetch(documents))), lost);
            }
            b"fail" => cx.run(
                Work(Box::pin(async { panic!("a future that fails") })),
                lost,
            ),
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        cx.send(Audience::Everyone, |bytes| bytes.extend_from_slice(note));
        Ok(())
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        into.extend_from_slice(&self.0.to_le_bytes());
        Ok(())
    }
}

/// Writes a document and reads it back.
async fn fetch(documents: Documents) -> Vec<u8> {
    let put = Request::PutDocument {
        name: "saved/game".into(),
        value: Bytes::from_static(b"a saved game"),
        expect: Expect::Absent,
    };
    documents.0.call(put).await.expect("a commit");
    match documents
        .0
        .call(Request::Document("saved/game".into()))
        .await
    {
        Ok(Reply::Document(Some(record))) => record.value.to_vec(),
        other => panic!("{other:?}"),
    }
}
