//! The room of a simulation: it executes its commands and numbers its messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::Rng;
use wayfare_core::game::{
    AskError, Form, Kind, LeaveReason, Player, Refusal, RoomKind, RoomLogic, Work,
};
use wayfare_core::{Audience, HandlerContext};
use wayfare_protocol::{EntityId, PlayerId};

use crate::due_times::DueTimes;
use crate::plan::RoomPlan;
use crate::presence;
use crate::saying::Origin;
use crate::stub_state::StubState;

/// The log that rooms write to.
pub(crate) const LOG: &str = "matches";
/// Long enough, and now and then too short.
const ASK_TIME_MAX: Duration = Duration::from_secs(2);

/// Makes a kind of this name.
#[must_use]
pub(crate) fn kind(name: &str, plan: &RoomPlan) -> Kind {
    Kind {
        name: name.into(),
        logic: Box::new(StubKind {
            form: plan.form,
            kept: plan.settings.is_kept(),
            grace: plan.settings.member_grace,
            padding: ".".repeat(plan.tick_bytes).into(),
            branches: AtomicU64::new(0),
        }),
        settings: plan.settings.clone(),
    }
}

struct StubKind {
    form: Form,
    kept: bool,
    grace: Duration,
    padding: Arc<str>,
    /// The number of times that a room of the kind was created or restored.
    branches: AtomicU64,
}

struct StubRoom {
    state: StubState,
    branch: u64,
    /// The number of unreliable messages so far, which is not stored.
    waved: u64,
    kept: bool,
    padding: Arc<str>,
    due: DueTimes,
}

impl StubKind {
    fn room(&self, state: StubState, is_restored: bool) -> StubRoom {
        StubRoom {
            state,
            branch: self.branches.fetch_add(1, Ordering::Relaxed) + 1,
            waved: 0,
            kept: self.kept,
            due: DueTimes::new(self.grace, is_restored),
            padding: Arc::clone(&self.padding),
        }
    }
}

impl RoomKind for StubKind {
    fn open(&self, _: &[u8], cx: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        let mut room = self.room(StubState::new(self.form), false);
        // Short texts keep traces readable.
        room.state
            .set("life", 1 + cx.rng().next_u64() % 1_000_000_000);
        room.state.log_changes(cx);
        Ok(Box::new(room))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(
            self.room(StubState::restored(self.form, snapshot), true),
        ))
    }

    fn form(&self) -> Form {
        self.form
    }
}

impl StubRoom {
    fn origin(&self) -> Origin {
        Origin {
            life: self.state.number("life"),
            branch: self.branch,
        }
    }

    fn word(&self, sort: &str, number: u64, rest: &str) -> String {
        let Origin { life, branch } = self.origin();
        let defects = self.state.number("defects");
        let defect = if defects > 0 { "!" } else { "" };
        let said = self.state.text("defect");
        format!("{sort} {life} {branch} {number} {defects} {rest}{defect}{said}")
    }

    fn say(&mut self, cx: &HandlerContext<'_>, what: &str) {
        let number = self.state.count("all");
        send(cx, Audience::Everyone, &self.word("all", number, what));
    }

    fn tell(&mut self, cx: &HandlerContext<'_>, to: &PlayerId, what: &str) {
        if cx.member(to).is_some() {
            let number = self.state.count(&format!("one:{to}"));
            let word = self.word("one", number, &format!("{to} {what}"));
            send(cx, Audience::Only(std::slice::from_ref(to)), &word);
        }
    }

    fn others(&mut self, cx: &HandlerContext<'_>, author: &PlayerId, what: &str) {
        let author = std::slice::from_ref(author);
        let number = self.state.count("all");
        send(
            cx,
            Audience::Except(author),
            &self.word("others", number, what),
        );
        send(cx, Audience::Only(author), &self.word("mine", number, what));
    }

    /// Begins a note, future or ask, which must end once.
    fn begin_errand(&mut self, sort: &str) -> u64 {
        let errand = self.state.count("errands");
        self.state.set(&format!("due:{errand}"), sort);
        errand
    }

