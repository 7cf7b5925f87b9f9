//! A desk that throttles, forgets sets, loses answers before or after doing what was asked, and a
//! sender that dies at any step: nothing is lost, nothing is there twice, and what arrives is equal.

use super::*;
use std::collections::BTreeMap;

type Files = Vec<(String, Vec<u8>)>;

#[derive(Default)]
struct FakeDesk {
    seed: u64,
    faults: bool,
    clock: i64,
    sets: BTreeMap<String, (i64, Files)>,
    cases: BTreeMap<String, Vec<(String, Files)>>,
}

impl FakeDesk {
    fn roll(&mut self, below: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % below
    }

    /// Time passes; perhaps something goes wrong before it is done, perhaps the answer is lost after.
    fn weather(&mut self) -> (Option<Refusal>, bool) {
        self.clock += 5;
        if !self.faults {
            return (None, false);
        }
        match self.roll(12) {
            0..=2 => (Some(Refusal::Busy), false),
            3 => (Some(Refusal::Lost("connection reset".into())), false),
            4 => (None, true),
            5 => {
                self.clock += 4_000;
                (None, false)
            }
            _ => (None, false),
        }
    }

    fn take(&mut self, set: &str) -> Result<Files, Refusal> {
        match self.sets.get(set) {
            Some((until, files)) if *until > self.clock => Ok(files.clone()),
            _ => Err(Refusal::SetGone),
        }
    }
}

fn lost<T>(answer: T, lose: bool) -> Result<T, Refusal> {
    if lose {
        Err(Refusal::Lost("timeout".into()))
    } else {
        Ok(answer)
    }
}

impl Desk for FakeDesk {
    fn add_file(&mut self, set: Option<&str>, name: &str, bytes: &[u8]) -> Result<String, Refusal> {
        let (refused, lose) = self.weather();
        if let Some(refused) = refused {
            return Err(refused);
        }
        let id = match set {
            Some(id) => {
                self.take(id)?;
                id.to_owned()
            }
            None => {
                let id = format!("set-{}", self.sets.len());
                self.sets
                    .insert(id.clone(), (self.clock + 3_600, Vec::new()));
                id
            }
        };
        let files = &mut self.sets.get_mut(&id).unwrap().1;
        assert!(files.len() < 3, "a set takes three files");
        files.push((name.to_owned(), bytes.to_vec()));
        lost(id, lose)
    }

    fn write(&mut self, case: &str, body: &str, set: &str) -> Result<(), Refusal> {
        let (refused, lose) = self.weather();
        if let Some(refused) = refused {
            return Err(refused);
        }
        let files = self.take(set)?;
        self.cases
            .entry(case.to_owned())
            .or_default()
            .push((body.to_owned(), files));
        lost((), lose)
    }

    fn create(&mut self, parcel: &Parcel, set: &str) -> Result<String, Refusal> {
        let (refused, lose) = self.weather();
        if let Some(refused) = refused {
            return Err(refused);
        }
        let files = self.take(set)?;
        let id = format!("case-{}", self.cases.len());
        self.cases
            .insert(id.clone(), vec![(parcel.letter(), files)]);
        lost(id, lose)
    }

    fn find(&mut self, case: Option<&str>, marker: &str) -> Result<Option<String>, Refusal> {
        let (refused, lose) = self.weather();
        if let Some(refused) = refused {
            return Err(refused);
        }
        let found = self
            .cases
            .iter()
            .filter(|(id, _)| case.is_none_or(|case| case == id.as_str()))
            .find(|(_, letters)| letters.iter().any(|(body, _)| body.contains(marker)))
            .map(|(id, _)| id.clone());
        lost(found, lose)
    }

    fn pause(&mut self, _: u32) {
        self.clock += 1;
    }

    fn now(&self) -> i64 {
        self.clock
    }
}

fn parcel() -> Parcel {
    Parcel {
        subject: "ECR".into(),
        body: "what happened".into(),
        files: vec![
            ("report.md".into(), vec![1; 10]),
            ("evidence.csv.gz".into(), vec![2; 10]),
            ("bundle.tar.gz".into(), vec![3; 10]),
        ],
        severity: "normal".into(),
    }
}

