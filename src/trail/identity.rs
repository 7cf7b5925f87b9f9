//! Who called: the principal to group by, and the session apart from it.
//!
//! A role's ARN in a record ends with the session, which is another one on every node. Grouping by
//! it would hide that one role makes all the calls. Variants: CloudTrail user guide,
//! "CloudTrail userIdentity element".

use super::record::text_of;
use super::skim::values;
use super::slots::Key;
use super::spelling::Spellings;
use std::borrow::Cow;

/// What a record says about its caller, each text as it stands there, empty when absent.
#[derive(Debug, Default)]
pub(super) struct Identity<'a> {
    kind: Cow<'a, str>,
    principal_id: Cow<'a, str>,
    arn: Cow<'a, str>,
    /// The caller's account.
    pub(super) account: Cow<'a, str>,
    invoked_by: Cow<'a, str>,
    /// ARN of the role behind a session.
    issuer: Cow<'a, str>,
}

impl<'a> Identity<'a> {
    /// Reads `userIdentity` as written.
    pub(super) fn read(raw: Option<&'a [u8]>, spellings: &mut Spellings) -> Self {
        let raw = raw.unwrap_or_default();
        let slots = values(raw, spellings);
        let text = |key| text_of(slots.raw(raw, key));
        let context = slots.raw(raw, Key::SessionContext).unwrap_or_default();
        let issuer = values(context, spellings)
            .raw(context, Key::SessionIssuer)
            .unwrap_or_default();
        Self {
            kind: text(Key::Type),
            principal_id: text(Key::PrincipalId),
            arn: text(Key::Arn),
            account: text(Key::AccountId),
            invoked_by: text(Key::InvokedBy),
            issuer: text_of(values(issuer, spellings).raw(issuer, Key::Arn)),
        }
    }
}

/// The principal without its session, and the session name (empty when there is none).
pub(super) fn who<'a>(identity: &'a Identity<'a>) -> (Cow<'a, str>, &'a str) {
    let assumed = assumed_role(&identity.arn);
    let session = assumed
        .as_ref()
        .map(|(_, session)| *session)
        .or_else(|| session_of(&identity.principal_id))
        .unwrap_or_default();
    let is_role = matches!(&*identity.kind, "AssumedRole" | "Role") || assumed.is_some();
    let principal = if is_role && !identity.issuer.is_empty() {
        Cow::Borrowed(&*identity.issuer)
    } else if let Some((role, _)) = assumed {
        Cow::Owned(role.whole())
    } else if &*identity.kind == "AWSService" && !identity.invoked_by.is_empty() {
        Cow::Borrowed(&*identity.invoked_by)
    } else if !identity.arn.is_empty() {
        Cow::Borrowed(&*identity.arn)
    } else {
        nameless(identity)
    };
    (principal, session)
}

/// Records without an ARN: service events, callers seen from another account, identity centers.
fn nameless<'a>(identity: &'a Identity<'a>) -> Cow<'a, str> {
    let id = match session_of(&identity.principal_id) {
        Some(_) => identity.principal_id.split(':').next().unwrap_or_default(),
        None => &*identity.principal_id,
    };
    if !identity.invoked_by.is_empty() && id.is_empty() {
        Cow::Borrowed(&*identity.invoked_by)
    } else if !identity.account.is_empty() && !id.is_empty() {
        Cow::Owned(format!("{}:{id}", &*identity.account))
    } else if !id.is_empty() {
        Cow::Borrowed(id)
    } else if !identity.account.is_empty() {
        Cow::Borrowed(&*identity.account)
    } else {
        Cow::Borrowed("unknown")
    }
}

/// A role as the ARN of its session names it: what stands before and after `:assumed-role/`.
struct Assumed<'a> {
    head: &'a str,
    name: &'a str,
}

impl Assumed<'_> {
    fn whole(&self) -> String {
        let head = self.head.replacen(":sts:", ":iam:", 1);
        format!("{head}:role/{}", self.name)
    }
}

/// Role ARN and session of `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`. The path of the role
/// is lost in this form, so it is only the second choice.
fn assumed_role(arn: &str) -> Option<(Assumed<'_>, &str)> {
    let (head, tail) = arn.split_once(":assumed-role/")?;
    let (name, session) = tail.split_once('/')?;
    Some((Assumed { head, name }, session))
}

/// The session in a principal ID like `AROAEXAMPLE:i-0abc`. Web identities use colons otherwise.
fn session_of(principal_id: &str) -> Option<&str> {
    let (id, session) = principal_id.split_once(':')?;
    let is_unique_id = id.len() >= 4
        && id.starts_with('A')
        && id
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'*');
    is_unique_id.then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(json: &str) -> (String, String) {
        let mut spellings = Spellings::default();
        let identity = Identity::read(Some(json.as_bytes()), &mut spellings);
        let (principal, session) = who(&identity);
        (principal.into_owned(), session.to_owned())
    }

    #[test]
    fn principals_and_sessions_of_every_variant() {
        let role = "arn:aws:iam::111122223333:role/team/node";
        let cases = [
            (
                r#"{"type":"AssumedRole","principalId":"AROAX:i-0abc","arn":"arn:aws:sts::111122223333:assumed-role/node/i-0abc",
                    "sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/team/node"}}}"#,
                role,
                "i-0abc",
            ),
            (
                r#"{"type":"AssumedRole","arn":"arn:aws-cn:sts::111122223333:assumed-role/node/a","sessionContext":{"sessionIssuer":{}}}"#,
                "arn:aws-cn:iam::111122223333:role/node",
                "a",
            ),
            (
                r#"{"type":"AssumedRole","principalId":"AROAXEXAMPLE:name","accountId":"111122223333"}"#,
                "111122223333:AROAXEXAMPLE",
                "name",
            ),
            (
                r#"{"type":"IAMUser","principalId":"AIDAX","arn":"arn:aws:iam::111122223333:user/ana","userName":"ana"}"#,
                "arn:aws:iam::111122223333:user/ana",
                "",
            ),
            (
                r#"{"type":"AWSService","invokedBy":"ecr.amazonaws.com"}"#,
                "ecr.amazonaws.com",
                "",
            ),
            (
                r#"{"type":"AWSAccount","accountId":"444455556666","principalId":"AROAYEXAMPLE:i-1"}"#,
                "444455556666:AROAYEXAMPLE",
                "i-1",
            ),
            (
                r#"{"accountId":"111122223333","invokedBy":"AWS Internal"}"#,
                "AWS Internal",
                "",
            ),
            (
                r#"{"type":"WebIdentityUser","principalId":"arn:aws:iam::1:oidc-provider/x:sts.amazonaws.com:system"}"#,
                "arn:aws:iam::1:oidc-provider/x:sts.amazonaws.com:system",
                "",
            ),
            ("{}", "unknown", ""),
        ];
        for (json, principal, session) in cases {
            assert_eq!(
                seen(json),
                (principal.to_owned(), session.to_owned()),
                "{json}"
            );
        }
    }
}
