//! One CloudTrail record as a view of its text: only the fields needed, whatever types they have.
//!
//! The schema drifts: fields come as text, number, boolean, null, object or not at all. A view
//! takes what it can read and leaves the rest empty, so that one odd field never costs a record.
//! Field list: CloudTrail user guide, "CloudTrail record contents".

use super::skim::decoded;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A text field that may be anything: numbers and booleans become text, null and the rest empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyText).map(Self)
    }
}

struct AnyText;

impl<'de> Visitor<'de> for AnyText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(if value { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(""))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(""))
    }
}

macro_rules! views {
    ($(
        $(#[$doc:meta])*
        $name:ident { texts { $($text:ident = $text_key:literal),* $(,)? } raws { $($raw:ident = $raw_key:literal),* $(,)? } }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub(super) struct $name<'a> {
            $(pub(super) $text: Text<'a>,)*
            $(pub(super) $raw: Option<&'a RawValue>,)*
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            // Written out instead of derived because a derived view refuses a key that occurs
            // twice; here the last one counts, as in most parsers.
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct View;

                impl<'de> Visitor<'de> for View {
                    type Value = $name<'de>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut view = $name::default();
                        while let Some(key) = map.next_key::<Text<'de>>()? {
                            match &*key {
                                $($text_key => view.$text = map.next_value()?,)*
                                $($raw_key => view.$raw = map.next_value()?,)*
                                _ => {
                                    map.next_value::<IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(view)
                    }
                }

                from.deserialize_map(View)
            }
        }
    )*};
}

views! {
    /// What tells a record from the wrappers a record may come in.
    Envelope {
        texts {
            event_source = "eventSource",
            event_name = "eventName",
            // LookupEvents holds the record as JSON in a text; so does a log event.
            lookup = "CloudTrailEvent",
            message = "message",
        }
        raws {
            // EventBridge.
            detail = "detail",
        }
    }

    /// One entry of `resources`. AWS writes `ARN`; some exports lower it.
    Resource {
        texts { arn = "ARN", arn_lower = "arn", account = "accountId" }
        raws {}
    }

    /// CloudTrail's note that a record is late or replaces another.
    Addendum {
        texts {
            reason = "reason",
            original_event = "originalEventID",
            original_request = "originalRequestID",
        }
        raws {}
    }
}

/// Part of a record as a view; anything of another shape gives the empty view.
pub(super) fn view<'a, T: Deserialize<'a> + Default>(part: Option<&'a [u8]>) -> T {
    part.and_then(|part| serde_json::from_slice(part).ok())
        .unwrap_or_default()
}

/// A value as text, whatever its type.
pub(super) fn text_of(part: Option<&[u8]>) -> Cow<'_, str> {
    match part {
        None => Cow::Borrowed(""),
        Some(raw) => decoded(raw).unwrap_or_else(|| view::<Text<'_>>(Some(raw)).0),
    }
}

/// The JSON text of a part, unwrapped when it was written as a text (Athena and Glue do that).
pub(super) fn unwrapped(part: Option<&[u8]>) -> Cow<'_, str> {
    match part {
        None | Some(b"null") => Cow::Borrowed(""),
        Some(raw) => decoded(raw)
            .or_else(|| std::str::from_utf8(raw).ok().map(Cow::Borrowed))
            .unwrap_or_default(),
    }
}

/// Mends what makes an otherwise sound record unreadable: bytes that are no UTF-8, and halves of
/// surrogate pairs. `None` when there is nothing of the kind.
pub(super) fn mended(text: &[u8]) -> Option<String> {
    let lossy = String::from_utf8_lossy(text);
    let has_surrogate = ["\\ud", "\\uD"].iter().any(|half| lossy.contains(half));
    let whole = has_surrogate.then(|| pair_up(&lossy)).flatten();
    match (lossy, whole) {
        (_, Some(text)) => Some(text),
        (Cow::Owned(text), None) => Some(text),
        (Cow::Borrowed(_), None) => None,
    }
}

/// Replaces `\ud800` without its other half by `\ufffd`.
fn pair_up(text: &str) -> Option<String> {
    let unit = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(text.get(done..at).unwrap_or_default());
                out.push_str("\\ufffd");
                at += 6;
                done = at;
            }
            Some(_) => at += 6,
            None => {
                // An escape of two characters, the second of which may be wider than a byte.
                at += 1;
                at += text
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8);
            }
        }
    }
    if done == 0 {
        return None;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_type_reads_as_text() {
        let cases = [
            ("1.08", "1.08"),
            ("true", "true"),
            ("null", ""),
            (r#"{"a":[1]}"#, ""),
            (r#"["x"]"#, ""),
            ("123456789012", "123456789012"),
            (r#""A\"B""#, "A\"B"),
            (r#""\u0065cr""#, "ecr"),
            (r#""""#, ""),
        ];
        for (raw, text) in cases {
            assert_eq!(text_of(Some(raw.as_bytes())), text, "{raw}");
        }
        assert_eq!(text_of(None), "");
    }

    #[test]
    fn parts_of_another_shape_are_empty() {
        for part in ["null", "[]", "\"text\"", "1", "{}"] {
            let resource: Resource<'_> = view(Some(part.as_bytes()));
            assert!(resource.arn.is_empty(), "{part}");
        }
    }

    #[test]
    fn halves_of_pairs_are_replaced_and_pairs_are_not() {
        let mended = |text: &str| mended(text.as_bytes());
        assert_eq!(mended(r#"{"a":"\ud83d\ude00 \\ud800 \n é"}"#), None);
        assert_eq!(mended(r#""\ud800x""#).as_deref(), Some(r#""\ufffdx""#));
        assert_eq!(
            mended(r#""\ude00\ud83d\ude00""#).as_deref(),
            Some(r#""\ufffd\ud83d\ude00""#)
        );
        assert_eq!(mended(r#""\\\udc00""#).as_deref(), Some(r#""\\\ufffd""#));
        assert_eq!(super::mended(b"\"\xff\"").as_deref(), Some("\"\u{fffd}\""));
    }
}
