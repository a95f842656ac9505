//! The beginning of a push, before its pack:
//! <https://git-scm.com/docs/gitprotocol-pack#_reference_update_request_and_packfile_transfer>.

use gix_hash::ObjectId;

use super::super::protocol::capabilities::Offer;
use super::super::protocol::oid_hex::{self, ZERO_HEX};
use super::super::protocol::pktline;
use super::advertisement::Features;
use super::updates::Update;

/// An empty push: Cairn sends it only to learn whether the remote takes pushes at all.
pub(crate) const PROBE: &[u8] = b"0000";

/// The commands of a push.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commands<'a> {
    /// The changes, at least one.
    pub(crate) updates: &'a [Update],
    /// Commits that this repository has without their parents.
    pub(crate) shallow: &'a [ObjectId],
    /// Whether the remote must make all changes or none.
    pub(crate) atomic: bool,
}

impl Commands<'_> {
    /// Whether a pack follows the commands: yes, unless every change is a deletion.
    pub(crate) fn has_pack(&self) -> bool {
        self.updates.iter().any(|update| update.new.is_some())
    }

    /// Writes the commands for a remote with these features.
    pub(crate) fn write(&self, features: Features, out: &mut Vec<u8>) {
        for id in self.shallow {
            pktline::line(&[b"shallow ", &oid_hex::hex(id)], out);
        }
        let words = self.words(features);
        let mut words = words.as_bytes();
        for update in self.updates {
            let hex = |id: Option<ObjectId>| id.map_or(ZERO_HEX, |id| oid_hex::hex(&id));
            let (old, new) = (hex(update.old), hex(update.new));
            pktline::line(&[&old, b" ", &new, b" ", &update.name, words], out);
            words = b"";
        }
        pktline::flush(out);
    }

    /// The capabilities that the push requests.
    fn words(&self, features: Features) -> String {
        let report = if features.report_status_v2 {
            "report-status-v2"
        } else {
            "report-status"
        };
        let agent = format!("agent={}", Offer::DEFAULT.agent);
        let wanted = [
            (features.reports(), report),
            (features.side_band, "side-band-64k"),
            (features.quiet, "quiet"),
            (features.atomic && self.atomic, "atomic"),
            (features.object_format, "object-format=sha1"),
            (features.agent, &agent),
        ];
        let wanted = wanted.into_iter().filter(|(is_wanted, _)| *is_wanted);
        let mut words = "\0".to_owned();
        for (_, word) in wanted {
            words.push(' ');
            words.push_str(word);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::limits::Limits;
    use super::super::super::protocol::push_commands::{PushCommandsReader, ReportStatus};
    use super::super::super::protocol::sideband::SideBand;
    use super::*;

    fn update(name: &str, old: Option<u8>, new: Option<u8>) -> Update {
        let id = |number: u8| ObjectId::from_bytes_or_panic(&[number; 20]);
        Update {
            source: None,
            name: name.into(),
            old: old.map(id),
            new: new.map(id),
            may_force: false,
            is_forced: false,
        }
    }

    #[test]
    fn our_own_server_understands_it() {
        let all = Features {
            report_status: true,
            report_status_v2: true,
            delete_refs: true,
            ofs_delta: true,
            side_band: true,
            atomic: true,
            quiet: true,
            no_thin: false,
            object_format: true,
            agent: true,
        };
        let updates = [
            update("refs/heads/gone", Some(1), None),
            update("refs/heads/on", Some(1), Some(2)),
            update("refs/heads/new", None, Some(2)),
        ];
        let shallow = [updates[0].old.unwrap()];
        for (atomic, features) in [(true, all), (false, all), (true, Features::default())] {
            let commands = Commands {
                updates: &updates,
                shallow: &shallow,
                atomic,
            };
            assert!(commands.has_pack());
            let mut body = Vec::new();
            commands.write(features, &mut body);
            body.extend_from_slice(b"PACK");
            let mut reader = PushCommandsReader::new(Offer::DEFAULT, &Limits::DEFAULT);
            let mut rest = &body[..];
            assert_eq!(reader.feed(&mut rest), Ok(true));
            assert_eq!(rest, b"PACK");
            let push = reader.finish().unwrap();
            assert_eq!(push.shallow, shallow);
            let read: Vec<_> = push
                .commands
                .iter()
                .map(|one| (one.name.clone(), one.old, one.new))
                .collect();
            let written: Vec<_> = updates
                .iter()
                .map(|one| (one.name.clone(), one.old, one.new))
                .collect();
            assert_eq!(read, written);
            let agreed = push.capabilities;
            let is_modern = features == all;
            assert_eq!(agreed.atomic, atomic && is_modern);
            assert_eq!(agreed.quiet, is_modern);
            assert_eq!(agreed.side_band == SideBand::Large, is_modern);
            assert_eq!(agreed.report_status == ReportStatus::V2, is_modern);
            assert_eq!(agreed.report_status == ReportStatus::None, !is_modern);
        }
        let commands = Commands {
            updates: &updates[..1],
            shallow: &[],
            atomic: false,
        };
        assert!(!commands.has_pack());
    }
}
