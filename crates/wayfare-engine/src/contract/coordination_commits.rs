//! Cases of coordination: expectations, and commits that are applied completely or not at all.

use bytes::Bytes;
use wayfare_protocol::coordination::{
    Commit, Expect, Failure, Key, Record, Reply, Request, Revision, Write,
};
use wayfare_protocol::limits::COMMIT_KEYS_MAX;

use super::{Case, Verdict, above, cases, done, refused, same};
use crate::Coordination;

pub(super) fn cases() -> Vec<Case<dyn Coordination>> {
    cases![
        an_expectation_that_does_not_hold_refuses,
        a_record_made_again_has_a_higher_revision,
        a_commit_has_one_revision,
        a_commit_is_all_or_nothing,
        a_commit_that_only_checks_changes_nothing,
        a_commit_over_the_bound_is_not_done,
        a_key_twice_in_a_commit_is_not_done,
        the_commits_of_a_batch_are_independent,
        a_lazy_commit_is_a_commit,
        lazy_commits_and_others_have_one_order,
    ]
}

async fn an_expectation_that_does_not_hold_refuses(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let names = Names(namespace);
    let key = names.key("a");
    let early = engine.get(key.clone()).await?.store;
    let put = |expect| engine.put(key.clone(), Bytes::from_static(b"x"), expect);

    refused(
        "a revision, of nothing",
        put(Expect::Revision(early)).await?,
    )?;
    let zero = Expect::Revision(Revision(0));
    refused("revision 0, of nothing", put(zero).await?)?;
    let gone = engine.delete(key.clone(), early).await?;
    refused("a delete of nothing", gone)?;
    let first = done("absent, of nothing", put(Expect::Absent).await?)?;
    refused("absent, of something", put(Expect::Absent).await?)?;
    let second = done("its revision", put(Expect::Revision(first)).await?)?;
    refused("a former revision", put(Expect::Revision(first)).await?)?;
    let later = Expect::Revision(Revision(second.0 + 1));
    refused("a later revision", put(later).await?)?;
    let kept = engine.delete(key.clone(), first).await?;
    refused("a delete at a former revision", kept)?;

    let record = engine.get(key).await?.record;
    same("what remains", &record.map(|it| it.revision), &Some(second))
}

async fn a_record_made_again_has_a_higher_revision(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let key = Names(namespace).key("a");
    let put = |expect| engine.put(key.clone(), Bytes::from_static(b"x"), expect);
    let first = done("the first put", put(Expect::Absent).await?)?;
    let removed = done("the delete", engine.delete(key.clone(), first).await?)?;
    above("the delete's revision", removed, first)?;
    let read = engine.get(key.clone()).await?;
    same("the record once deleted", &read.record, &None)?;
    same(
        "the store is not below the delete",
        &(read.store >= removed),
        &true,
    )?;
    let again = done("the second put", put(Expect::Absent).await?)?;
    above("the revision of the record made again", again, removed)?;
    refused(
        "the revision of its former life",
        put(Expect::Revision(first)).await?,
    )
}

async fn a_commit_has_one_revision(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let names = Names(namespace);
    let commit = engine.commit(vec![names.put("a"), names.put("b")]).await?;
    let revision = done("a commit of two", commit)?;
    let revisions = names.revisions(engine).await?;
    let expected = vec![("a".to_owned(), revision), ("b".to_owned(), revision)];
    same("the records' revisions", &revisions, &expected)
}

