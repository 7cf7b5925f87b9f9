//! Parts written to disk come back as they went.

use super::super::part::Kept;
use super::*;
use crate::bundle::sheet::{FIELDS, Line};

#[test]
fn parts_come_back_as_they_went() {
    let mut part = Part::default();
    for (index, word) in ["é", "two", "", "three"].iter().enumerate() {
        let number = part.texts.number(word);
        part.kept.push(Kept {
            line: Line {
                event_time: -5,
                text: [number; FIELDS],
                unused: 0,
            },
            flags: index as u32 % 4,
            resource: number,
            detail: 1,
            original_event: 2,
            original_request: 3,
            unused: 0,
        });
    }
    part.controls.add(
        (-1, 1, 2, 3),
        Control {
            calls: 4,
            errors: 5,
            faults: 6,
        },
    );
    let mut spill = Spill::new().unwrap();
    let first = spill.write(&part).unwrap();
    let second = spill.write(&Part::default()).unwrap();
    assert!(spill.read(second, Part::default()).unwrap().kept.is_empty());
    // Into memory that held something else before.
    let mut used = Part::default();
    used.texts.number("left over");
    used.kept.push(Kept::default());
    used.controls.add((1, 1, 1, 1), Control::default());
    let back = spill.read(first, used).unwrap();
    assert_eq!(back.kept, part.kept);
    assert!(back.controls.iter().eq(part.controls.iter()));
    assert_eq!(back.texts.parts(), part.texts.parts());
}
