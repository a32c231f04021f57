//! Drives the membership machines of the core against coordination: the start of a run, the
//! admission check alone, and the supersession by a later run.

use std::sync::Arc;

use tokio::time;
#[cfg(feature = "services")]
use wayfare_core::cluster::{Admission, AdmissionError, Sharing};
use wayfare_core::cluster::{
    Output, Report, Run, Startup, StartupError, StartupPlan, Superseded, Supersession,
    SupersessionOutput, WatchHint,
};
use wayfare_engine::Coordination;
use wayfare_protocol::{Instant, NodeId};

use super::Waits;

/// Records a run, for as long as it takes.
///
/// # Errors
/// If the run may not start, or its records cannot be written.
pub(crate) async fn start_up(
    coordination: &dyn Coordination,
    plan: StartupPlan,
    waits: &Waits,
) -> Result<Run, StartupError> {
    let clock = Clock::new();
    let mut wait = waits.wait_for("coordination, to write this run down");
    let mut startup = Startup::new(plan, clock.now());
    loop {
        while let Some(output) = startup.poll_output() {
            match output {
                Output::Coordinate(request) => {
                    let outcome = wait.attempt(coordination.call(request)).await;
                    startup.handle_coordination(outcome, clock.now());
                }
                Output::Report(Report::Waiting(failure)) => wait.failed(failure.to_string()),
                Output::Report(report) => log(&report),
                Output::Ended(outcome) => {
                    if outcome.is_ok() {
                        wait.succeeded();
                    }
                    return outcome;
                }
            }
        }
        if let Some((at, _)) = startup.poll_timeout() {
            time::sleep(at.since(clock.now())).await;
        }
        startup.handle_timeout(clock.now());
    }
}

/// Checks for other nodes without writing.
///
/// # Errors
/// If there is another node, or that cannot be found out.
#[cfg(feature = "services")]
pub(crate) async fn admit(
    coordination: &dyn Coordination,
    own: &NodeId,
) -> Result<(), AdmissionError> {
    let mut admission = Admission::new(own.clone(), Sharing::Shared);
    loop {
        match admission.poll_output() {
            Some(Output::Coordinate(request)) => {
                admission.handle_coordination(coordination.call(request).await);
            }
            Some(Output::Report(report)) => log(&report),
            Some(Output::Ended(outcome)) => return outcome.map(drop),
            None => return Ok(()),
        }
    }
}

/// Completes once a later run of `node` has started somewhere else.
pub(crate) async fn superseded(
    coordination: Arc<dyn Coordination>,
    node: NodeId,
    run: Run,
) -> Superseded {
    let clock = Clock::new();
    let mut machine = Supersession::new(node, run.incarnation, run.began_at);
    let mut watch = None;
    loop {
        while let Some(output) = machine.poll_output() {
            match output {
                SupersessionOutput::Watch { prefix, after } => {
                    watch = Some(coordination.watch(prefix, after));
                }
                SupersessionOutput::Coordinate(request) => {
                    let outcome = coordination.call(request).await;
                    machine.handle_coordination(outcome, clock.now());
                }
                SupersessionOutput::Report(report) => log(&report),
                SupersessionOutput::Ended(superseded) => return superseded,
            }
        }
        if let Some((at, _)) = machine.poll_timeout() {
            time::sleep(at.since(clock.now())).await;
            machine.handle_timeout(clock.now());
            continue;
        }
        let told = match &mut watch {
            Some(watch) => watch.next().await,
            None => None,
        };
        machine.handle_watch(match told {
            Some(Ok(_)) => WatchHint::Changed,
            Some(Err(_)) | None => {
                watch = None;
                WatchHint::Ended
            }
        });
    }
}

fn log(report: &Report) {
    match report {
        Report::TicketsReplaced(corrupt) => tracing::error!(
            key = %corrupt.key, error = corrupt.reason,
            "the record does not decode and is replaced: players log in anew"
        ),
        Report::IncarnationUnreadable(corrupt) => tracing::error!(
            key = %corrupt.key, error = corrupt.reason,
            "the record does not decode: only the clock numbers this run"
        ),
        Report::NotWithdrawn(key) => tracing::error!(
            %key, "the record of this node stays, and keeps others away until it is removed"
        ),
        Report::RecordGone(key) => tracing::error!(%key, "the record of this node is gone"),
        Report::RecordUnreadable(corrupt) => tracing::error!(
            key = %corrupt.key, error = corrupt.reason,
            "the record of this node does not decode"
        ),
        Report::Waiting(failure) => tracing::debug!(%failure, "coordination is asked again"),
        Report::LatestUnknown(failure) => {
            tracing::debug!(%failure, "whether this node is the latest is not known now");
        }
    }
}

/// The clock of the machines. It starts with the driver and follows the runtime's clock.
struct Clock(time::Instant);

impl Clock {
    fn new() -> Self {
        Self(time::Instant::now())
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use wayfare_engine::model::MemoryCoordination;
    use wayfare_protocol::coordination::Commit;
    use wayfare_protocol::records::NodeRecord;

    use super::*;

    async fn run(engine: &dyn Coordination, node: &str) -> Result<Run, StartupError> {
        let plan = StartupPlan {
            node: NodeId::new(node).unwrap(),
            version: "0.1.0".into(),
            wall: Duration::from_secs(1),
            fresh_key: [1; 32],
            sharing: Sharing::Shared,
        };
        start_up(engine, plan, &Waits::default()).await
    }

    #[tokio::test]
    async fn a_second_node_is_refused_and_the_first_may_return() {
        let engine = MemoryCoordination::default();
        let own = NodeId::new("one").unwrap();
        admit(&engine, &own).await.unwrap();
        run(&engine, "one").await.unwrap();
        admit(&engine, &own).await.unwrap();
        run(&engine, "one").await.unwrap();
        let other = NodeId::new("two").unwrap();
        let refused = admit(&engine, &other).await.unwrap_err().to_string();
        assert!(refused.contains("--node one"), "{refused}");
        let refused = run(&engine, "two").await.unwrap_err().to_string();
        assert!(refused.contains("--node one"), "{refused}");
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_later_run_supersedes() {
        let engine = Arc::new(MemoryCoordination::default());
        let node = NodeId::new("one").unwrap();
        let first = run(&*engine, "one").await.unwrap();
        let coming = superseded(engine.clone(), node.clone(), first.clone());
        let mut coming = std::pin::pin!(coming);
        let removed = engine.delete(NodeRecord::key(&node), first.began_at).await;
        assert!(matches!(removed, Ok(Commit::Done(_))));
        let polled = poll_fn(|cx| Poll::Ready(coming.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        run(&*engine, "one").await.unwrap();
        // A new run takes its number from the clock, which has not advanced. The next number is
        // above it.
        run(&*engine, "one").await.unwrap();
        let told = coming.await.to_string();
        assert!(told.contains("`one`"), "{told}");
    }
}
