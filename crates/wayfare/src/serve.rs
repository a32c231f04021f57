//! Programs made of rooms: [`serve()`].

use clap::{CommandFactory, Parser};
use rust_embed::Embed;
use wayfare_core::game;
use wayfare_node::{Game, PageFiles, Ready, TypesOf};

use crate::game::{InvalidGame, check};
use crate::types::{self, NamedKind, NoTypes};
use crate::{Command, Entity, EntityKind, Kind, Room, Tool, command_line};

/// An error that ends a program.
pub type Error = anyhow::Error;

/// The result of a game's `main`.
pub type Result<T> = anyhow::Result<T>;

/// Makes a program of rooms and entities: a server, with the commands to operate it.
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

/// A program, made by [`serve()`].
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
    /// Sets the program's name; the name of its file by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the program's version: `.version(env!("CARGO_PKG_VERSION"))`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Adds a kind of room. `name` is the first part of the rooms' ids, such as `plaza` in
    /// `plaza/main`; `settings` sets the settings of the kind.
    pub fn room<R: Room>(mut self, name: &str, settings: impl FnOnce(Kind<R>) -> Kind<R>) -> Self {
        let kind = settings(Kind::new());
        self.rooms.push(NamedKind {
            name: name.to_owned(),
            types: kind.types(),
        });
        self.kinds.push(kind.named(name));
        self
    }

    /// Adds a kind of entity. `name` is the first part of their ids, such as `counter` in
    /// `counter/main`, with which rooms and other entities [ask](crate::HandlerApi::ask) them.
    pub fn entity<E: Entity>(
        mut self,
        name: &str,
        settings: impl FnOnce(EntityKind<E>) -> EntityKind<E>,
    ) -> Self {
        self.kinds.push(settings(EntityKind::new()).named(name));
        self
    }

    /// Serves a page: at the address to which players connect, browsers get `index.html` of these
    /// files, and other files by their paths. Names below `assets/` must change with their content,
    /// as bundlers ensure, because browsers cache them without an end.
    ///
    /// The files are in the binary. A debug build reads them from their folder instead, so that the
    /// page can be edited while the server runs. The page can connect to its own origin:
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

    /// Calls `ready` on a separate thread once the server accepts connections, for example to start
    /// bots. Not called by commands that do not serve.
    pub fn when_ready(mut self, ready: impl FnOnce(Ready) + Send + 'static) -> Self {
        self.when_ready = Some(Box::new(move |server| {
            std::thread::spawn(move || ready(server));
        }));
        self
    }

    /// Executes the command line, by default `dev`. This is the whole `main` of a game. Returns when
    /// the command is done; for `dev` and `serve`, when the server was stopped.
    ///
    /// # Errors
    /// None. Mistakes in the game ([`InvalidGame`]), an error of the command, and an invalid command
    /// line end the process with a message and the [exit code](crate::exit_code). So a mistake in a
    /// settings file is not printed as Rust prints an error of `main`, with a backtrace.
    pub fn run(self) -> Result<()> {
        let name = self.program_name();
        let about = format!("{name}, a Wayfare game server. Without a command: dev");
        let line = Line::command().name(name).about(about);
        let built_on = format!("(Wayfare {})", env!("CARGO_PKG_VERSION"));
        let line = line.version(match self.version.as_str() {
            "" => built_on,
            version => format!("{version} {built_on}"),
        });
        let Line { command } = command_line::parse(line);
        if let Err(error) = self.run_command(command) {
            command_line::exit(Err(error));
        }
        Ok(())
    }

    /// Executes a command of a program with its own arguments. `command` is a
    /// `#[command(subcommand)]` of its clap parser, and `None` is `dev`.
    ///
    /// # Errors
    /// The mistakes in the game ([`InvalidGame`]), or an error of the command. [`crate::exit_code`]
    /// prints it.
    pub fn run_command(self, command: Option<Command>) -> Result<()> {
        check(&self.kinds)?;
        let command = match command {
            None => None,
            Some(Command::Dev(flags)) => Some(wayfare_node::Command::Dev(flags)),
            Some(Command::Serve(flags)) => Some(wayfare_node::Command::Serve(flags)),
            Some(Command::Tool(Tool::Node(tool))) => Some(wayfare_node::Command::Tool(tool)),
            Some(Command::Tool(Tool::Play(play))) => {
                let kind = self.rooms.first().map(|kind| kind.name.as_str());
                return wayfare_play::run(&play, kind);
            }
        };
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

    /// Returns the file of types that the command `types` writes: of these kinds of room, or of all
    /// that are [typed](Kind::typed) if none is named.
    ///
    /// # Errors
    /// If a named kind is not typed or does not exist, or if no kind is typed.
    pub fn types(&self, kinds: &[&str]) -> std::result::Result<String, NoTypes> {
        let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
        types::write(&self.program_name(), &self.rooms, &kinds)
    }

    /// Returns the game's kinds, to use them without a node.
    ///
    /// # Errors
    /// The mistakes in the game.
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
