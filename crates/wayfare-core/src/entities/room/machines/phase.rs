//! The phase of a room's life: which inputs it accepts, and whether its handlers run.

/// Why a room is about to go; the graver reason is the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Nobody needs it now. If it is `Durable` it is put away, and restored for the next visitor;
    /// otherwise it closes.
    Idle,
    /// For good: nothing of it is kept.
    Closed,
    /// It fails again and again, or once too often for its kind. What storage has is kept, but for
    /// its members: they are told, and nothing they said comes to the room any more.
    Failed,
    /// It is another's now, or cannot be restored yet.
    Lost,
}

/// Why a room has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A handler panicked.
    Handler,
    /// Its state cannot be stored.
    State,
}

/// The handlers of a room that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handlers {
    /// They still run: an idle room may be wanted again, and a closing one ends its turn.
    Run,
    /// Nothing runs any more: every member was told, or sent elsewhere.
    Stopped,
    /// The room had failed before it ended.
    Failed(Cause),
    /// The room was restarting when it was told to end, and does so once it is restored.
    Restarting(Cause),
}

/// The phase of a room's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Inputs are executed as they arrive.
    Running,
    /// Inputs that were undone run again one by one; what arrives waits behind them.
    Rerunning,
    /// No handler runs until the room is restarted.
    Failed(Cause),
    /// The next epoch is being claimed, or the state is being loaded.
    Restarting(Cause),
    /// It goes, once storage and its members know.
    Ending(End, Handlers),
}

impl Phase {
    /// The reason for which it goes, if it does.
    pub(crate) fn end(self) -> Option<End> {
        match self {
            Phase::Ending(end, _) => Some(end),
            Phase::Running | Phase::Rerunning | Phase::Failed(_) | Phase::Restarting(_) => None,
        }
    }

    /// Checks whether handlers may be called.
    pub(crate) fn runs_handlers(self) -> bool {
        match self {
            Phase::Running | Phase::Rerunning | Phase::Ending(_, Handlers::Run) => true,
            Phase::Failed(_)
            | Phase::Restarting(_)
            | Phase::Ending(_, Handlers::Stopped | Handlers::Failed(_) | Handlers::Restarting(_)) => {
                false
            }
        }
    }

    /// Why it has failed, as long as it was not restarted.
    pub(crate) fn cause(self) -> Option<Cause> {
        match self {
            Phase::Failed(cause)
            | Phase::Restarting(cause)
            | Phase::Ending(_, Handlers::Failed(cause) | Handlers::Restarting(cause)) => {
                Some(cause)
            }
            Phase::Running
            | Phase::Rerunning
            | Phase::Ending(_, Handlers::Run | Handlers::Stopped) => None,
        }
    }

    /// Checks whether a restart is in flight.
    pub(crate) fn is_restarting(self) -> bool {
        matches!(
            self,
            Phase::Restarting(_) | Phase::Ending(_, Handlers::Restarting(_))
        )
    }

    /// The room is told to end. The graver reason holds.
    pub(crate) fn handle_end(&mut self, end: End) {
        *self = match *self {
            Phase::Running | Phase::Rerunning => Phase::Ending(end, Handlers::Run),
            Phase::Failed(cause) => Phase::Ending(end, Handlers::Failed(cause)),
            Phase::Restarting(cause) => Phase::Ending(end, Handlers::Restarting(cause)),
            Phase::Ending(known, handlers) => Phase::Ending(known.max(end), handlers),
        };
    }

    /// Somebody wants an idle room: it goes on where it was.
    pub(crate) fn handle_wanted(&mut self, is_rerunning: bool) {
        *self = match *self {
            Phase::Ending(End::Idle, Handlers::Run) if is_rerunning => Phase::Rerunning,
            Phase::Ending(End::Idle, Handlers::Run) => Phase::Running,
            Phase::Ending(End::Idle, Handlers::Failed(cause)) => Phase::Failed(cause),
            other => other,
        };
    }

    /// A handler panicked.
    pub(crate) fn handle_panic(&mut self) {
        *self = match *self {
            Phase::Running | Phase::Rerunning => Phase::Failed(Cause::Handler),
            Phase::Ending(end, Handlers::Run) => {
                Phase::Ending(end, Handlers::Failed(Cause::Handler))
            }
            other => other,
        };
    }

    /// The state cannot be stored. That the room ends is undone with everything else.
    pub(crate) fn handle_unstorable(&mut self) {
        *self = Phase::Failed(Cause::State);
    }

