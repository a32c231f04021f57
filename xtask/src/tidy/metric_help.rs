//! A check that each metric has a line in the table of `# HELP` texts.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::RustText;

/// The table.
pub(crate) const PATH: &str = "crates/wayfare-node/src/admin/metric_help.rs";

/// The macros whose first argument is the name of a metric.
const MACROS: &[&str] = &["counter!(\"", "gauge!(\"", "histogram!(\""];

/// Complains about each metric of `source` that `table` does not name.
pub(crate) fn check(source: &RustText<'_>, table: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if source.is_test_file() || source.path.starts_with("xtask/") {
        return complaints;
    }
    let lines = source.text.lines().take(source.tests_start());
    for (index, line) in lines.enumerate() {
        let names = MACROS.iter().filter_map(|name| line.split_once(name));
        for (_, rest) in names {
            let name = rest.split('"').next().unwrap_or_default();
            if !table.contains(&format!("\"{name}\"")) {
                let message = format!("the metric `{name}` has no meaning in {PATH}");
                complaints.push(Complaint::new(source.path, index + 1, message));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    #[test]
    fn a_metric_without_a_meaning_is_refused() {
        let check = |text: &str, expect: &[&str]| {
            let table = "(\"wayfare_rooms\", \"Open rooms.\")";
            expect_complaints(&super::check(&RustText::new("a.rs", text), table), expect);
        };
        check("fn f() {\n    gauge!(\"wayfare_rooms\", &label);\n}\n", &[]);
        check(
            "fn f() {\n    metrics::counter!(\"wayfare_x_total\");\n}\n",
            &["a.rs:2: the metric `wayfare_x_total` has no meaning"],
        );
    }
}
