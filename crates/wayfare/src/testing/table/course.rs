//! The part of a table that does not concern players: time, futures, storage, the loss of the node,
//! and the room's state.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::operator::RoomDetail;

use super::Table;
use crate::Room;
use crate::testing::state;

impl<R: Room> Table<R> {
    /// Advances the time. Ticks, notes and graces happen at their exact times, and futures of
    /// [`run`](crate::HandlerApi::run) run as far as possible, at first and after every event.
    /// Connected clients stay connected.
    pub fn advance(&mut self, time: Duration) {
        self.driver.advance(time);
        self.check_recovery();
    }

    /// Runs the futures that handlers started with [`run`](crate::HandlerApi::run), and delivers
    /// their notes. Until this or [`Table::advance`] they wait. A future may wait only for the
    /// test's documents, not for sockets, timers or other threads.
    pub fn run_futures(&mut self) {
        self.driver.run_futures();
        self.check_recovery();
    }

    /// Loses all futures in flight: their rooms get the lost notes.
    pub fn lose_futures(&mut self) {
        self.driver.lose_futures();
        self.check_recovery();
    }

    /// Crashes the node, like kill -9, and starts another with the stored data. Everything in
    /// memory and all connections are lost. Rooms with stored state are recovered. Futures in
    /// flight are lost, and a recovered room gets their lost notes. Players return with
    /// [`Table::resume`].
    pub fn crash(&mut self) {
        self.driver.crash();
    }

    /// Reads the document of this name, as futures of the room would.
    ///
    /// # Panics
    /// If it is not a `T`.
    pub fn document<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.driver.document(name)
    }

    /// Writes a document for the game to find, and replaces an existing one.
    ///
    /// # Panics
    /// If it cannot be encoded.
    pub fn put_document<T: Serialize>(&mut self, name: &str, value: &T) {
        self.driver.put_document(name, value);
    }

    /// Reads all records of a game log.
    ///
    /// # Panics
    /// If they are not `T`s.
    pub fn log<T: DeserializeOwned>(&self, log: &str) -> Vec<T> {
        self.driver.log(log)
    }

    /// Returns the room's state after its last handler. It has passed through a snapshot, so that
    /// data that would not survive a move is missing here, too.
    ///
    /// # Panics
    /// If there is no room, because nobody joined yet or it closed.
    pub fn state(&mut self) -> R {
        match self.driver.state(&self.room) {
            Some(state) => state::typed(&state, self.form, R::VERSION),
            None => panic!("there is no room: it opens when somebody joins"),
        }
    }

    /// Returns the room as an operator sees it: members, properties, lock. `None` if there is no
    /// room.
    pub fn room(&mut self) -> Option<RoomDetail> {
        self.driver.room(&self.room)
    }

    /// Returns the panics of handlers so far, each as `handler: message`, and the errors of storing
    /// the state, as `state: reason`.
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.driver.panics
    }
}