async fn a_commit_is_all_or_nothing(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let names = Names(namespace);
    let commit = engine.commit(vec![names.put("a"), names.put("b")]).await?;
    let start = done("a commit of two", commit)?;
    let before = names.revisions(engine).await?;

    let checks_absent = |name| Write::Check {
        key: names.key(name),
        expect: Expect::Absent,
    };
    let delete_a = Write::Delete {
        key: names.key("a"),
        expect: start,
    };
    for failing in [
        vec![names.put("c"), delete_a.clone(), checks_absent("b")],
        vec![checks_absent("b"), names.put("c")],
        vec![names.put("c"), names.put("b")],
        vec![
            delete_a.clone(),
            names.delete_at("b", Revision(start.0 - 1)),
        ],
    ] {
        refused(
            "a commit of which one part fails",
            engine.commit(failing).await?,
        )?;
        same("what remains", &names.revisions(engine).await?, &before)?;
    }

    let checks_b = Write::Check {
        key: names.key("b"),
        expect: Expect::Revision(start),
    };
    let commit = vec![names.put("c"), delete_a, checks_b, checks_absent("d")];
    let end = done(
        "a commit of which every part holds",
        engine.commit(commit).await?,
    )?;
    let expected = vec![("b".to_owned(), start), ("c".to_owned(), end)];
    same("what there is", &names.revisions(engine).await?, &expected)
}

async fn a_commit_that_only_checks_changes_nothing(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let names = Names(namespace);
    let revision = done("a put", engine.commit(vec![names.put("a")]).await?)?;
    let check = |expect| {
        let key = names.key("a");
        engine.commit(vec![Write::Check { key, expect }])
    };
    refused("a check that fails", check(Expect::Absent).await?)?;
    let checked = done(
        "a check that holds",
        check(Expect::Revision(revision)).await?,
    )?;
    same(
        "it is not older than the put",
        &(checked >= revision),
        &true,
    )?;
    let expected = vec![("a".to_owned(), revision)];
    same("what there is", &names.revisions(engine).await?, &expected)
}

async fn a_commit_over_the_bound_is_not_done(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let names = Names(namespace);
    let puts = |count: usize| (0..count).map(|i| names.put(&format!("{i:03}"))).collect();
    let over = engine.commit(puts(COMMIT_KEYS_MAX + 1)).await;
    same(
        "a commit over the bound is not done",
        &is_not_done(&over),
        &true,
    )?;
    same(
        "what there is",
        &names.revisions(engine).await?,
        &Vec::new(),
    )?;
    done(
        "a commit at the bound",
        engine.commit(puts(COMMIT_KEYS_MAX)).await?,
    )?;
    let count = names.revisions(engine).await?.len();
    same("the records of it", &count, &COMMIT_KEYS_MAX)
}

async fn a_key_twice_in_a_commit_is_not_done(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let names = Names(namespace);
    let check = Write::Check {
        key: names.key("a"),
        expect: Expect::Absent,
    };
    for twice in [names.put("a"), check] {
        let commit = vec![names.put("a"), names.put("b"), twice];
        let outcome = engine.commit(commit).await;
        same("a key twice is not done", &is_not_done(&outcome), &true)?;
    }
    same(
        "what there is",
        &names.revisions(engine).await?,
        &Vec::new(),
    )
}

async fn the_commits_of_a_batch_are_independent(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let names = Names(namespace);
    let there = done("a put", engine.commit(vec![names.put("there")]).await?)?;
    let over = (0..=COMMIT_KEYS_MAX).map(|i| names.put(&format!("over/{i}")));
    let outcomes = engine
        .batch(vec![
            vec![names.put("a")],
            vec![names.put("b"), names.put("there")],
            over.collect(),
            vec![names.put("c")],
        ])
        .await;
    let kinds: Vec<_> = outcomes.iter().map(kind).collect();
    same(
        "the outcomes",
        &kinds,
        &vec!["done", "refused", "not done", "done"],
    )?;

    let revision_of = |at: usize| match outcomes[at] {
        Ok(Commit::Done(revision)) => revision,
        _ => Revision(0),
    };
    let (first, second) = (revision_of(0), revision_of(3));
    same(
        "each commit has its own revision",
        &(first != second),
        &true,
    )?;
    let expected = vec![
        ("a".to_owned(), first),
        ("c".to_owned(), second),
        ("there".to_owned(), there),
    ];
    same("what there is", &names.revisions(engine).await?, &expected)?;
    let none = engine.batch(Vec::new()).await;
    same("the outcomes of an empty batch", &none, &Vec::new())
}

