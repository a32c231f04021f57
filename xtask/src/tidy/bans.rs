//! A check that every decision crate has the same bans.

use std::collections::BTreeMap;

use crate::tidy::complaint::Complaint;
use crate::tidy::purity::DECISION_CRATES;

/// Checks the crates' `clippy.toml` files in `texts`, which are keyed by path. Clippy reads only
/// the nearest one, which cannot include another, so each crate has the same file.
pub(crate) fn check(texts: &BTreeMap<String, String>) -> Vec<Complaint> {
    let (first, others) = DECISION_CRATES
        .split_first()
        .expect("the list is a constant");
    let model = path(first);
    let Some(bans) = texts.get(&model) else {
        return vec![Complaint::new(
            &model,
            1,
            "is missing: it forbids IO, clocks and hash order",
        )];
    };
    let mut complaints = Vec::new();
    for other in others {
        let other = path(other);
        let text = texts.get(&other).map_or("", String::as_str);
        if text == bans {
            continue;
        }
        let mut pairs = text.lines().zip(bans.lines());
        let same = pairs
            .by_ref()
            .take_while(|(line, wanted)| line == wanted)
            .count();
        let message = format!("differs from {model}: make the two the same");
        complaints.push(Complaint::new(&other, same + 1, message));
    }
    complaints
}

fn path(name: &str) -> String {
    format!("crates/{name}/clippy.toml")
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaint::expect_complaints;

    fn check(texts: [&str; 3], expect: &[&str]) {
        let paths = super::DECISION_CRATES.iter().map(|name| super::path(name));
        let texts = texts.map(str::to_owned);
        expect_complaints(&super::check(&paths.zip(texts).collect()), expect);
    }

    #[test]
    fn the_same_everywhere() {
        check(["a\nb\n", "a\nb\n", "a\nb\n"], &[]);
        check(
            ["a\nb\n", "a\nc\n", "a\nb\n"],
            &["crates/wayfare-core/clippy.toml:2: differs"],
        );
        check(
            ["a\n", "a\n", ""],
            &["crates/wayfare-client-core/clippy.toml:1: differs"],
        );
    }

    #[test]
    fn not_at_all() {
        let complaints = super::check(&super::BTreeMap::new());
        expect_complaints(
            &complaints,
            &["crates/wayfare-protocol/clippy.toml:1: is missing"],
        );
    }
}
