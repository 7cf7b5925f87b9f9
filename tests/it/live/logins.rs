//! Credentials that end while a run is under way: those who can give fresh ones are asked once, those
//! who cannot leave a run that says how to log in and goes on from where it was.

use super::whole::{difference, found, whole};
use super::world::{World, log_in};
use super::{command, finish};
use crate::story::Report;
use crate::tool::{self, Answer};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// The home of a person with a configuration of AWS.
struct Home {
    folder: PathBuf,
}

impl Home {
    fn new(name: &str) -> Self {
        let folder = tool::scratch(&format!("live/logins/{name}"));
        fs::create_dir_all(folder.join(".aws")).unwrap();
        Self { folder }
    }

    fn configure(&self, file: &str, text: &str) {
        fs::write(self.folder.join(".aws").join(file), text).unwrap();
    }

    /// A program that gives out credentials number 1, 2, … and then the last ones again.
    fn process(&self, different: u32) {
        let script = self.folder.join("creds.sh");
        let count = self.folder.join("count");
        let text = format!(
            "n=$(cat '{count}' 2>/dev/null || echo 0); n=$((n + 1)); echo $n > '{count}'\n\
             most=$(cat '{most}'); k=$n; [ $k -gt $most ] && k=$most\n\
             printf '{{\"Version\":1,\"AccessKeyId\":\"AKID%s\",\"SecretAccessKey\":\"s\",'  $k\n\
             printf '\"SessionToken\":\"t\",\"Expiration\":\"2099-01-01T00:00:00Z\"}}'\n",
            count = count.display(),
            most = self.folder.join("most").display(),
        );
        fs::write(&script, text).unwrap();
        self.allow(different);
        let config = format!(
            "[profile tool]\nregion = us-east-1\ncredential_process = sh {}\n",
            script.display()
        );
        self.configure("config", &config);
    }

    fn allow(&self, different: u32) {
        fs::write(self.folder.join("most"), different.to_string()).unwrap();
    }

    /// How often the program was run.
    fn asked(&self) -> u32 {
        let text = fs::read_to_string(self.folder.join("count")).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    fn out(&self) -> PathBuf {
        self.folder.join("report")
    }

    fn command(&self, url: &str, more: &[&str]) -> Command {
        let story = super::story(super::CASE);
        let mut command = command(url, &story.folder);
        command
            .env("HOME", &self.folder)
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("PATH", "/usr/bin:/bin")
            .args(["report", "--since", "5h", "--baseline", "1d"])
            .args(["--now", &story.case.now, "--out"])
            .arg(self.out())
            .args(["--patience", "10s"])
            .args(more);
        command
    }

    fn run(&self, url: &str, more: &[&str]) -> (Answer, Report) {
        let answer = finish(self.command(url, more)).exits(0);
        let report =
            Report::read(&self.out()).unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
        (answer, report)
    }
}

fn world() -> World {
    whole(super::story(super::CASE))
}

/// A run whose credentials hold, and how many requests it makes.
fn undisturbed() -> &'static (Value, usize) {
    static FOUND: OnceLock<(Value, usize)> = OnceLock::new();
    FOUND.get_or_init(|| {
        let world = Arc::new(world());
        let server = world.serve();
        let home = Home::new("undisturbed");
        home.process(1);
        let (_, report) = home.run(&server.url, &["--profile", "tool"]);
        (found(&report), world.seen().len())
    })
}

fn outcomes(report: &Report) -> Vec<(String, String)> {
    let rows = report.json["coverage"].as_array().unwrap();
    let of = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| (of(row, "noun"), of(row, "outcome")))
        .filter(|(noun, _)| noun != "status")
        .collect()
}

fn is_whole(report: &Report) -> bool {
    outcomes(report).iter().all(|(_, how)| how == "complete")
}