async fn a_lazy_commit_is_a_commit(engine: &dyn Coordination, namespace: &str) -> Verdict {
    let names = Names(namespace);
    let commit = vec![names.put("a"), names.put("b")];
    let first = done("a lazy commit", engine.commit_lazily(commit).await?)?;
    let expected = vec![("a".to_owned(), first), ("b".to_owned(), first)];
    same("what there is", &names.revisions(engine).await?, &expected)?;
    let partly = vec![names.put("c"), names.put("b")];
    refused(
        "a lazy commit of which one part fails",
        engine.commit_lazily(partly).await?,
    )?;
    let over = (0..=COMMIT_KEYS_MAX).map(|i| names.put(&format!("over/{i}")));
    let over = engine.commit_lazily(over.collect()).await;
    same("one over the bound is not done", &is_not_done(&over), &true)?;
    same("what remains", &names.revisions(engine).await?, &expected)?;
    let request = Request::CommitLazily(vec![names.delete_at("a", first)]);
    let reply = engine.call(request).await?;
    let Reply::Committed(commit) = reply else {
        return same("the reply", &format!("{reply:?}"), &"committed".to_owned());
    };
    above("a lazy delete", done("a lazy delete", commit)?, first)
}

async fn lazy_commits_and_others_have_one_order(
    engine: &dyn Coordination,
    namespace: &str,
) -> Verdict {
    let names = Names(namespace);
    let key = names.key("a");
    let mut watch = engine.watch(key.clone(), engine.get(key.clone()).await?.store);
    let mut expect = Expect::Absent;
    let mut last = Revision(0);
    for i in 0..16 {
        let value = Bytes::from(i.to_string());
        let write = Write::Put {
            key: key.clone(),
            expect,
            value: value.clone(),
        };
        let commit = if i % 3 == 0 {
            engine.commit(vec![write]).await?
        } else {
            engine.commit_lazily(vec![write]).await?
        };
        let revision = done("a commit of either sort", commit)?;
        above("its revision", revision, last)?;
        let record = engine.get(key.clone()).await?.record;
        let expected = Some(Record { value, revision });
        same("it is visible at once", &record, &expected)?;
        let seen = watch.next().await.and_then(Result::ok);
        same("it is told", &seen.map(|it| it.revision), &Some(revision))?;
        (expect, last) = (Expect::Revision(revision), revision);
    }
    Ok(())
}

fn kind(outcome: &Result<Commit, Failure>) -> &'static str {
    match outcome {
        Ok(Commit::Done(_)) => "done",
        Ok(Commit::Refused) => "refused",
        Err(Failure::NotDone(_)) => "not done",
        Err(Failure::Unknown(_)) => "unknown",
    }
}

fn is_not_done(outcome: &Result<Commit, Failure>) -> bool {
    kind(outcome) == "not done"
}

/// The records of a case.
struct Names<'a>(&'a str);

impl Names<'_> {
    fn key(&self, name: &str) -> Key {
        format!("{}/{name}", self.0).into()
    }

    fn put(&self, name: &str) -> Write {
        Write::Put {
            key: self.key(name),
            expect: Expect::Absent,
            value: Bytes::from_static(b"x"),
        }
    }

    fn delete_at(&self, name: &str, expect: Revision) -> Write {
        let key = self.key(name);
        Write::Delete { key, expect }
    }

    async fn revisions(
        &self,
        engine: &dyn Coordination,
    ) -> Result<Vec<(String, Revision)>, Failure> {
        let start = self.0.len() + 1;
        let listing = engine.list(self.key("")).await?;
        let records = listing.records.into_iter();
        Ok(records
            .map(|(key, record)| (key[start..].to_owned(), record.revision))
            .collect())
    }
}
