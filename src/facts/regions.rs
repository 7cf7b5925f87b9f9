//! Region codes inside other words: `ecr-us-east-1`, `com.amazonaws.us-east-1.ecr.api`.
//!
//! Told by form, not by a list, so that a region opened tomorrow is still a region. It must never
//! take a resource ID for a region: the form is strict.

/// Whether a word has the form of a region code: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
pub(super) fn is_code(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let letters = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase())
    };
    let number =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [area, place, n] => letters(area, 2..=2) && letters(place, 4..=9) && number(n),
        // Government and isolated partitions, and the European sovereign one, have one more word.
        [area, partition, place, n] => {
            let isolated = *partition == "gov" || partition.starts_with("iso");
            let sovereign = *area == "eusc" && letters(partition, 2..=2);
            let known =
                sovereign || (isolated && letters(area, 2..=2) && letters(partition, 3..=4));
            known && letters(place, 4..=9) && number(n)
        }
        _ => false,
    }
}

/// A feed key split into service and region: `ecr-us-east-1` is `("ecr", Some("us-east-1"))`.
/// Keys of global services (`route53`) have no region.
pub(super) fn split_suffix(key: &str) -> (&str, Option<&str>) {
    let dashes: Vec<usize> = key.match_indices('-').map(|(at, _)| at).collect();
    // The longest code first: `us-gov-west-1` must not be read as region `gov-west-1`.
    for back in [4, 3] {
        let Some(index) = dashes.len().checked_sub(back) else {
            continue;
        };
        let Some((service, rest)) = dashes.get(index).and_then(|at| key.split_at_checked(*at))
        else {
            continue;
        };
        let code = rest.trim_start_matches('-');
        if !service.is_empty() && is_code(code) {
            return (service, Some(code));
        }
    }
    (key, None)
}

/// The one region code named in a text; `None` when there is none or several.
pub(super) fn only_one_in(text: &str) -> Option<&str> {
    let mut codes = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| is_code(word));
    let first = codes.next()?;
    codes.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feed_keys_split_at_the_region() {
        for (key, service, region) in [
            ("ecr-us-east-1", "ecr", Some("us-east-1")),
            ("ecr-public-us-east-1", "ecr-public", Some("us-east-1")),
            ("ec2-us-gov-west-1", "ec2", Some("us-gov-west-1")),
            ("s3-ap-southeast-7", "s3", Some("ap-southeast-7")),
            ("s3-eusc-de-east-1", "s3", Some("eusc-de-east-1")),
            ("acm-pca-me-central-1", "acm-pca", Some("me-central-1")),
            ("management-console", "management-console", None),
            ("route53", "route53", None),
            ("us-east-1", "us-east-1", None),
            ("-us-east-1", "-us-east-1", None),
            ("é-us-east-1", "é", Some("us-east-1")),
        ] {
            assert_eq!(split_suffix(key), (service, region), "{key}");
        }
    }

    #[test]
    fn one_region_in_a_text_or_none() {
        assert_eq!(
            only_one_in("com.amazonaws.eu-west-1.ecr.dkr"),
            Some("eu-west-1")
        );
        assert_eq!(only_one_in("vpce-0a1b2c3d in us-east-1a"), None);
        assert_eq!(only_one_in("us-east-1 and us-west-2"), None);
        assert_eq!(only_one_in("us-east-1/us-east-1"), Some("us-east-1"));
    }
}
