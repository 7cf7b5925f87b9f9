//! Each shape of an AWS event as one piece of a notice: the same fields under other names, and
//! times in four forms.
//!
//! It must stay soft: every field may be missing, of another type or malformed.

use super::super::regions;
use crate::bundle::manifest::Noun;
use crate::bundle::raw::{RawAnswer, Shape};
use crate::bundle::stamp;
use crate::case::Instant;
use serde_json::Value;

/// What one answer says of one event. Empty texts and absent times are filled from other pieces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) arn: String,
    pub(super) noun: Noun,
    pub(super) service: String,
    pub(super) type_code: String,
    pub(super) category: String,
    pub(super) region: String,
    pub(super) status: String,
    pub(super) scope: String,
    pub(super) start: Option<Instant>,
    pub(super) end: Option<Instant>,
    pub(super) updated: Option<Instant>,
    pub(super) posted: Option<Instant>,
    /// When EventBridge sent it: the event had been posted by then.
    pub(super) sent: Option<Instant>,
    /// Service words and, where the feed says so, their region.
    pub(super) impacted: Vec<(String, Option<String>)>,
    /// Texts without markup, oldest first, with the time they were posted.
    pub(super) posts: Vec<(Option<Instant>, String)>,
    pub(super) evidence: String,
}

impl Piece {
    /// All texts, oldest first; the feed's with the UTC time of each.
    pub(super) fn text(&self) -> String {
        let lines: Vec<String> = self
            .posts
            .iter()
            .map(|(at, text)| match at {
                Some(at) => format!("[{}] {text}", at.format("%Y-%m-%d %H:%MZ")),
                None => text.clone(),
            })
            .collect();
        lines.join("\n\n")
    }
}

/// The pieces of one answer; entries without an identity are left out (collection counted them).
pub(super) fn pieces(answer: &RawAnswer, evidence: &str) -> Vec<Piece> {
    let read: Vec<Option<Piece>> = match answer.shape {
        Shape::DescribeEvents => {
            let events = answer.items("events");
            events.into_iter().map(|one| event(one, "")).collect()
        }
        Shape::DescribeEventDetails => answer
            .items("successfulSet")
            .into_iter()
            .map(|one| {
                let description = one.get("eventDescription");
                let words = description.map_or("", |one| text(one, "latestDescription"));
                event(one.get("event")?, words)
            })
            .collect(),
        Shape::EventBridgeHealth => {
            let events = answer.items("");
            events.into_iter().map(from_event_bridge).collect()
        }
        Shape::StatusFeed => {
            let events = answer.feed_events();
            events.into_iter().map(from_feed).collect()
        }
        _ => Vec::new(),
    };
    read.into_iter()
        .flatten()
        .map(|piece| Piece {
            evidence: evidence.to_owned(),
            ..piece
        })
        .collect()
}

fn event(event: &Value, words: &str) -> Option<Piece> {
    let mut piece = by_arn(text(event, "arn"), Noun::Health)?;
    put(&mut piece.service, text(event, "service"));
    put(&mut piece.type_code, text(event, "eventTypeCode"));
    put(&mut piece.region, text(event, "region"));
    common(&mut piece, event);
    if !words.is_empty() {
        piece.posts.push((None, words.to_owned()));
    }
    Some(piece)
}

/// Fields of the same name in the API and in EventBridge.
fn common(piece: &mut Piece, event: &Value) {
    put(&mut piece.category, text(event, "eventTypeCategory"));
    put(&mut piece.status, text(event, "statusCode"));
    put(&mut piece.scope, text(event, "eventScopeCode"));
    piece.start = time(event, "startTime");
    piece.end = time(event, "endTime");
    piece.updated = time(event, "lastUpdatedTime");
}

fn from_event_bridge(whole: &Value) -> Option<Piece> {
    let detail = whole.get("detail")?;
    let mut piece = by_arn(text(detail, "eventArn"), Noun::Health)?;
    put(&mut piece.service, text(detail, "service"));
    put(&mut piece.type_code, text(detail, "eventTypeCode"));
    common(&mut piece, detail);
    // The envelope's region is where the rule lives, not where the trouble is.
    put(&mut piece.region, text(detail, "eventRegion"));
    // The envelope says when this update was sent, which stands in when the detail does not.
    piece.sent = time(whole, "time");
    piece.updated = piece.updated.or(piece.sent);
    if piece.status.is_empty() {
        let closed = piece.end.is_some() && piece.category != "scheduledChange";
        piece.status = if closed { "closed" } else { "" }.to_owned();
    }
    let described = detail.get("eventDescription").and_then(Value::as_array);
    let mut words: Vec<&Value> = described.into_iter().flatten().collect();
    words.sort_by_key(|one| {
        let language = text(one, "language");
        (language != "en_US", !language.starts_with("en"))
    });
    if let Some(latest) = words
        .into_iter()
        .map(|one| text(one, "latestDescription"))
        .find(|words| !words.is_empty())
    {
        piece.posts.push((None, latest.to_owned()));
    }
    Some(piece)
}

