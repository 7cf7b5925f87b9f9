//! Cuts a range of delivery times into parts whose answers fit: pure arithmetic.
//!
//! An answer of Logs Insights ends at a number of rows without saying so, therefore a part is only
//! asked for when it is known to fit, and cut again when it proves not to. Must never lose a
//! millisecond of the range nor ask for one twice.

use super::text::Part;

/// Rows delivered in one slot of time, epoch milliseconds, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// First millisecond.
    pub(crate) from_ms: i64,
    /// Rows in it.
    pub(crate) rows: u64,
}

/// Digits that an event ID (a GUID) begins with, each equally often.
pub(crate) const DIGITS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

/// A range cut so that no part holds more than `ceiling` rows, in order of time. Greedy from the
/// left, which needs the fewest parts. Slots beyond the ceiling stand alone.
///
/// `slots` are sorted, of one length, and hold every row of the range; slots without rows may be
/// absent.
#[must_use]
pub(crate) fn pack(range: Part, slots: &[Slot], ceiling: u64) -> Vec<(Part, u64)> {
    let mut out: Vec<(Part, u64)> = Vec::new();
    let mut from_ms = range.from_ms;
    let mut rows = 0u64;
    for slot in slots.iter().filter(|slot| slot.rows > 0) {
        if rows > 0 && rows.saturating_add(slot.rows) > ceiling {
            let cut = slot.from_ms.clamp(from_ms, range.to_ms);
            out.push((Part::new(from_ms, cut), rows));
            (from_ms, rows) = (cut, 0);
        }
        rows = rows.saturating_add(slot.rows);
    }
    out.push((Part::new(from_ms, range.to_ms), rows));
    out
}

/// The stretches whose slots are so full that finer slots would save requests: from the first to the
/// last millisecond of neighbouring slots with more than a twentieth of the ceiling. Empty when the
/// parts are already within a few of the fewest possible.
#[must_use]
pub(crate) fn dense(slots: &[Slot], length_ms: i64, range: Part, ceiling: u64) -> Vec<Part> {
    let total: u64 = slots.iter().map(|slot| slot.rows).sum();
    let fewest = total.div_ceil(ceiling.max(1)).max(1);
    let parts = pack(range, slots, ceiling);
    let is_over = parts.iter().any(|(_, rows)| *rows > ceiling);
    if !is_over && (parts.len() as u64) <= fewest + fewest / 25 + 1 {
        return Vec::new();
    }
    let mut out: Vec<Part> = Vec::new();
    for slot in slots.iter().filter(|slot| slot.rows > ceiling / 20) {
        let (from, to) = (
            slot.from_ms.max(range.from_ms),
            slot.from_ms.saturating_add(length_ms).min(range.to_ms),
        );
        match out.last_mut() {
            Some(last) if last.to_ms == from => last.to_ms = to,
            _ => out.push(Part::new(from, to)),
        }
    }
    out
}

/// Slots in which those of `span` are replaced by finer ones.
#[must_use]
pub(crate) fn refined(slots: &[Slot], span: Part, finer: &[Slot]) -> Vec<Slot> {
    let mut out: Vec<Slot> = slots
        .iter()
        .filter(|slot| slot.from_ms < span.from_ms || slot.from_ms >= span.to_ms)
        .chain(finer)
        .copied()
        .collect();
    out.sort();
    out
}

/// A part that proved too large, or too slow, cut into smaller ones; empty when it cannot be cut.
#[must_use]
pub(crate) fn cut(part: Part) -> Vec<Part> {
    let length = part.to_ms - part.from_ms;
    if part.share.is_some() || length < 1 {
        return Vec::new();
    }
    if length == 1 {
        return DIGITS
            .iter()
            .map(|digit| Part {
                share: Some(*digit),
                ..part
            })
            .collect();
    }
    // On a whole second where there is one: then no second is read by both halves.
    let middle = part.from_ms + length / 2;
    let second = middle - middle.rem_euclid(1_000);
    let middle = if second > part.from_ms {
        second
    } else {
        middle
    };
    vec![
        Part::new(part.from_ms, middle),
        Part::new(middle, part.to_ms),
    ]
}

