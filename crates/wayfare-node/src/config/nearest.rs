//! What somebody may have meant who wrote a name that does not exist.

/// Edits beyond which a name is another name, not a mistyped one.
const EDITS_MAX: usize = 3;

/// The known name that is the fewest edits away, if it is near enough to be worth saying.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = EDITS_MAX.min(name.chars().count().div_ceil(3));
    let measured = known.into_iter().map(|known| (edits(name, known), known));
    let near = measured.filter(|(edits, _)| *edits <= edits_max);
    near.min_by_key(|(edits, _)| *edits).map(|(_, known)| known)
}

/// Insertions, deletions, replacements and swaps of neighbours between two names (optimal string
/// alignment). Costs the product of their lengths.
fn edits(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before_last = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &from) in left.iter().enumerate() {
        let mut next = vec![row + 1; right.len() + 1];
        for (column, &to) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(from != to);
            next[column + 1] = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            let swapped = row > 0 && column > 0 && from == right[column - 1] && to == left[row - 1];
            if swapped {
                next[column + 1] = next[column + 1].min(before_last[column - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, next);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_recognised_and_another_is_not() {
        let known = [
            "listen",
            "heartbeat",
            "session_grace",
            "sessions_max",
            "log",
        ];
        let check = |name: &str, expect: Option<&str>| {
            assert_eq!(nearest(name, known), expect, "{name}");
        };
        check("lisen", Some("listen"));
        check("listne", Some("listen"));
        check("hartbeat", Some("heartbeat"));
        check("session-grace", Some("session_grace"));
        check("sessionmax", Some("sessions_max"));
        check("logs", Some("log"));
        check("port", None);
        check("max_players", None);
        check("", None);
    }

    #[test]
    fn edits_are_counted() {
        let check = |left: &str, right: &str, expect: usize| {
            assert_eq!(edits(left, right), expect, "{left} {right}");
            assert_eq!(edits(right, left), expect, "{right} {left}");
        };
        check("", "", 0);
        check("", "abc", 3);
        check("abc", "abc", 0);
        check("abc", "acb", 1);
        check("kitten", "sitting", 3);
    }
}
