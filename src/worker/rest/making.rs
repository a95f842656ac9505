//! The steps by which a repository is made, wherever its content comes from.
//!
//! Its name is reserved at the namespace's object, the repository made at its own, the entry
//! confirmed. A crash may follow each; the next request for the name repairs an entry left behind.

use super::tokens::{FreshToken, WantedToken, draw};
use crate::repo_do::contract::{
    Actor, CreateRepository, ErrorCode, ErrorReply, LocationHint, RefRules, RepositoryInfo,
    RepositoryStatus, Scope, Standing, path,
};
use crate::storage::repository::lifetime::LifetimeChange;
use crate::worker::call::Call;
use crate::worker::envelope;
use crate::worker::grant::Grant;
use crate::worker::names::RepositoryPath;
use crate::worker::namespace::contract::{Entry, Reserve, Reserved};
use crate::worker::namespace::directory;
use crate::worker::namespace::once::Purpose;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::rest::resources::{CreatedRepository, with_token};
use crate::worker::time::iso_8601;
use crate::worker::visit::Visit;
use crate::worker::{grants, id};

/// The default branch unless another is named.
pub(crate) const DEFAULT_BRANCH: &str = "main";

/// A repository to be made.
pub(crate) struct Draft<'a> {
    path: &'a RepositoryPath,
    /// The request to its object; callers set their wishes before [`Self::reserve`].
    pub(crate) create: CreateRepository,
    /// The bytes that a fork or an import brings at least.
    pub(crate) comes_with_bytes: Option<u64>,
    /// Where the platform is asked to make its object.
    pub(crate) location: Option<LocationHint>,
    first_token: FreshToken,
}

impl<'a> Draft<'a> {
    /// Draws its id and its first token.
    pub(crate) fn new(visit: &Visit, path: &'a RepositoryPath) -> Result<Self, ErrorReply> {
        let repository_id = id::repository_id(visit.entropy(Purpose::Repository)?);
        let wanted = WantedToken {
            scope: Scope::Write,
            ttl_seconds: parameters::ttl(None)?,
            label: None,
            refs: RefRules::default(),
        };
        let first_token = draw(visit, &repository_id, wanted)?;
        let create = CreateRepository {
            repository_id,
            namespace: path.namespace.as_str().to_owned(),
            name: path.name.as_str().to_owned(),
            description: None,
            default_branch: DEFAULT_BRANCH.to_owned(),
            read_only: false,
            public: false,
            fsck_strict: None,
            standing: Standing::default(),
            source: None,
            lifetime: LifetimeChange::default(),
            ref_rules: RefRules::default(),
            token: first_token.record.clone(),
            now_ms: visit.now_ms,
        };
        Ok(Self {
            path,
            create,
            comes_with_bytes: None,
            location: None,
            first_token,
        })
    }

    /// Takes the name, or tells the caller who has it. Other callers meanwhile get `in_progress`.
    pub(crate) async fn reserve(
        &mut self,
        visit: &Visit,
        in_progress: ErrorCode,
    ) -> Result<(), ErrorReply> {
        let wanted = directory::wanted(&self.create, self.comes_with_bytes);
        let place = reserve(visit, self.path, &wanted, in_progress).await?;
        self.create.namespace = place.namespace;
        self.create.fsck_strict.get_or_insert(place.fsck_strict);
        self.create.standing = place.standing;
        Ok(())
    }

    /// Its object makes it; then the namespace's list and KV hear of it.
    pub(crate) async fn make(self, visit: &Visit, call: Call) -> Result<Made, ErrorReply> {
        let (path, first_token) = (self.path, self.first_token);
        let call = call.at(self.location);
        let info = init(visit, path, &self.create.repository_id, call).await?;
        let grant = Grant::new(path, &info.repository_id, &first_token.record);
        // An entry that cannot be confirmed now is repaired later: the caller must get the token.
        let _ = futures::join!(
            grants::remember(visit, &first_token.record.sha256, &grant),
            directory::confirm(visit, path, &info, &info.repository_id)
        );
        Ok(Made { info, first_token })
    }
}

/// A repository that was made.
pub(crate) struct Made {
    /// The answer of its object.
    pub(crate) info: RepositoryInfo,
    first_token: FreshToken,
}

impl Made {
    /// The answer; a fork's tells the number of its objects.
    pub(crate) fn reply(self, visit: &Visit, objects: Option<u64>) -> Result<Reply, ErrorReply> {
        let info = self.info;
        let remote = visit.remote(&info.namespace, &info.name);
        let FreshToken { record, plaintext } = self.first_token;
        envelope::success(
            201,
            &CreatedRepository {
                id: info.repository_id,
                name: info.name,
                description: info.description,
                default_branch: info.default_branch,
                read_only: info.settings.read_only,
                clone_url: with_token(&remote, &plaintext),
                remote,
                token: visit.shown_token(plaintext, record.expires_at_ms),
                expires_at: iso_8601(record.expires_at_ms),
                objects,
                skipped_refs: info.origin.skipped_refs,
            },
        )
    }
}

