//! Tests of the listeners that a whole node cannot cover.

use std::future::{pending, poll_fn};
use std::io;
use std::sync::Mutex;
use std::task::Poll;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use super::accept::{Accept, accept_all};
use super::*;

struct DropTells(mpsc::Sender<&'static str>, &'static str);

impl Drop for DropTells {
    fn drop(&mut self) {
        let _ = self.0.try_send(self.1);
    }
}

#[tokio::test]
async fn the_oldest_of_too_many_gives_way() {
    let (ended, mut endings) = mpsc::channel(8);
    let bound = Bounded::new(2);
    let idle = |name| {
        let guard = DropTells(ended.clone(), name);
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    };
    assert!(!bound.spawn(idle("first")));
    assert!(!bound.spawn(idle("second")));
    assert!(bound.spawn(idle("third")));
    assert_eq!(endings.recv().await, Some("first"));
    bound.end_all();
    let mut others = [endings.recv().await.unwrap(), endings.recv().await.unwrap()];
    others.sort_unstable();
    assert_eq!(others, ["second", "third"]);
}

#[tokio::test]
async fn a_finished_task_frees_its_place() {
    let bound = Bounded::new(1);
    let (done, mut dones) = mpsc::channel(1);
    for _ in 0..3 {
        let guard = DropTells(done.clone(), "done");
        assert!(!bound.spawn(async move { drop(guard) }));
        dones.recv().await.unwrap();
        tokio::task::yield_now().await;
    }
}

/// A listener that returns these results, then waits.
struct StubListener(Mutex<Vec<io::Result<DuplexStream>>>);

impl Accept for StubListener {
    type Stream = DuplexStream;

    async fn accept(&self) -> io::Result<DuplexStream> {
        poll_fn(|_| {
            let mut outcomes = self.0.lock().unwrap();
            if outcomes.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(outcomes.remove(0))
            }
        })
        .await
    }
}

#[tokio::test(start_paused = true)]
async fn accepting_continues_after_every_error() {
    let too_many_files = || Err(io::Error::from_raw_os_error(24));
    let outcomes = vec![
        too_many_files(),
        too_many_files(),
        Err(io::ErrorKind::ConnectionAborted.into()),
        Ok(tokio::io::duplex(1).0),
        too_many_files(),
        Ok(tokio::io::duplex(1).0),
    ];
    let (taken, mut takes) = mpsc::channel(2);
    let listener = StubListener(Mutex::new(outcomes));
    let accepting = tokio::spawn(accept_all(listener, "stub", move |stream| {
        taken.try_send(stream).unwrap();
    }));
    assert!(takes.recv().await.is_some());
    assert!(takes.recv().await.is_some());
    accepting.abort();
}
