//! Findings of fsck over all objects of a push or an import: it counts the bad ones and names the
//! first.
//!
//! The check goes on after a bad object, so that one push shows all bad objects of a history. The
//! kept findings are bounded, however many there are.

use std::collections::BTreeMap;
use std::fmt;

use gix_hash::ObjectId;

use super::super::object::ObjectKind;
use super::super::object::fsck::{Finding, MessageId, Refused, Strictness};

/// Bad objects that a refusal names, and warnings that an import keeps in full.
const BAD_OBJECTS_NAMED: usize = 10;

/// Warnings that are shown in full; the rest is counted by message.
const WARNINGS_TOLD: usize = 20;

/// Findings about one object that are kept: a commit of 8 MiB can give rise to a million.
const FINDINGS_KEPT: usize = 32;

/// The setting that lets in objects which only a strict repository refuses.
const SETTING: &str = "{\"fsck\": {\"strict\": false}}";

/// An object that is refused or warned of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadObject {
    /// Its id.
    pub id: ObjectId,
    /// Its kind.
    pub kind: ObjectKind,
    /// Its defect; for a refused object, the first finding that refuses it.
    pub finding: Finding,
}

impl fmt::Display for BadObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.kind, self.id, one_line(&self.finding))
    }
}

/// A finding in one line: its quotations may hold any bytes.
fn one_line(finding: &Finding) -> String {
    finding.to_string().replace(char::is_control, " ")
}

/// Why the objects of a push or an import are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct FsckRefusal {
    /// Objects that are refused.
    pub object_count: u64,
    /// Those of them that every repository refuses.
    pub always_count: u64,
    /// The first of them.
    pub first: Vec<BadObject>,
}

impl FsckRefusal {
    /// The lines for the client, without line ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let count = self.object_count;
        let head = match usize::try_from(count) {
            Ok(count) if count == self.first.len() => {
                format!("fsck refuses {}:", objects(count as u64))
            }
            _ => format!(
                "fsck refuses {}, the first {} are:",
                objects(count),
                self.first.len()
            ),
        };
        let named = self.first.iter();
        let named = named.map(|bad| format!("  {bad}"));
        std::iter::once(head).chain(named).chain([self.remedy()])
    }

    /// The number and the first of them, in one line for the report.
    pub(crate) fn summary(&self) -> String {
        let head = format!("fsck refuses {}", objects(self.object_count));
        match self.first.first() {
            Some(bad) => format!("{head}, the first: {bad}"),
            None => head,
        }
    }

    /// The setting that lets them in, or the statement that none does.
    fn remedy(&self) -> String {
        let Self {
            object_count,
            always_count,
            ..
        } = self;
        let by_setting = object_count.saturating_sub(*always_count);
        if *always_count == 0 {
            return format!("the repository's setting {SETTING} lets them in");
        }
        let harm = "could harm whoever clones them, or git cannot read them";
        if by_setting == 0 {
            return format!("no setting lets them in: they {harm}");
        }
        format!(
            "the repository's setting {SETTING} lets {by_setting} of them in; no setting lets in \
             the others: they {harm}"
        )
    }
}

/// All of it in one line: ids, kinds and message ids.
impl fmt::Display for FsckRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fsck refuses {}: ", objects(self.object_count))?;
        for (number, bad) in self.first.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            let name = bad.finding.id.name();
            write!(f, "{comma}{} {} ({name})", bad.kind, bad.id)?;
        }
        let named = u64::try_from(self.first.len()).unwrap_or(u64::MAX);
        let more = self.object_count.saturating_sub(named);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        write!(f, "; {}", self.remedy())
    }
}

fn objects(count: u64) -> String {
    if count == 1 {
        "1 object".to_owned()
    } else {
        format!("{count} objects")
    }
}

/// The kept findings of one object.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<Finding>);

impl Found {
    /// Keeps the first findings, and the first of each degree of refusal.
    pub(super) fn hear(&mut self, finding: Finding) {
        let is_graver = self.0.iter().all(|kept| kept.refused < finding.refused);
        if self.0.len() < FINDINGS_KEPT || is_graver {
            self.0.push(finding);
        }
    }
}

