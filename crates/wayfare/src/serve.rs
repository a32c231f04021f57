//! From rooms to a program: [`serve()`].

use clap::{CommandFactory, FromArgMatches, Parser};
use rust_embed::Embed;
use wayfare_core::game;
use wayfare_node::{Command, Game, PageFiles, Ready, TypesOf};

use crate::game::{InvalidGame, check};
use crate::types::{self, NamedKind, NoTypes};
use crate::{Entity, EntityKind, Kind, Room};

/// Why a program ended before it was told to.
pub type Error = anyhow::Error;

/// What a game's `main` returns.
pub type Result<T> = anyhow::Result<T>;

/// Makes a program of rooms and entities: a server of them, and the commands to operate it.
///
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// # use wayfare::prelude::*;
/// # #[derive(Clone, Default, Serialize, Deserialize)]
/// # struct Plaza;
/// # impl SimpleRoom for Plaza {
/// #     type Command = ();
/// #     type Event = ();
/// #     fn command(&mut self, _: &Player, _: (), _: &Context<Self>) -> Result<(), Refusal> { Ok(()) }
/// # }
/// fn main() -> wayfare::Result<()> {
///     wayfare::serve()
///         .room::<Plaza>("plaza", |kind| kind.tick(hz(20)).members_max(100))
///         .run()
/// }
/// ```
pub fn serve() -> Serve {
    Serve {
        name: None,
        version: String::new(),
        kinds: Vec::new(),
        rooms: Vec::new(),
        page: None,
        when_ready: None,
    }
}

/// Made by [`serve()`].
#[must_use = "nothing is served until `.run()`"]
pub struct Serve {
    name: Option<String>,
    version: String,
    kinds: Vec<game::Kind>,
    rooms: Vec<NamedKind>,
    page: Option<PageFiles>,
    when_ready: Option<Box<dyn FnOnce(Ready) + Send>>,
}

impl Serve {
    /// What the program calls itself; the name of its file unless set.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The program's version: `.version(env!("CARGO_PKG_VERSION"))`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Adds a kind of room: `name` is the first part of the rooms' ids, such as `plaza` in
    /// `plaza/main`, and `settings` what is the same for all of them.
    pub fn room<R: Room>(mut self, name: &str, settings: impl FnOnce(Kind<R>) -> Kind<R>) -> Self {
        let kind = settings(Kind::new());
        self.rooms.push(NamedKind {
            name: name.to_owned(),
            types: kind.types(),
        });
        self.kinds.push(kind.named(name));
        self
    }

    /// Adds a kind of entity: `name` is the first part of their ids, such as `counter` in
    /// `counter/main`, by which rooms and other entities [ask](crate::Surroundings::ask) them.
    pub fn entity<E: Entity>(
        mut self,
        name: &str,
        settings: impl FnOnce(EntityKind<E>) -> EntityKind<E>,
    ) -> Self {
        self.kinds.push(settings(EntityKind::new()).named(name));
        self
    }

    /// Serves a page: browsers get `index.html` of these files at the address where players
    /// connect, and the others by their paths. Names below `assets/` are taken to change with the
    /// content, as bundlers make them, and are kept by browsers for good.
    ///
    /// The files are in the binary; a debug build reads them from their folder instead, so that a
    /// page can be worked on while the server runs. The page connects to where it came from:
    /// `connect(location.href)` of the TypeScript client.
    ///
    /// ```no_run
    /// #[derive(rust_embed::Embed)]
    /// #[folder = "src"] // what a bundler made, such as "page/dist"
    /// struct Page;
    ///
    /// # fn main() -> wayfare::Result<()> {
    /// wayfare::serve().page::<Page>().run()
    /// # }
    /// ```
    pub fn page<P: Embed>(mut self) -> Self {
        self.page = Some(P::get);
        self
    }

    /// Calls `ready` on a thread of its own, once the server takes connections: to say so, or to
    /// bring in players. Not called by commands that do not serve.
    pub fn when_ready(mut self, ready: impl FnOnce(Ready) + Send + 'static) -> Self {
        self.when_ready = Some(Box::new(move |server| {
            std::thread::spawn(move || ready(server));
        }));
        self
    }

    /// Does what the command line says; without a command, `dev`. Returns when that is done: for
    /// `dev` and `serve`, when the server was stopped.
    ///
    /// # Errors
    /// All that is wrong with the game ([`InvalidGame`]), or whatever keeps the command from being
    /// done. A command line that makes no sense ends the process, with a message.
    pub fn run(self) -> Result<()> {
        let name = self.program_name();
        let about = format!("{name}, a Wayfare game server. Without a command: dev");
        let line = Line::command()
            .name(name)
            .version(self.version.clone())
            .about(about);
        let line = Line::from_arg_matches(&line.get_matches()).unwrap_or_else(|error| error.exit());
        self.run_command(line.command)
    }

    /// As [`Serve::run`], for a program with arguments of its own: `command` is a
    /// `#[command(subcommand)]` of its clap parser, and `None` is `dev`.
    ///
    /// # Errors
    /// As [`Serve::run`].
    pub fn run_command(self, command: Option<Command>) -> Result<()> {
        check(&self.kinds)?;
        let name = self.program_name();
        let (program, rooms) = (name.clone(), self.rooms);
        let game = Game {
            name,
            version: self.version,
            kinds: self.kinds,
            page: self.page,
            types: TypesOf::new(move |kinds| Ok(types::write(&program, &rooms, kinds)?)),
        };
        wayfare_node::run(game, command, self.when_ready)
    }

    /// The file of types that the command `types` writes: of these kinds of room, or of all that are
    /// [typed](Kind::typed) if none is named.
    ///
    /// # Errors
    /// If one that is named is not typed or not there, or if none is typed at all.
    pub fn types(&self, kinds: &[&str]) -> std::result::Result<String, NoTypes> {
        let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
        types::write(&self.program_name(), &self.rooms, &kinds)
    }

    /// The game's kinds, for whoever drives them without a node.
    ///
    /// # Errors
    /// All that is wrong with the game.
    pub fn kinds(self) -> std::result::Result<Vec<game::Kind>, InvalidGame> {
        check(&self.kinds)?;
        Ok(self.kinds)
    }

    fn program_name(&self) -> String {
        let file = std::env::current_exe().unwrap_or_default();
        let file = file.file_stem().and_then(|stem| stem.to_str());
        self.name.as_deref().or(file).unwrap_or("game").to_owned()
    }
}

impl std::fmt::Debug for Serve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serve")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
}
