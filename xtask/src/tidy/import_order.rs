//! Imports inside a crate that decides run downwards, so that its modules and folders form no circle.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, line_at};

/// A crate, and the groups of its top-level modules, the highest first. A module may import from
/// itself and from groups below its own. Modules of one group may not import from each other.
struct Order {
    sources: &'static str,
    groups: &'static [&'static [&'static str]],
}

/// The order of `wayfare-core` is explained in `docs/design.md`.
const ORDERS: &[Order] = &[Order {
    sources: "crates/wayfare-core/src/",
    groups: &[
        &["shard"],
        &["gateway", "entities"],
        &["routing"],
        &["context"],
        &["departed"],
        &["stream"],
        &["way_out"],
        &["output"],
        &["stub_config"],
        &["report", "config"],
        &["cluster"],
        &["records"],
        &["peer"],
        &["game"],
        &["in_flight", "timers", "handles", "wall_clock"],
    ],
}];

/// Folders inside a module, the highest first. The other files of that module may import from all of
/// them; a folder may import from itself and from those below it.
struct Floors {
    sources: &'static str,
    /// The module, as the crate names it.
    module: &'static [&'static str],
    folders: &'static [&'static str],
}

const FLOORS: &[Floors] = &[
    Floors {
        sources: "crates/wayfare-core/src/",
        module: &["entities"],
        folders: &["room"],
    },
    Floors {
        sources: "crates/wayfare-core/src/",
        module: &["entities", "room"],
        folders: &["persistence", "machines"],
    },
];

/// Complains of each import that does not run down. `lib.rs` only exports, and may name everything.
pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
    let mut complaints = between_modules(source);
    for floors in FLOORS {
        complaints.extend(between_floors(source, floors));
    }
    complaints
}

/// Complains of imports of a folder from what lies above it.
fn between_floors(source: &RustText<'_>, floors: &Floors) -> Vec<Complaint> {
    let Some(file) = source.path.strip_prefix(floors.sources) else {
        return Vec::new();
    };
    let here = module_path(file);
    let rank = |name: &str| floors.folders.iter().position(|folder| *folder == name);
    let inside = here.strip_prefix(floors.module);
    let own = inside.and_then(|rest| Some((*rest.first()?, rank(rest.first()?)?)));
    let Some((own, own_rank)) = own else {
        return Vec::new();
    };
    let mut complaints = Vec::new();
    for (offset, path) in paths(&source.code, &here) {
        let Some([name, ..]) = path.strip_prefix(floors.module) else {
            continue;
        };
        if *name != own && rank(name).is_none_or(|rank| rank < own_rank) {
            let line = line_at(&source.code, offset);
            let above = path.join("::");
            let message = format!("`{own}` may not import from `{above}`: imports run downwards");
            complaints.push(Complaint::new(source.path, line, message));
        }
    }
    complaints
}

/// The module that a file is, by names from the root of its crate.
fn module_path(file: &str) -> Vec<&str> {
    let names = file.trim_end_matches(".rs").split('/');
    names
        .filter(|name| !matches!(*name, "mod" | "lib"))
        .collect()
}

/// Every path of the code that begins with `crate` or `super`, from the root of its crate. The last
/// name of one that goes on in braces is empty.
fn paths<'a>(code: &'a str, here: &[&'a str]) -> Vec<(usize, Vec<&'a str>)> {
    let is_path = |character: char| character.is_alphanumeric() || "_:".contains(character);
    let mut found = Vec::new();
    let mut offset = 0;
    for text in code.split(|character| !is_path(character)) {
        let start = offset + code[offset..].find(text).unwrap_or(0);
        offset = start + text.len();
        if !(text.starts_with("crate::") || text.starts_with("super::")) {
            continue;
        }
        let names: Vec<&str> = text.split("::").collect();
        let ups = names.iter().take_while(|name| **name == "super").count();
        let base = match ups {
            0 => &[][..],
            ups => &here[..here.len().saturating_sub(ups)],
        };
        let named = names.into_iter().skip(ups.max(1));
        found.push((start, base.iter().copied().chain(named).collect()));
    }
    found
}

