//! Suggestions for mistyped names.

use strsim::osa_distance;

/// The number of edits beyond which a name counts as another name, not a mistyped one.
const EDITS_MAX: usize = 3;

/// Returns the known name with the fewest edits, if it is near enough.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = EDITS_MAX.min(name.chars().count().div_ceil(3));
    let measured = known
        .into_iter()
        .map(|known| (osa_distance(name, known), known));
    let near = measured.filter(|(edits, _)| *edits <= edits_max);
    near.min_by_key(|(edits, _)| *edits).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mistyped_name_gets_a_suggestion() {
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
}
