//! Runs the built binary in an empty environment and hands back what it said.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one run left behind.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Answer {
    /// The same answer, after checking its exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.out, self.err
        );
        self.sane()
    }

    /// The same answer, after checking that nothing panicked.
    #[track_caller]
    pub(crate) fn sane(self) -> Self {
        assert!(!self.err.contains("panicked at"), "{}", self.err);
        assert_ne!(self.code, 101, "{}", self.err);
        assert_ne!(self.code, -1, "ended by a signal: {}", self.err);
        self
    }

    /// The same answer, after checking that it failed with a message and a way out.
    #[track_caller]
    pub(crate) fn fails_with_hint(self, code: i32, says: &str) -> Self {
        let answer = self.exits(code);
        assert!(
            answer.err.contains(says),
            "expected {says:?} in: {}",
            answer.err
        );
        assert!(
            answer.err.contains("hint:") || answer.err.contains("--help"),
            "no way out in: {}",
            answer.err
        );
        answer
    }
}

/// Runs `ecr-incident` in `folder`.
pub(crate) fn run<I, S>(folder: &Path, arguments: I) -> Answer
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecr-incident"));
    command.args(arguments);
    answer(command, folder)
}

/// The same with some variables in its otherwise empty environment.
pub(crate) fn run_with(
    folder: &Path,
    arguments: &[String],
    variables: &[(&str, String)],
) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecr-incident"));
    command.args(arguments);
    answer_with(command, folder, variables)
}

/// The same with at most this much address space, in KiB, where the system can limit it.
pub(crate) fn run_within(kib: u64, folder: &Path, arguments: &[&str]) -> Answer {
    if !cfg!(target_os = "linux") {
        return run(folder, arguments);
    }
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(format!("ulimit -v {kib}; exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_ecr-incident"))
        .args(arguments);
    answer(command, folder)
}

fn answer(command: Command, folder: &Path) -> Answer {
    answer_with(command, folder, &[])
}

fn answer_with(mut command: Command, folder: &Path, variables: &[(&str, String)]) -> Answer {
    // An empty environment: no AWS variable, no time zone and no width may change an answer.
    let output = command
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .output()
        .expect("the binary under test starts");
    Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The crate's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A fresh folder under the target directory's place for tests.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old scratch folder can be removed");
    }
    fs::create_dir_all(&folder).expect("a scratch folder can be made");
    folder
}

/// Does the same to every item on all cores; the complaints of all of them make one failure.
#[track_caller]
pub(crate) fn for_each<T: Sync>(items: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(complaint) = check(item) {
                        complaints.lock().unwrap().push(complaint);
                    }
                }
            });
        }
    });
    let mut complaints = complaints.into_inner().unwrap();
    complaints.sort();
    assert!(
        complaints.is_empty(),
        "{} of {} failed:\n\n{}\n",
        complaints.len(),
        items.len(),
        complaints.join("\n\n")
    );
}
