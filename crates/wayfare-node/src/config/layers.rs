//! The precedence of settings: default < file < environment < flag, with the source of each value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wayfare_core::game::{Kind, KindSettings};

use super::flags::SettingFlags;
use super::keys::{KEYS, Key};
use super::kind_keys::{KIND_KEYS, KindKey};
use super::nearest::nearest;
use super::problem::{Problem, Refused};
use super::relations;
use super::service_addresses::{CoordinationChoice, StorageChoice};
use super::settings::{Mode, Secret, Settings};
use super::settings_file;
use super::source::Source;
use super::value::quoted;

/// The settings file that is read if it exists and no other is named.
const FILE: &str = "wayfare.toml";
const PREFIX: &str = "WAYFARE_";
const CONFIG_VARIABLE: &str = "WAYFARE_CONFIG";
/// Variables that are not settings. They are read by [`Inputs`] and by operator commands.
const OTHER_VARIABLES: [&str; 2] = [CONFIG_VARIABLE, "WAYFARE_URL"];

/// The sources of a configuration.
pub(crate) struct Inputs<'a> {
    pub(crate) mode: Mode,
    pub(crate) flags: &'a SettingFlags,
    /// The environment. Only names that begin with `WAYFARE_` matter.
    pub(crate) environment: BTreeMap<String, String>,
    /// The folder to which relative names of settings files refer. Messages do not show it.
    pub(crate) folder: PathBuf,
}

impl<'a> Inputs<'a> {
    /// The sources of this process.
    pub(crate) fn of_process(mode: Mode, flags: &'a SettingFlags) -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            mode,
            flags,
            environment: std::env::vars_os()
                .map(|(name, value)| (text(name), text(value)))
                .filter(|(name, _)| name.starts_with(PREFIX))
                .collect(),
            folder: PathBuf::new(),
        }
    }
}

/// The settings with their sources, after all relations were checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    pub(crate) kinds: Vec<KindConfig>,
    /// Harmless oddities, to be logged as warnings.
    pub(crate) warnings: Vec<String>,
    pub(super) sources: BTreeMap<&'static str, Source>,
}

/// The settings of a kind.
#[derive(Clone, Debug)]
pub(crate) struct KindConfig {
    pub(crate) name: String,
    pub(crate) settings: KindSettings,
    pub(super) sources: BTreeMap<&'static str, Source>,
}

impl Config {
    /// Merges the layers for a game with these kinds.
    ///
    /// # Errors
    /// Everything that is wrong in any layer.
    pub(crate) fn load(inputs: &Inputs<'_>, kinds: &[Kind]) -> Result<Self, Refused> {
        let Layers {
            config,
            mut problems,
            ..
        } = Layers::of(inputs, Some(kinds));
        // If a value was refused, messages about relations with it would only confuse.
        if problems.is_empty() {
            problems = relations::check(&config);
        }
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(Refused(problems))
        }
    }

    /// Reads as much as is valid, for commands that need only a few settings: a mistake elsewhere
    /// must not keep an operator from a running node. Settings of kinds are skipped, because this
    /// program may not be the game's.
    pub(crate) fn load_what_can_be(inputs: &Inputs<'_>) -> (Self, Option<Refused>) {
        let Layers {
            config, problems, ..
        } = Layers::of(inputs, None);
        let refused = (!problems.is_empty()).then_some(Refused(problems));
        (config, refused)
    }

    /// Returns the source of this setting's value.
    pub(crate) fn source(&self, name: &str) -> Source {
        self.sources.get(name).cloned().unwrap_or(Source::Default)
    }

    /// Returns true if the value is not the default.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.sources.contains_key(name)
    }

    /// Applies the settings to the game's kinds.
    pub(crate) fn apply(&self, kinds: &mut [Kind]) {
        for kind in kinds {
            if let Some(config) = self.kinds.iter().find(|config| config.name == kind.name) {
                kind.settings = config.settings.clone();
            }
        }
    }
}

struct Layers {
    config: Config,
    problems: Vec<Problem>,
    kinds_matter: bool,
}

impl Layers {
    fn of(inputs: &Inputs<'_>, kinds: Option<&[Kind]>) -> Self {
        let of_kind = |kind: &Kind| KindConfig {
            name: kind.name.clone(),
            settings: kind.settings.clone(),
            sources: BTreeMap::new(),
        };
        let mut layers = Self {
            config: Config {
                settings: Settings::of(inputs.mode),
                kinds: kinds.unwrap_or_default().iter().map(of_kind).collect(),
                warnings: Vec::new(),
                sources: BTreeMap::new(),
            },
            problems: Vec::new(),
            kinds_matter: kinds.is_some(),
        };
        layers.file(inputs);
        layers.environment(&inputs.environment);
        layers.flags(inputs.flags);
        layers.forget_together();
        layers
    }

    /// Defaults coordination to memory if storage is memory: a node that forgets its rooms need not
    /// remember their owners.
    fn forget_together(&mut self) {
        let settings = &mut self.config.settings;
        if settings.storage == StorageChoice::Memory
            && !self.config.sources.contains_key("coordination")
        {
            settings.coordination = CoordinationChoice::Memory;
        }
    }