/// One event of the public feed. Without an ARN (feeds before 2023) service and first post are the
/// identity.
fn from_feed(event: &Value) -> Option<Piece> {
    let key = text(event, "service");
    let first = time(event, "date").or_else(|| time(event, "startTime"));
    let arn = match text(event, "arn") {
        "" if key.is_empty() => return None,
        "" => format!("status:{key}:{}", first.map_or(0, |at| at.timestamp())),
        arn => arn.to_owned(),
    };
    let mut piece = by_arn(&arn, Noun::Status)?;
    let (service, region) = regions::split_suffix(key);
    if piece.service.is_empty() {
        put(&mut piece.service, service);
    }
    if piece.region.is_empty() {
        put(&mut piece.region, region.unwrap_or(text(event, "region")));
    }
    put(&mut piece.type_code, text(event, "typeCode"));
    put(&mut piece.category, "issue");
    put(&mut piece.scope, "PUBLIC");
    piece.start = first;
    piece.end = time(event, "end_time").or_else(|| time(event, "endTime"));
    let over = piece.end.is_some()
        || text(event, "summary")
            .trim_start()
            .to_ascii_uppercase()
            .starts_with("[RESOLVED]");
    put(&mut piece.status, if over { "closed" } else { "open" });

    let mut posts: Vec<(Option<Instant>, String)> = log_of(event).iter().map(said).collect();
    posts.sort();
    let times = || posts.iter().filter_map(|(at, _)| *at);
    piece.posted = times().min().or(first);
    piece.updated = times()
        .chain(piece.end)
        .chain(first)
        .chain(time(event, "lastUpdatedTime"))
        .chain(changes(event))
        .max();
    posts.retain(|(_, words)| !words.is_empty());
    if posts.is_empty() {
        let summary = plain(text(event, "summary"));
        if !summary.is_empty() {
            posts.push((None, summary));
        }
    }
    piece.posts = posts;
    if let Some(Value::Object(impacted)) = event.get("impacted_services") {
        piece.impacted = impacted
            .keys()
            .map(|key| {
                let (service, region) = regions::split_suffix(key);
                (service.to_owned(), region.map(str::to_owned))
            })
            .collect();
    }
    Some(piece)
}

/// The posts of a feed event; the API-like list hides them in a JSON text.
fn log_of(event: &Value) -> Vec<Value> {
    if let Some(log) = event.get("event_log").and_then(Value::as_array) {
        return log.clone();
    }
    event
        .get("metadata")
        .and_then(|metadata| metadata.get("EVENT_LOG"))
        .and_then(Value::as_str)
        .and_then(|log| serde_json::from_str::<Vec<Value>>(log).ok())
        .unwrap_or_default()
}

fn said(post: &Value) -> (Option<Instant>, String) {
    let message = plain(text(post, "message"));
    let summary = plain(text(post, "summary"));
    let words = match (summary.as_str(), message.as_str()) {
        ("", words) | (words, "") => words.to_owned(),
        (summary, message) => format!("{summary}\n\n{message}"),
    };
    (time(post, "timestamp"), words)
}

/// When the feed says that services joined or left an event.
fn changes(event: &Value) -> Option<Instant> {
    event
        .get("impacted_service_status_changes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|change| time(change, "timestamp"))
        .max()
}

/// What the ARN itself tells: `arn:aws:health:<region>::event/<SERVICE>/<TYPE>/<id>`.
fn by_arn(arn: &str, noun: Noun) -> Option<Piece> {
    if arn.is_empty() {
        return None;
    }
    let mut parts = arn.split(':');
    let is_arn = parts.next() == Some("arn");
    let region = parts.nth(2).filter(|_| is_arn).unwrap_or_default();
    let mut path = arn.split('/').skip(1);
    let mut segment = || {
        path.next()
            .filter(|_| is_arn)
            .unwrap_or_default()
            .to_owned()
    };
    Some(Piece {
        arn: arn.to_owned(),
        noun,
        service: segment(),
        type_code: segment(),
        category: String::new(),
        region: region.to_owned(),
        status: String::new(),
        scope: String::new(),
        start: None,
        end: None,
        updated: None,
        posted: None,
        sent: None,
        impacted: Vec::new(),
        posts: Vec::new(),
        evidence: String::new(),
    })
}

/// Text without tags, with the entities AWS uses put back.
fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        let Some((name, after)) = tag.split_once('>') else {
            rest = rest.get(before.len()..).unwrap_or_default();
            break;
        };
        // A `<` that opens no tag is a sign of its own.
        let opens = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '!';
        if !name.starts_with(opens) {
            out.push('<');
            rest = tag;
            continue;
        }
        let name = name.trim_matches('/').split(' ').next().unwrap_or_default();
        if ["br", "p", "div", "li"].contains(&name) {
            out.push('\n');
        }
        rest = after;
    }
    out.push_str(rest);
    for (entity, sign) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, sign);
    }
    out.trim().to_owned()
}

fn put(field: &mut String, value: &str) {
    if !value.is_empty() {
        value.clone_into(field);
    }
}

fn time(value: &Value, key: &str) -> Option<Instant> {
    stamp::read(value.get(key)?)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::plain;
    use proptest::prelude::*;

    #[test]
    fn markup_goes_and_words_stay() {
        assert_eq!(
            plain(
                "<div><span class=\"yellowfg\"> 9:25 AM PDT</span>&nbsp;Pulls &amp; pushes</div>"
            ),
            "9:25 AM PDT Pulls & pushes"
        );
        assert_eq!(plain("a<br/>b<br>c"), "a\nb\nc");
        assert_eq!(plain("x < 5 and <unclosed"), "x < 5 and <unclosed");
        assert_eq!(plain("&amp;lt;"), "&lt;");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,80}") {
            let _ = plain(&text);
        }
    }
}
