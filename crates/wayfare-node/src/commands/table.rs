//! Tables of text with aligned columns.

/// Formats rows under a heading. Each column is as wide as its widest cell.
pub(super) fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let heading = heading.iter().map(ToString::to_string).collect();
    let lines: Vec<Vec<String>> = std::iter::once(heading)
        .chain(rows)
        .map(|cells: Vec<String>| cells.iter().map(|cell| visible(cell)).collect())
        .collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let aligned = lines.iter().map(|cells| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    aligned.collect::<Vec<_>>().join("\n")
}

/// Replaces control characters: text of players must not control the operator's terminal.
fn visible(cell: &str) -> String {
    let visible = cell
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c });
    visible.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["plaza/main", "3"], ["ä", "1000"]];
        let rows = rows.iter().map(|row| row.map(str::to_owned).to_vec());
        let expect = "ROOM        MEMBERS\nplaza/main  3\nä           1000";
        assert_eq!(table(&["ROOM", "MEMBERS"], rows.collect()), expect);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let rows = vec![vec!["\u{1b}[2Jada".to_owned()]];
        assert_eq!(table(&["P"], rows), "P\n\u{fffd}[2Jada");
    }
}
