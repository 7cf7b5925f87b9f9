//! Messages to real receivers on the loopback: those that take them, hang, fail, or die midway.

use crate::archive::{self, Call, at};
use crate::tool::scratch;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What a receiver got.
#[derive(Debug, Clone)]
struct Request {
    line: String,
    headers: String,
    body: Vec<u8>,
}

/// How a receiver behaves, request by request; the last behaviour stays.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Answers(u16),
    Hangs,
    Dies,
}

struct Server {
    address: String,
    got: Receiver<Request>,
}

fn serve(manners: &'static [Manner]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, got) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let manner = manners[number.min(manners.len() - 1)];
            let mut stream = stream.unwrap();
            match manner {
                Manner::Dies => {
                    // Half a request is read, then the connection is torn down.
                    let mut some = [0; 64];
                    let _ = stream.read(&mut some);
                }
                Manner::Hangs => {
                    let _ = read(&mut stream);
                    std::thread::sleep(Duration::from_secs(20));
                }
                Manner::Answers(code) => {
                    if let Some(request) = read(&mut stream) {
                        let sns = String::from_utf8_lossy(&request.body).contains("Action=Publish");
                        let _ = tell.send(request);
                        let body = if sns {
                            "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>"
                        } else {
                            ""
                        };
                        let head = format!(
                            "HTTP/1.1 {code} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                            body.len()
                        );
                        let _ = stream.write_all(head.as_bytes());
                    }
                }
            }
        }
    });
    Server { address, got }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut headers = String::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
        if header.trim().is_empty() {
            break;
        }
        headers.push_str(&header.to_lowercase());
    }
    let of = |name: &str| {
        headers
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
            .map(str::to_owned)
    };
    if of("expect:").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length: usize = of("content-length:")
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        line: line.trim().to_owned(),
        headers,
        body,
    })
}

fn fails(call: &Call) -> Option<&'static str> {
    let inside = at("2026-03-11T10:00:00Z") <= call.time && call.time < at("2026-03-11T11:00:00Z");
    (inside && call.percent < 60).then_some("ThrottlingException")
}

fn estate(name: &str) -> std::path::PathBuf {
    let folder = scratch(name);
    let span = (at("2026-03-07T00:00:00Z"), at("2026-03-12T02:00:00Z"));
    archive::write(&folder.join("trail"), &["us-east-1"], span, 180, &fails);
    folder
}

/// One night with these channels; secrets and credentials come through the environment.
fn night(folder: &Path, channels: &str, on: &str, secrets: &[(&str, &str)]) -> Output {
    fs::write(folder.join("channels.toml"), channels).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecr-incident"));
    command
        .current_dir(folder)
        .env_clear()
        .envs(secrets.iter().copied())
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env(
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
        )
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args([
            "nightly",
            "--cloudtrail",
            "trail",
            "--offline",
            "--state",
            "state",
            "-o",
            "nights",
        ])
        .args([
            "--day",
            "2026-03-11",
            "--now",
            "2026-03-12T02:00:00Z",
            "--notify",
            "channels.toml",
        ])
        .args(["--notify-on", on]);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        folder.join("nights/2026-03-11/nightly.md").exists(),
        "the report was lost"
    );
    output
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_message_arrives_once_in_the_shape_of_each_channel() {
    let folder = estate("notify-arrives");
    let (hook, slack, aws) = (
        serve(&[Manner::Answers(200)]),
        serve(&[Manner::Answers(200)]),
        serve(&[Manner::Answers(200)]),
    );
    let secret = format!("http://{}/T000/B000/secretpath", slack.address);
    fs::write(
        folder.join("hook-url"),
        format!("http://{}/hook/secretpath\n", hook.address),
    )
    .unwrap();
    let channels = format!(
        "[[channel]]\nname = \"hook\"\nkind = \"webhook\"\nurl = {{ file = \"hook-url\" }}\n\
         authorization = {{ env = \"TOKEN\" }}\n\
         [[channel]]\nname = \"slack\"\nkind = \"slack\"\nurl = {{ env = \"SLACK_URL\" }}\n\
         [[channel]]\nname = \"topic\"\nkind = \"sns\"\ntopic = \"arn:aws:sns:us-east-1:111122223333:ops\"\n\
         endpoint = \"http://{0}\"\n\
         [[channel]]\nname = \"bucket\"\nkind = \"s3\"\nbucket = \"reports\"\nprefix = \"ecr/\"\n\
         endpoint = \"http://{0}\"\n",
        aws.address
    );
    let secrets = [
        ("SLACK_URL", secret.as_str()),
        ("TOKEN", "Bearer verysecret"),
    ];
    let first = night(&folder, &channels, "new,worse", &secrets);
    for name in ["hook", "slack", "topic", "bucket"] {
        assert!(
            err(&first).contains(&format!("{name}: notified")),
            "{}",
            err(&first)
        );
    }
    for secret in ["secretpath", "verysecret", "wJalr"] {
        assert!(!err(&first).contains(secret), "{}", err(&first));
    }
    let wait = Duration::from_secs(5);
    let got = hook.got.recv_timeout(wait).unwrap();
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    assert!(
        got.line.starts_with("POST /hook/secretpath"),
        "{}",
        got.line
    );
    assert!(
        got.headers.contains("authorization: bearer verysecret"),
        "{}",
        got.headers
    );
    assert!(
        body["subject"].as_str().unwrap().contains("1 new"),
        "{body}"
    );
    assert_eq!(body["summary"]["night"], "2026-03-11");
    let got = slack.got.recv_timeout(wait).unwrap();
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    assert!(
        body["text"].as_str().unwrap().contains("throttle"),
        "{body}"
    );
    let requests: Vec<Request> = std::iter::from_fn(|| aws.got.recv_timeout(wait).ok())
        .take(7)
        .collect();
    let published = String::from_utf8_lossy(&requests[0].body).into_owned();
    assert!(
        published.contains("Action=Publish") && published.contains("ops"),
        "{published}"
    );
    let keys: Vec<&str> = requests[1..]
        .iter()
        .map(|it| it.line.split(['?', ' ']).nth(1).unwrap())
        .collect();
    assert_eq!(keys.len(), 6, "{keys:?}");
    assert!(
        keys.contains(&"/reports/ecr/2026-03-11/nightly.json"),
        "{keys:?}"
    );

    // The same night again: everybody has the message already.
    let again = night(&folder, &channels, "new,worse", &secrets);
    assert!(
        err(&again).contains("slack: has this message already"),
        "{}",
        err(&again)
    );
    assert!(
        slack.got.recv_timeout(Duration::from_millis(300)).is_err(),
        "sent twice"
    );
}

