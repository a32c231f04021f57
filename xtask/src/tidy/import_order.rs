//! Imports inside a crate that decides run downwards, so that its modules form no circle.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, line_at};

/// One crate, and the groups of its top-level modules, the highest first. A module may import from
/// itself and from the groups below its own; modules of one group do not know each other.
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
        &["records", "departed"],
        &["stream"],
        &["output"],
        &["report", "config"],
        &["cluster"],
        &["peer"],
        &["game"],
        &["in_flight", "timers", "handles"],
    ],
}];

/// Complains of each import that does not run down. `lib.rs` only exports, and may name everything.
pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
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
        // What is exported at the root is not a module; it is named by where it lives.
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
    fn a_comment_is_no_import() {
        check("context.rs", "//! A.\n// crate::gateway::Gateway\n", &[]);
    }
}
