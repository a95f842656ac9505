//! The judgement of a change of a ref that nobody asks for yet.

use gix_hash::ObjectId;
use gix_object::bstr::BStr;

use super::push::settings;
use crate::git::limits::Limits;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::receive_pack::ref_rules::RefOp;
use crate::git::receive_pack::rules::{self, Rejection};
use crate::repo_do::request::caller::Authorized;

/// Why a push that does this to a ref would be refused, as far as that follows from rules and settings.
pub(crate) fn judge(authorized: &Authorized, name: &BStr, op: RefOp) -> Option<Rejection> {
    // Any two ids that differ: no rule looks at them.
    let old = ObjectId::empty_tree(gix_hash::Kind::Sha1);
    let new = ObjectId::empty_blob(gix_hash::Kind::Sha1);
    let command = PushCommand {
        name: name.to_owned(),
        old: (op != RefOp::Create).then_some(old),
        new: (op != RefOp::Delete).then_some(new),
    };
    let settings = settings(authorized, false);
    if let Err(rejection) = rules::before_pack(&command, &settings, &Limits::DEFAULT) {
        return Some(rejection);
    }
    if op != RefOp::Force {
        return None;
    }
    rules::forced(&command, &settings).err()
}
