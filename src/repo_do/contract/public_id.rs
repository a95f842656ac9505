//! Ids and names of repositories, as they are shown and as objects are called by them.

/// Characters of a public id.
pub(crate) const PUBLIC_ID_CHARS: usize = 16;

/// Whether the text is an id as we give them: 16 characters of `[0-9a-z]`.
#[must_use]
pub(crate) fn is_public_id(text: &str) -> bool {
    text.len() == PUBLIC_ID_CHARS
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// How the ids of a repository's tokens start, so that a token's id alone finds its repository.
#[must_use]
pub(crate) fn token_id_prefix(repository_id: &str) -> &str {
    repository_id
        .get(..PUBLIC_ID_CHARS / 2)
        .unwrap_or(repository_id)
}

/// The name under which a repository's object is reached: lower case, so that names match without
/// regard to case. Both parts are checked names (ASCII, no slash), so no two pairs collide.
#[must_use]
pub(crate) fn object_name(namespace: &str, repository: &str) -> String {
    format!(
        "{}/{}",
        namespace.to_ascii_lowercase(),
        repository.to_ascii_lowercase()
    )
}
