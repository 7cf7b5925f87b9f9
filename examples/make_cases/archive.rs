//! Records as a trail delivers them to its bucket: late, out of order, sometimes twice, in gzip
//! files named by the time of delivery.

use super::draw::Draw;
use super::record::{ACCOUNT, date};
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// One record on its way to the bucket.
pub(crate) struct Parcel {
    /// When it happened, epoch seconds.
    pub(crate) at: i64,
    /// Region of the folder.
    pub(crate) region: &'static str,
    /// Caller and API: records of one kind stand together in a file, as in AWS's own files they
    /// stand in no useful order. It also lets gzip see the repetition.
    pub(crate) kind: String,
    /// Whether the record says itself that it is late.
    pub(crate) late: bool,
    /// The record.
    pub(crate) line: String,
}

/// Writes the archive below `root/AWSLogs`. Files are small near `dense` and hold six hours
/// elsewhere, which keeps a quiet baseline to a few files.
pub(crate) fn write(
    root: &Path,
    parcels: &[Parcel],
    dense: (i64, i64),
    draw: &mut Draw,
) -> io::Result<()> {
    let mut files: BTreeMap<(&str, i64), Vec<(&str, &str)>> = BTreeMap::new();
    for parcel in parcels {
        // Within about five minutes as a rule; one record in a hundred takes up to half an hour.
        let lag = if parcel.late {
            draw.between(2400, 5400)
        } else if draw.chance(0.01) {
            draw.between(600, 1800)
        } else {
            draw.between(90, 330)
        };
        let slot = slot(parcel.at + lag, dense);
        files
            .entry((parcel.region, slot))
            .or_default()
            .push((&parcel.kind, &parcel.line));
        // Delivery is at least once: about one record in two hundred comes again.
        if draw.chance(0.005) {
            let again = self::slot(parcel.at + lag + draw.between(300, 1500), dense);
            files
                .entry((parcel.region, again))
                .or_default()
                .push((&parcel.kind, &parcel.line));
        }
    }
    for ((region, delivered), mut lines) in files {
        lines.sort_by_key(|(kind, _)| *kind);
        shuffle_a_little(&mut lines, draw);
        let time = date(delivered);
        let folder = root
            .join("AWSLogs")
            .join(ACCOUNT)
            .join("CloudTrail")
            .join(region)
            .join(time.format("%Y/%m/%d").to_string());
        fs::create_dir_all(&folder)?;
        let unique = unique(region, delivered);
        let name = format!(
            "{ACCOUNT}_CloudTrail_{region}_{}_{unique}.json.gz",
            time.format("%Y%m%dT%H%MZ")
        );
        let records: Vec<&str> = lines.into_iter().map(|(_, line)| line).collect();
        let body = format!("{{\"Records\":[{}]}}", records.join(","));
        fs::write(folder.join(name), gzip(body.as_bytes())?)?;
    }
    Ok(())
}

/// The end of the delivery slot that holds this second.
fn slot(at: i64, dense: (i64, i64)) -> i64 {
    let length = if at >= dense.0 && at < dense.1 {
        1800
    } else {
        21_600
    };
    (at.div_euclid(length) + 1) * length
}

/// Neighbours change places, so that no order can be relied on.
fn shuffle_a_little(lines: &mut [(&str, &str)], draw: &mut Draw) {
    for index in 1..lines.len() {
        if draw.chance(0.1) {
            let back = draw.below(12).min(index);
            lines.swap(index, index - back);
        }
    }
}

fn unique(region: &str, delivered: i64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut draw = Draw::seeded(&format!("{region}{delivered}"));
    (0..16)
        .map(|_| char::from(LETTERS[draw.below(LETTERS.len())]))
        .collect()
}

/// Gzip without a time stamp or name, so that equal text gives equal bytes.
pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}
