//! Packs of every case: they fit the form, and arrive in a case whole and once, at a desk that
//! throttles, forgets its sets and loses answers. The desk is a small server on this machine.

use crate::story;
use crate::tool::{for_each, run, run_with, scratch};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

type Files = Vec<(String, String)>;

/// What the desk holds, and how badly it behaves.
#[derive(Default)]
struct Desk {
    asked: BTreeMap<String, usize>,
    sets: BTreeMap<String, Files>,
    cases: BTreeMap<String, Vec<(String, Files)>>,
}

enum Reply {
    Json(u16, Value),
    Xml(String),
    /// Done, but the answer never arrives.
    Silence,
}

impl Desk {
    fn answer(&mut self, operation: &str, body: &str) -> Reply {
        let asked = self.asked.entry(operation.to_owned()).or_default();
        *asked += 1;
        let turn = *asked;
        if operation.is_empty() {
            return Reply::Xml(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::111122223333:user/x</Arn><UserId>AIDAX</UserId><Account>111122223333</Account>\
                 </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
                    .to_owned(),
            );
        }
        let asked: Value = serde_json::from_str(body).unwrap();
        let text = |key: &str| story::text(&asked, key).to_owned();
        let error = |code: &str| Reply::Json(400, json!({"__type": code, "message": "no"}));
        match operation {
            "AddAttachmentsToSet" => {
                if turn % 4 == 1 {
                    return error("ThrottlingException");
                }
                let mut id = text("attachmentSetId");
                if id.is_empty() {
                    id = format!("set-{}", self.sets.len());
                    self.sets.insert(id.clone(), Vec::new());
                }
                let Some(files) = self.sets.get_mut(&id) else {
                    return error("AttachmentSetIdNotFound");
                };
                for file in asked["attachments"].as_array().unwrap() {
                    files.push((
                        story::text(file, "fileName").to_owned(),
                        story::text(file, "data").to_owned(),
                    ));
                }
                assert!(files.len() <= 3, "more than three files in a set");
                if turn == 3 {
                    return Reply::Silence;
                }
                Reply::Json(
                    200,
                    json!({"attachmentSetId": id, "expiryTime": "2030-01-01T00:00:00Z"}),
                )
            }
            "AddCommunicationToCase" => {
                if turn == 1 {
                    self.sets.clear();
                    return error("AttachmentSetExpired");
                }
                let Some(files) = self.sets.get(&text("attachmentSetId")).cloned() else {
                    return error("AttachmentSetIdNotFound");
                };
                assert!(text("communicationBody").chars().count() <= 8_000);
                self.cases
                    .entry(text("caseId"))
                    .or_default()
                    .push((text("communicationBody"), files));
                if turn == 2 {
                    return Reply::Silence;
                }
                Reply::Json(200, json!({"result": true}))
            }
            "DescribeCommunications" => {
                let letters: Vec<Value> = self
                    .cases
                    .get(&text("caseId"))
                    .into_iter()
                    .flatten()
                    .map(|(body, _)| json!({"caseId": text("caseId"), "body": body}))
                    .collect();
                Reply::Json(200, json!({"communications": letters}))
            }
            "DescribeCases" => {
                let cases: Vec<Value> = self
                    .cases
                    .iter()
                    .map(|(id, letters)| {
                        let bodies: Vec<Value> = letters
                            .iter()
                            .map(|(body, _)| json!({"body": body}))
                            .collect();
                        json!({"caseId": id, "recentCommunications": {"communications": bodies}})
                    })
                    .collect();
                Reply::Json(200, json!({"cases": cases}))
            }
            "DescribeServices" => Reply::Json(
                200,
                json!({"services": [{"code": "ecr-code", "name": "Elastic Container Registry (ECR)", "categories": [{"code": "apis", "name": "API Issue"}]}]}),
            ),
            "CreateCase" => {
                assert_eq!(text("serviceCode"), "ecr-code");
                let files = self
                    .sets
                    .get(&text("attachmentSetId"))
                    .cloned()
                    .unwrap_or_default();
                let id = format!("case-new-{}", self.cases.len());
                self.cases
                    .insert(id.clone(), vec![(text("communicationBody"), files)]);
                if turn == 1 {
                    return Reply::Silence;
                }
                Reply::Json(200, json!({"caseId": id}))
            }
            other => panic!("unexpected {other}"),
        }
    }
}

