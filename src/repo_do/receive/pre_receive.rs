//! The hook that is asked before a push is published
//! ([ADR 85](../../../docs/adr/0085-a-hook-is-asked-before-a-push-is-published.md)).
//!
//! It is asked once everything is checked and nothing is published: the push is in quarantine, and nobody
//! sees it. While the hook thinks the object serves others, and refs, rules and
//! the pusher's rights may change. So all of them are judged again afterwards.
//!
//! | file | what |
//! |---|---|
//! | `question` | the question to the hook, as JSON |
//! | `paths` | the paths that a push changes |
//! | `call` | the request and its answer |
//! | `verdict` | the judgement in an answer |

use std::collections::HashMap;
use std::rc::Rc;

use futures::FutureExt as _;

use self::call::Call;
use self::question::Facts;
use self::verdict::Verdict;
use super::finish::PushJob;
use super::refused::Refused;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::rules::Rejection;
use crate::git::receive_pack::updates::PushUpdate;
use crate::repo_do::intake::steps::Steps;
use crate::repo_do::runtime::admission::reserve_share;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;
use crate::storage::repository::pre_receive::{OnFailure, PreReceive};

mod call;
mod paths;
mod question;
mod verdict;

pub(super) use self::question::COMMITS_MAX;

/// The pack of a push and the steps to it, where the push has one.
pub(super) type Bringing<'a, 'p> = Option<(Steps<'a>, &'a Pushed<'p, Rc<Store>>)>;

impl PushJob {
    /// The hook, if it judges something that this push still may change.
    pub(super) fn hook(&self) -> Option<PreReceive> {
        let hook = self.push.authorized.record.policies.pre_receive.as_ref()?;
        let judges_any = self.judged(hook).next().is_some();
        judges_any.then(|| hook.clone())
    }

    /// Asks the hook about the open updates that it judges, and rejects those that it refuses. Fails
    /// where the isolate has no room for the question: then nobody has judged the push, and no setting
    /// lets it pass.
    pub(super) async fn ask_hook(
        &mut self,
        hook: &PreReceive,
        bringing: Bringing<'_, '_>,
    ) -> Result<(), Refused> {
        let count = self.judged(hook).count();
        let verdict = if count > question::UPDATES_MAX {
            let message = format!(
                "the push changes {count} refs that the hook judges, at most {} at once",
                question::UPDATES_MAX
            );
            Verdict::Refused(message)
        } else {
            let push = &self.push;
            let options = &push.commands.push_options;
            let bytes = question::held_bytes(self.judged(hook), &push.commits, options);
            let _room = reserve_share(bytes).await?;
            // Boxed: it is large, and would be a part of every future around it.
            self.answer_of(hook, bringing).boxed_local().await
        };
        let rejection = match verdict {
            Verdict::Pass => return Ok(()),
            Verdict::Refused(message) => {
                self.show_lines(&message);
                Rejection::HookDeclined { message }
            }
            Verdict::Failed(reason) => {
                fault_log::warning("pre-receive hook", &reason);
                if hook.on_failure == OnFailure::Accept {
                    self.progress.report_problem(&format!(
                        "warning: the pre-receive hook did not judge this push: {reason}\n"
                    ));
                    return Ok(());
                }
                Rejection::HookFailed { reason }
            }
        };
        self.push.updates.judge(|update| {
            let is_judged = hook.judges(update.command.name.as_ref());
            is_judged.then(|| rejection.clone())
        });
        Ok(())
    }

    /// The open updates that the hook judges.
    fn judged<'a>(&'a self, hook: &'a PreReceive) -> impl Iterator<Item = &'a PushUpdate> {
        let open = self.push.updates.open();
        open.filter(|update| hook.judges(update.command.name.as_ref()))
    }

    async fn answer_of(&self, hook: &PreReceive, bringing: Bringing<'_, '_>) -> Verdict {
        let updates: Vec<_> = self.judged(hook).collect();
        let paths = match bringing {
            Some((steps, pushed)) => paths::changed(steps, pushed, &updates).await,
            None => HashMap::new(),
        };
        let origin = self.doer().at(&self.push.authorized.record);
        let now_ms = now_ms();
        let commands = &self.push.commands;
        let body = question::json(Facts {
            origin: &origin,
            updates: &updates,
            commits: &self.push.commits,
            paths,
            push_options: &commands.push_options,
            atomic: commands.capabilities.atomic,
            now_ms,
        });
        let body = match body {
            Ok(body) => body,
            Err(error) => return Verdict::Failed(error.to_string()),
        };
        // A write by REST may ask more than once, when a ref moves under it.
        let id = format!("hook_{}_{now_ms}", self.push.account.request_id());
        let call = Call {
            hook,
            id: &id,
            body: &body,
            allow_private: self.push.object.allows_private_remotes(),
            now_ms,
        };
        call::ask(&call).await
    }

    /// Shows a message of several lines as such: the report has one line for each ref.
    fn show_lines(&self, message: &str) {
        if message.contains('\n') {
            self.progress.report_problem(&format!("{message}\n"));
        }
    }
}
