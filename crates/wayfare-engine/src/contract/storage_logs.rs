//! Cases of storage: an append is applied once even if repeated, and a log is read in order.

use bytes::Bytes;
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::{Breach, Case, Verdict, cases, same};
use crate::Storage;
use crate::storage::{AppendKey, Failure, Position, READ_RECORDS_MAX, Reply, Request};

pub(super) fn cases() -> Vec<Case<dyn Storage>> {
    cases![
        an_append_is_done_once,
        a_successor_repeats_an_append_under_the_same_key,
        appends_of_others_are_others,
        an_append_cannot_be_of_a_later_epoch,
        a_log_is_read_in_order_and_in_parts,
        a_trimmed_log_goes_on,
        a_log_request_is_answered_in_its_kind,
    ]
}

async fn an_append_is_done_once(engine: &dyn Storage, namespace: &str) -> Verdict {
    let log = Log::new(engine, namespace);
    let writer = log.own("a", Epoch(1)).await?;
    log.append(&writer, 1, 7, &["x", "y"]).await?;
    log.append(&writer, 1, 7, &["x", "y"]).await?;
    log.append(&writer, 1, 9, &["z"]).await?;
    // A late repeat, after other appends.
    log.append(&writer, 1, 7, &["x", "y"]).await?;
    log.append(&writer, 1, 8, &["between"]).await?;
    log.append(&writer, 1, 9, &["z"]).await?;
    log.append(&writer, 1, 10, &[]).await?;
    let expected = [(1, 7, "x"), (2, 7, "y"), (3, 9, "z"), (4, 8, "between")];
    let found = log.read(1).await?;
    let found: Vec<_> = found.iter().map(|it| (it.0, it.2.1, &*it.3)).collect();
    same("the log", &found, &expected.to_vec())
}

async fn a_successor_repeats_an_append_under_the_same_key(
    engine: &dyn Storage,
    namespace: &str,
) -> Verdict {
    let log = Log::new(engine, namespace);
    let former = log.own("a", Epoch(1)).await?;
    log.append(&former, 1, 7, &["x"]).await?;
    let successor = log.own("a", Epoch(2)).await?;
    log.append(&successor, 1, 7, &["x"]).await?;
    log.append(&successor, 1, 8, &["y"]).await?;
    log.append(&successor, 2, 8, &["z"]).await?;
    let by = Epoch(2);
    let late = log.append(&former, 1, 8, &["y"]).await;
    same("the former owner's", &late, &Err(Failure::Sealed { by }))?;
    let texts = log.texts().await?;
    same("the log", &texts, &strings(&["x", "y", "z"]))
}

async fn appends_of_others_are_others(engine: &dyn Storage, namespace: &str) -> Verdict {
    let log = Log::new(engine, namespace);
    let other_log = Log {
        name: format!("{namespace}/log2").into(),
        ..Log::new(engine, namespace)
    };
    let first = log.own("a", Epoch(1)).await?;
    let second = log.own("b", Epoch(1)).await?;
    log.append(&first, 1, 1, &["of a"]).await?;
    log.append(&second, 1, 1, &["of b"]).await?;
    other_log.append(&first, 1, 1, &["elsewhere"]).await?;
    same("the log", &log.texts().await?, &strings(&["of a", "of b"]))?;
    same(
        "the other",
        &other_log.texts().await?,
        &strings(&["elsewhere"]),
    )
}

async fn an_append_cannot_be_of_a_later_epoch(engine: &dyn Storage, namespace: &str) -> Verdict {
    let log = Log::new(engine, namespace);
    let writer = log.own("a", Epoch(1)).await?;
    let outcome = log.append(&writer, 2, 1, &["x"]).await;
    let is_not_done = matches!(outcome, Err(Failure::NotDone(_)));
    same("a step of a later epoch", &is_not_done, &true)?;
    same("the log", &log.texts().await?, &Vec::new())
}

async fn a_log_is_read_in_order_and_in_parts(engine: &dyn Storage, namespace: &str) -> Verdict {
    let log = Log::new(engine, namespace);
    same("a log nobody wrote", &log.read(1).await?, &Vec::new())?;
    let writer = log.own("a", Epoch(1)).await?;
    let count = READ_RECORDS_MAX + 5;
    let texts: Vec<_> = (1..=count).map(|i| i.to_string()).collect();
    for (step, part) in (1..).zip(texts.chunks(100)) {
        let part: Vec<_> = part.iter().map(String::as_str).collect();
        log.append(&writer, 1, step, &part).await?;
    }
    let mut read = Vec::new();
    let mut next = 1;
    loop {
        let part = log.read(next).await?;
        same(
            "the bound of a read",
            &(part.len() <= READ_RECORDS_MAX),
            &true,
        )?;
        let Some(last) = part.last() else {
            break;
        };
        same("a part is behind the one before", &(last.0 >= next), &true)?;
        next = last.0 + 1;
        read.extend(part);
    }
    let positions: Vec<_> = read.iter().map(|it| it.0).collect();
    same("the positions", &positions, &(1..=count as u64).collect())?;
    let found: Vec<_> = read.into_iter().map(|it| it.3).collect();
    same("the records", &found, &texts)
}

