//! A game's own program, as a process: this file is the game when the variable is set, and otherwise
//! the test that runs it. The arguments of a process are parsed by its `main`, so it has its own.

use std::process::{Command, Output};

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;

const IS_PROGRAM: &str = "WAYFARE_TEST_PROGRAM";

#[derive(Clone, Default, Serialize, Deserialize)]
struct Counter(i64);

impl SimpleRoom for Counter {
    type Command = i64;
    type Event = i64;

    fn command(&mut self, _: &Player, by: i64, cx: &Context<'_, Self>) -> Result<(), Refusal> {
        self.0 += by;
        cx.send(Everyone, &self.0);
        Ok(())
    }
}

fn main() -> wayfare::Result<()> {
    if std::env::var_os(IS_PROGRAM).is_some() {
        let game = wayfare::serve().name("counter");
        return game.room::<Counter>("counter", |kind| kind).run();
    }
    a_mistake_is_one_line_without_a_backtrace()?;
    a_program_without_a_version_names_itself()?;
    a_program_has_play()?;
    arguments_that_are_not_understood_end_with_2()
}

fn run(arguments: &[&str]) -> std::io::Result<(Output, String)> {
    let done = Command::new(std::env::current_exe()?)
        .args(arguments)
        .env(IS_PROGRAM, "1")
        .env("RUST_BACKTRACE", "1")
        .output()?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    Ok((done, said))
}

fn a_mistake_is_one_line_without_a_backtrace() -> wayfare::Result<()> {
    let (done, said) = run(&["dev", "--shards", "many"])?;
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("error: the configuration is refused"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    Ok(())
}

fn a_program_without_a_version_names_itself() -> wayfare::Result<()> {
    let (done, _) = run(&["--version"])?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.starts_with("counter (Wayfare "), "{said}");
    Ok(())
}

fn a_program_has_play() -> wayfare::Result<()> {
    // Nothing listens on a port that was just free.
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let (done, said) = run(&["play", &free.to_string()])?;
    assert_eq!(done.status.code(), Some(1), "{said}");
    let expect = format!("error: no server answered at ws://{free}");
    assert!(said.contains(&expect), "{said}");
    Ok(())
}

fn arguments_that_are_not_understood_end_with_2() -> wayfare::Result<()> {
    let (done, said) = run(&["serv"])?;
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("'serve'"), "{said}");
    Ok(())
}
