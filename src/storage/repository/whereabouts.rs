//! Where the repository is that goes by an object's name.

/// Another object, and the repository that it has.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Forwarding {
    /// The name of the other object.
    pub object_name: String,
    /// The repository's id.
    pub repository_id: String,
}
