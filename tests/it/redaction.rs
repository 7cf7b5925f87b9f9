//! Seeded identities and secrets in every field of every input, in several spellings: none of them
//! may be found in any output, and the map brings back what is no secret.
//!
//! The search here shares no code with the redactor: it looks for the very bytes that were planted.

use crate::story::{self, Report, Story};
use crate::tool::{for_each, run, scratch};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A generator with a seed, so that a failure can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(below.max(1)).unwrap()).unwrap()
    }

    fn letters(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..length)
            .map(|_| alphabet[self.roll(alphabet.len())])
            .collect()
    }

    fn hex(&mut self, length: usize) -> String {
        self.letters("0123456789abcdef", length)
    }
}

const SHOUT: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What was planted, and how often.
#[derive(Default)]
struct Planted {
    identities: BTreeSet<String>,
    secrets: BTreeSet<String>,
    placements: usize,
}

struct Garden {
    dice: Dice,
    planted: Planted,
    roles: Vec<String>,
}

impl Garden {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let roles = (0..6).map(|_| format!("zq-{}", dice.hex(7))).collect();
        Self {
            dice,
            planted: Planted::default(),
            roles,
        }
    }

    fn identity(&mut self, value: String) -> String {
        self.planted.placements += 1;
        self.planted.identities.insert(value.clone());
        value
    }

    fn secret(&mut self, value: String) -> String {
        self.planted.placements += 1;
        self.planted.secrets.insert(value.clone());
        value
    }

    fn account(&mut self) -> String {
        let value = format!("9{}", self.dice.letters("0123456789", 11));
        self.identity(value)
    }

    fn role(&mut self) -> String {
        let index = self.dice.roll(self.roles.len());
        let value = self.roles[index].clone();
        self.identity(value)
    }

    fn session(&mut self) -> String {
        let value = match self.dice.roll(3) {
            0 => format!("i-0{}", self.dice.hex(16)),
            1 => format!("zq.{}@example.org", self.dice.hex(6)),
            _ => format!("Zq-{}", self.dice.hex(9)),
        };
        self.identity(value)
    }

    fn address(&mut self) -> String {
        let value = match self.dice.roll(2) {
            0 => format!(
                "10.{}.{}.{}",
                100 + self.dice.roll(100),
                100 + self.dice.roll(100),
                100 + self.dice.roll(100)
            ),
            _ => format!("fd00:{}::{}", self.dice.hex(4), self.dice.hex(4)),
        };
        self.identity(value)
    }

    fn endpoint(&mut self) -> String {
        let value = format!("vpce-0{}", self.dice.hex(16));
        self.identity(value)
    }

    /// Any identity, in any spelling a log may hold it in.
    fn spelled(&mut self) -> String {
        let value = match self.dice.roll(9) {
            0 => self.account(),
            1 => format!("arn:aws:iam::{}:role/{}", self.account(), self.role()),
            2 => self.address(),
            3 => self.endpoint(),
            4 => {
                let value = format!("zq-{}@example.com", self.dice.hex(6));
                self.identity(value)
            }
            5 => {
                let value = format!("zq-{}.corp.internal", self.dice.hex(6));
                self.identity(value)
            }
            6 => {
                let value = format!("AROA{}", self.dice.letters(SHOUT, 17));
                self.identity(value)
            }
            7 => self.role(),
            _ => {
                let bucket = format!("zq-{}", self.dice.hex(8));
                format!("s3://{}/key", self.identity(bucket))
            }
        };
        match self.dice.roll(6) {
            0 => percent(&value),
            1 => format!("{{\\\"who\\\":\\\"{value}\\\"}}"),
            2 => base64(format!("who={value};").as_bytes()),
            3 => value
                .chars()
                .enumerate()
                .map(|(index, c)| {
                    if index == 3 {
                        format!("{c}\u{200b}")
                    } else {
                        c.to_string()
                    }
                })
                .collect(),
            _ => value,
        }
    }

    /// Any secret, as a log may hold it.
    fn hidden(&mut self) -> String {
        match self.dice.roll(8) {
            0 => {
                let value = format!("ASIA{}", self.dice.letters(SHOUT, 16));
                self.secret(value)
            }
            1 => {
                let value = format!("aB3{}", self.dice.letters(MIXED, 37));
                let value = self.secret(value);
                format!("aws_secret_access_key={value}")
            }
            2 => {
                let value = self.dice.letters(MIXED, 24);
                format!("Authorization: Bearer {}", self.secret(value))
            }
            3 => {
                let value = format!(
                    "T0{}/B0{}",
                    self.dice.letters(MIXED, 8),
                    self.dice.letters(MIXED, 20)
                );
                format!("https://hooks.slack.com/services/{}", self.secret(value))
            }
            4 => {
                let value = format!("IQoJb3JpZ2lu{}", self.dice.letters(MIXED, 40));
                format!("?X-Amz-Security-Token={}", self.secret(value))
            }
            5 => {
                let value = format!("pw{}", self.dice.letters(MIXED, 14));
                format!("https://ci:{}@registry.example.net/v2/", self.secret(value))
            }
            6 => {
                let value = format!("ghp_{}", self.dice.letters(MIXED, 30));
                self.secret(value)
            }
            _ => {
                let value = self.dice.letters(MIXED, 16);
                format!("{{\"password\": \"{}\"}}", self.secret(value))
            }
        }
    }

    /// Plants into one CloudTrail record.
    fn record(&mut self, record: &mut Value) {
        let account = self.account();
        let identity = &mut record["userIdentity"];
        if identity["type"] == "AssumedRole" {
            let (role, session) = (self.role(), self.session());
            let caller = story::text(identity, "accountId").to_owned();
            identity["arn"] = json!(format!(
                "arn:aws:sts::{caller}:assumed-role/{role}/{session}"
            ));
            let key = format!("ASIA{}", self.dice.letters(SHOUT, 16));
            identity["accessKeyId"] = json!(self.secret(key));
            let unique = format!("AROA{}", self.dice.letters(SHOUT, 17));
            identity["principalId"] = json!(format!("{}:{session}", self.identity(unique)));
            let issuer = &mut identity["sessionContext"]["sessionIssuer"];
            issuer["arn"] = json!(format!("arn:aws:iam::{caller}:role/{role}"));
            issuer["userName"] = json!(role);
        }
        if !story::text(record, "sourceIPAddress").ends_with(".com") {
            record["sourceIPAddress"] = json!(self.address());
        }
        if record["vpcEndpointId"].is_string() {
            record["vpcEndpointId"] = json!(self.endpoint());
        }
        let agent = format!(
            "{} zq ({}; {}) {account}",
            story::text(record, "userAgent"),
            self.spelled(),
            self.hidden()
        );
        record["userAgent"] = json!(agent);
        if record["errorMessage"].is_string() {
            let message = format!(
                "{} via {} with {}",
                story::text(record, "errorMessage"),
                self.spelled(),
                self.hidden()
            );
            record["errorMessage"] = json!(message);
        }
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['+', '/'])
        .collect();
    bytes
        .chunks(3)
        .map(|three| {
            let value = three
                .iter()
                .fold(0_usize, |value, byte| value << 8 | usize::from(*byte))
                << (8 * (3 - three.len()));
            (0..4)
                .map(|place| {
                    if place <= three.len() {
                        alphabet[value >> (18 - 6 * place) & 63]
                    } else {
                        '='
                    }
                })
                .collect::<String>()
        })
        .collect()
}

