//! The inputs of the cases are what the generator writes: nobody edits an archive by hand.
//!
//! Archives are compared unpacked, because another version of the compressor may pack the same text
//! into other bytes.

#[path = "../../examples/make_cases/main.rs"]
#[expect(dead_code, reason = "the generator's own main is not called here")]
mod make_cases;

use crate::tool::{self, root, scratch};
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

/// Files of a case that a person writes or that come from elsewhere.
const BY_HAND: [&str; 2] = ["case.toml", "expected"];

#[test]
fn inputs_are_what_the_generator_writes() {
    let folder = scratch("generated-cases");
    tool::for_each(&make_cases::STORIES, |(name, write)| {
        write(&folder).map_err(|why| format!("{name}: {why}"))?;
        let mut made = BTreeMap::new();
        read(&folder.join(name), "", &mut made)?;
        let mut kept = BTreeMap::new();
        read(&root().join("fixtures/cases").join(name), "", &mut kept)?;
        if made == kept {
            return Ok(());
        }
        let differs: Vec<&String> = made
            .keys()
            .chain(kept.keys())
            .filter(|path| made.get(*path) != kept.get(*path))
            .take(5)
            .collect();
        Err(format!(
            "{name}: {differs:?} are not what `cargo run --release --example make_cases -- fixtures/cases` writes"
        ))
    });
    fs::remove_dir_all(folder).unwrap();
}

/// Every input below a folder, unpacked, by path.
fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|why| why.to_string())?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if prefix.is_empty() && BY_HAND.contains(&name.as_str()) {
            continue;
        }
        let below = format!("{prefix}{name}");
        if path.is_dir() {
            read(&path, &format!("{below}/"), files)?;
            continue;
        }
        let packed = fs::read(&path).map_err(|why| why.to_string())?;
        let bytes = if below.ends_with(".gz") {
            let mut text = Vec::new();
            GzDecoder::new(packed.as_slice())
                .read_to_end(&mut text)
                .map_err(|why| format!("{below}: {why}"))?;
            text
        } else {
            packed
        };
        files.insert(below, bytes);
    }
    Ok(())
}