/// Goes on from what is on disk, and is killed when it saves its progress for the `limit`-th time,
/// counted from zero; says whether it came to its end.
fn send_until(limit: u64, target: &Target, desk: &mut FakeDesk, on_disk: &mut Progress) -> bool {
    let mut saves = 0;
    let start = on_disk.clone();
    let mut save = |progress: &Progress| {
        if saves == limit {
            return Err("killed".into());
        }
        saves += 1;
        *on_disk = progress.clone();
        Ok(())
    };
    send(&parcel(), target, start, 3_600, desk, &mut save).is_ok()
}

#[test]
fn whatever_happens_it_arrives_once_and_whole() {
    let mut finished = 0;
    for seed in 0..600 {
        let target = if seed % 2 == 0 {
            Target::Case("case-7".into())
        } else {
            Target::New
        };
        let mut desk = FakeDesk {
            seed,
            faults: true,
            ..FakeDesk::default()
        };
        let mut on_disk = Progress::default();
        // Runs until it is done; in every run the process may die at any save.
        for run in 0..40 {
            let die_at = if run % 2 == 0 {
                desk.roll(12)
            } else {
                u64::MAX
            };
            if send_until(die_at, &target, &mut desk, &mut on_disk) {
                finished += 1;
                break;
            }
        }
        let letters: Vec<&(String, Files)> = desk
            .cases
            .values()
            .flatten()
            .filter(|(body, _)| body.contains(&parcel().marker()))
            .collect();
        assert!(
            letters.len() <= 1,
            "seed {seed}: sent {} times",
            letters.len()
        );
        if on_disk.case.is_some() {
            assert_eq!(letters.len(), 1, "seed {seed}");
            assert_eq!(letters[0].1, parcel().files, "seed {seed}");
            assert_eq!(letters[0].0, parcel().letter(), "seed {seed}");
        }
    }
    assert_eq!(finished, 600);
}

/// A set cannot be asked what it holds and does not know a file again: a run that died between an upload
/// and the note of it once put the same file into the same set twice.
#[test]
fn a_run_killed_before_it_noted_an_upload_begins_another_set() {
    for die_at in 0..9 {
        let mut desk = FakeDesk::default();
        let target = Target::Case("case-7".into());
        let mut on_disk = Progress::default();
        for limit in [die_at, u64::MAX] {
            send_until(limit, &target, &mut desk, &mut on_disk);
        }
        assert_eq!(
            desk.cases["case-7"],
            [(parcel().letter(), parcel().files)],
            "killed at save {die_at}"
        );
        assert!(desk.sets.values().all(|(_, files)| files.len() <= 3));
    }
}

#[test]
fn the_same_content_is_not_sent_again_and_other_content_is() {
    let mut desk = FakeDesk::default();
    let target = Target::Case("case-7".into());
    let mut save = |_: &Progress| Ok(());
    for _ in 0..3 {
        send(
            &parcel(),
            &target,
            Progress::default(),
            3_600,
            &mut desk,
            &mut save,
        )
        .unwrap();
    }
    assert_eq!(desk.cases["case-7"].len(), 1);
    let other = Parcel {
        body: "more".into(),
        ..parcel()
    };
    send(
        &other,
        &target,
        Progress::default(),
        3_600,
        &mut desk,
        &mut save,
    )
    .unwrap();
    assert_eq!(desk.cases["case-7"].len(), 2);
}

#[test]
fn a_refusal_for_good_ends_it_with_its_words() {
    struct NoPlan;
    impl Desk for NoPlan {
        fn add_file(&mut self, _: Option<&str>, _: &str, _: &[u8]) -> Result<String, Refusal> {
            panic!("nothing may be sent before the question is answered")
        }
        fn write(&mut self, _: &str, _: &str, _: &str) -> Result<(), Refusal> {
            unreachable!()
        }
        fn create(&mut self, _: &Parcel, _: &str) -> Result<String, Refusal> {
            unreachable!()
        }
        fn find(&mut self, _: Option<&str>, _: &str) -> Result<Option<String>, Refusal> {
            Err(Refusal::Final("the plan has no Support API".into()))
        }
        fn pause(&mut self, _: u32) {}
        fn now(&self) -> i64 {
            0
        }
    }
    let result = send(
        &parcel(),
        &Target::New,
        Progress::default(),
        3_600,
        &mut NoPlan,
        &mut |_| Ok(()),
    );
    assert_eq!(result.unwrap_err(), "the plan has no Support API");
}
