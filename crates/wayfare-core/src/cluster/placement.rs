//! Where an entity that nobody owns is put: a pure function of its name and the shards.

use wayfare_protocol::{Address, EntityId};

/// The shard with the highest score for this entity: a shard that comes or goes moves only its own
/// share (rendezvous hashing, Thaler and Ravishankar 1998).
pub(crate) fn place<'a>(entity: &EntityId, shards: &'a [Address]) -> Option<&'a Address> {
    shards.iter().max_by_key(|shard| {
        let mut hash = fnv1a(FNV_BASIS, entity.as_str().as_bytes());
        hash = fnv1a(hash, shard.node.as_str().as_bytes());
        scramble(fnv1a(hash, &shard.shard.0.to_be_bytes()))
    })
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: the same on every build and machine, which no hasher of the standard library promises.
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// FNV leaves the high bits of short inputs alike, and the highest score decides (the finaliser of
/// SplitMix64, Steele et al. 2014).
fn scramble(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{Incarnation, NodeId, ShardIndex};

    use super::*;

    #[test]
    fn rooms_spread_evenly_and_stay_when_a_shard_comes() {
        let shard = |shard| Address {
            node: NodeId::new("n1").unwrap(),
            incarnation: Incarnation(1),
            shard: ShardIndex(shard),
        };
        let four: Vec<Address> = (0..4).map(shard).collect();
        let mut counts = [0_u32; 4];
        let mut moved = 0;
        for number in 0..4000 {
            let entity = EntityId::new("room", &number.to_string()).unwrap();
            let of_four = place(&entity, &four).unwrap();
            counts[usize::from(of_four.shard.0)] += 1;
            let of_three = place(&entity, &four[..3]).unwrap();
            moved += u32::from(of_three != of_four && of_four.shard.0 != 3);
        }
        assert!(
            counts.iter().all(|count| (900..1100).contains(count)),
            "{counts:?}"
        );
        assert_eq!(moved, 0);
    }
}