#[test]
fn a_receiver_that_recovers_gets_the_message_and_one_that_does_not_costs_nothing() {
    let folder = estate("notify-trouble");
    let late = serve(&[Manner::Answers(500), Manner::Dies, Manner::Answers(200)]);
    let hangs = serve(&[Manner::Hangs]);
    let refuses = serve(&[Manner::Answers(404)]);
    let one = |name: &str, server: &Server| {
        fs::write(
            folder.join(name),
            format!("http://{}/{name}path", server.address),
        )
        .unwrap();
        format!(
            "[[channel]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = {{ file = \"{name}\" }}\n\
             attempts = 3\nbackoff_ms = 50\npatience_s = 1\n"
        )
    };
    let channels = [
        one("late", &late),
        one("hangs", &hangs),
        one("refuses", &refuses),
    ]
    .concat();
    let begun = Instant::now();
    let output = night(&folder, &channels, "always", &[]);
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    let said = err(&output);
    assert!(said.contains("late: notified"), "{said}");
    assert!(
        said.contains("hangs: not notified after 3 attempts"),
        "{said}"
    );
    assert!(
        said.contains("refuses: not notified after 1 attempts"),
        "{said}"
    );
    assert!(!said.contains("path"), "an address was told: {said}");
    // The next run tries the failed ones again and leaves the other alone.
    let said = err(&night(&folder, &channels, "always", &[]));
    assert!(said.contains("late: has this message already"), "{said}");
    assert!(said.contains("refuses: not notified"), "{said}");
}

#[test]
fn nothing_is_sent_when_nothing_is_wanted() {
    let folder = estate("notify-never");
    let server = serve(&[Manner::Answers(200)]);
    fs::write(folder.join("url"), format!("http://{}/x", server.address)).unwrap();
    let channels = "[[channel]]\nname = \"a\"\nkind = \"webhook\"\nurl = { file = \"url\" }\n";
    night(&folder, channels, "never", &[]);
    night(&folder, channels, "worse", &[]);
    assert!(server.got.recv_timeout(Duration::from_millis(300)).is_err());
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let folder = scratch("notify-secret");
    let text = "[[channel]]\nname = \"a\"\nkind = \"slack\"\nurl = \"https://hooks.example/T/B/verysecret\"\n";
    fs::write(folder.join("channels.toml"), text).unwrap();
    let words = [
        "nightly",
        "--offline",
        "--state",
        "state",
        "--notify",
        "channels.toml",
    ];
    let answer = crate::tool::run(&folder, words).fails_with_hint(2, "channels");
    assert!(!answer.err.contains("verysecret"), "{}", answer.err);
}