/// The parts in the order in which they are worth asking: those that touch the window first, latest
/// first, then the baseline backwards, so that whatever stops the run leaves a shorter baseline and
/// no holes.
#[must_use]
pub(crate) fn by_worth(parts: Vec<(Part, u64)>) -> Vec<(Part, u64)> {
    let mut parts = parts;
    parts.sort_by_key(|(part, _)| std::cmp::Reverse(*part));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slots(rows: &[u64]) -> Vec<Slot> {
        (0..)
            .zip(rows)
            .map(|(at, rows)| Slot {
                from_ms: at * 1_000,
                rows: *rows,
            })
            .collect()
    }

    #[test]
    fn parts_are_as_few_as_possible_and_a_full_slot_stands_alone() {
        let range = Part::new(0, 6_000);
        let parts = pack(range, &slots(&[4, 4, 4, 25, 0, 3]), 10);
        let seen: Vec<(i64, i64, u64)> = parts
            .iter()
            .map(|(part, rows)| (part.from_ms, part.to_ms, *rows))
            .collect();
        assert_eq!(
            seen,
            [
                (0, 2_000, 8),
                (2_000, 3_000, 4),
                (3_000, 5_000, 25),
                (5_000, 6_000, 3)
            ]
        );
        assert_eq!(pack(range, &[], 10), [(range, 0)]);
    }

    #[test]
    fn a_million_rows_take_within_a_tenth_of_the_fewest_requests() {
        // Two hours of an incident with a burst, after a quiet week.
        let mut rows = vec![20u64; 2_016];
        for (at, slot) in rows.iter_mut().enumerate().skip(1_992) {
            *slot = if at == 2_000 { 120_000 } else { 38_000 };
        }
        let coarse: Vec<Slot> = (0..)
            .zip(&rows)
            .map(|(at, rows)| Slot {
                from_ms: at * 300_000,
                rows: *rows,
            })
            .collect();
        let range = Part::new(0, 2_016 * 300_000);
        let dense = dense(&coarse, 300_000, range, 10_000);
        assert_eq!(dense.len(), 1, "{dense:?}");
        let span = dense[0];
        let finer: Vec<Slot> = (0..(span.to_ms - span.from_ms) / 1_000)
            .map(|at| {
                let from_ms = span.from_ms + at * 1_000;
                let slot = coarse[(from_ms / 300_000) as usize].rows;
                Slot {
                    from_ms,
                    rows: slot / 300,
                }
            })
            .collect();
        let slots = refined(&coarse, span, &finer);
        let total: u64 = slots.iter().map(|slot| slot.rows).sum();
        assert!(total > 990_000, "{total}");
        let parts = pack(range, &slots, 10_000);
        let fewest = total.div_ceil(10_000);
        // The probe, the volume and the finer volume are requests too.
        let asked = parts.len() as u64 + 3;
        assert!(asked * 10 <= fewest * 11, "{asked} asked, {fewest} needed");
        assert!(parts.iter().all(|(_, rows)| *rows <= 10_000));
    }

    #[test]
    fn nothing_is_refined_that_already_fits() {
        let range = Part::new(0, 4_000);
        assert!(dense(&slots(&[9, 9, 9, 9]), 1_000, range, 10).is_empty());
        assert_eq!(
            dense(&slots(&[0, 300, 300, 5]), 1_000, range, 100),
            [Part::new(1_000, 3_000)]
        );
    }

    #[test]
    fn a_moment_too_full_is_cut_by_event_ids() {
        assert_eq!(
            cut(Part::new(0, 10_000)),
            [Part::new(0, 5_000), Part::new(5_000, 10_000)]
        );
        assert_eq!(
            cut(Part::new(0, 3_000)),
            [Part::new(0, 1_000), Part::new(1_000, 3_000)]
        );
        let shares = cut(Part::new(7, 8));
        assert_eq!(shares.len(), 16);
        assert!(cut(shares[3]).is_empty());
        assert!(cut(Part::new(7, 7)).is_empty());
    }

    #[test]
    fn the_window_comes_first() {
        let parts = vec![(Part::new(0, 1), 1), (Part::new(1, 2), 2)];
        assert_eq!(by_worth(parts)[0].0, Part::new(1, 2));
    }

    proptest! {
        #[test]
        fn packing_loses_no_millisecond_and_no_row(
            rows in proptest::collection::vec(0u64..40, 0..60),
            ceiling in 1u64..50,
        ) {
            let range = Part::new(-500, 60_000);
            let slots = slots(&rows);
            let parts = pack(range, &slots, ceiling);
            let mut at = range.from_ms;
            for (part, rows) in &parts {
                prop_assert_eq!(part.from_ms, at);
                at = part.to_ms;
                let inside: u64 = slots
                    .iter()
                    .filter(|slot| (part.from_ms..part.to_ms).contains(&slot.from_ms))
                    .map(|slot| slot.rows)
                    .sum();
                prop_assert_eq!(inside, *rows);
                let alone = slots.iter().filter(|slot| {
                    slot.rows > 0 && (part.from_ms..part.to_ms).contains(&slot.from_ms)
                });
                prop_assert!(*rows <= ceiling || alone.count() == 1);
            }
            prop_assert_eq!(at, range.to_ms);
        }

        #[test]
        fn cutting_covers_the_part(from in -5_000i64..5_000, length in 2i64..100_000) {
            let part = Part::new(from, from + length);
            let halves = cut(part);
            prop_assert_eq!(halves.len(), 2);
            prop_assert_eq!(halves[0].from_ms, part.from_ms);
            prop_assert_eq!(halves[0].to_ms, halves[1].from_ms);
            prop_assert_eq!(halves[1].to_ms, part.to_ms);
            prop_assert!(halves[0].to_ms > halves[0].from_ms);
            prop_assert!(halves[1].to_ms > halves[1].from_ms);
        }
    }
}
