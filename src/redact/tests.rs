//! What is hidden, what stays, and the two laws: nothing left to find, and the way back.

use super::*;
use proptest::prelude::*;

fn redactor(level: Level) -> Redactor {
    Redactor::new(level, Map::new([7; 32]))
}

fn ids(text: &str) -> String {
    redactor(Level::Ids).text(Voice::Log, text)
}

#[test]
fn identities_are_hidden_and_the_rest_stays() {
    let cases = [
        (
            "User: arn:aws:sts::111122223333:assumed-role/node/i-0abc is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:111122223333:repository/team/web.",
            "User: arn:aws:sts::acct-1:assumed-role/role-1/session-1 is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:acct-1:repository/team/web.",
        ),
        (
            "account 111122223333, us-east-1",
            "account acct-1, us-east-1",
        ),
        ("1111-2222-3333", "acct-1"),
        (
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/web",
            "acct-1.dkr.ecr.us-east-1.amazonaws.com/team/web",
        ),
        (
            "from 10.0.3.17:443 and fe80::1ff:fe23:4567:890a.",
            "from ip-1:443 and ip-2.",
        ),
        (
            "at 14:07:58Z and a::b, version 27.3.1",
            "at 14:07:58Z and a::b, version 27.3.1",
        ),
        ("mail alice.smith@example.com.", "mail mail-1."),
        ("alice%40example.com", "mail-1"),
        (
            "ip-10-0-1-2.ec2.internal: build.acme.corp",
            "host-1: host-2",
        ),
        ("through vpce-0a1b2c3d4e5f60718", "through vpce-1"),
        (
            "https://vpce-0a1b2c3d4e5f60718-abcdefgh.api.ecr.us-east-1.vpce.amazonaws.com/",
            "https://vpce-1.api.ecr.us-east-1.vpce.amazonaws.com/",
        ),
        (
            "AROAEXAMPLE0123456789:i-0abcdef1234567890",
            "principal-1:inst-1",
        ),
        (
            "s3://acme-trail/AWSLogs/111122223333/x",
            "s3://bucket-1/AWSLogs/acct-1/x",
        ),
        (
            "arn:aws:health:us-east-1::event/ECR/AWS_ECR_X/AWS_ECR_X_1",
            "arn:aws:health:us-east-1::event/ECR/AWS_ECR_X/AWS_ECR_X_1",
        ),
        (
            "request 00b44fa6-4a1e-4c0d-9b52-000000002070",
            "request 00b44fa6-4a1e-4c0d-9b52-000000002070",
        ),
        (
            "sha256:56d21d08607c4a6787cf121809fe2282348c16e5ea9a4e7dbbeb0969c2827019",
            "sha256:56d21d08607c4a6787cf121809fe2282348c16e5ea9a4e7dbbeb0969c2827019",
        ),
        ("ecs-tasks.amazonaws.com", "ecs-tasks.amazonaws.com"),
        (
            "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            "arn:aws:iam::acct-1:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        ),
        (
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        ("arn:aws:iam::11112222", "arn:aws:iam::acct-1"),
        ("eyw6IGFsaWNlQGV4YW1wbGUuY29tIH0", "enc-1"),
        (
            "calls 8,399 at 2026-03-11T14:07:58Z, 20260311T1200Z",
            "calls 8,399 at 2026-03-11T14:07:58Z, 20260311T1200Z",
        ),
        ("role-3 was a name before", "literal-1 was a name before"),
    ];
    for (text, expected) in cases {
        assert_eq!(ids(text), expected, "{text}");
    }
}

#[test]
fn a_name_in_a_path_is_hidden() {
    // Put together here, because nothing committed may name a folder of homes.
    for (start, slash) in [("/ho", "me/"), ("/Us", "ers/"), ("C:\\Us", "ers\\")] {
        let text = |name: &str| format!("{start}{slash}{name}/logs");
        assert_eq!(ids(&text("alice")), text("user-1"));
    }
}

#[test]
fn a_digest_that_holds_the_beginning_of_a_key_is_no_secret() {
    let digest = "9cf8233a633e04980f3dacca5b8502462178bb4419f48d8da585a50d2b2129a5";
    assert_eq!(ids(digest), digest);
    assert!(redactor(Level::Off).leaks(digest).is_empty());
    // Shorter than any digest, in small letters or in capitals, it is a key.
    for key in ["acca5b8502462178bb44", "ACCA5B8502462178BB44"] {
        assert_eq!(ids(key), REMOVED);
    }
}

#[test]
fn secrets_go_at_every_level() {
    let cases = [
        ("key AKIAIOSFODNN7EXAMPLE used", "key [secret removed] used"),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key = [secret removed]",
        ),
        (
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "[secret removed]",
        ),
        (
            "Authorization: Bearer abc.def.ghi1",
            "Authorization: [secret removed]",
        ),
        (
            "?X-Amz-Signature=0123456789abcdef&x=1",
            "?X-Amz-Signature=[secret removed]&x=1",
        ),
        (
            "https://hooks.slack.com/services/T0/B0/xyz",
            "https://[secret removed]",
        ),
        (
            "https://bob:hunter2@registry.example.com/v2/",
            "https://[secret removed]@registry.example.com/v2/",
        ),
        (
            "{\"password\":\"hunter22\"}",
            "{\"password\":\"[secret removed]\"}",
        ),
        (
            "{\\\"sessionToken\\\":\\\"IQoJb3JpZ2luX2VjEXAMPLE\\\"}",
            "{\\\"sessionToken\\\":\\\"[secret removed]\\\"}",
        ),
        ("ghp_0123456789abcdefghij", "[secret removed]"),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln",
            "[secret removed]",
        ),
        ("QVdTOkFLSUFJT1NGT0ROTjdFWEFNUExF", "[secret removed]"),
        ("AKIA%49OSFODNN7EXAMPLE", "[secret removed]"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            redactor(Level::Off).text(Voice::Log, text),
            expected,
            "{text}"
        );
    }
    for harmless in [
        "The security token included in the request is expired",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/upstream-AbCdEf",
        "Basic support plan",
        "token: no",
        "team/web/AWSLogs/2026/03/11",
    ] {
        assert_eq!(redactor(Level::Off).text(Voice::Log, harmless), harmless);
    }
}