    fn end_errand(&mut self, errand: &str, sort: &str, how: &str, cx: &HandlerContext<'_>) {
        let name = format!("due:{errand}");
        if self.state.text(&name) == sort {
            self.state.remove(&name);
        } else {
            self.state.defect(&format!(
                "{sort} {errand} ended {how}, and was not under way"
            ));
        }
        self.say(cx, &format!("{sort} {errand} {how}"));
    }

    fn do_deed(&mut self, author: &PlayerId, words: &[&str], cx: &HandlerContext<'_>) {
        let what = words.join(" ");
        match words {
            ["quiet"] => {}
            ["others", ..] => self.others(cx, author, &what),
            ["tell", to] => self.tell(cx, &player(to), &what),
            ["wave"] => {
                self.waved += 1;
                send_any(cx, &self.word("any", self.waved, "*"));
            }
            ["fill", bytes] => {
                let padding = "x".repeat(bytes.parse().unwrap_or(0));
                self.say(cx, &format!("fill {padding}"));
            }
            ["after", millis] => {
                let errand = self.begin_errand("after");
                let delay = Duration::from_millis(millis.parse().unwrap_or(0));
                self.due.note_in(&mut self.state, errand, cx.age() + delay);
                let note = format!("after {errand}");
                cx.after(delay, |into| into.extend_from_slice(note.as_bytes()));
            }
            ["run"] => {
                let errand = self.begin_errand("run");
                let (ran, lost) = (format!("ran {errand}"), format!("lost {errand}"));
                cx.run(Work(Box::pin(async move { ran.into_bytes() })), |into| {
                    into.extend_from_slice(lost.as_bytes());
                });
            }
            ["ask", entity] => self.ask(entity, cx),
            ["kick", whom] => {
                let whom = player(whom);
                if cx.member(&whom).is_some() {
                    presence::kick(&mut self.state, &whom);
                }
                cx.kick(&whom, "told to");
            }
            ["private"] => cx.set_private(true),
            ["close"] => cx.close(),
            _ => self.say(cx, &what),
        }
    }

    fn ask(&mut self, entity: &str, cx: &HandlerContext<'_>) {
        let Ok(entity) = entity.parse::<EntityId>() else {
            return self.state.defect("an entity without a name");
        };
        let errand = self.begin_errand("ask");
        let Origin { life, branch } = self.origin();
        let request = format!("{life}.{branch} {errand}");
        cx.ask(
            &entity,
            |into| into.extend_from_slice(request.as_bytes()),
            ASK_TIME_MAX,
            |into| into.extend_from_slice(errand.to_string().as_bytes()),
        );
    }

    /// Records that a seat's command was executed, and checks its order.
    fn enter_deed(&mut self, seat: &str, deed: u32) {
        let name = format!("done:{seat}");
        let mut done = self.state.ranges(&name);
        if let Some(last) = done.last().filter(|last| *last >= deed) {
            self.state
                .defect(&format!("deed {deed} of seat {seat} came behind {last}"));
        }
        done.insert(deed);
        self.state.set(&name, done);
    }
}

impl RoomLogic for StubRoom {
    fn join(
        &mut self,
        player: &Player,
        payload: &[u8],
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        assert_ne!(payload, b"panic", "as asked");
        if payload == b"refuse" {
            return Err(Refusal::new("not you"));
        }
        self.due.look(&mut self.state, cx);
        presence::enter(&mut self.state, &player.id);
        self.say(cx, &format!("{} came", player.id));
        self.tell(cx, &player.id, "welcome");
        self.state.log_changes(cx);
        Ok(())
    }