    /// Every member was told, or sent elsewhere: nothing runs any more.
    pub(crate) fn stop_handlers(&mut self) {
        if let Phase::Ending(end, Handlers::Run) = *self {
            *self = Phase::Ending(end, Handlers::Stopped);
        }
    }

    /// The next epoch is being claimed.
    pub(crate) fn begin_restart(&mut self) {
        if let Phase::Failed(cause) = *self {
            *self = Phase::Restarting(cause);
        }
    }

    /// The restart is over, well or not.
    pub(crate) fn end_restart(&mut self) {
        *self = match *self {
            Phase::Restarting(cause) => Phase::Failed(cause),
            Phase::Ending(end, Handlers::Restarting(cause)) => {
                Phase::Ending(end, Handlers::Failed(cause))
            }
            other => other,
        };
    }

    /// The phase of the room that takes the place of one in this phase, before anything runs.
    pub(crate) fn of_successor(self) -> Self {
        match self {
            Phase::Ending(end, _) => Phase::Ending(end, Handlers::Run),
            Phase::Running | Phase::Rerunning | Phase::Failed(_) | Phase::Restarting(_) => {
                Phase::Running
            }
        }
    }

    /// Inputs wait to be executed: they come first.
    pub(crate) fn begin_rerun(&mut self) {
        if *self == Phase::Running {
            *self = Phase::Rerunning;
        }
    }

    /// Nothing waits any more.
    pub(crate) fn end_rerun(&mut self) {
        if *self == Phase::Rerunning {
            *self = Phase::Running;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(phase: Phase, change: impl FnOnce(&mut Phase)) -> Phase {
        let mut phase = phase;
        change(&mut phase);
        phase
    }

    #[test]
    fn the_graver_end_holds_and_keeps_what_the_handlers_do() {
        let check = |phase, end, expect| {
            assert_eq!(after(phase, |it| it.handle_end(end)), expect);
        };
        use Handlers::{Failed, Restarting, Run};
        let cause = Cause::Handler;
        check(Phase::Running, End::Idle, Phase::Ending(End::Idle, Run));
        check(
            Phase::Rerunning,
            End::Closed,
            Phase::Ending(End::Closed, Run),
        );
        check(
            Phase::Failed(cause),
            End::Lost,
            Phase::Ending(End::Lost, Failed(cause)),
        );
        check(
            Phase::Restarting(cause),
            End::Closed,
            Phase::Ending(End::Closed, Restarting(cause)),
        );
        check(
            Phase::Ending(End::Lost, Failed(cause)),
            End::Idle,
            Phase::Ending(End::Lost, Failed(cause)),
        );
    }

    #[test]
    fn an_idle_room_that_is_wanted_goes_on_where_it_was() {
        let check = |phase, is_rerunning, expect| {
            assert_eq!(after(phase, |it| it.handle_wanted(is_rerunning)), expect);
        };
        let cause = Cause::Handler;
        check(
            Phase::Ending(End::Idle, Handlers::Run),
            false,
            Phase::Running,
        );
        check(
            Phase::Ending(End::Idle, Handlers::Run),
            true,
            Phase::Rerunning,
        );
        check(
            Phase::Ending(End::Idle, Handlers::Failed(cause)),
            false,
            Phase::Failed(cause),
        );
        let closed = Phase::Ending(End::Closed, Handlers::Run);
        check(closed, false, closed);
    }

    #[test]
    fn a_failure_is_kept_until_the_restart_is_over() {
        let failed = after(Phase::Rerunning, Phase::handle_panic);
        assert_eq!(failed, Phase::Failed(Cause::Handler));
        assert!(!failed.runs_handlers());
        let restarting = after(failed, Phase::begin_restart);
        assert!(restarting.is_restarting() && !restarting.runs_handlers());
        assert_eq!(restarting.cause(), Some(Cause::Handler));
        assert_eq!(after(restarting, Phase::end_restart), failed);
        assert_eq!(restarting.of_successor(), Phase::Running);
    }

    #[test]
    fn an_end_asked_for_during_a_restart_is_the_successors() {
        let ending = after(Phase::Restarting(Cause::State), |phase| {
            phase.handle_end(End::Closed);
        });
        assert!(ending.is_restarting());
        assert_eq!(
            ending.of_successor(),
            Phase::Ending(End::Closed, Handlers::Run)
        );
    }

    #[test]
    fn a_state_that_cannot_be_stored_undoes_the_end() {
        let ending = Phase::Ending(End::Closed, Handlers::Stopped);
        let failed = after(ending, Phase::handle_unstorable);
        assert_eq!((failed.end(), failed.cause()), (None, Some(Cause::State)));
    }
}