/// The warnings of fsck about objects of one push, or of one pack of an import, that are let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsckWarnings {
    /// Objects with a warning.
    pub object_count: u64,
    /// By message: the objects that have it.
    pub by_message: BTreeMap<MessageId, u64>,
    /// The first warnings.
    pub first: Vec<BadObject>,
}

/// The findings of one push, or of one pack of an import.
#[derive(Debug, Default)]
pub(super) struct Findings {
    strictness: Strictness,
    refusal: FsckRefusal,
    warned: FsckWarnings,
    told: Vec<String>,
}

impl Findings {
    pub(super) fn new(strictness: Strictness) -> Self {
        Self {
            strictness,
            ..Self::default()
        }
    }

    pub(super) fn strictness(&self) -> Strictness {
        self.strictness
    }

    /// Notes the findings about one object; gives whether it is refused.
    pub(super) fn note(&mut self, id: ObjectId, kind: ObjectKind, found: Found) -> bool {
        let Found(findings) = found;
        let refuses = |finding: &&Finding| self.strictness.refuses(finding);
        let mut refusing = findings.iter().filter(refuses);
        let Some(first) = refusing.next() else {
            self.warn(id, kind, findings);
            return false;
        };
        let is_always = |finding: &Finding| finding.refused == Refused::Always;
        let always = is_always(first) || refusing.any(is_always);
        self.refusal.object_count = self.refusal.object_count.saturating_add(1);
        if always {
            self.refusal.always_count = self.refusal.always_count.saturating_add(1);
        }
        if self.refusal.first.len() < BAD_OBJECTS_NAMED {
            let finding = first.clone();
            self.refusal.first.push(BadObject { id, kind, finding });
        }
        true
    }

    /// Why the whole is refused, if it is.
    pub(super) fn refusal(&self) -> Option<&FsckRefusal> {
        Some(&self.refusal).filter(|refusal| refusal.object_count > 0)
    }