/// Complains of imports between the top-level modules of a crate.
fn between_modules(source: &RustText<'_>) -> Vec<Complaint> {
    let order = ORDERS.iter().find_map(|order| {
        let file = source.path.strip_prefix(order.sources)?;
        Some((order, file))
    });
    let Some((order, file)) = order.filter(|(_, file)| *file != "lib.rs") else {
        return Vec::new();
    };
    let own = file.split(['/', '.']).next().unwrap_or(file);
    let Some(own_rank) = order.rank(own) else {
        let message = format!("give the module `{own}` a place in the order of imports");
        return vec![Complaint::new(source.path, 1, message)];
    };
    let mut complaints = Vec::new();
    for (offset, found) in source.code.match_indices("crate::") {
        let rest = &source.code[offset + found.len()..];
        let is_name = |character: char| character.is_alphanumeric() || character == '_';
        let end = rest.find(|character| !is_name(character));
        let module = &rest[..end.unwrap_or(rest.len())];
        // An export at the root is not a module. It is checked where its own module is imported.
        let Some(rank) = order.rank(module).filter(|_| module != own) else {
            continue;
        };
        if rank <= own_rank {
            let line = line_at(&source.code, offset);
            let message = format!("`{own}` may not import from `{module}`: imports run downwards");
            complaints.push(Complaint::new(source.path, line, message));
        }
    }
    complaints
}

impl Order {
    fn rank(&self, module: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.contains(&module))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(path: &str, text: &str, expect: &[&str]) {
        let path = format!("crates/wayfare-core/src/{path}");
        let expect: Vec<String> = expect
            .iter()
            .map(|complaint| format!("crates/wayfare-core/src/{complaint}"))
            .collect();
        let expect: Vec<&str> = expect.iter().map(String::as_str).collect();
        expect_complaints(&super::check(&RustText::new(&path, text)), &expect);
    }

    #[test]
    fn an_import_that_runs_down_passes() {
        check(
            "gateway/mod.rs",
            "//! A.\nuse crate::context::Context;\n",
            &[],
        );
        check(
            "gateway/mod.rs",
            "//! A.\nuse crate::gateway::login::Login;\n",
            &[],
        );
        check("lib.rs", "//! A.\npub use crate::shard::Shard;\n", &[]);
    }

    #[test]
    fn an_import_that_runs_up_is_refused() {
        check(
            "context.rs",
            "//! A.\n\nuse crate::gateway::Gateway;\n",
            &["context.rs:3: `context` may not import from `gateway`"],
        );
    }

    #[test]
    fn modules_of_one_group_do_not_know_each_other() {
        check(
            "gateway/lookup.rs",
            "//! A.\nfn a() { crate::entities::owner_of() }\n",
            &["gateway/lookup.rs:2: `gateway` may not import from `entities`"],
        );
    }

    #[test]
    fn a_module_without_a_place_is_named() {
        check(
            "mirror.rs",
            "//! A.\n",
            &["mirror.rs:1: give the module `mirror`"],
        );
    }

    #[test]
    fn a_folder_may_import_from_those_below_it() {
        check(
            "entities/room/persistence/parts.rs",
            "//! A.\nuse crate::entities::room::machines::clock::Clock;\nuse super::Persistence;\n",
            &[],
        );
        check(
            "entities/room/inputs.rs",
            "//! A.\nuse super::persistence::Persistence;\n",
            &[],
        );
    }

    #[test]
    fn a_folder_may_not_import_from_above_it() {
        check(
            "entities/room/machines/clock.rs",
            "//! A.\nuse super::super::persistence::parts::Shipping;\n",
            &[
                "entities/room/machines/clock.rs:2: `machines` may not import from `entities::room::persistence",
            ],
        );
        check(
            "entities/room/persistence/parts.rs",
            "//! A.\nuse crate::entities::room::handlers::Fault;\n",
            &[
                "entities/room/persistence/parts.rs:2: `persistence` may not import from `entities::room::handlers",
            ],
        );
        check(
            "entities/room/machines/clock.rs",
            "//! A.\nuse super::super::{Room};\npub(in crate::entities::room) fn a() {}\n",
            &[
                "entities/room/machines/clock.rs:2: `machines` may not import from `entities::room::`",
            ],
        );
        check(
            "entities/room/turn.rs",
            "//! A.\nuse crate::entities::asks::Finding;\n",
            &["entities/room/turn.rs:2: `room` may not import from `entities::asks"],
        );
    }

    #[test]
    fn a_comment_is_no_import() {
        check("context.rs", "//! A.\n// crate::gateway::Gateway\n", &[]);
    }
}
