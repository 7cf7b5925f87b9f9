//! Counts are those of an ordinary map, however keys follow each other.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #[test]
    fn counts_are_those_of_a_map(
        keys in prop::collection::vec((0i64..4, 0u32..3, 0u32..3, 0u32..200), 0..300),
        cleared in any::<bool>(),
    ) {
        let one = Control { calls: 1, errors: 0, faults: 2 };
        let mut controls = Controls::default();
        if cleared {
            controls.add((9, 9, 9, 9), one);
            controls.clear();
        }
        let mut map: BTreeMap<ControlKey, Control> = BTreeMap::new();
        for key in keys {
            controls.add(key, one);
            map.entry(key).or_default().add(one);
        }
        prop_assert_eq!(controls.iter().len(), map.len());
        let sorted: BTreeMap<ControlKey, Control> = controls.iter().copied().collect();
        prop_assert_eq!(&sorted, &map);
        let mut halved: BTreeMap<ControlKey, Control> = BTreeMap::new();
        for ((minute, account, region, source), control) in map {
            halved.entry((minute, account, region, source / 2)).or_default().add(control);
        }
        let renamed = controls.renamed(|(minute, account, region, source)| {
            (minute, account, region, source / 2)
        });
        prop_assert_eq!(renamed.iter().copied().collect::<BTreeMap<_, _>>(), halved);
    }
}