    /// The lines for the client about objects that are let in: the first warnings, and the count
    /// of each.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        let told = u64::try_from(self.told.len()).unwrap_or(u64::MAX);
        let all: u64 = self.warned.by_message.values().sum();
        let summary = (all > told).then(|| {
            let counts = self.warned.by_message.iter();
            let counts: Vec<_> = counts
                .map(|(id, count)| format!("{} {count}", id.name()))
                .collect();
            let objects = objects(self.warned.object_count);
            format!("warning: fsck warns of {objects}: {}", counts.join(", "))
        });
        self.told.iter().cloned().chain(summary)
    }

    /// The warnings, counted, with the first in full.
    pub(super) fn warned(&self) -> &FsckWarnings {
        &self.warned
    }

    fn warn(&mut self, id: ObjectId, kind: ObjectKind, findings: Vec<Finding>) {
        if findings.is_empty() {
            return;
        }
        let warned = &mut self.warned;
        warned.object_count = warned.object_count.saturating_add(1);
        let mut seen = Vec::new();
        for finding in findings {
            // An object counts once for a message, however often it has it.
            if seen.contains(&finding.id) {
                continue;
            }
            seen.push(finding.id);
            let count = warned.by_message.entry(finding.id).or_default();
            *count = count.saturating_add(1);
            if self.told.len() < WARNINGS_TOLD {
                let finding = one_line(&finding);
                self.told.push(format!("warning: object {id}: {finding}"));
            }
            if warned.first.len() < BAD_OBJECTS_NAMED {
                warned.first.push(BadObject { id, kind, finding });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::object::fsck;

    fn id(number: u8) -> ObjectId {
        [number; 20].into()
    }

    /// The findings for a commit by this author.
    fn found(author: &str, strictness: Strictness) -> Found {
        let who = "A <a@b> 1 +0000";
        let tree = "1".repeat(40);
        let content = format!("tree {tree}\nauthor {author}\ncommitter {who}\n\nm\n");
        let mut found = Found::default();
        let mut report = |finding| found.hear(finding);
        let kind = ObjectKind::Commit;
        fsck::check(
            kind,
            content.as_bytes(),
            strictness,
            &mut report,
            &mut |_, _| {},
        );
        found
    }

    /// Findings for 25 commits with a bad time zone, and for trees that climb.
    fn findings(strictness: Strictness, climbing: u8) -> Findings {
        let mut findings = Findings::new(strictness);
        for number in 0..25 {
            let found = found("A <a@b> 1 UTC", strictness);
            findings.note(id(number), ObjectKind::Commit, found);
        }
        for number in 0..climbing {
            let mut found = Found::default();
            let tree = [b"40000 ..\0".as_slice(), &[1; 20]].concat();
            let mut report = |finding| found.hear(finding);
            fsck::check(
                ObjectKind::Tree,
                &tree,
                strictness,
                &mut report,
                &mut |_, _| {},
            );
            findings.note(id(100 + number), ObjectKind::Tree, found);
        }
        findings
    }

    #[test]
    fn accepted_faults_are_told_in_part_and_counted_whole() {
        let findings = findings(Strictness::Lenient, 0);
        assert_eq!(findings.refusal(), None);
        let told: Vec<_> = findings.warnings().collect();
        assert_eq!(told.len(), WARNINGS_TOLD + 1);
        assert!(told[0].starts_with(&format!("warning: object {}: badTimezone: ", id(0))));
        let summary = "warning: fsck warns of 25 objects: badTimezone 25";
        assert_eq!(told[WARNINGS_TOLD], summary);

        let FsckWarnings {
            object_count,
            by_message,
            first,
        } = findings.warned();
        assert_eq!(*object_count, 25);
        assert_eq!(by_message, &BTreeMap::from([(MessageId::BadTimezone, 25)]));
        let named: Vec<_> = first.iter().map(|bad| bad.id).collect();
        assert_eq!(named, (0..10).map(id).collect::<Vec<_>>());
        assert!(first.iter().all(|bad| bad.kind == ObjectKind::Commit));
    }

    #[test]
    fn a_refusal_counts_all_names_ten_and_tells_the_setting() {
        let strict = findings(Strictness::Strict, 0);
        let lines: Vec<_> = strict.refusal().unwrap().lines().collect();
        assert_eq!(lines.len(), 12);
        assert_eq!(lines[0], "fsck refuses 25 objects, the first 10 are:");
        assert!(lines[1].starts_with(&format!("  commit {}: badTimezone: ", id(0))));
        let remedy = r#"the repository's setting {"fsck": {"strict": false}} lets them in"#;
        assert_eq!(lines[11], remedy);
        assert_eq!(strict.warnings().count(), 0);

        let lenient = findings(Strictness::Lenient, 1);
        let refusal = lenient.refusal().unwrap();
        let line = refusal.to_string();
        let start = format!(
            "fsck refuses 1 object: tree {} (hasDotdot); no setting",
            id(100)
        );
        assert!(line.starts_with(&start), "{line}");
        assert_eq!(lenient.warnings().count(), WARNINGS_TOLD + 1);

        let both = findings(Strictness::Strict, 2);
        let line = both.refusal().unwrap().to_string();
        assert!(line.contains(" and 17 more; "), "{line}");
        assert!(
            line.contains(" lets 25 of them in; no setting lets in the others"),
            "{line}"
        );
    }

    #[test]
    fn an_object_counts_once_for_a_message() {
        let mut findings = Findings::new(Strictness::Lenient);
        let mut twice = found("A <a@b> 1 UTC", Strictness::Lenient);
        twice.hear(twice.0[0].clone());
        findings.note(id(1), ObjectKind::Commit, twice);
        assert_eq!(findings.warnings().count(), 1);
    }

    #[test]
    fn few_findings_of_one_object_are_kept_the_gravest_among_them() {
        let mut all = Found::default();
        let warned = found("A <a@b> 1 UTC", Strictness::Lenient).0[0].clone();
        for _ in 0..1000 {
            all.hear(warned.clone());
        }
        all.hear(Finding {
            refused: Refused::Always,
            ..warned
        });
        assert_eq!(all.0.len(), FINDINGS_KEPT + 1);
        let mut findings = Findings::new(Strictness::Lenient);
        assert!(findings.note(id(1), ObjectKind::Commit, all));
    }
}
