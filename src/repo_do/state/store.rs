//! The repository's store, on the object's own database.

use std::rc::Rc;

use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::repository::store::RepoStore;

/// The repository's store on the object's own database.
pub(crate) type Store = RepoStore<Rc<ObjectDatabase>>;