#[test]
fn a_secret_in_a_name_is_removed_and_never_remembered() {
    let mut redactor = redactor(Level::Ids);
    redactor.learn(Kind::Session, "AKIAIOSFODNN7EXAMPLE");
    let arn = "arn:aws:sts::111122223333:assumed-role/node/AKIAIOSFODNN7EXAMPLE";
    redactor.learn(Kind::Principal, arn);
    redactor.settle();
    assert_eq!(
        redactor.text(Voice::Log, arn),
        "arn:aws:sts::acct-1:assumed-role/role-1/[secret removed]"
    );
    assert_eq!(
        redactor.name(Kind::Session, "AKIAIOSFODNN7EXAMPLE"),
        REMOVED
    );
    assert!(!redactor.map().to_json().contains("AKIA"));
}

#[test]
fn one_value_has_one_pseudonym_everywhere() {
    let mut redactor = redactor(Level::Ids);
    redactor.learn(
        Kind::Principal,
        "arn:aws:iam::111122223333:role/checkout-deployer",
    );
    redactor.learn(Kind::Session, "Alice.Smith");
    redactor.settle();
    let role = redactor.name(
        Kind::Principal,
        "arn:aws:iam::111122223333:role/checkout-deployer",
    );
    assert_eq!(role, "arn:aws:iam::acct-1:role/role-1");
    assert_eq!(
        redactor.text(Voice::Ours, "checkout-deployer changed it as alice.smith (ALICE.SMITH), by arn:aws:sts::111122223333:assumed-role/checkout-deployer/Alice.Smith"),
        "role-1 changed it as session-1 (session-2), by arn:aws:sts::acct-1:assumed-role/role-1/session-3"
    );
}

#[test]
fn an_everyday_word_is_a_name_only_where_it_stands_like_one() {
    let mut redactor = redactor(Level::Ids);
    redactor.learn(Kind::Principal, "arn:aws:iam::111122223333:role/node");
    redactor.settle();
    assert_eq!(
        redactor.text(Voice::Ours, "Hold node rotations of `node`"),
        "Hold node rotations of `role-1`"
    );
    assert_eq!(redactor.text(Voice::Log, "by node"), "by role-1");
}

#[test]
fn all_hides_names_and_ids_but_not_our_own_hashes() {
    let hash = "56d21d08607c4a6787cf121809fe2282348c16e5ea9a4e7dbbeb0969c2827019";
    let mut redactor = redactor(Level::All);
    redactor.keep(hash);
    redactor.learn(Kind::Repository, "team/web");
    redactor.settle();
    let text = format!("team/web at 00b44fa6-4a1e-4c0d-9b52-00000000204f, {hash}, 'other-repo'");
    assert_eq!(
        redactor.text(Voice::Log, &text),
        format!("repo-1 at uid-1, {hash}, 'res-1'")
    );
}

