//! A room of numbered shelves, written down in any form.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_core::HandlerContext;
use wayfare_core::game::{Form, Kind, KindSettings, Player, Refusal, RoomKind, RoomLogic};

/// Kind `vault` in this form.
pub(crate) fn vault(form: Form, settings: KindSettings) -> Kind {
    Kind {
        name: "vault".into(),
        logic: Box::new(VaultKind(form)),
        settings,
    }
}

struct VaultKind(Form);

struct Vault {
    form: Form,
    shelves: BTreeMap<u32, Vec<u8>>,
    dirty: BTreeSet<u32>,
}

impl RoomKind for VaultKind {
    /// Opens with as many shelves of as many bytes as asked: `<shelves> <bytes>`.
    fn open(&self, open: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        let text = String::from_utf8_lossy(open).into_owned();
        let (shelves, bytes) = text.split_once(' ').unwrap_or(("0", "0"));
        let shelves = 0..shelves.parse::<u32>().unwrap();
        let bytes = bytes.parse::<usize>().unwrap();
        Ok(Box::new(Vault {
            form: self.0,
            dirty: shelves.clone().collect(),
            shelves: shelves.map(|shelf| (shelf, vec![b'.'; bytes])).collect(),
        }))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let mut vault = Vault {
            form: self.0,
            shelves: BTreeMap::new(),
            dirty: BTreeSet::new(),
        };
        for line in String::from_utf8_lossy(snapshot).lines() {
            vault.put(line);
        }
        vault.dirty.clear();
        Ok(Box::new(vault))
    }

    fn form(&self) -> Form {
        self.0
    }
}

impl Vault {
    /// `<shelf> <byte> <count>`: fills a shelf, or with a count of 0 takes it away.
    fn put(&mut self, line: &str) {
        let words: Vec<&str> = line.trim_end().split(' ').collect();
        let [shelf, byte, count] = words[..] else {
            panic!("{line:?}");
        };
        let shelf = shelf.parse().unwrap();
        let count: usize = count.parse().unwrap();
        self.dirty.insert(shelf);
        if count == 0 {
            self.shelves.remove(&shelf);
        } else {
            self.shelves.insert(shelf, vec![byte.as_bytes()[0]; count]);
        }
    }

    fn lines(&self) -> String {
        let line = |(shelf, bytes): (&u32, &Vec<u8>)| {
            format!("{shelf} {} {}", bytes[0] as char, bytes.len())
        };
        self.shelves.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl RoomLogic for Vault {
    fn view(&self, _: &Player, _: &HandlerContext<'_>, into: &mut Vec<u8>) -> Result<(), Refusal> {
        // What many shelves hold would be too long for a view.
        let mut counts: BTreeMap<(u8, usize), u32> = BTreeMap::new();
        for bytes in self.shelves.values() {
            *counts.entry((bytes[0], bytes.len())).or_default() += 1;
        }
        for ((byte, length), count) in counts {
            let text = format!("{count} of {} {length};", byte as char);
            into.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    fn command(
        &mut self,
        _: &Player,
        payload: &[u8],
        _: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let text = String::from_utf8_lossy(payload).into_owned();
        if let Some(secret) = text.strip_prefix("secretly ") {
            self.put(secret);
            return Ok(());
        }
        let text = text.strip_prefix("log ").map_or(text.clone(), |text| {
            cx.log("steps", |into| into.extend_from_slice(b"step"));
            text.to_owned()
        });
        let text = text.strip_prefix("close ").map_or(text.clone(), |text| {
            cx.close();
            text.to_owned()
        });
        for line in text.split(';') {
            self.put(line);
            cx.change(|into| into.extend_from_slice(line.as_bytes()));
        }
        Ok(())
    }

    fn tick(&mut self, cx: &HandlerContext<'_>) {
        let age = cx.age().as_millis();
        self.put(&format!("0 t {}", 1 + age % 1000));
        cx.change(|into| into.extend_from_slice(format!("0 t {}", 1 + age % 1000).as_bytes()));
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        if self.form != Form::Parts {
            into.extend_from_slice(self.lines().as_bytes());
            // The last shelf is as long as it is when it is written down as well.
            into.resize(
                into.len() + self.shelves.get(&999).map_or(0, Vec::len),
                b' ',
            );
        }
        Ok(())
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.put(&String::from_utf8_lossy(change));
        self.dirty.clear();
        Ok(())
    }

    fn take_dirty_parts(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.dirty).into_iter().collect()
    }

    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        let shelf = self.shelves.get(&number);
        into.extend_from_slice(shelf.map_or(&[], Vec::as_slice));
        Ok(shelf.is_some())
    }

    fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), Refusal> {
        match part {
            Some(bytes) => self.shelves.insert(number, bytes.to_vec()),
            None => self.shelves.remove(&number),
        };
        Ok(())
    }
}
