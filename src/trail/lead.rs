//! How the parameters of calls begin: mostly with the registry and the repository, in the same bytes
//! as those of the call before.
//!
//! A remembered beginning saves time and decides nothing: what may name either of them again, or holds
//! an escape, is read key by key.

use super::slots::{Key, Slots};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Bytes of a beginning that can be remembered.
const LONGEST: usize = 256;

/// How both keys begin, unless they are spelled with escapes.
static A_NAME: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"r"));

/// The parameters of the call before, up to the opening quote of the repository.
#[derive(Debug, Clone, Default)]
pub(super) struct Lead {
    text: Vec<u8>,
    /// Where the registry stands in it, without its quotes.
    registry: (usize, usize),
}

impl Lead {
    /// Repository and registry of parameters that begin like those before, and name neither again.
    #[inline]
    pub(super) fn names<'a>(&self, raw: &'a [u8]) -> Option<(&'a str, &'a str)> {
        if self.text.is_empty() {
            return None;
        }
        let rest = raw.strip_prefix(&*self.text)?;
        let (repository, behind) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
        if A_NAME.find(behind).is_some() || memchr::memchr(b'\\', rest).is_some() {
            return None;
        }
        let (from, to) = self.registry;
        Some((
            std::str::from_utf8(repository).ok()?,
            std::str::from_utf8(raw.get(from..to)?).ok()?,
        ))
    }

    /// Remembers how parameters begin, if with strings for the registry and then the repository.
    pub(super) fn remember(&mut self, raw: &[u8], slots: &Slots) {
        let ([_, from, to], [opening, repository, _]) = (
            span(slots, raw, Key::Registry),
            span(slots, raw, Key::Repository),
        );
        let Some(text) = raw.get(..repository).filter(|_| to <= opening && to > 0) else {
            return;
        };
        if text.len() > LONGEST || text == self.text {
            return;
        }
        self.text.clear();
        self.text.extend_from_slice(text);
        self.registry = (from, to);
    }
}

/// Where the string of a key opens, begins and ends; nowhere unless it is one without escapes.
fn span(slots: &Slots, raw: &[u8], key: Key) -> [usize; 3] {
    match (slots.plain(raw, key), slots.spans.get(key as usize)) {
        (Some(inside), Some((start, _))) => {
            let start = *start as usize;
            [start, start + 1, start + 1 + inside.len()]
        }
        _ => [0; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::super::select::named;
    use super::super::spelling::Spellings;
    use proptest::prelude::*;

    fn fresh(raw: &[u8]) -> (String, String) {
        let (repository, registry) = named(Some(raw), &mut Spellings::default());
        (repository.into_owned(), registry.into_owned())
    }

    #[test]
    fn a_beginning_met_before_is_read_without_its_keys() {
        let mut nested = Spellings::default();
        let first = br#"{"registryId":"1","repositoryName":"a/b","x":[1]}"#;
        let second = br#"{"registryId":"1","repositoryName":"c","y":{"a":"b"}}"#;
        assert_eq!(nested.lead.names(first), None);
        named(Some(first), &mut nested);
        assert_eq!(nested.lead.names(second), Some(("c", "1")));
        for other in [
            br#"{"registryId":"2","repositoryName":"c"}"#.as_slice(),
            br#"{"registryId":"1","repositoryName":"c","registryId":"2"}"#,
            br#"{"registryId":"1","repositoryName":"c","\u0072egistryId":"2"}"#,
            br#"{"registryId":"1","repositoryName":"c\"d"}"#,
            br#"{"repositoryName":"c","registryId":"1"}"#,
            br#"{"registryId":"1","repositoryName":5}"#,
            b"null",
            b"",
        ] {
            assert_eq!(nested.lead.names(other), None, "{other:?}");
        }
    }

    fn parameters() -> impl Strategy<Value = Vec<u8>> {
        let key = prop::sample::select(vec![
            "registryId",
            "repositoryName",
            "imageTag",
            r"\u0072egistryId",
            "r",
        ]);
        let value = prop::sample::select(vec![
            r#""1""#,
            r#""a/b""#,
            r#""a\"b""#,
            r#"{"repositoryName":"in"}"#,
            r#"["registryId"]"#,
            "7",
            "null",
            "",
        ]);
        let pair = (key, value).prop_map(|(key, value)| format!(r#""{key}":{value}"#));
        prop::collection::vec(pair, 0..5)
            .prop_map(|pairs| format!("{{{}}}", pairs.join(",")).into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// What was met before changes no answer, sound JSON or not.
        #[test]
        fn the_past_decides_nothing(
            all in prop::collection::vec(
                prop_oneof![
                    parameters(),
                    Just(br#"{"registryId":"1","repositoryName":"a/b"}"#.to_vec()),
                    Just(br#"{"registryId":"1","repositoryName":"c","imageIds":[{"imageTag":"r"}]}"#.to_vec()),
                    Just(br#"{"registryId":"1","repositoryName":"c",odd}"#.to_vec()),
                ],
                0..12,
            )
        ) {
            let mut nested = Spellings::default();
            for raw in &all {
                let (repository, registry) = named(Some(raw), &mut nested);
                prop_assert_eq!((repository.into_owned(), registry.into_owned()), fresh(raw));
            }
        }
    }
}