#[test]
fn the_map_is_sealed() {
    let mut redactor = redactor(Level::Ids);
    redactor.text(Voice::Log, "10.0.0.1 and alice@example.com");
    let file = redactor.map().to_json();
    assert_eq!(&Map::from_json(&file).unwrap(), redactor.map());
    assert!(Map::from_json(&file.replace("10.0.0.1", "10.0.0.2")).is_err());
    assert!(Map::from_json("{}").is_err());
}

#[test]
fn a_map_goes_on_where_it_stopped() {
    let mut first = redactor(Level::Ids);
    first.text(Voice::Log, "10.0.0.1");
    let mut second = Redactor::new(Level::Ids, first.map().clone());
    assert_eq!(second.text(Voice::Log, "10.0.0.9 10.0.0.1"), "ip-2 ip-1");
}

#[test]
fn no_word_ends_with_another() {
    for a in Kind::ALL {
        for b in Kind::ALL {
            assert!(a == b || !a.word().ends_with(b.word()), "{a:?} {b:?}");
        }
    }
}

/// Texts made of what hurts: identities, separators, escapes, pseudonyms, digits.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("111122223333".to_owned()),
        Just("arn:aws:iam::111122223333:role/a".to_owned()),
        Just("arn:aws:sts::111122223333:assumed-role/x/y".to_owned()),
        Just("checkout-deployer".to_owned()),
        Just("node".to_owned()),
        Just("10.0.0.1".to_owned()),
        Just("fe80::1:2:3".to_owned()),
        Just("alice@example.com".to_owned()),
        Just("vpce-0a1b2c3d4e5f60718".to_owned()),
        Just("ip-10-0-0-1".to_owned()),
        Just("acct-1".to_owned()),
        Just("role-".to_owned()),
        Just("YWxpY2VAZXhhbXBsZS5jb20=".to_owned()),
        Just("00b44fa6-4a1e-4c0d-9b52-00000000204f".to_owned()),
        Just("https://".to_owned()),
        Just(["/ho", "me/"].concat()),
        "[ .:/@,'\"%&;\\\\=-]{1,3}",
        "%[0-9a-f]{2}",
        "[0-9]{1,5}",
        "[a-zA-Z]{1,5}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn unredact_undoes_redact(texts in prop::collection::vec(soup(), 1..4), level in prop_oneof![Just(Level::Ids), Just(Level::All)], voice in prop_oneof![Just(Voice::Ours), Just(Voice::Log)]) {
        let mut redactor = redactor(level);
        redactor.learn(Kind::Role, "checkout-deployer");
        redactor.learn(Kind::Role, "node");
        for text in &texts {
            redactor.survey(voice, text);
        }
        redactor.settle();
        for text in &texts {
            if secrets::holds(text) {
                continue;
            }
            let out = redactor.text(voice, text);
            prop_assert_eq!(&redactor.map().unredact(&out), text, "{}", out);
        }
    }

    #[test]
    fn redacted_text_holds_nothing_to_find(text in soup(), level in prop_oneof![Just(Level::Off), Just(Level::Ids), Just(Level::All)]) {
        let mut redactor = redactor(level);
        redactor.learn(Kind::Role, "checkout-deployer");
        redactor.settle();
        let out = redactor.text(Voice::Log, &text);
        prop_assert!(redactor.leaks(&out).is_empty(), "{text:?} -> {out:?}: {:?}", redactor.leaks(&out));
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,80}") {
        let mut redactor = redactor(Level::All);
        redactor.text(Voice::Log, &text);
    }
}

#[test]
fn every_beginning_of_a_secret_has_its_lead() {
    let secrets = rules::secrets();
    let begins: Vec<&str> = secrets
        .access_keys
        .iter()
        .chain(&secrets.words)
        .chain(&secrets.schemes)
        .chain(&secrets.webhooks)
        .chain(secrets.tokens.iter().map(|shape| &shape.begins))
        .map(String::as_str)
        .collect();
    assert!(begins.len() > 60);
    for begin in begins {
        let letters: Vec<char> = begin.chars().take(2).collect();
        let [first, second] = letters[..] else {
            panic!("{begin}: one letter cannot lead, so it would never be found")
        };
        assert_ne!(rules::leads().of(first, second), 0, "{begin}");
    }
}
