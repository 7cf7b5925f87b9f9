//! S3 as far as a trail's bucket needs it: where it is, what is in it, one object.
//!
//! Knows nothing of HTTP but paths and queries.

use super::archive::Objects;
use std::collections::BTreeSet;

/// Status, headers and body.
pub(crate) type Reply = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// A bucket.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// Where it lives; empty for the oldest region.
    pub(crate) region: String,
    pub(crate) objects: Objects,
    /// Objects on one page of a listing.
    pub(crate) page: usize,
    /// Paths and queries asked, in order.
    pub(crate) seen: Vec<String>,
    /// Keys whose next body breaks off in the middle.
    pub(crate) breaks: BTreeSet<String>,
    /// Keys that may not be read; the empty one stands for listing.
    pub(crate) denied: BTreeSet<String>,
}

impl Bucket {
    pub(crate) fn new(name: &str, objects: Objects) -> Self {
        Self {
            name: name.to_owned(),
            objects,
            page: 1_000,
            ..Self::default()
        }
    }

    /// Answers `GET /bucket/key?query`.
    pub(crate) fn answer(&mut self, target: &str) -> Reply {
        self.seen.push(target.to_owned());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = decoded(path);
        let inside = path.trim_start_matches('/');
        let (bucket, key) = inside.split_once('/').unwrap_or((inside, ""));
        if bucket != self.name {
            return refusal(404, "NoSuchBucket");
        }
        if query
            .split('&')
            .any(|part| part == "location" || part == "location=")
        {
            let body = format!(
                "<?xml version=\"1.0\"?><LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}</LocationConstraint>",
                self.region
            );
            return (200, Vec::new(), body.into_bytes());
        }
        if self.denied.contains(key) {
            return refusal(403, "AccessDenied");
        }
        if query.contains("list-type=2") {
            return self.list(query);
        }
        match self.objects.get(key) {
            None => refusal(404, "NoSuchKey"),
            Some(bytes) => {
                let mut body = bytes.clone();
                let headers = vec![
                    ("content-length", body.len().to_string()),
                    ("etag", etag(bytes)),
                ];
                if self.breaks.remove(key) {
                    body.truncate(body.len() / 2);
                }
                (200, headers, body)
            }
        }
    }

    fn list(&self, query: &str) -> Reply {
        let value = |name: &str| {
            let found = query
                .split('&')
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            found.map(decoded).unwrap_or_default()
        };
        let (prefix, delimiter) = (value("prefix"), value("delimiter"));
        let after = match value("continuation-token").as_str() {
            "" => value("start-after"),
            token => token.to_owned(),
        };
        let mut contents = String::new();
        let mut folders: BTreeSet<String> = BTreeSet::new();
        let mut count = 0;
        let mut last = String::new();
        let mut more = false;
        for (key, bytes) in self.objects.range(prefix.clone()..) {
            if !key.starts_with(&prefix) {
                break;
            }
            if *key <= after {
                continue;
            }
            let rest = &key[prefix.len()..];
            let folder = (!delimiter.is_empty())
                .then(|| {
                    rest.find(&delimiter)
                        .map(|at| &key[..prefix.len() + at + 1])
                })
                .flatten();
            if let Some(folder) = folder
                && (folders.contains(folder) || after.starts_with(folder))
            {
                continue;
            }
            if count == self.page {
                more = true;
                break;
            }
            count += 1;
            last.clone_from(key);
            match folder {
                Some(folder) => {
                    folders.insert(folder.to_owned());
                }
                None => contents.push_str(&format!(
                    "<Contents><Key>{key}</Key><Size>{}</Size><ETag>{}</ETag><StorageClass>STANDARD</StorageClass></Contents>",
                    bytes.len(),
                    etag(bytes).replace('"', "&quot;"),
                )),
            }
        }
        let folders: String = folders
            .iter()
            .map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"))
            .collect();
        let next = if more {
            format!("<NextContinuationToken>{last}</NextContinuationToken>")
        } else {
            String::new()
        };
        let body = format!(
            "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{}</MaxKeys><IsTruncated>{more}</IsTruncated>{next}{contents}{folders}</ListBucketResult>",
            self.name, self.page
        );
        (
            200,
            vec![("content-type", "application/xml".to_owned())],
            body.into_bytes(),
        )
    }
}

/// Not MD5, which nobody here computes; as with encrypted objects it only has to be the same again.
fn etag(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(bytes.len() as u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    format!("\"{sum:016x}\"")
}

fn refusal(status: u16, code: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code}</Message><RequestId>r-1</RequestId></Error>"
    );
    (
        status,
        vec![("content-type", "application/xml".to_owned())],
        body.into_bytes(),
    )
}

/// Percent-decoding.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = text.get(at + 1..at + 3);
        match (
            bytes[at],
            digits.and_then(|two| u8::from_str_radix(two, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap()
}
