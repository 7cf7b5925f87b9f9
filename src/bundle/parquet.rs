//! Parquet files written column by column, from texts that are numbers already.
//!
//! A data frame would make every number a text again and then count, hash and number the texts of
//! every column to find out that they repeat. Here the numbers of the table become the dictionary's
//! keys. What a reader sees is the same: strings and integers, no nulls. The bytes depend on the
//! rows alone: dictionaries hold each text once, in the order in which the rows show them.

use super::texts::Texts;
use anyhow::Context as _;
use hashbrown::HashTable;
use polars::prelude::PolarsError;
use polars_arrow::array::{
    Array, DictionaryArray, MutableBinaryViewArray, PrimitiveArray, Utf8ViewArray,
};
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, Field};
use polars_parquet::parquet::error::ParquetError;
use polars_parquet::write::{
    CompressionOptions, Compressor, DynIter, DynStreamingIterator, Encoding,
    FallibleStreamingIterator as _, FileWriter, StatisticsOptions, Version, WriteOptions,
    array_to_columns, to_parquet_type,
};
use std::hash::BuildHasher as _;
use std::io::Write;

/// One column of a file.
pub(super) struct Column {
    name: &'static str,
    /// What a reader finds; the values may be stored as keys of a dictionary.
    dtype: ArrowDataType,
    values: Box<dyn Array>,
    encoding: Encoding,
    compression: CompressionOptions,
}

impl Column {
    /// Whole numbers.
    pub(super) fn i64(name: &'static str, values: Vec<i64>) -> Self {
        Self::numbers(
            name,
            ArrowDataType::Int64,
            PrimitiveArray::from_vec(values).boxed(),
        )
    }

    /// Counts.
    pub(super) fn u32(name: &'static str, values: Vec<u32>) -> Self {
        Self::numbers(
            name,
            ArrowDataType::UInt32,
            PrimitiveArray::from_vec(values).boxed(),
        )
    }

    fn numbers(name: &'static str, dtype: ArrowDataType, values: Box<dyn Array>) -> Self {
        Self {
            name,
            dtype,
            values,
            encoding: Encoding::Plain,
            compression: CompressionOptions::Snappy,
        }
    }

    /// Texts of which hardly two are alike, such as IDs. Their digits do not shrink, so they are
    /// stored as they are.
    pub(super) fn unlike<'a>(name: &'static str, texts: impl Iterator<Item = &'a str>) -> Self {
        Self {
            compression: CompressionOptions::Uncompressed,
            ..Self::plain(name, texts)
        }
    }

    fn plain<'a>(name: &'static str, texts: impl Iterator<Item = &'a str>) -> Self {
        Self {
            name,
            dtype: ArrowDataType::Utf8View,
            values: views(texts).boxed(),
            encoding: Encoding::Plain,
            compression: CompressionOptions::Snappy,
        }
    }

    /// Texts that repeat, by their numbers in `texts`. `scratch` is working memory that may serve
    /// many columns of one table.
    pub(super) fn alike(
        name: &'static str,
        texts: &Texts,
        numbers: impl Iterator<Item = u32> + Clone,
        scratch: &mut Scratch,
    ) -> Self {
        scratch.begin(texts);
        let keys: Vec<u32> = numbers
            .clone()
            .map(|number| scratch.key(texts, number))
            .collect();
        if scratch.order.len() > keys.len() / 2 + 1 {
            return Self::plain(name, numbers.map(|number| texts.get(number)));
        }
        let values = views(scratch.order.iter().map(|number| texts.get(*number))).boxed();
        let dtype = ArrowDataType::Dictionary(
            polars_arrow::datatypes::IntegerType::UInt32,
            Box::new(ArrowDataType::Utf8View),
            false,
        );
        match DictionaryArray::<u32>::try_new(dtype, PrimitiveArray::from_vec(keys), values) {
            Ok(dictionary) => Self {
                name,
                dtype: ArrowDataType::Utf8View,
                values: dictionary.boxed(),
                encoding: Encoding::RleDictionary,
                compression: CompressionOptions::Snappy,
            },
            // Every key was given out for a value; were it not so, the texts themselves are right.
            Err(_) => Self::plain(name, numbers.map(|number| texts.get(number))),
        }
    }
}

