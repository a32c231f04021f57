//! Tests of the plaza on a real server, with bots and a visitor.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use plaza::messages::{Color, Command, Event, Outfit, World};
use wayfare_client::{Client, RoomEvent};

/// The time limit, far more than it takes, so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);
const BOTS: usize = 3;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: wayfare::Command,
}

/// Runs a server in this process while `visit` runs, and passes its address and a folder for
/// tickets.
fn serve(
    name: &str,
    visit: impl FnOnce(&str, &Path) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<()> {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_dir_all(&data));
    let data = data
        .to_str()
        .context("the target folder has a strange name")?;
    let line = "plaza dev --listen 127.0.0.1:0 --admin off --data";
    let line = Line::parse_from(line.split(' ').chain([data]));
    let (done, outcome) = std::sync::mpsc::sync_channel(1);
    wayfare::serve()
        .room("plaza", plaza::settings)
        .when_ready(move |server| {
            let visited = visit(&server.url, &server.data.join("bots"));
            server.stop.stop();
            let _ = done.send(visited);
        })
        .run_command(Some(line.command))?;
    outcome.recv()?
}

async fn visit(url: &str) -> anyhow::Result<()> {
    let client = Client::builder()
        .endpoint(url)
        .guest("Visitor")
        .connect()
        .await?;
    let outfit = Outfit { color: Color::Teal };
    let mut room = client.join("plaza/main", &outfit).await?;
    let World { mut walkers, .. } = room.view()?;
    ensure!(walkers.values().any(|walker| walker.name == "Visitor"));
    while walkers.len() < BOTS + 1 {
        if let RoomEvent::Event(Event::Joined { who, walker }) = next(&mut room).await? {
            walkers.insert(who, walker);
        }
    }
    let () = room
        .send(&Command::Say("good morning, Ada".to_owned()))
        .await?;
    let refused = room.send::<()>(&Command::Say(String::new())).await;
    ensure!(refused.is_err_and(|error| error.to_string().contains("say something")));
    let mut greeted = false;
    loop {
        match next(&mut room).await? {
            RoomEvent::Event(Event::Said(line)) if line.name == "Visitor" => greeted = true,
            RoomEvent::Event(Event::Waved { who }) if greeted && walkers[&who].name == "Ada" => {
                break;
            }
            _ => {}
        }
    }
    client.close().await;
    Ok(())
}

async fn next(room: &mut wayfare_client::Room) -> anyhow::Result<RoomEvent<Event>> {
    room.next().await.context("the room sent us away")
}

#[test]
fn a_visitor_finds_bots_that_walk_and_wave_back() -> anyhow::Result<()> {
    serve("served", |url, tickets| {
        let _playing = bring_bots(url, tickets);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async { tokio::time::timeout(PATIENCE, visit(url)).await? })
    })
}

fn bring_bots(url: &str, tickets: &Path) -> JoinHandle<anyhow::Result<()>> {
    let (url, tickets) = (url.to_owned(), tickets.to_owned());
    std::thread::spawn(move || plaza::bots::run(&url, &[("plaza/main", BOTS)], &tickets))
}

/// Counts who is in the plaza once `BOTS` bots are, and again after they were started again.
async fn count_twice(url: &str, tickets: &Path) -> anyhow::Result<[usize; 2]> {
    let client = Client::builder()
        .endpoint(url)
        .guest("Visitor")
        .connect()
        .await?;
    let outfit = Outfit { color: Color::Teal };
    let mut room = client.join("plaza/main", &outfit).await?;
    let World { walkers, .. } = room.view()?;
    let mut count = walkers.len();
    let first = bring_bots(url, tickets);
    while count < BOTS + 1 {
        if let RoomEvent::Event(Event::Joined { .. }) = next(&mut room).await? {
            count += 1;
        }
    }
    let before = count;
    // The sessions of the first bots go on with the second ones, so that the first ones end.
    let _second = bring_bots(url, tickets);
    tokio::task::spawn_blocking(move || first.join())
        .await?
        .unwrap()?;
    let () = room.send(&Command::Say("who is here?".into())).await?;
    loop {
        match next(&mut room).await? {
            RoomEvent::Event(Event::Joined { .. }) => count += 1,
            RoomEvent::Event(Event::Said(line)) if line.name == "Visitor" => break,
            _ => {}
        }
    }
    client.close().await;
    Ok([before, count])
}

#[test]
fn bots_that_start_again_take_back_their_places() -> anyhow::Result<()> {
    serve("again", |url, tickets| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let counted = async { tokio::time::timeout(PATIENCE, count_twice(url, tickets)).await? };
        let [before, after] = runtime.block_on(counted)?;
        ensure!(after == before, "{before} were there, and now {after}");
        Ok(())
    })
}
