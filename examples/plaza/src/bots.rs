//! Bots: programs that play through a connection, as any client does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use wayfare_client::{Client, RoomEvent, State, Ticket};

use crate::company::{Bots, Company};
use crate::messages::{Color, Command, Event, Outfit, Point, SIZE};

const NAMES: [&str; 12] = [
    "Ada", "Grace", "Alan", "Barbara", "Edsger", "Hedy", "Linus", "Margaret", "Niklaus", "Radia",
    "Tony", "Frances",
];

const COLORS: [Color; 8] = [
    Color::Red,
    Color::Orange,
    Color::Yellow,
    Color::Green,
    Color::Teal,
    Color::Blue,
    Color::Purple,
    Color::Pink,
];

const SMALL_TALK: [&str; 36] = [
    "Lovely weather for a walk.",
    "Has anybody seen the cat?",
    "I could do with a coffee.",
    "Who are all these people?",
    "One more round, then I am off home.",
    "Is it always this busy?",
    "Mind the pigeons.",
    "I like your coat!",
    "What time is it, actually?",
    "The fountain is loud today.",
    "I left my umbrella at the square again.",
    "Excuse me, which way is the gate?",
    "Somebody should feed the ducks.",
    "My feet hurt. New shoes.",
    "You look as if you knew the way.",
    "I was told there would be music.",
    "Smells like fresh bread here.",
    "Are you new here? Click anywhere to walk.",
    "Waving is free, you know.",
    "I have been going round in circles. I rather like circles.",
    "The square keeps everything that happens there, even through a kill -9.",
    "A moment ago it was morning.",
    "I will wait for a friend by the fountain.",
    "Did you hear that? No? Never mind.",
    "Yesterday I counted all the tiles. There are many.",
    "The best bench is in the sun.",
    "If the server goes away, just stay. We will all be back.",
    "That was my best joke, by the way.",
    "Careful, wet paint!",
    "I am only passing through.",
    "Has the post been yet?",
    "I never know what to do with my hands.",
    "Somebody dropped a glove over there.",
    "Shall we race to the gate?",
    "I could watch this fountain all day.",
    "It is quieter at the square.",
];

/// Connects bots to rooms of the server at `url`, this many to each, and plays until all of them
/// have been disconnected. Blocks: give it a thread of its own.
///
/// Their tickets are kept in the folder `tickets`, so that the bots of a server that was killed go
/// on where they were, instead of standing beside their successors until their grace is over.
///
/// # Errors
/// If the threads and timers of a client cannot be created, or the folder cannot be.
pub fn run(url: &str, parties: &[(&str, usize)], tickets: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(tickets)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (mut bots, known) = (JoinSet::new(), Bots::default());
        for (room, count) in parties {
            for _ in 0..*count {
                let number = bots.len();
                let kept = KeptTicket::at(tickets.join(number.to_string()));
                bots.spawn(play(
                    url.to_owned(),
                    (*room).to_owned(),
                    number,
                    (kept, known.clone()),
                ));
            }
        }
        while let Some(ended) = bots.join_next().await {
            if let Err(error) = ended? {
                eprintln!("a bot went home: {error:#}");
            }
        }
        Ok(())
    })
}

/// The file in which a bot's ticket outlives the process.
struct KeptTicket {
    path: PathBuf,
    last: Option<Ticket>,
}

impl KeptTicket {
    fn at(path: PathBuf) -> Self {
        let last = fs::read(&path).ok().map(|bytes| Ticket(bytes.into()));
        Self { path, last }
    }

    /// Writes the client's ticket down if it is another than before.
    fn keep(&mut self, ticket: Option<Ticket>) -> std::io::Result<()> {
        if let Some(ticket) = ticket
            && self.last.as_ref() != Some(&ticket)
        {
            fs::write(&self.path, &ticket.0)?;
            self.last = Some(ticket);
        }
        Ok(())
    }
}

async fn play(
    url: String,
    room: String,
    number: usize,
    (mut kept, bots): (KeptTicket, Bots),
) -> anyhow::Result<()> {
    let mut rng = SmallRng::seed_from_u64(number as u64);
    // Bots do not all arrive at once.
    sleep(Duration::from_millis(300) * number as u32).await;
    let name = NAMES[number % NAMES.len()];
    let mut builder = Client::builder().endpoint(url).guest(name).sdk("plaza-bot");
    if let Some(ticket) = kept.last.clone() {
        builder = builder.resume(ticket);
    }
    let client = builder.connect().await?;
    kept.keep(client.ticket())?;
    if let State::Connected { player, .. } = &*client.states().borrow() {
        bots.insert(player.to_string());
    }
    let outfit = Outfit {
        color: COLORS[number % COLORS.len()],
    };
    let mut room = client.join(&room, &outfit).await?;
    let mut company = Company::new(bots, &room.view()?);
    let mut bored_at = Instant::now();
    loop {
        let command = tokio::select! {
            event = room.next() => match event {
                Some(RoomEvent::Event(event)) => {
                    company.handle_event(&event);
                    answer(name, &event, &mut rng)
                }
                Some(RoomEvent::Resync(resync)) => {
                    company.handle_view(&resync.view.decode()?);
                    None
                }
                Some(_) => None,
                None => return Ok(()),
            },
            () = sleep_until(bored_at) => {
                // A connection that was lost in between has brought another.
                kept.keep(client.ticket())?;
                bored_at += Duration::from_millis(rng.random_range(1500..6000));
                (!company.is_absent()).then(|| idle(&mut rng))
            }
        };
        if let Some(command) = command {
            let () = room.send(&command).await?;
        }
    }
}

/// Returns a bot's reaction to an event: nothing, or a wave. A bot that answered words with words
/// would never fall silent among others that do the same.
fn answer(name: &str, event: &Event, rng: &mut SmallRng) -> Option<Command> {
    match event {
        Event::Joined { .. } if rng.random_bool(0.3) => Some(Command::Wave),
        Event::Said(line) if line.text.contains(name) => Some(Command::Wave),
        _ => None,
    }
}

/// Returns a bot's action when nothing happens and somebody is there to see it.
fn idle(rng: &mut SmallRng) -> Command {
    match rng.random_range(0..10) {
        0 => Command::Wave,
        1..3 => {
            let text = SMALL_TALK.choose(rng).copied().unwrap_or_default();
            Command::Say(text.to_owned())
        }
        _ => Command::Walk(Point {
            x: rng.random_range(0.0..=SIZE),
            y: rng.random_range(0.0..=SIZE),
        }),
    }
}
