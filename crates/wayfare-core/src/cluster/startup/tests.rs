//! Starts against the model of coordination, with and without faults.

use wayfare_engine::model::ModelCoordination;
use wayfare_engine::model::faults::{Delays, FaultyCoordination, Rates, Ticket};
use wayfare_protocol::records::NodeRecord;

use super::super::testing::put;
use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn plan(node: &str, sharing: Sharing) -> StartupPlan {
    StartupPlan {
        node: NodeId::new(node).unwrap(),
        version: "0.1.0".into(),
        wall: DAY,
        fresh_key: [1; 32],
        sharing,
    }
}

fn start(store: &mut ModelCoordination, plan: StartupPlan) -> Result<Run, StartupError> {
    let mut startup = Startup::new(plan, Instant::ORIGIN);
    loop {
        match startup.poll_output().expect("no end") {
            Output::Coordinate(request) => {
                startup.handle_coordination(store.apply(request), Instant::ORIGIN);
            }
            Output::Report(_) => {}
            Output::Ended(outcome) => return outcome,
        }
    }
}

/// Starts whose requests meet faults, in turns: how each ended.
fn start_all(
    engine: &mut FaultyCoordination,
    plans: &[StartupPlan],
    now: &mut Instant,
) -> Vec<Result<Run, StartupError>> {
    let starts = plans.iter().map(|plan| Startup::new(plan.clone(), *now));
    let mut starts: Vec<Startup> = starts.collect();
    let mut outcomes: Vec<Option<Result<Run, StartupError>>> = vec![None; starts.len()];
    while outcomes.iter().any(Option::is_none) {
        for (index, startup) in starts.iter_mut().enumerate() {
            while let Some(output) = startup.poll_output() {
                match output {
                    Output::Coordinate(request) => {
                        engine.handle_request(Ticket(index as u64), request, *now);
                    }
                    Output::Report(_) => {}
                    Output::Ended(outcome) => outcomes[index] = Some(outcome),
                }
            }
        }
        let wakes = starts.iter().map(Startup::poll_timeout);
        let wakes = wakes.chain([engine.poll_timeout()]).flatten();
        let Some((at, _)) = wakes.min() else { break };
        *now = at.max(*now);
        engine.handle_timeout(*now);
        while let Some((Ticket(index), outcome)) = engine.poll_output() {
            starts[index as usize].handle_coordination(outcome, *now);
        }
        for startup in &mut starts {
            startup.handle_timeout(*now);
        }
    }
    outcomes.into_iter().map(Option::unwrap).collect()
}

#[test]
fn each_run_is_newer_and_has_the_same_ticket_key() {
    for sharing in [Sharing::Exclusive, Sharing::Shared] {
        let mut store = ModelCoordination::default();
        let first = start(&mut store, plan("one", sharing)).unwrap();
        assert_eq!(u128::from(first.incarnation.0), DAY.as_nanos());
        let before = store.revision();
        let mut next = plan("one", sharing);
        next.fresh_key = [2; 32];
        let second = start(&mut store, next).unwrap();
        assert!(second.incarnation > first.incarnation);
        assert!(second.began_at > before);
        assert_eq!(second.ticket_key, [1; 32]);
    }
}

#[test]
fn only_an_exclusive_store_certifies_another_name() {
    let mut store = ModelCoordination::default();
    let former = start(&mut store, plan("one", Sharing::Exclusive)).unwrap();
    let run = start(&mut store, plan("two", Sharing::Exclusive)).unwrap();
    let mut view = NodeView::default();
    view.certify(NodeId::new("one").unwrap(), former.incarnation);
    assert_eq!(run.view, view);
    let refused = start(&mut store, plan("two", Sharing::Shared)).unwrap_err();
    assert!(refused.to_string().contains("--node one"), "{refused}");
}

#[test]
fn a_failure_ends_only_the_start_on_an_exclusive_store() {
    let failure = Failure::NotDone("a test".into());
    let mut startup = Startup::new(plan("one", Sharing::Exclusive), Instant::ORIGIN);
    startup.poll_output();
    startup.handle_coordination(Err(failure.clone()), Instant::ORIGIN);
    let error = StartupError::Admission(AdmissionError::Failed(failure.clone()));
    assert_eq!(startup.poll_output(), Some(Output::Ended(Err(error))));

    let mut startup = Startup::new(plan("one", Sharing::Shared), Instant::ORIGIN);
    let mut now = Instant::ORIGIN;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert!(matches!(startup.poll_output(), Some(Output::Coordinate(_))));
        startup.handle_coordination(Err(failure.clone()), now);
        let waiting = Output::Report(Report::Waiting(failure.clone()));
        assert_eq!(startup.poll_output(), Some(waiting));
        assert_eq!(startup.poll_output(), None);
        let (at, _) = startup.poll_timeout().unwrap();
        pauses.push(at.since(now).as_millis());
        now = at;
        startup.handle_timeout(now);
    }
    assert_eq!(pauses, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
}