/// A reserved name and the object behind it.
pub(super) struct Place {
    /// The namespace's name, as shown.
    pub(super) namespace: String,
    /// The namespace's default.
    fsck_strict: bool,
    /// The namespace's policies for all its repositories.
    pub(super) standing: Standing,
}

/// Takes the name and gives its place, or tells the caller who has it. Exactly one of the requests at one
/// time wins, because the namespace's object answers them one after the other. The
/// others get `in_progress` while the repository is being made.
pub(super) async fn reserve(
    visit: &Visit,
    path: &RepositoryPath,
    wanted: &Reserve,
    in_progress: ErrorCode,
) -> Result<Place, ErrorReply> {
    let entry = match directory::reserve(visit, path, wanted).await? {
        Reserved::Won {
            namespace,
            fsck_strict,
            standing,
            ..
        } => {
            return Ok(Place {
                namespace,
                fsck_strict,
                standing,
            });
        }
        Reserved::Taken(entry) => entry,
    };
    if entry.repository_id == wanted.repository_id {
        // This very request, which was begun before and broke off: it goes on.
        let info = directory::show_namespace(visit, &path.namespace).await?;
        return Ok(Place {
            namespace: info.namespace,
            fsck_strict: info.fsck_strict,
            standing: info.standing,
        });
    }
    if entry.in_progress(visit.now_ms) {
        return Err(being_made(in_progress));
    }
    if let Some(info) = existing(visit, path).await? {
        if !entry.confirmed {
            directory::confirm(visit, path, &info, &entry.repository_id).await?;
        }
        return Err(taken_by(&info));
    }
    // Nothing is there: the maker of the entry died before it made the repository, or while the
    // repository was being deleted.
    let again = Reserve {
        replaces: Some(entry.repository_id),
        ..wanted.clone()
    };
    match directory::reserve(visit, path, &again).await? {
        Reserved::Won {
            namespace,
            fsck_strict,
            standing,
            ..
        } => Ok(Place {
            namespace,
            fsck_strict,
            standing,
        }),
        Reserved::Taken(Entry {
            confirmed: true, ..
        }) => Err(taken()),
        Reserved::Taken(_) => Err(being_made(in_progress)),
    }
}

/// Makes the repository under a name that is reserved.
async fn init(
    visit: &Visit,
    path: &RepositoryPath,
    repository_id: &str,
    call: Call,
) -> Result<RepositoryInfo, ErrorReply> {
    let answer = match objects::repository(visit, path, Actor::Operator, call).await {
        Ok(response) => objects::read(response).await,
        Err(error) => Err(error),
    };
    let error = match answer {
        Ok(info) => return Ok(info),
        Err(error) => error,
    };
    // A repository may be here all the same: made by this request although its answer was lost,
    // or by one that was taken for dead. The entry follows the object's answer; when the object
    // says nothing, the entry stays as it is until it is old enough to be taken over.
    match existing(visit, path).await {
        Ok(Some(info)) if info.repository_id == repository_id => return Ok(info),
        Ok(Some(info)) => {
            let _ = directory::confirm(visit, path, &info, repository_id).await;
        }
        Ok(None) => {
            let _ = directory::release(visit, path, repository_id).await;
        }
        Err(_) => {}
    }
    Err(error)
}

/// Asks the repository's own object for the repository, if it is there and has not moved away.
pub(super) async fn existing(
    visit: &Visit,
    path: &RepositoryPath,
) -> Result<Option<RepositoryInfo>, ErrorReply> {
    let response = objects::repository(visit, path, Actor::Operator, Call::get(path::INFO)).await?;
    match objects::read(response).await {
        Ok(info) => Ok(Some(info)),
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Moved) => Ok(None),
        Err(error) => Err(error),
    }
}

fn taken() -> ErrorReply {
    let message = "a repository of this name exists in the namespace";
    ErrorReply::at(ErrorCode::AlreadyExists, "/name", message)
}

fn taken_by(info: &RepositoryInfo) -> ErrorReply {
    if info.status != RepositoryStatus::Importing {
        return taken();
    }
    let message = "a repository of this name is being imported";
    ErrorReply::at(ErrorCode::ImportInProgress, "/name", message)
}

fn being_made(code: ErrorCode) -> ErrorReply {
    let message = "another request is making a repository of this name";
    ErrorReply::at(code, "/name", message)
}
