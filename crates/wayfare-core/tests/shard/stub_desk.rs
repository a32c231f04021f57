//! A room that asks, runs and logs as it is told, and a counter that is asked.

use std::time::Duration;

use wayfare_core::game::{
    Answered, AskError, Caller, Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic, Work,
};
use wayfare_core::{Audience, HandlerContext};

/// Kinds `desk` and `counter` with these settings.
pub(crate) fn kinds(settings: &KindSettings) -> Vec<Kind> {
    let kind = |name: &str, logic: Box<dyn RoomKind>| Kind {
        name: name.into(),
        logic,
        settings: settings.clone(),
    };
    vec![
        kind("desk", Box::new(DeskKind)),
        kind("counter", Box::new(CounterKind)),
    ]
}

struct DeskKind;
struct Desk;

impl RoomKind for DeskKind {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Desk))
    }

    fn restore(&self, _: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Desk))
    }
}

fn all(cx: &HandlerContext<'_>, text: &str) {
    cx.send(Audience::Everyone, |into| {
        into.extend_from_slice(text.as_bytes());
    });
}

impl RoomLogic for Desk {
    fn command(
        &mut self,
        _: &Player,
        payload: &[u8],
        _: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let text = String::from_utf8_lossy(payload).into_owned();
        let words: Vec<&str> = text.splitn(4, ' ').collect();
        match words[..] {
            // ask <entity> <milliseconds> <request>
            ["ask", entity, millis, request] => cx.ask(
                &entity.parse().unwrap(),
                |into| into.extend_from_slice(request.as_bytes()),
                Duration::from_millis(millis.parse().unwrap()),
                |into| into.extend_from_slice(b"tag"),
            ),
            ["run", lost] => cx.run(Work(Box::pin(async { b"ran".to_vec() })), |into| {
                into.extend_from_slice(lost.as_bytes());
            }),
            ["log", record] => {
                cx.log("matches", |into| into.extend_from_slice(record.as_bytes()));
            }
            ["log", record, "close"] => {
                cx.log("matches", |into| into.extend_from_slice(record.as_bytes()));
                cx.close();
            }
            ["panic"] => panic!("as asked"),
            _ => return Err(Refusal::new("what?")),
        }
        Ok(())
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        assert_ne!(note, b"panic", "as asked");
        all(cx, &String::from_utf8_lossy(note));
        Ok(())
    }

    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], AskError>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let tag = String::from_utf8_lossy(tag);
        let answer = match answer {
            Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Err(AskError::Refused(refusal)) => format!("refused: {}", refusal.message),
            Err(error) => error.to_string(),
        };
        all(cx, &format!("{tag}: {answer}"));
        Ok(())
    }
}

struct CounterKind;

struct Counter {
    total: u64,
    waiting: Option<Caller>,
}

impl RoomKind for CounterKind {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(Counter {
            total: 0,
            waiting: None,
        }))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let total = String::from_utf8_lossy(snapshot).parse().unwrap();
        Ok(Box::new(Counter {
            total,
            waiting: None,
        }))
    }

    fn is_asked(&self) -> bool {
        true
    }
}

impl RoomLogic for Counter {
    fn join(&mut self, _: &Player, _: &[u8], _: &HandlerContext<'_>) -> Result<(), Refusal> {
        unreachable!("nobody joins a counter")
    }

    fn note(&mut self, _: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        if let Some(caller) = self.waiting.take() {
            let total = self.total.to_string();
            cx.reply(
                &caller,
                Ok(|into: &mut Vec<u8>| into.extend_from_slice(total.as_bytes())),
            );
        }
        Ok(())
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        into.extend_from_slice(self.total.to_string().as_bytes());
        Ok(())
    }

    fn request(
        &mut self,
        caller: &Caller,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<Answered, Refusal> {
        match payload {
            b"add" => self.total += 1,
            b"later" => {
                self.waiting = Some(caller.clone());
                cx.after(Duration::from_millis(100), |_| {});
                return Ok(Answered::Later);
            }
            b"left" => {
                let left = cx.remaining().unwrap_or_default().as_millis();
                reply.extend_from_slice(left.to_string().as_bytes());
                return Ok(Answered::Now);
            }
            b"panic" => panic!("a counter fell over"),
            _ => return Err(Refusal::new("counters only add")),
        }
        reply.extend_from_slice(self.total.to_string().as_bytes());
        Ok(Answered::Now)
    }
}
