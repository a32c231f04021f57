//! Keys in etcd: coordination's keys behind the prefix of the cluster.

use wayfare_protocol::coordination::Key;

/// The prefix of every key of this cluster, including its slash.
#[derive(Clone, Debug)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// Makes a prefix. Slashes around `name` are ignored.
    pub(crate) fn new(name: &str) -> Self {
        Self(format!("{}/", name.trim_matches('/')))
    }

    /// Returns the key in etcd.
    pub(crate) fn full(&self, key: &str) -> Vec<u8> {
        [self.0.as_bytes(), key.as_bytes()].concat()
    }

    /// Returns coordination's key; `None` if coordination could not have written it.
    pub(crate) fn bare(&self, key: &[u8]) -> Option<Key> {
        let bare = key.strip_prefix(self.0.as_bytes())?;
        std::str::from_utf8(bare).ok().map(Into::into)
    }

    /// Returns the range of all keys that begin with `prefix`, in etcd's form: the first, and the
    /// end (exclusive).
    pub(crate) fn range(&self, prefix: &str) -> (Vec<u8>, Vec<u8>) {
        let start = self.full(prefix);
        let end = behind(&start);
        (start, end)
    }
}

/// Returns the first key behind all that begin with `prefix`.
fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    // In etcd this value means "to the end". The prefix of a cluster is UTF-8 and ends with a
    // slash, so this case does not occur.
    vec![0]
}

/// Returns the first key behind this one.
pub(crate) fn next(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_converted_both_ways() {
        for name in ["eu", "/eu/", "eu/"] {
            let prefix = Prefix::new(name);
            assert_eq!(prefix.full("node/a"), b"eu/node/a");
            assert_eq!(prefix.bare(b"eu/node/a").as_deref(), Some("node/a"));
        }
    }

    #[test]
    fn keys_of_others_are_ignored() {
        let prefix = Prefix::new("eu");
        assert_eq!(prefix.bare(b"eu2/node/a"), None);
        assert_eq!(prefix.bare(b"eu/\xff"), None);
    }

    #[test]
    fn a_range_ends_behind_its_prefix() {
        let prefix = Prefix::new("eu");
        assert_eq!(prefix.range("a/"), (b"eu/a/".to_vec(), b"eu/a0".to_vec()));
        assert_eq!(prefix.range(""), (b"eu/".to_vec(), b"eu0".to_vec()));
        assert_eq!(behind(&[1, 255, 255]), [2]);
        assert_eq!(behind(&[255]), [0]);
    }
}