async fn a_trimmed_log_goes_on(engine: &dyn Storage, namespace: &str) -> Verdict {
    let log = Log::new(engine, namespace);
    let trim = |before| engine.trim(log.name.clone(), Position(before));
    trim(5).await?;
    let writer = log.own("a", Epoch(1)).await?;
    log.append(&writer, 1, 1, &["a", "b"]).await?;
    log.append(&writer, 1, 2, &["c"]).await?;
    trim(2).await?;
    let positions: Vec<_> = log.read(1).await?.iter().map(|it| it.0).collect();
    same("what is kept", &positions, &vec![2, 3])?;
    trim(1).await?;
    trim(9).await?;
    same("a log trimmed to its end", &log.read(1).await?, &Vec::new())?;
    log.append(&writer, 1, 1, &["a", "b"]).await?;
    log.append(&writer, 1, 2, &["c"]).await?;
    log.append(&writer, 1, 3, &["d"]).await?;
    let found = log.read(1).await?;
    let found: Vec<_> = found.iter().map(|it| (it.0, &*it.3)).collect();
    same("what was not trimmed", &found, &vec![(4, "d")])
}

async fn a_log_request_is_answered_in_its_kind(engine: &dyn Storage, namespace: &str) -> Verdict {
    let log = Log::new(engine, namespace);
    let (writer, epoch) = log.own("a", Epoch(1)).await?;
    let key = AppendKey {
        writer,
        epoch,
        step: Position(1),
    };
    let append = Request::Append {
        log: log.name.clone(),
        epoch,
        key: key.clone(),
        records: vec![Bytes::from_static(b"x")],
    };
    same("an append", &engine.call(append).await?, &Reply::Done)?;
    let read = || Request::Read {
        log: log.name.clone(),
        from: Position(1),
    };
    let record = crate::storage::LogRecord {
        position: Position(1),
        key,
        bytes: Bytes::from_static(b"x"),
    };
    same(
        "a read",
        &engine.call(read()).await?,
        &Reply::Read(vec![record]),
    )?;
    let trim = Request::Trim {
        log: log.name.clone(),
        before: Position(2),
    };
    same("a trim", &engine.call(trim).await?, &Reply::Done)?;
    same(
        "the next read",
        &engine.call(read()).await?,
        &Reply::Read(Vec::new()),
    )
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The writer of an append: an entity, and the epoch of its owner.
type Writer = (Key, Epoch);

/// Position, writer, (epoch, step) and text of a record.
type Line = (u64, Key, (u64, u64), String);

/// The log of a case.
struct Log<'a> {
    engine: &'a dyn Storage,
    namespace: &'a str,
    name: Key,
}

impl<'a> Log<'a> {
    fn new(engine: &'a dyn Storage, namespace: &'a str) -> Self {
        let name = format!("{namespace}/log").into();
        Self {
            engine,
            namespace,
            name,
        }
    }

    async fn own(&self, writer: &str, epoch: Epoch) -> Result<Writer, Breach> {
        let entity: Key = format!("{}/{writer}", self.namespace).into();
        self.engine.load(entity.clone(), epoch).await?;
        Ok((entity, epoch))
    }

    async fn append(
        &self,
        (writer, epoch): &Writer,
        executed: u64,
        step: u64,
        texts: &[&str],
    ) -> Result<(), Failure> {
        let key = AppendKey {
            writer: writer.clone(),
            epoch: Epoch(executed),
            step: Position(step),
        };
        let records = strings(texts).into_iter().map(Bytes::from).collect();
        let append = self.engine.append(self.name.clone(), *epoch, key, records);
        append.await
    }

    async fn read(&self, from: u64) -> Result<Vec<Line>, Breach> {
        let read = self.engine.read(self.name.clone(), Position(from)).await?;
        let line = |record: crate::storage::LogRecord| {
            let text = String::from_utf8_lossy(&record.bytes).into_owned();
            let AppendKey {
                writer,
                epoch,
                step,
            } = record.key;
            (record.position.0, writer, (epoch.0, step.0), text)
        };
        Ok(read.into_iter().map(line).collect())
    }

    async fn texts(&self) -> Result<Vec<String>, Breach> {
        let lines = self.read(1).await?;
        Ok(lines.into_iter().map(|(.., text)| text).collect())
    }
}