#[cfg(unix)]
#[test]
fn a_program_that_gives_fresh_credentials_is_asked_and_the_run_goes_on() {
    let (whole, requests) = undisturbed();
    for good_for in [12, 16] {
        let mut world = world();
        world.good_for = Some(good_for);
        let world = Arc::new(world);
        let server = world.serve();
        let home = Home::new(&format!("process-{good_for}"));
        home.process(1_000);
        let (answer, report) = home.run(&server.url, &["--profile", "tool"]);
        difference("renewed", whole, &found(&report))
            .unwrap_or_else(|why| panic!("{good_for}: {why}\n{}", answer.err));
        assert!(is_whole(&report), "{:?}\n{}", outcomes(&report), answer.err);
        // No request but those that were refused is made twice, and no credentials are left unused.
        let keys = world.keys_used();
        let refused: usize = keys
            .values()
            .map(|times| times.saturating_sub(good_for))
            .sum();
        let made = world.seen().len();
        assert!(
            made <= requests + refused + 10,
            "{made} of {requests}, {refused} refused"
        );
        assert!(keys.len() > 1, "{keys:?}");
        let asked = home.asked() as usize;
        assert!(
            asked <= 2 * keys.len() + 2,
            "{asked} times for {} keys",
            keys.len()
        );
    }
}

#[cfg(unix)]
#[test]
fn a_role_is_assumed_again_with_fresh_credentials_below_it() {
    let (whole, _) = undisturbed();
    let mut world = world();
    world.good_for = Some(12);
    let world = Arc::new(world);
    let server = world.serve();
    let home = Home::new("role");
    home.process(1_000);
    let (answer, report) = home.run(
        &server.url,
        &["--profile", "tool", "--assume-role", "reader"],
    );
    difference("assumed again", whole, &found(&report))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    assert!(is_whole(&report), "{:?}\n{}", outcomes(&report), answer.err);
    let keys = world.keys_used();
    let of = |prefix: &str| keys.keys().filter(|key| key.starts_with(prefix)).count();
    let roles = of(&format!("AKID{}S", world.account));
    assert!(roles > 1 && keys.len() > roles, "{keys:?}");
}

#[cfg(unix)]
#[test]
fn a_program_that_has_no_others_is_asked_once_and_the_run_can_be_resumed() {
    let (whole, _) = undisturbed();
    let mut world = world();
    world.good_for = Some(12);
    let world = Arc::new(world);
    let server = world.serve();
    let home = Home::new("spent");
    home.process(1);
    let (answer, report) = home.run(&server.url, &["--profile", "tool"]);
    assert!(!is_whole(&report), "{:?}", outcomes(&report));
    let script = format!("sh {}", home.folder.join("creds.sh").display());
    assert!(
        answer.err.contains(&format!(
            "log in again (run what renews the credentials of `{script}`)"
        )),
        "{}",
        answer.err
    );
    assert!(answer.err.contains("--resume --force"), "{}", answer.err);
    // Signing in asks twice, the first refusal once more, and nobody after it.
    assert!(home.asked() <= 3, "{}", home.asked());
    assert!(home.out().with_file_name("report.resume").is_dir());

    home.allow(1_000);
    let (answer, report) = home.run(&server.url, &["--profile", "tool", "--resume", "--force"]);
    difference("resumed", whole, &found(&report))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    assert!(is_whole(&report), "{:?}\n{}", outcomes(&report), answer.err);
    assert!(!home.out().with_file_name("report.resume").exists());
}

#[test]
fn a_profile_that_is_written_anew_while_a_run_is_under_way_is_read_anew() {
    let (whole, _) = undisturbed();
    let home = Home::new("profile");
    let file = home.folder.join(".aws/credentials");
    log_in(&file, 1);
    home.configure("config", "[profile dev]\nregion = us-east-1\n");
    let mut world = world();
    world.good_for = Some(14);
    world.login = Some(file);
    let world = Arc::new(world);
    let server = world.serve();
    let (answer, report) = home.run(&server.url, &["--profile", "dev"]);
    difference("written anew", whole, &found(&report))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    assert!(is_whole(&report), "{:?}\n{}", outcomes(&report), answer.err);
    assert!(world.keys_used().len() > 1, "{:?}", world.keys_used());
}

#[test]
fn credentials_of_the_environment_have_no_others_and_say_so() {
    let mut world = world();
    world.good_for = Some(12);
    let world = Arc::new(world);
    let server = world.serve();
    let home = Home::new("environment");
    let mut run = home.command(&server.url, &[]);
    run.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    let answer = finish(run).exits(0);
    assert!(
        answer
            .err
            .contains("log in again (export a fresh AWS_ACCESS_KEY_ID"),
        "{}",
        answer.err
    );
    let report = Report::read(&home.out()).unwrap();
    assert!(!is_whole(&report));
}
