//! Tests of large states in parts.

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;
use wayfare::testing::{Resumed, Table};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct World {
    day: u32,
    #[serde(skip)]
    chunks: PartMap<Chunk>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chunk {
    blocks: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
enum Ask {
    Make(u32, usize),
    Dig(u32),
    Remove(u32),
    Sleep,
}

impl Parts for World {
    type Part = Chunk;

    fn parts(&self) -> &PartMap<Chunk> {
        &self.chunks
    }

    fn parts_mut(&mut self) -> &mut PartMap<Chunk> {
        &mut self.chunks
    }

    fn upgrade_part(from: u32, number: u32, part: Snapshot<'_>) -> Result<Chunk, Refusal> {
        match from {
            1 => Ok(Chunk {
                blocks: part.read::<Vec<u8>>()?,
            }),
            _ => Err(Refusal::new(format!("part {number} is of version {from}"))),
        }
    }
}

impl Room for World {
    type Open = ();
    type Join = ();
    type Command = Ask;
    type Reply = ();
    type Event = ();
    type View = ();
    type Note = ();

    const VERSION: u32 = 2;

    fn open((): (), _: &Context<Self>) -> Result<Self, Refusal> {
        Ok(Self {
            day: 0,
            chunks: (0..3).map(|number| (number, chunk(2))).collect(),
        })
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) {}

    fn command(&mut self, _: &Player, ask: Ask, _: &Context<Self>) -> Result<(), Refusal> {
        match ask {
            Ask::Make(number, blocks) => {
                self.chunks.insert(number, chunk(blocks));
            }
            Ask::Dig(number) => {
                let chunk = self.chunks.get_mut(number);
                let chunk = chunk.ok_or_else(|| Refusal::new("there is no such chunk"))?;
                chunk.blocks.push(7);
            }
            Ask::Remove(number) => {
                self.chunks.remove(number);
            }
            Ask::Sleep => self.day += 1,
        }
        Ok(())
    }
}

fn chunk(blocks: usize) -> Chunk {
    Chunk {
        blocks: vec![1; blocks],
    }
}

fn settings(kind: Kind<World>) -> Kind<World> {
    kind.durability(Durable).in_parts()
}

#[test]
fn parts_survive_a_crash_with_the_rest() {
    let mut table = Table::<World>::setup().kind(settings).open(());
    table.join("ada", ()).unwrap();
    for ask in [Ask::Dig(1), Ask::Make(9, 5), Ask::Remove(0), Ask::Sleep] {
        table.command("ada", ask).unwrap();
    }
    let before = table.state();
    assert_eq!(before.day, 1);
    assert_eq!(before.chunks.numbers().collect::<Vec<_>>(), [1, 2, 9]);
    assert_eq!(before.chunks.get(1).unwrap().blocks, [1, 1, 7]);
    for _ in 0..2 {
        table.crash();
        assert_eq!(table.resume("ada"), Resumed::Replayed(vec![]));
        assert_eq!(table.state(), before);
    }
    table.command("ada", Ask::Dig(9)).unwrap();
    table.crash();
    assert_eq!(table.state().chunks.get(9).unwrap().blocks.len(), 6);
}

#[test]
fn a_state_in_parts_may_be_larger_than_one_in_one_piece() {
    let mut table = Table::<World>::setup().kind(settings).open(());
    table.join("ada", ()).unwrap();
    for number in 10..16 {
        table.command("ada", Ask::Make(number, 900_000)).unwrap();
    }
    assert!(table.panics().is_empty(), "{:?}", table.panics());
    let before = table.state();
    table.crash();
    assert_eq!(table.state(), before);
}

#[test]
fn a_part_that_is_too_large_is_refused_by_name() {
    let mut table = Table::<World>::setup().kind(settings).open(());
    table.join("ada", ()).unwrap();
    table.command("ada", Ask::Make(77, 2_000_000)).unwrap_err();
    let reason = &table.panics()[0];
    assert!(reason.starts_with("state: part 77 is "), "{reason}");
    table.command("ada", Ask::Dig(1)).unwrap();
    assert!(!table.state().chunks.contains(77));
}

#[test]
fn a_map_of_parts_is_a_map() {
    let mut parts: PartMap<Chunk> = (0..3).map(|number| (number, chunk(1))).collect();
    assert!(parts.get(0).is_some() && parts.contains(1) && parts.get_mut(5).is_none());
    parts.get_or_insert_with(4, || chunk(1));
    assert!(parts.remove(0).is_some() && parts.remove(0).is_none());
    assert_eq!((parts.len(), parts.is_empty()), (3, false));
    let numbers: Vec<u32> = parts.iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [1, 2, 4]);
}

#[test]
fn only_touched_parts_are_dirty_and_restored_ones_are_not() {
    let kinds = wayfare::serve()
        .room::<World>("world", settings)
        .kinds()
        .unwrap();
    let mut bytes = 2u32.to_be_bytes().to_vec();
    let empty = World {
        day: 1,
        chunks: PartMap::new(),
    };
    bytes.extend(rmp_serde::to_vec_named(&empty).unwrap());
    let mut world = kinds[0].logic.restore(&bytes).unwrap();

    let mut part = 2u32.to_be_bytes().to_vec();
    part.extend(rmp_serde::to_vec_named(&chunk(1)).unwrap());
    world.set_part(3, Some(&part)).unwrap();
    assert!(world.take_dirty_parts().is_empty());
    let mut written = Vec::new();
    assert_eq!(world.part(3, &mut written), Ok(true));
    assert_eq!(written, part);
    assert_eq!(world.part(4, &mut written), Ok(false));
    world.set_part(3, None).unwrap();
    assert_eq!(world.part(3, &mut written), Ok(false));

    let mut former = 1u32.to_be_bytes().to_vec();
    former.extend(rmp_serde::to_vec_named(&vec![1u8]).unwrap());
    world.set_part(3, Some(&former)).unwrap();
    written.clear();
    assert_eq!(world.part(3, &mut written), Ok(true));
    assert_eq!(written, part, "it was upgraded");
    former[3] = 9;
    let refusal = world.set_part(3, Some(&former)).unwrap_err();
    assert_eq!(refusal.message, "part 3 is of version 9");
}
