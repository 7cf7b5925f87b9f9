//! What a denial is about, read from its message: a denied call often carries no request parameters, so
//! its record names no repository, but the message does.
//!
//! Source: IAM user guide, "Troubleshoot access denied error messages" (`User: … is not authorized to
//! perform: … on resource: … because …`). The text is untrusted: only an ARN of an ECR repository
//! written as AWS writes it counts, and only where AWS puts it, after all that a caller can name.

/// Account, region and name of the repository a denial names.
pub(super) fn repository(message: &str) -> Option<[&str; 3]> {
    let (_, rest) = message.rsplit_once(" on resource: ")?;
    let arn = rest.split_whitespace().next()?;
    let mut parts = arn.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    if arn != "arn" || !partition.starts_with("aws") || service != "ecr" {
        return None;
    }
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let is_region = region
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    // A full stop may end the sentence; no repository ends with one.
    let name = resource.strip_prefix("repository/")?.trim_end_matches('.');
    let is_name = (2..=256).contains(&name.len())
        && name.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b'/')
        });
    (is_account && is_region && is_name).then_some([account, region, name])
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "User: arn:aws:sts::111122223333:assumed-role/node/i-1 is not authorized to perform: ecr:BatchGetImage";

    #[test]
    fn the_resource_of_a_denial_is_its_repository() {
        for end in ["", ".", " because no identity-based policy allows it"] {
            let said = format!(
                "{USER} on resource: arn:aws:ecr:eu-west-1:444455556666:repository/a/b{end}"
            );
            assert_eq!(
                repository(&said),
                Some(["444455556666", "eu-west-1", "a/b"]),
                "{said}"
            );
        }
    }

    #[test]
    fn what_is_no_repository_of_ecr_is_nothing() {
        for resource in [
            "*",
            "arn:aws:s3:::bucket/repository/ab",
            "arn:aws:ecr:eu-west-1:4444:repository/ab",
            "arn:aws:ecr:eu-west-1:444455556666:repository/",
            "arn:aws:ecr:eu-west-1:444455556666:repository/<b>x",
            "arn:aws:ecr:eu-west-1:444455556666:registry/ab",
            "",
        ] {
            assert_eq!(
                repository(&format!("{USER} on resource: {resource}")),
                None,
                "{resource}"
            );
        }
        assert_eq!(
            repository("arn:aws:ecr:eu-west-1:444455556666:repository/ab"),
            None
        );
    }

    #[test]
    fn only_the_last_resource_counts() {
        let said = "User: x on resource: arn:aws:ecr:eu-west-1:444455556666:repository/fake on resource: arn:aws:ecr:eu-west-1:444455556666:repository/true";
        assert_eq!(
            repository(said),
            Some(["444455556666", "eu-west-1", "true"])
        );
    }
}
