//! The error breakdown: API by raw code, with the class, the denominator and one message.

use crate::case::instant;
use crate::facts::frames::{class_at, collect, numbers, texts};
use crate::facts::types::CodeShare;
use polars::prelude::*;
use std::collections::BTreeMap;

/// Every failing code of the incident's calls, most frequent first.
pub(super) fn breakdown(inside: &LazyFrame, before: &LazyFrame) -> anyhow::Result<Vec<CodeShare>> {
    let failing = || col("error_code").neq(lit(""));
    let totals = collect(
        inside
            .clone()
            .group_by([col("api")])
            .agg([len().alias("calls")]),
    )?;
    let totals: BTreeMap<String, i64> = texts(&totals, "api")?
        .into_iter()
        .zip(numbers(&totals, "calls")?)
        .collect();
    let earlier = collect(
        before
            .clone()
            .filter(failing())
            .group_by([col("api"), col("error_code")])
            .agg([len().alias("calls")]),
    )?;
    let earlier: BTreeMap<(String, String), i64> = texts(&earlier, "api")?
        .into_iter()
        .zip(texts(&earlier, "error_code")?)
        .zip(numbers(&earlier, "calls")?)
        .collect();
    let counted = collect(
        inside
            .clone()
            .filter(failing())
            .group_by([
                col("api"),
                col("class"),
                col("error_code"),
                col("error_message"),
            ])
            .agg([
                len().alias("calls"),
                col("event_time").min().alias("first"),
                col("event_time").max().alias("last"),
            ])
            // Most frequent message first, ties by text: the first one met stands for the code.
            .sort_by_exprs(
                [col("calls"), col("error_message")],
                SortMultipleOptions::default().with_order_descending_multi([true, false]),
            ),
    )?;
    let apis = texts(&counted, "api")?;
    let codes = texts(&counted, "error_code")?;
    let messages = texts(&counted, "error_message")?;
    let classes = numbers(&counted, "class")?;
    let calls = numbers(&counted, "calls")?;
    let firsts = numbers(&counted, "first")?;
    let lasts = numbers(&counted, "last")?;
    let mut shares: BTreeMap<(String, String), CodeShare> = BTreeMap::new();
    for row in 0..counted.height() {
        let key = (apis[row].clone(), codes[row].clone());
        let count = calls[row].unsigned_abs();
        let (first, last) = (instant(firsts[row]), instant(lasts[row]));
        shares
            .entry(key.clone())
            .and_modify(|share| {
                share.count += count;
                share.first = share.first.min(first);
                share.last = share.last.max(last);
            })
            .or_insert_with(|| CodeShare {
                calls: totals.get(&key.0).map_or(0, |n| n.unsigned_abs()),
                baseline_count: earlier.get(&key).map_or(0, |n| n.unsigned_abs()),
                api: key.0,
                code: key.1,
                class: class_at(u32::try_from(classes[row]).unwrap_or(u32::MAX)),
                count,
                first,
                last,
                message: messages[row].clone(),
            });
    }
    let mut list: Vec<CodeShare> = shares.into_values().collect();
    list.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then_with(|| (&a.api, &a.code).cmp(&(&b.api, &b.code)))
    });
    Ok(list)
}
