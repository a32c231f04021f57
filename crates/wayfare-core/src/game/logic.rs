//! The interface of a game: rooms as objects that take bytes and leave effects.

use wayfare_protocol::ErrorCode;
use wayfare_protocol::wire::LeaveReason;

use super::caller::{Answered, AskError, Caller};
use super::handler::HandlerContext;
use super::player::Player;
use super::refusal::Refusal;

/// The state and the rules of a room.
///
/// Handlers are synchronous and short. What a handler sends through its [`HandlerContext`] is released only
/// if it returns well: a refusal or a panic drops it.
///
/// Each function has a body: a room that has none of its own lets everybody in, shows nothing,
/// refuses commands and requests, and has no state.
pub trait RoomLogic {
    /// A player comes in, and is a member already while this runs. What is sent to the player by
    /// name follows its view; what is sent to everyone is in it.
    ///
    /// # Errors
    /// A refusal keeps the player out.
    fn join(
        &mut self,
        player: &Player,
        payload: &[u8],
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let _ = (player, payload, cx);
        Ok(())
    }

    /// Appends what this player gets to see of the room, on joining and on a resync. Effects that
    /// are left in the context are dropped.
    ///
    /// # Errors
    /// If the view cannot be encoded.
    fn view(
        &self,
        player: &Player,
        cx: &HandlerContext<'_>,
        into: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let _ = (player, cx, into);
        Ok(())
    }

    /// A member's command; its answer is appended to `reply`, nothing appended being an answer too.
    ///
    /// # Errors
    /// A refusal is the answer.
    fn command(
        &mut self,
        player: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let _ = (player, payload, reply, cx);
        Err(Refusal::with_code(
            ErrorCode::NotAllowed,
            "this kind of entity takes no commands",
        ))
    }

    /// Runs a tick, at the rate of the kind.
    fn tick(&mut self, cx: &HandlerContext<'_>) {
        let _ = cx;
    }

    /// A note that the room left for itself came due.
    ///
    /// # Errors
    /// If the note does not decode; it is reported and dropped.
    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        let _ = (note, cx);
        Ok(())
    }

    /// A player is no longer a member.
    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &HandlerContext<'_>) {
        let _ = (player, reason, cx);
    }

    /// A member's connection was lost (`false`) or is back (`true`); it stays a member meanwhile.
    fn presence(&mut self, player: &Player, attached: bool, cx: &HandlerContext<'_>) {
        let _ = (player, attached, cx);
    }

    /// Appends the whole state, or of a state in parts what there is beside them.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        let _ = into;
        Ok(())
    }

    /// Applies a change that was logged by [`HandlerContext::change`]: only for [`Form::Changes`].
    ///
    /// # Errors
    /// If it does not decode; the room is then not restored.
    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        let _ = change;
        Err(Refusal::with_code(
            ErrorCode::Internal,
            "this kind of room logs no changes",
        ))
    }

    /// Takes the numbers of the parts that changed since this was called last, each once; at first
    /// all of them. Only for [`Form::Parts`].
    fn take_dirty_parts(&mut self) -> Vec<u32> {
        Vec::new()
    }

    /// Returns the numbers of all parts. Only for [`Form::Parts`].
    fn part_numbers(&self) -> Vec<u32> {
        Vec::new()
    }

    /// Appends one part; `false` if there is none of this number any more.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        let _ = (number, into);
        Ok(false)
    }

    /// Puts a part in its place, `None` removing it; it is not dirty by that.
    ///
    /// # Errors
    /// If it does not decode; the room is then not restored.
    fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), Refusal> {
        let _ = (number, part);
        Err(Refusal::with_code(
            ErrorCode::Internal,
            "this kind of room has no parts",
        ))
    }

    /// Another entity's request; the answer is appended to `reply`, or comes later by
    /// [`HandlerContext::reply`]. Only of kinds whose form is asked, see [`RoomKind::is_asked`].
    ///
    /// # Errors
    /// A refusal is the answer.
    fn request(
        &mut self,
        caller: &Caller,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<Answered, Refusal> {
        let _ = (caller, payload, reply, cx);
        Err(Refusal::with_code(
            ErrorCode::NotAllowed,
            "this kind of entity answers no requests",
        ))
    }

    /// The answer to [`HandlerContext::ask`], or why there is none.
    ///
    /// # Errors
    /// If the tag does not decode; it is reported and dropped.
    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], AskError>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let _ = (tag, answer, cx);
        Ok(())
    }
}

/// Makes the rooms of one kind.
pub trait RoomKind: Send + Sync {
    /// A new room. It has no members yet, so nothing can be sent.
    ///
    /// # Errors
    /// A refusal answers the join that would have created the room.
    fn open(&self, open: &[u8], cx: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal>;

    /// The room of a snapshot, of a state in parts without them.
    ///
    /// # Errors
    /// If the bytes are no such snapshot.
    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal>;

    /// The form in which its state is written.
    fn form(&self) -> Form {
        Form::Whole
    }

    /// Checks whether its entities accept requests of other entities, and no joins.
    fn is_asked(&self) -> bool {
        false
    }
}

/// The form in which the state of a kind is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As a whole, whenever it changed: at most [`STATE_BYTES_MAX`] bytes.
    ///
    /// [`STATE_BYTES_MAX`]: wayfare_protocol::limits::STATE_BYTES_MAX
    #[default]
    Whole,
    /// By its changes, each logged with [`HandlerContext::change`], and now and then as a whole.
    Changes,
    /// In numbered parts, of which those that changed are written.
    Parts,
}
