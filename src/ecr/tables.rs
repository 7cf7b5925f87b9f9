//! The tables under `queries/ecr/` as typed values with their look-ups.

use super::class::Class;
use crate::catalog;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// What part of the registry an API serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// Getting a token.
    Auth,
    /// Reading images (data plane).
    Pull,
    /// Writing images (data plane).
    Push,
    /// Everything else.
    Control,
}

/// One API action.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// `ecr.amazonaws.com` or `ecr-public.amazonaws.com`.
    pub event_source: String,
    /// Action name, the `eventName` of CloudTrail.
    pub name: String,
    /// What it serves.
    pub plane: Plane,
    /// Step of the funnel: `auth`, `manifest`, `layer`, `check`, `upload`, `publish`.
    #[serde(default)]
    pub step: Option<String>,
    /// Whether it only reads, where known.
    #[serde(default)]
    pub read_only: Option<bool>,
    /// Rate-quota code, where published.
    #[serde(default)]
    pub quota_code: Option<String>,
    /// Whether AWS/Usage publishes CallCount for it.
    #[serde(default)]
    pub call_count: bool,
}

/// One API whose use can break a registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRule {
    /// Service.
    pub event_source: String,
    /// Actions the rule covers.
    pub apis: Vec<String>,
    /// `permission`, `kms`, `endpoint`, `image`, `registry`, `quota`, `organization`, `secret`.
    pub kind: String,
    /// Classes of failure it can explain.
    pub explains: Vec<Class>,
    /// Why, in one sentence.
    pub why: String,
}

/// A service whose writes are recorded in one region and act in all of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalService {
    /// Service.
    pub event_source: String,
    /// Whether they also act in accounts other than the one they are recorded in.
    #[serde(default)]
    pub other_accounts: bool,
}

/// A service ECR depends on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// AWS Health's service word, upper case.
    pub service: String,
    /// Weight of a match, 0 to 1.
    pub weight: f64,
    /// Why it matters, in one sentence.
    pub why: String,
}

#[derive(Debug, Deserialize)]
struct ApiTable {
    api: Vec<Api>,
}

#[derive(Debug, Deserialize)]
struct ClassTable {
    class: Vec<ClassEntry>,
}

#[derive(Debug, Deserialize)]
struct ClassEntry {
    name: Class,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    prefixes: Vec<String>,
    #[serde(default)]
    suffixes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ChangeTable {
    global: Vec<GlobalService>,
    change: Vec<ChangeRule>,
}

#[derive(Debug, Deserialize)]
struct DependencyTable {
    same: Vec<String>,
    multiple: Vec<String>,
    dependency: Vec<Dependency>,
}

/// All tables with their indexes.
#[derive(Debug)]
pub struct Knowledge {
    apis: BTreeMap<(String, String), Api>,
    codes: HashMap<String, Class>,
    prefixes: Vec<(String, Class)>,
    suffixes: Vec<(String, Class)>,
    changes: HashMap<String, HashMap<String, usize>>,
    change_rules: Vec<ChangeRule>,
    global: Vec<GlobalService>,
    same: Vec<String>,
    multiple: Vec<String>,
    dependencies: Vec<Dependency>,
}

impl Knowledge {
    /// Parses the embedded tables.
    pub(super) fn embedded() -> Self {
        let apis: ApiTable = catalog::table("ecr/api");
        let classes: ClassTable = catalog::table("ecr/classes");
        let changes: ChangeTable = catalog::table("ecr/changes");
        let near: DependencyTable = catalog::table("ecr/dependencies");

        let mut codes = HashMap::new();
        let mut prefixes = Vec::new();
        let mut suffixes = Vec::new();
        for entry in classes.class {
            for code in entry.codes {
                codes.insert(code, entry.name);
            }
            prefixes.extend(entry.prefixes.into_iter().map(|p| (p, entry.name)));
            suffixes.extend(entry.suffixes.into_iter().map(|s| (s, entry.name)));
        }
        let mut by_source: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for (index, rule) in changes.change.iter().enumerate() {
            let known = by_source.entry(rule.event_source.clone()).or_default();
            for api in &rule.apis {
                known.insert(api.clone(), index);
            }
        }
        Self {
            apis: apis
                .api
                .into_iter()
                .map(|api| ((api.event_source.clone(), api.name.clone()), api))
                .collect(),
            codes,
            prefixes,
            suffixes,
            changes: by_source,
            change_rules: changes.change,
            global: changes.global,
            same: near.same,
            multiple: near.multiple,
            dependencies: near.dependency,
        }
    }

    /// The class of an `errorCode`; the empty code is success.
    #[must_use]
    pub fn classify(&self, error_code: &str) -> Class {
        if error_code.is_empty() {
            return Class::Success;
        }
        if let Some(class) = self.codes.get(error_code) {
            return *class;
        }
        // Suffixes before prefixes: `InvalidThingNotFoundException` names its end first.
        self.suffixes
            .iter()
            .find(|(suffix, _)| error_code.ends_with(suffix.as_str()))
            .or_else(|| {
                self.prefixes
                    .iter()
                    .find(|(prefix, _)| error_code.starts_with(prefix.as_str()))
            })
            .map_or(Class::Unclassified, |(_, class)| *class)
    }

    /// What is known of an API; unknown names are normal (`PolicyExecutionEvent`).
    #[must_use]
    pub fn api(&self, event_source: &str, name: &str) -> Option<&Api> {
        self.apis.get(&(event_source.to_owned(), name.to_owned()))
    }

    /// All APIs, by event source and name.
    pub fn apis(&self) -> impl Iterator<Item = &Api> {
        self.apis.values()
    }

    /// The private-registry API of a rate-quota code.
    #[must_use]
    pub fn api_of_quota(&self, code: &str) -> Option<&Api> {
        self.apis
            .values()
            .find(|api| api.quota_code.as_deref() == Some(code))
    }

    /// The rule for a write, if it can break a registry.
    #[must_use]
    pub fn change(&self, event_source: &str, api: &str) -> Option<&ChangeRule> {
        let index = self.changes.get(event_source)?.get(api)?;
        self.change_rules.get(*index)
    }

    /// Every rule for a write that can break a registry, as listed.
    #[must_use]
    pub fn changes(&self) -> &[ChangeRule] {
        &self.change_rules
    }

    /// What is known of a service whose writes act in all regions; `None` for a regional one.
    #[must_use]
    pub fn global(&self, event_source: &str) -> Option<&GlobalService> {
        self.global
            .iter()
            .find(|known| known.event_source == event_source)
    }

    /// Whether any write of this service is on the list (a cheap first gate).
    #[must_use]
    pub fn has_changes_of(&self, event_source: &str) -> bool {
        self.changes.contains_key(event_source)
    }

    /// Whether a Health service word (any case, any punctuation) is ECR itself.
    #[must_use]
    pub fn is_registry(&self, service: &str) -> bool {
        self.same.iter().any(|word| same_word(word, service))
    }

    /// Whether a Health service word stands for several services.
    #[must_use]
    pub fn is_multiple(&self, service: &str) -> bool {
        self.multiple.iter().any(|word| same_word(word, service))
    }

    /// The dependency a Health service word names.
    #[must_use]
    pub fn dependency(&self, service: &str) -> Option<&Dependency> {
        self.dependencies
            .iter()
            .find(|known| same_word(&known.service, service))
    }
}

/// Service words differ in case and punctuation between Health, EventBridge and the feed.
fn same_word(a: &str, b: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect()
    };
    letters(a) == letters(b)
}