/// Copies a case's inputs with everything planted into them.
fn plant(story: &Story, garden: &mut Garden, into: &Path) {
    let mut rest = vec![story.folder.join("trail")];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = rest.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rest.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    for path in files {
        let mut text = String::new();
        GzDecoder::new(fs::File::open(&path).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        for (index, record) in document["Records"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .enumerate()
        {
            if record["errorMessage"].is_string() || index % 40 == 0 {
                garden.record(record);
            }
        }
        let target = into.join(path.strip_prefix(&story.folder).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let mut out = GzEncoder::new(fs::File::create(target).unwrap(), Compression::fast());
        out.write_all(document.to_string().as_bytes()).unwrap();
        out.finish().unwrap();
    }
    for entry in fs::read_dir(&story.folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let mut text = fs::read_to_string(&path).unwrap();
        // Health texts, metric labels and quota names are free text of AWS or of the user.
        for key in ["latestDescription", "Label", "QuotaName", "entityValue"] {
            let mark = format!("\"{key}\": \"");
            let mut out = String::new();
            let mut parts = text.split(&mark);
            out.push_str(parts.next().unwrap());
            for part in parts {
                let planted = format!("{} {} ", garden.spelled(), garden.hidden());
                let planted = planted.replace('\\', "\\\\").replace('"', "\\\"");
                out.push_str(&mark);
                out.push_str(if key == "Label" { "" } else { &planted });
                out.push_str(part);
            }
            text = out;
        }
        fs::write(into.join(path.file_name().unwrap()), text).unwrap();
    }
}

/// Every file below a folder that may be shared, as text.
fn outputs(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = vec![folder.to_owned()];
    while let Some(folder) = rest.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rest.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.push((
                    path.display().to_string(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                ));
            }
        }
    }
    found
}

/// The spellings a planted value could have survived in.
fn spellings(value: &str) -> Vec<String> {
    vec![
        value.to_lowercase(),
        percent(value).to_lowercase(),
        value.replace('-', "\\-").replace('_', "\\_").to_lowercase(),
    ]
}

fn leaks(texts: &[(String, String)], planted: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in texts {
        let text: String = text
            .to_lowercase()
            .chars()
            .filter(|c| *c != '\u{200b}')
            .collect();
        let text = text.replace("\\u{200b}", "");
        for value in planted {
            if spellings(value)
                .iter()
                .any(|spelling| text.contains(spelling))
            {
                found.push(format!("{value} in {name}"));
            }
        }
    }
    found
}

#[test]
fn nothing_planted_leaves() {
    let stories: Vec<&Story> = story::all()
        .iter()
        .filter(|story| {
            [
                "aws_fault_late_health",
                "permission_change",
                "kms_key_disabled",
            ]
            .contains(&story.name.as_str())
        })
        .collect();
    assert_eq!(stories.len(), 3);
    for_each(&stories, |story| {
        let folder = scratch(&format!("redaction/{}", story.name));
        let mut garden = Garden::new(41);
        plant(story, &mut garden, &folder);
        let planted = &garden.planted;
        assert!(planted.placements >= 1_000, "only {}", planted.placements);
        let mut seen_plain = 0;
        for level in ["off", "ids", "all"] {
            let out = folder.join(level);
            let words = story.report_words(&["--redact", level], &out);
            let answer = run(&folder, words).exits(0);
            let mut texts = outputs(&out);
            texts.retain(|(name, _)| !name.contains("/bundle/"));
            texts.push(("stdout".to_owned(), answer.out));
            let leaked = leaks(&texts, &planted.secrets);
            if !leaked.is_empty() {
                return Err(format!("{} {level}: secrets left: {leaked:#?}", story.name));
            }
            let leaked = leaks(&texts, &planted.identities);
            if level == "off" {
                seen_plain = leaked.len();
            } else if !leaked.is_empty() {
                return Err(format!("{} {level}: {leaked:#?}", story.name));
            }
        }
        // The test can fail: without redaction the same search finds what was planted.
        assert!(seen_plain >= 50, "{}: only {seen_plain} seen", story.name);
        Ok(())
    });
}

#[test]
fn a_redacted_report_says_the_same_and_can_be_turned_back() {
    for_each(story::all(), |story| {
        let plain = story::first(story)?;
        let folder = scratch(&format!("redacted/{}", story.name));
        let out = folder.join("out");
        let words = story.report_words(&["--redact", "ids"], &out);
        run(&story.folder, words).exits(0);
        let hidden = Report::read(&out)?;
        if hidden.json["redaction"] != "ids" || out.join("bundle").exists() {
            return Err(format!("{}: not marked, or evidence beside it", story.name));
        }
        let private = folder.join("out.private");
        if !private.join("bundle/manifest.json").is_file() {
            return Err(format!("{}: no evidence kept", story.name));
        }
        let map = private.join("redaction-map.json");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(
                (mode(&map), mode(&private)),
                (0o600, 0o700),
                "{}",
                story.name
            );
        }
        let json = out.join("report.json").display().to_string();
        let back = run(
            &folder,
            ["unredact", &json, "--map", &map.display().to_string()],
        )
        .exits(0);
        let restored = back.out.replace(",\n  \"redaction\": \"ids\"", "");
        if restored != plain.json_text {
            return Err(format!(
                "{}: unredact does not bring the report back",
                story.name
            ));
        }
        Ok(())
    });
}

#[test]
fn a_changed_map_is_refused() {
    let story = &story::all()[0];
    let folder = scratch("redaction_map");
    let words = story.report_words(&["--redact", "ids"], &folder.join("out"));
    run(&story.folder, words).exits(0);
    let map = folder.join("out.private/redaction-map.json");
    let text = fs::read_to_string(&map).unwrap();
    fs::write(&map, text.replacen("acct-1", "acct-2", 1)).unwrap();
    let report = folder.join("out/report.md").display().to_string();
    run(
        &folder,
        ["unredact", &report, "--map", &map.display().to_string()],
    )
    .fails_with_hint(1, "seal");
}
