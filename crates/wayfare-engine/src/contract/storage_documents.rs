//! Cases of storage: documents, changed by compare-and-set.

use bytes::Bytes;
use wayfare_protocol::coordination::{Commit, Expect, Key, Record, Revision};

use super::{Breach, Case, Verdict, above, cases, done, join, refused, same};
use crate::Storage;
use crate::storage::{LIST_DOCUMENTS_MAX, Reply, Request};

pub(super) fn cases() -> Vec<Case<dyn Storage>> {
    cases![
        a_document_is_written_by_compare_and_set,
        a_document_is_removed_by_compare_and_set,
        one_of_several_writers_wins_a_document,
        documents_are_listed_in_order_and_in_parts,
        a_document_request_is_answered_in_its_kind,
    ]
}

async fn a_document_is_written_by_compare_and_set(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let name: Key = format!("{namespace}/a").into();
    let put =
        |text: &'static str, expect| engine.put_document(name.clone(), Bytes::from(text), expect);
    same(
        "a document nobody wrote",
        &engine.document(name.clone()).await?,
        &None,
    )?;
    let never = Expect::Revision(Revision(0));
    refused("revision 0, of nothing", put("x", never).await?)?;
    let first = done("absent, of nothing", put("1", Expect::Absent).await?)?;
    refused("absent, of something", put("x", Expect::Absent).await?)?;
    let second = done("its revision", put("2", Expect::Revision(first)).await?)?;
    above("the second revision", second, first)?;
    refused(
        "a former revision",
        put("x", Expect::Revision(first)).await?,
    )?;
    let record = Record {
        value: Bytes::from_static(b"2"),
        revision: second,
    };
    same(
        "the document",
        &engine.document(name.clone()).await?,
        &Some(record),
    )
}

async fn a_document_is_removed_by_compare_and_set(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let name: Key = format!("{namespace}/a").into();
    let put = |expect| engine.put_document(name.clone(), Bytes::from_static(b"x"), expect);
    let delete = |expect| engine.delete_document(name.clone(), expect);
    refused("a delete of nothing", delete(Revision(0)).await?)?;
    let first = done("a put", put(Expect::Absent).await?)?;
    let second = done("another", put(Expect::Revision(first)).await?)?;
    refused("a former revision", delete(first).await?)?;
    done("its revision", delete(second).await?)?;
    let gone = engine.document(name.clone()).await?;
    same("the document", &gone, &None)?;
    let listed = engine.documents(name.clone(), "".into()).await?;
    same("the list", &listed, &Vec::new())?;
    refused("a second delete", delete(second).await?)?;
    let again = done("absent, once deleted", put(Expect::Absent).await?)?;
    above("the document made again", again, second)?;
    refused("its former life", delete(second).await?)
}

async fn one_of_several_writers_wins_a_document(engine: &dyn Storage, namespace: &str) -> Verdict {
    let name: Key = format!("{namespace}/a").into();
    let mut expect = Expect::Absent;
    for _ in 0..8 {
        let put = |writer: u8| {
            let value = Bytes::copy_from_slice(&[writer]);
            engine.put_document(name.clone(), value, expect)
        };
        let mut winners = Vec::new();
        for (writer, outcome) in (0..8).zip(join((0..8).map(put).collect()).await) {
            if let Commit::Done(revision) = outcome? {
                let value = Bytes::copy_from_slice(&[writer]);
                winners.push(Record { value, revision });
            }
        }
        same("the number of winners", &winners.len(), &1)?;
        let document = engine.document(name.clone()).await?;
        same("the winner's document", &document, &winners.pop())?;
        if let Some(record) = document {
            expect = Expect::Revision(record.revision);
        }
    }
    Ok(())
}

async fn documents_are_listed_in_order_and_in_parts(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let mut names = vec!["a".to_owned(), "a.".into(), "a0".into(), "b/1".into()];
    names.extend((0..LIST_DOCUMENTS_MAX + 5).map(|i| format!("a/{i:03}")));
    for name in &names {
        let key = format!("{namespace}/{name}").into();
        let value = Bytes::from(name.clone());
        let put = engine.put_document(key, value, Expect::Absent).await?;
        done("a put of a new document", put)?;
    }
    names.sort_unstable();
    for prefix in ["a/", "a/00", "a", "b", "c", ""] {
        let mut expected = names.clone();
        expected.retain(|name| name.starts_with(prefix));
        let found = list_all(engine, namespace, prefix).await?;
        same("the names of a list", &found, &expected)?;
    }
    let after = format!("{namespace}/a/003").into();
    let prefix = format!("{namespace}/a/00").into();
    let part = engine.documents(prefix, after).await?;
    let first = part.first().map(|(name, _)| name.clone());
    let expected: Key = format!("{namespace}/a/004").into();
    same("the first behind a name", &first, &Some(expected))
}

async fn list_all(
    engine: &dyn Storage,
    namespace: &str,
    prefix: &str,
) -> Result<Vec<String>, Breach> {
    let prefix: Key = format!("{namespace}/{prefix}").into();
    let mut names = Vec::new();
    let mut after: Key = "".into();
    loop {
        let part = engine.documents(prefix.clone(), after.clone()).await?;
        same(
            "the bound of a list",
            &(part.len() <= LIST_DOCUMENTS_MAX),
            &true,
        )?;
        let Some((last, _)) = part.last() else {
            return Ok(names);
        };
        same("a part is behind the one before", &(*last > after), &true)?;
        after = last.clone();
        for (name, record) in part {
            let name = &name[namespace.len() + 1..];
            same(
                "each name with its own value",
                &&record.value[..],
                &name.as_bytes(),
            )?;
            names.push(name.to_owned());
        }
    }
}

async fn a_document_request_is_answered_in_its_kind(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let name: Key = format!("{namespace}/a").into();
    let value = Bytes::from_static(b"1");
    let put = Request::PutDocument {
        name: name.clone(),
        value: value.clone(),
        expect: Expect::Absent,
    };
    let reply = engine.call(put).await?;
    let Reply::Committed(Commit::Done(revision)) = reply else {
        return Err(Breach::Contract {
            what: "a put",
            found: format!("{reply:?}"),
            expected: "committed, done".into(),
        });
    };
    let record = Record { value, revision };
    let document = engine.call(Request::Document(name.clone())).await?;
    same("a read", &document, &Reply::Document(Some(record.clone())))?;
    let list = Request::Documents {
        prefix: name.clone(),
        after: "".into(),
    };
    let listed = Reply::Documents(vec![(name.clone(), record)]);
    same("a list", &engine.call(list).await?, &listed)?;
    let delete = Request::DeleteDocument {
        name,
        expect: revision,
    };
    let reply = engine.call(delete).await?;
    let is_done = matches!(reply, Reply::Committed(Commit::Done(_)));
    same("a delete", &is_done, &true)
}
