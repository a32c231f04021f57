//! A room that accepts everybody and sends nothing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wayfare_core::HandlerContext;
use wayfare_core::game::{Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic};
use wayfare_node::Game;

/// Makes a game with one kind, `plaza`.
pub(crate) fn game() -> Game {
    with(StubKind { held: None })
}

/// A running command, held until this is dropped.
pub(crate) struct Hold {
    began: Receiver<()>,
    _release: SyncSender<()>,
}

impl Hold {
    /// Waits until a command is running.
    pub(crate) fn began(&self) {
        self.began
            .recv_timeout(Duration::from_secs(30))
            .expect("a command");
    }
}

/// Makes the same game, in which no command returns before the hold is dropped.
pub(crate) fn held_game() -> (Game, Hold) {
    let (begin, began) = sync_channel(1);
    let (release, released) = sync_channel(0);
    let held = Some(Arc::new((begin, Mutex::new(released))));
    let hold = Hold {
        began,
        _release: release,
    };
    (with(StubKind { held }), hold)
}

fn with(logic: StubKind) -> Game {
    let plaza = Kind {
        name: "plaza".into(),
        logic: Box::new(logic),
        settings: KindSettings::default(),
    };
    Game {
        name: "stub".into(),
        version: "1.2.3".into(),
        kinds: vec![plaza],
        ..Game::default()
    }
}

type Held = Option<Arc<(SyncSender<()>, Mutex<Receiver<()>>)>>;

struct StubKind {
    held: Held,
}

impl RoomKind for StubKind {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubRoom(self.held.clone())))
    }

    fn restore(&self, _: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubRoom(self.held.clone())))
    }
}

struct StubRoom(Held);

impl RoomLogic for StubRoom {
    fn command(
        &mut self,
        _: &Player,
        _: &[u8],
        _: &mut Vec<u8>,
        _: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        if let Some((begin, released)) = self.0.as_deref() {
            let _ = begin.send(());
            let _ = released.lock().unwrap().recv();
        }
        Ok(())
    }
}
