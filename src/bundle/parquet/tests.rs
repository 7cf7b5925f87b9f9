//! Columns read back as they were written, and the bytes depend on the texts alone.

use super::*;
use polars::prelude::{ParquetReader, SerReader as _};
use std::io::Cursor;

fn file(texts: &Texts, columns: &[&[u32]]) -> Vec<u8> {
    let mut scratch = Scratch::default();
    let height = columns.first().map_or(0, |column| column.len());
    let columns = ["a", "b", "c"]
        .into_iter()
        .zip(columns)
        .map(|(name, numbers)| Column::alike(name, texts, numbers.iter().copied(), &mut scratch))
        .collect();
    let mut bytes = Vec::new();
    write(height, columns, &mut bytes).unwrap();
    bytes
}

fn read(bytes: Vec<u8>) -> Vec<Vec<String>> {
    let frame = ParquetReader::new(Cursor::new(bytes)).finish().unwrap();
    let texts = |column: &polars::prelude::Column| {
        let column = column.str().unwrap();
        assert_eq!(column.null_count(), 0);
        column.iter().flatten().map(str::to_owned).collect()
    };
    frame.columns().iter().map(texts).collect()
}

#[test]
fn columns_that_repeat_and_columns_that_do_not_read_back_the_same() {
    let mut texts = Texts::default();
    let (a, b) = (texts.number("λ\n\"x\""), texts.number("b"));
    let many: Vec<u32> = (0..9)
        .map(|at| texts.number(&format!("text {at}")))
        .collect();
    let repeating = [a, a, 0, b, a, 0, 0, b, b];
    let constant = [0; 9];
    let bytes = file(&texts, &[&repeating, &many, &constant]);
    let words = |numbers: &[u32]| -> Vec<String> {
        numbers.iter().map(|at| texts.get(*at).to_owned()).collect()
    };
    assert_eq!(
        read(bytes),
        [words(&repeating), words(&many), words(&constant)]
    );
}

#[test]
fn the_bytes_depend_on_the_texts_and_not_on_their_numbers() {
    let mut one = Texts::default();
    let mut other = Texts::default();
    let names = ["x", "y", "x", "x", "", "y", "x"];
    let first: Vec<u32> = names.iter().map(|name| one.number(name)).collect();
    other.number("something before");
    // The same text under a number each, as when tables were merged.
    let second: Vec<u32> = names.iter().map(|name| other.push(name)).collect();
    assert_ne!(first, second);
    assert_eq!(file(&one, &[&first]), file(&other, &[&second]));
}

#[test]
fn a_file_without_rows_can_be_read() {
    assert_eq!(
        read(file(&Texts::default(), &[&[]])),
        [Vec::<String>::new()]
    );
}
