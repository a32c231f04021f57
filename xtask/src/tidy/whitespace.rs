//! A check for trailing white space and for the newline at the end of files.

use crate::tidy::complaint::Complaint;

pub(crate) fn check(path: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if line.ends_with(char::is_whitespace) {
            let message = "white space at the end of the line: take it out";
            complaints.push(Complaint::new(path, index + 1, message));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        let line = text.lines().count();
        complaints.push(Complaint::new(
            path,
            line,
            "the file does not end with a newline: add it",
        ));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaint::expect_complaints;

    fn check(text: &str, expect: &[&str]) {
        expect_complaints(&super::check("a.md", text), expect);
    }

    #[test]
    fn ends_of_lines() {
        check("a\n\n  b\n", &[]);
        check(
            "a \n\n\t\nb\r\n",
            &["a.md:1: white", "a.md:3: white", "a.md:4: white"],
        );
    }

    #[test]
    fn ends_of_files() {
        check("", &[]);
        check("a\nb", &["a.md:2: the file"]);
    }
}
