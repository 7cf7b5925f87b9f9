//! `catalog list|show`: the tool explains the knowledge it works with.

use super::args::{CatalogArgs, CatalogWhat};
use super::talk;
use crate::catalog;
use crate::failure::Failure;

/// Lists the knowledge files, or prints one.
pub(super) fn run(args: &CatalogArgs) -> Result<u8, Failure> {
    match &args.what {
        CatalogWhat::List => {
            let width = catalog::FILES
                .iter()
                .map(|entry| entry.id.len())
                .max()
                .unwrap_or(0);
            let mut text = String::new();
            for entry in catalog::FILES {
                let (title, explain) = entry.head();
                text.push_str(&format!("{:width$}  {title}: {explain}\n", entry.id));
            }
            talk::data(text.as_bytes())?;
        }
        CatalogWhat::Show { id } => {
            let entry = catalog::find(id).ok_or_else(|| {
                Failure::usage(
                    format!("there is no knowledge file {id}"),
                    "see the IDs with `ecr-incident catalog list`",
                )
            })?;
            talk::data(entry.text.as_bytes())?;
        }
    }
    Ok(0)
}
