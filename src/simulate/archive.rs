//! Records as a trail delivers them to its bucket: late, out of order, sometimes twice, in gzip
//! files named by the minute of delivery. What is delivered after the question is asked is not there.

use super::draw::Draw;
use super::record::{Change, Scribe};
use super::script::Call;
use super::world::World;
use chrono::DateTime;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// What to deliver, and how.
pub(super) struct Delivery<'a> {
    pub(super) world: &'a World,
    pub(super) calls: &'a [Call],
    pub(super) changes: &'a [Change],
    /// Whether a record of this account, region and second never reaches the bucket.
    pub(super) lost: &'a dyn Fn(&str, &str, i64) -> bool,
    /// Epoch second of the question.
    pub(super) now: i64,
    /// Start of the window: files are small from an hour before it on.
    pub(super) dense_from: i64,
    pub(super) seed: u64,
}

/// One record on its way.
#[derive(Clone, Copy)]
enum Item {
    Call(usize, bool),
    Change(usize),
}

/// Writes `root/AWSLogs/…`.
pub(super) fn write(root: &Path, scribe: &Scribe<'_>, delivery: &Delivery<'_>) -> io::Result<()> {
    let draw = &mut Draw::new(delivery.seed, "delivery");
    let mut files: BTreeMap<(&str, &str, i64), Vec<Item>> = BTreeMap::new();
    let mut send = |account, region, at: i64, item: Item| {
        let slot = slot(at, delivery.dense_from);
        if slot <= delivery.now {
            files.entry((account, region, slot)).or_default().push(item);
        }
    };
    for (index, call) in delivery.calls.iter().enumerate() {
        let place = &delivery.world.places[usize::from(call.place)];
        let (account, region) = (place.account.as_str(), place.region);
        if (delivery.lost)(account, region, call.at) {
            continue;
        }
        // Within about five minutes as a rule; one in a hundred takes up to half an hour, and one in
        // three hundred longer and says so.
        let late = draw.chance(0.003);
        let lag = if late {
            draw.between(1800, 4800)
        } else if draw.chance(0.01) {
            draw.between(400, 1800)
        } else {
            draw.between(60, 330)
        };
        send(account, region, call.at + lag, Item::Call(index, late));
        // Delivery is at least once.
        if draw.chance(0.005) {
            let again = call.at + lag + draw.between(300, 1500);
            send(account, region, again, Item::Call(index, late));
        }
    }
    for (index, change) in delivery.changes.iter().enumerate() {
        let account = &delivery.world.accounts[change.account];
        if !(delivery.lost)(account, change.region, change.at) {
            let at = change.at + draw.between(60, 330);
            send(account, change.region, at, Item::Change(index));
        }
    }
    for ((account, region, slot), mut items) in files {
        shuffle(&mut items, draw);
        let lines: Vec<String> = items
            .iter()
            .map(|item| match *item {
                Item::Call(index, late) => {
                    scribe.call(&delivery.calls[index], index as u64 + 1, late)
                }
                Item::Change(index) => scribe.change(&delivery.changes[index], index as u64 + 1),
            })
            .collect();
        let time = DateTime::from_timestamp(slot, 0).unwrap_or_default();
        let folder = root
            .join("AWSLogs")
            .join(account)
            .join("CloudTrail")
            .join(region)
            .join(time.format("%Y/%m/%d").to_string());
        fs::create_dir_all(&folder)?;
        let unique = Draw::new(delivery.seed ^ slot as u64, account).bits();
        let name = format!(
            "{account}_CloudTrail_{region}_{}_{unique:016x}.json.gz",
            time.format("%Y%m%dT%H%MZ")
        );
        let body = format!("{{\"Records\":[{}]}}", lines.join(","));
        let mut gzip = GzBuilder::new()
            .mtime(0)
            .write(Vec::new(), Compression::fast());
        gzip.write_all(body.as_bytes())?;
        fs::write(folder.join(name), gzip.finish()?)?;
    }
    Ok(())
}

/// The end of the delivery slot of a second: five minutes from the hour before the window on, an
/// hour before that.
fn slot(at: i64, dense_from: i64) -> i64 {
    let length = if at >= dense_from - 3600 { 300 } else { 3600 };
    (at.div_euclid(length) + 1) * length
}

/// Neighbours change places, so that no order can be relied on.
fn shuffle(items: &mut [Item], draw: &mut Draw) {
    for index in 1..items.len() {
        if draw.chance(0.15) {
            let back = draw.below(20).min(index);
            items.swap(index, index - back);
        }
    }
}