fn views<'a>(texts: impl Iterator<Item = &'a str>) -> Utf8ViewArray {
    let mut array = MutableBinaryViewArray::<str>::with_capacity(texts.size_hint().0);
    texts.for_each(|text| array.push_value(text));
    array.freeze()
}

/// The keys of one column's dictionary while it is built.
#[derive(Default)]
pub(super) struct Scratch {
    /// By number of the table: the column it was last seen in, and its key there.
    seen: Vec<(u32, u32)>,
    column: u32,
    /// Numbers by key.
    order: Vec<u32>,
    /// Keys by text: two numbers of one table may mean the same text.
    known: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
}

impl Scratch {
    fn begin(&mut self, texts: &Texts) {
        if self.seen.len() < texts.len() {
            self.seen.resize(texts.len(), (0, 0));
        }
        self.column += 1;
        self.order.clear();
        self.known.clear();
    }

    #[inline]
    fn key(&mut self, texts: &Texts, number: u32) -> u32 {
        match self.seen.get(number as usize) {
            Some((column, key)) if *column == self.column => *key,
            _ => self.new_number(texts, number),
        }
    }

    fn new_number(&mut self, texts: &Texts, number: u32) -> u32 {
        let text = texts.get(number);
        let (order, hasher) = (&mut self.order, &self.hasher);
        let hash = |text: &str| hasher.hash_one(text.as_bytes());
        let same = |key: &u32| text_of(texts, order, *key) == text;
        let key = match self.known.find(hash(text), same) {
            Some(key) => *key,
            None => {
                // No more keys than numbers, and those are of this size.
                let key = u32::try_from(order.len()).unwrap_or(u32::MAX);
                order.push(number);
                self.known
                    .insert_unique(hash(text), key, |key| hash(text_of(texts, order, *key)));
                key
            }
        };
        if let Some(seen) = self.seen.get_mut(number as usize) {
            *seen = (self.column, key);
        }
        key
    }
}

fn text_of<'a>(texts: &'a Texts, order: &[u32], key: u32) -> &'a str {
    order
        .get(key as usize)
        .map_or("", |number| texts.get(*number))
}

/// Writes one row group of `height` rows; every column holds that many.
///
/// # Errors
/// When the writer fails or a column cannot be encoded.
pub(super) fn write(
    height: usize,
    columns: Vec<Column>,
    to: &mut impl Write,
) -> anyhow::Result<()> {
    let fields = columns
        .iter()
        .map(|column| Field::new(column.name.into(), column.dtype.clone(), false));
    let schema = ArrowSchema::from_iter(fields.map(|field| (field.name.clone(), field)));
    let types: Vec<_> = schema
        .iter_values()
        .map(to_parquet_type)
        .collect::<Result<_, _>>()?;
    let options = WriteOptions {
        // Readers choose files by the hour in their name; nothing here asks for extremes.
        statistics: StatisticsOptions::empty(),
        version: Version::V1,
        compression: CompressionOptions::Snappy,
        data_page_size: None,
    };
    let mut file = FileWriter::try_new(to, schema, options)?;
    let mut encoded = Vec::with_capacity(columns.len());
    for (column, parquet_type) in columns.into_iter().zip(types) {
        let pages = array_to_columns(column.values, parquet_type, options, &[column.encoding])?
            .into_iter()
            .next()
            .with_context(|| format!("column {} has no pages", column.name))?
            .map(|page| page.map_err(|error| ParquetError::OutOfSpec(error.to_string())));
        let pages = Compressor::new(DynIter::new(pages), column.compression, Vec::new())
            .map_err(|error| PolarsError::ComputeError(error.to_string().into()));
        encoded.push(Ok(DynStreamingIterator::new(pages)));
    }
    file.write(height as u64, DynIter::new(encoded.into_iter()))?;
    file.end(None)?;
    Ok(())
}

#[cfg(test)]
mod tests;