    fn view(
        &self,
        player: &Player,
        _: &HandlerContext<'_>,
        into: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let state = &self.state;
        let Origin { life, branch } = self.origin();
        let pending = state.named("due:").count();
        let one = state.number(&format!("one:{}", player.id));
        let (everyone, defects) = (state.number("all"), state.number("defects"));
        let mut text = format!("{life} {branch} {everyone} {one} {defects} {pending}\n");
        text.push_str(state.text("defect"));
        for (seat, done) in state.named("done:") {
            text.push_str(&format!("\n{seat} {done}"));
        }
        into.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn command(
        &mut self,
        author: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let text = String::from_utf8_lossy(payload).into_owned();
        let words: Vec<&str> = text.split(' ').collect();
        let [seat, deed, ref what @ ..] = words[..] else {
            return Err(Refusal::new("what?"));
        };
        match what {
            ["refuse"] => return Err(Refusal::new("no")),
            ["panic"] => panic!("as asked"),
            _ => {}
        }
        self.due.look(&mut self.state, cx);
        let number = deed.parse().unwrap_or(0);
        self.enter_deed(seat, number);
        self.do_deed(&author.id, what, cx);
        let Origin { life, branch } = self.origin();
        if what == ["log"] && self.kept {
            let record = format!("{} {seat} {deed}", cx.entity().kind());
            cx.log(LOG, |into| into.extend_from_slice(record.as_bytes()));
        }
        self.state.log_changes(cx);
        if what != ["quiet"] {
            reply.extend_from_slice(format!("{life} {branch} {deed}").as_bytes());
        }
        Ok(())
    }

    fn tick(&mut self, cx: &HandlerContext<'_>) {
        self.due.look(&mut self.state, cx);
        let padding = Arc::clone(&self.padding);
        let tick = if padding.is_empty() {
            "tick".into()
        } else {
            format!("{padding} tick")
        };
        self.say(cx, &tick);
        self.state.log_changes(cx);
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        let text = String::from_utf8_lossy(note).into_owned();
        match text.split_once(' ') {
            Some(("after", errand)) => {
                self.due.note_came(&mut self.state, errand, cx.age());
                self.end_errand(errand, "after", "came", cx);
            }
            Some(("ran", errand)) => self.end_errand(errand, "run", "came", cx),
            Some(("lost", errand)) => self.end_errand(errand, "run", "was lost", cx),
            _ => self.state.defect("a note that nobody left"),
        }
        self.state.log_changes(cx);
        Ok(())
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &HandlerContext<'_>) {
        self.due.look(&mut self.state, cx);
        self.due
            .leave(&mut self.state, &player.id, reason, cx.age());
        self.say(cx, &format!("{} left {reason:?}", player.id));
        self.state.log_changes(cx);
    }

    fn presence(&mut self, player: &Player, attached: bool, cx: &HandlerContext<'_>) {
        self.due.look(&mut self.state, cx);
        presence::turn(&mut self.state, &player.id, attached, cx.age());
        let how = if attached { "is back" } else { "is away" };
        self.others(cx, &player.id, &format!("{} {how}", player.id));
        self.state.log_changes(cx);
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.state.snapshot(into);
        Ok(())
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.state.apply(change);
        Ok(())
    }

    fn take_dirty_parts(&mut self) -> Vec<u32> {
        self.state.take_dirty_parts()
    }

    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        Ok(self.state.part(number, into))
    }

    fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), Refusal> {
        self.state.set_part(number, part);
        Ok(())
    }

    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], AskError>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let errand = String::from_utf8_lossy(tag).into_owned();
        let how = match answer {
            Ok(b"twice") => {
                self.state.defect(&format!("ask {errand} was heard twice"));
                "was heard twice"
            }
            Ok(_) => "was answered",
            Err(AskError::Refused(_)) => "was refused",
            Err(AskError::Late) => "was not answered",
        };
        self.end_errand(&errand, "ask", how, cx);
        self.state.log_changes(cx);
        Ok(())
    }
}

fn player(name: &str) -> PlayerId {
    PlayerId::new(name).expect("players of a simulation have names")
}

fn send(cx: &HandlerContext<'_>, to: Audience<'_>, word: &str) {
    cx.send(to, |into| into.extend_from_slice(word.as_bytes()));
}

fn send_any(cx: &HandlerContext<'_>, word: &str) {
    cx.send_unreliable(Audience::Everyone, |into| {
        into.extend_from_slice(word.as_bytes());
    });
}