#[test]
fn the_wait_of_one_stage_does_not_lengthen_the_next() {
    let mut store = ModelCoordination::default();
    let mut startup = Startup::new(plan("one", Sharing::Shared), Instant::ORIGIN);
    let mut now = Instant::ORIGIN;
    let mut pauses = Vec::new();
    // The answers to reads: three failures of the listing, then one of each reading behind it.
    let mut fails = [true, true, true, false, true, false, true, false].into_iter();
    loop {
        match startup.poll_output() {
            Some(Output::Coordinate(request)) => {
                let is_read = matches!(
                    request,
                    wayfare_protocol::coordination::Request::Get(_)
                        | wayfare_protocol::coordination::Request::List(_)
                );
                let outcome = match is_read && fails.next().unwrap_or(false) {
                    true => Err(Failure::Unknown("a test".into())),
                    false => store.apply(request),
                };
                startup.handle_coordination(outcome, now);
            }
            Some(Output::Report(_)) => {}
            Some(Output::Ended(outcome)) => break drop(outcome.unwrap()),
            None => {
                let (at, _) = startup.poll_timeout().unwrap();
                pauses.push(at.since(now).as_millis());
                now = at;
                startup.handle_timeout(now);
            }
        }
    }
    assert_eq!(pauses, [50, 100, 200, 50, 50]);
}

#[test]
fn under_faults_every_run_is_newer_than_those_before() {
    let rates = Rates {
        unavailable: 0.1,
        lost: 0.1,
        unanswered: 0.1,
        late: 0.1,
        refused: 0.1,
        ..Rates::NONE
    };
    for seed in 0..100 {
        let store = ModelCoordination::default();
        let mut engine = FaultyCoordination::new(store, seed, rates, Delays::default());
        let mut now = Instant::ORIGIN;
        let mut before = Incarnation(0);
        for _ in 0..5 {
            let plans = [plan("one", Sharing::Shared)];
            match start_all(&mut engine, &plans, &mut now).remove(0) {
                Ok(run) => {
                    assert!(run.incarnation > before, "seed {seed}");
                    assert_eq!(run.ticket_key, [1; 32]);
                    before = run.incarnation;
                }
                Err(error) => assert!(
                    matches!(error, StartupError::Record(RecordError::Contended { .. })),
                    "seed {seed}: {error}"
                ),
            }
        }
    }
}

#[test]
fn of_two_names_under_faults_at_most_one_goes_on() {
    let rates = Rates {
        unavailable: 0.05,
        lost: 0.05,
        unanswered: 0.05,
        late: 0.05,
        slow: 0.2,
        ..Rates::NONE
    };
    let mut refused = 0;
    for seed in 0..200 {
        let store = ModelCoordination::default();
        let mut engine = FaultyCoordination::new(store, seed, rates, Delays::default());
        let plans = [plan("one", Sharing::Shared), plan("two", Sharing::Shared)];
        let outcomes = start_all(&mut engine, &plans, &mut Instant::ORIGIN.clone());
        let went_on = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(went_on <= 1, "seed {seed}: {outcomes:?}");
        refused += outcomes.len() - went_on;
    }
    assert!(refused >= 200);
}

#[test]
fn two_runs_of_one_name_at_once_have_two_incarnations() {
    let delays = Delays::default();
    for seed in 0..200 {
        let store = ModelCoordination::default();
        let mut engine = FaultyCoordination::new(store, seed, Rates::NONE, delays);
        let plans = [plan("one", Sharing::Shared), plan("one", Sharing::Shared)];
        let outcomes = start_all(&mut engine, &plans, &mut Instant::ORIGIN.clone());
        let runs: Vec<&Run> = outcomes.iter().map(|it| it.as_ref().unwrap()).collect();
        assert_ne!(runs[0].incarnation, runs[1].incarnation, "seed {seed}");
        assert_eq!(runs[0].ticket_key, runs[1].ticket_key);
    }
}

#[test]
fn records_that_do_not_decode_keep_nobody_from_starting() {
    let mut store = ModelCoordination::default();
    put(&mut store, NodeRecord::PREFIX, b"\xff");
    put(&mut store, "node/one", b"\xff");
    put(&mut store, "cluster/tickets", b"\x0a\x03abc");
    let run = start(&mut store, plan("one", Sharing::Exclusive)).unwrap();
    assert_eq!(u128::from(run.incarnation.0), DAY.as_nanos());
    let mut view = NodeView::default();
    view.certify(NodeId::new("one").unwrap(), Incarnation(u64::MAX));
    assert_eq!(run.view, view);
}