    fn file(&mut self, inputs: &Inputs<'_>) {
        let from_environment = inputs.environment.get(CONFIG_VARIABLE);
        let named = inputs
            .flags
            .config
            .clone()
            .or(from_environment.map(PathBuf::from));
        let path = named.as_deref().unwrap_or(Path::new(FILE));
        let text = match std::fs::read_to_string(inputs.folder.join(path)) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                let (path, reason) = (path.to_owned(), error.to_string());
                return self.problems.push(Problem::Unreadable { path, reason });
            }
        };
        match settings_file::entries(path, &text) {
            Ok(entries) => entries.into_iter().for_each(|entry| self.entry(entry)),
            Err(problem) => self.problems.push(problem),
        }
    }

    fn entry(&mut self, entry: settings_file::Entry) {
        let names: Vec<&str> = entry.path.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["kind", kind, key] => self.set_kind(kind, key, entry.text.as_deref(), entry.source),
            ["kind", kind] => self.problems.push(Problem::UnknownKey {
                key: format!("kind.{kind}"),
                place: entry.source,
                nearest: Some(format!("[kind.{kind}]")),
                known: String::new(),
            }),
            [name] if *name != "kind" => match Key::named(name) {
                Some(key) => self.set(key, entry.text.as_deref(), entry.source),
                None => self.unknown(name, entry.source),
            },
            names => self.unknown(&names.join("."), entry.source),
        }
    }

    fn environment(&mut self, environment: &BTreeMap<String, String>) {
        let mut known: Vec<String> = OTHER_VARIABLES.map(str::to_owned).into();
        // Compose files and shells write "not set" as an empty variable.
        let value = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        for key in KEYS {
            let variable = key.variable();
            if let Some(text) = value(&variable) {
                self.set(key, Some(text), Source::Environment(variable.clone()));
            }
            known.push(variable);
        }
        let kinds: Vec<String> = self
            .config
            .kinds
            .iter()
            .map(|kind| kind.name.clone())
            .collect();
        for (kind, key) in kinds
            .iter()
            .flat_map(|kind| KIND_KEYS.iter().map(move |key| (kind, key)))
        {
            let variable = key.variable(kind);
            if let Some(text) = value(&variable) {
                let source = Source::Environment(variable.clone());
                self.set_kind(kind, key.name, Some(text), source);
            }
            known.push(variable);
        }
        // Other programs may set variables with this prefix (Kubernetes adds WAYFARE_PORT for a
        // service of that name), so unknown names are accepted. A name that is nearly a setting
        // gets a warning.
        let strangers = environment.keys().filter(|name| {
            !known.contains(name) && (self.kinds_matter || !name.starts_with("WAYFARE_KIND_"))
        });
        let known = known.iter().map(|name| behind_prefix(name));
        for name in strangers {
            if let Some(near) = nearest(behind_prefix(name), known.clone()) {
                let warning =
                    format!("{name} is set and means nothing; did you mean {PREFIX}{near}?");
                self.config.warnings.push(warning);
            }
        }
    }

    fn flags(&mut self, flags: &SettingFlags) {
        for (name, Secret(text)) in &flags.values {
            if let Some(key) = Key::named(name) {
                self.set(key, Some(text), Source::Flag(format!("--{}", key.flag())));
            }
        }
        for text in &flags.kinds {
            let parts = text
                .split_once('=')
                .and_then(|(name, value)| Some((name.split_once('.')?, value)));
            match parts {
                Some(((kind, key), value)) => {
                    self.set_kind(kind, key, Some(value), Source::Flag("--kind".into()));
                }
                None => self
                    .problems
                    .push(Problem::BadKindFlag { text: text.clone() }),
            }
        }
    }

    fn set(&mut self, key: &'static Key, text: Option<&str>, source: Source) {
        let set = text.and_then(|text| (key.set)(&mut self.config.settings, text));
        if set.is_some() {
            self.config.sources.insert(key.name, source);
            return;
        }
        self.problems.push(Problem::BadValue {
            key: key.name.into(),
            value: (key.repeat)(text),
            place: source,
            expected: key.expected,
            wrong: text.and_then(key.wrong),
        });
    }

    fn set_kind(&mut self, kind: &str, name: &str, text: Option<&str>, source: Source) {
        if !self.kinds_matter {
            return;
        }
        let Some(config) = self
            .config
            .kinds
            .iter_mut()
            .find(|config| config.name == kind)
        else {
            let names = self.config.kinds.iter().map(|kind| kind.name.as_str());
            let known = names.collect::<Vec<_>>().join(", ");
            let kind = kind.to_owned();
            let place = source;
            return self
                .problems
                .push(Problem::UnknownKind { kind, place, known });
        };
        let Some(key) = KindKey::named(name) else {
            let known = KIND_KEYS.iter().map(|key| key.name);
            return self.problems.push(Problem::UnknownKey {
                key: format!("kind.{kind}.{name}"),
                place: source,
                nearest: nearest(name, known.clone()).map(str::to_owned),
                known: known.collect::<Vec<_>>().join(", "),
            });
        };
        if text
            .and_then(|text| (key.set)(&mut config.settings, text))
            .is_some()
        {
            config.sources.insert(key.name, source);
            return;
        }
        self.problems.push(Problem::BadValue {
            key: format!("kind.{kind}.{name}"),
            value: quoted(text),
            place: source,
            expected: key.expected,
            wrong: None,
        });
    }

    fn unknown(&mut self, name: &str, place: Source) {
        let known = KEYS.iter().map(|key| key.name);
        self.problems.push(Problem::UnknownKey {
            key: name.to_owned(),
            place,
            nearest: nearest(name, known.clone()).map(str::to_owned),
            known: known.collect::<Vec<_>>().join(", "),
        });
    }
}

/// The name without the common prefix, which would make all names look alike.
fn behind_prefix(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}