fn serve(mut stream: TcpStream, desk: &Mutex<Desk>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut length, mut operation, mut line) = (0, String::new(), String::new());
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 {
                return;
            }
            let header = header.trim();
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "x-amz-target" => operation = value.rsplit('.').next().unwrap().trim().to_owned(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let reply = desk
            .lock()
            .unwrap()
            .answer(&operation, &String::from_utf8_lossy(&body));
        let (status, kind, text) = match reply {
            Reply::Silence => return,
            Reply::Json(status, value) => (status, "application/x-amz-json-1.1", value.to_string()),
            Reply::Xml(text) => (200, "text/xml", text),
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nx-amzn-requestid: r\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Opens a desk; its address and what it holds.
fn open() -> (String, Arc<Mutex<Desk>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let desk = Arc::new(Mutex::new(Desk::default()));
    let shared = Arc::clone(&desk);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let desk = Arc::clone(&shared);
            std::thread::spawn(move || serve(stream, &desk));
        }
    });
    (address, desk)
}

fn variables(address: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", address.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
    ]
}

fn base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['+', '/'])
        .collect();
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let value = three
            .iter()
            .fold(0_usize, |value, byte| value << 8 | usize::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            out.push(if place <= three.len() {
                alphabet[value >> (18 - 6 * place) & 63]
            } else {
                '='
            });
        }
    }
    out
}

fn attached(folder: &Path) -> Files {
    let mut files: Files = fs::read_dir(folder.join("attachments"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                base64(&fs::read(&path).unwrap()),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_case_is_packed_sent_once_and_arrives_whole() {
    for_each(story::all(), |story| {
        let report = story::first(story)?;
        let folder = scratch(&format!("pack/{}", story.name));
        let source = report.folder.display().to_string();
        let (address, desk) = open();
        let words = |extra: &[&str]| -> Vec<String> {
            let mut words = vec![
                "pack".to_owned(),
                source.clone(),
                "--out".to_owned(),
                "case".to_owned(),
                "--force".to_owned(),
            ];
            words.extend(extra.iter().map(|word| (*word).to_owned()));
            words
        };
        run(
            &folder,
            words(&["--for", "github,slack,jira,ci,mail,print"]),
        )
        .exits(0);
        let files = attached(&folder.join("case"));
        let body = fs::read_to_string(folder.join("case/body.txt")).unwrap();
        let small = files.iter().all(|(_, data)| data.len() / 4 * 3 < 5_000_000);
        if files.len() > 3 || !small || body.chars().count() > 7_500 {
            return Err(format!(
                "{}: {} files, body {}",
                story.name,
                files.len(),
                body.chars().count()
            ));
        }
        for (post, limit) in [
            ("github.md", 65_536),
            ("slack.txt", 4_000),
            ("jira.txt", 32_767),
            ("ci-summary.md", 1_048_576),
        ] {
            let text = fs::read_to_string(folder.join("case/posts").join(post)).unwrap();
            assert!(
                text.len() <= limit || text.chars().count() <= limit,
                "{post}"
            );
        }
        let variables = variables(&address);
        // Without --yes and without a person nothing is sent.
        let refused = run_with(&folder, &words(&["--attach", "case-7"]), &variables).exits(2);
        assert!(refused.out.contains("File: report.md"), "{}", refused.out);
        assert!(desk.lock().unwrap().cases.is_empty());
        for _ in 0..2 {
            let answer = run_with(
                &folder,
                &words(&["--attach", "case-7", "--yes"]),
                &variables,
            )
            .sane();
            if answer.code != 0 {
                return Err(format!("{}: {}", story.name, answer.err));
            }
            // Also without what an earlier run noted.
            let _ = fs::remove_file(folder.join("case/sent.json"));
        }
        let mut held = desk.lock().unwrap();
        let letters = &mut held.cases.get_mut("case-7").unwrap();
        letters.iter_mut().for_each(|(_, files)| files.sort());
        if **letters != vec![(body.clone(), files.clone())] {
            return Err(format!(
                "{}: {} letters, or changed on the way",
                story.name,
                letters.len()
            ));
        }
        Ok(())
    });
}

#[test]
fn a_case_is_created_once_though_the_answer_is_lost() {
    let story = &story::all()[0];
    let report = story::first(story).unwrap();
    let folder = scratch("pack_create");
    let (address, desk) = open();
    let words: Vec<String> = [
        "pack",
        &report.folder.display().to_string(),
        "--out",
        "case",
        "--create",
        "--yes",
        "--force",
    ]
    .map(str::to_owned)
    .to_vec();
    for _ in 0..2 {
        run_with(&folder, &words, &variables(&address)).exits(0);
        fs::remove_file(folder.join("case/sent.json")).unwrap();
    }
    assert_eq!(desk.lock().unwrap().cases.len(), 1);
}
