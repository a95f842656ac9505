//! Git's smart HTTP, as far as the edge looks at it: services, content types, encodings.
//!
//! Specification: `gitprotocol-http(5)`.

use super::neighbours::NO_UPLOAD_ARCHIVE;
use super::route::GitRoute;
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply, path};

/// A git request whose frame has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The access that it needs.
    pub(crate) access: Access,
    /// Path and query at the object.
    pub(crate) target: &'static str,
    /// The content type of a good answer.
    pub(crate) answer_type: &'static str,
}

const ADVERTISE_UPLOAD_PACK: Exchange = Exchange {
    access: Access::Read,
    target: "/git/info/refs?service=git-upload-pack",
    answer_type: "application/x-git-upload-pack-advertisement",
};
const ADVERTISE_RECEIVE_PACK: Exchange = Exchange {
    access: Access::Push,
    target: "/git/info/refs?service=git-receive-pack",
    answer_type: "application/x-git-receive-pack-advertisement",
};
const UPLOAD_PACK: Exchange = Exchange {
    access: Access::Read,
    target: path::UPLOAD_PACK,
    answer_type: "application/x-git-upload-pack-result",
};
const RECEIVE_PACK: Exchange = Exchange {
    access: Access::Push,
    target: path::RECEIVE_PACK,
    answer_type: "application/x-git-receive-pack-result",
};

/// Checks the frame of a request whose method fits its route.
pub(crate) fn exchange(
    route: GitRoute,
    query: &str,
    content_type: Option<&str>,
    content_encoding: Option<&str>,
) -> Result<Exchange, ErrorReply> {
    match route {
        GitRoute::Dumb => Err(dumb()),
        GitRoute::InfoRefs => advertisement(query),
        GitRoute::UploadPack => {
            expect_type(content_type, "application/x-git-upload-pack-request")?;
            expect_encoding(content_encoding)?;
            Ok(UPLOAD_PACK)
        }
        GitRoute::ReceivePack => {
            expect_type(content_type, "application/x-git-receive-pack-request")?;
            expect_encoding(content_encoding)?;
            Ok(RECEIVE_PACK)
        }
    }
}

fn advertisement(query: &str) -> Result<Exchange, ErrorReply> {
    let mut services = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "service")
        .map(|(_, service)| service);
    match (services.next().as_deref(), services.next()) {
        (None, _) => Err(dumb()),
        (Some(_), Some(_)) => Err(ErrorReply::new(
            ErrorCode::InvalidInput,
            "more than one service asked for",
        )),
        (Some("git-upload-pack"), None) => Ok(ADVERTISE_UPLOAD_PACK),
        (Some("git-receive-pack"), None) => Ok(ADVERTISE_RECEIVE_PACK),
        (Some("git-upload-archive"), None) => {
            Err(ErrorReply::new(ErrorCode::Forbidden, NO_UPLOAD_ARCHIVE))
        }
        (Some(_), None) => Err(ErrorReply::new(
            ErrorCode::Forbidden,
            "this server offers git-upload-pack and git-receive-pack only",
        )),
    }
}

fn dumb() -> ErrorReply {
    ErrorReply::new(
        ErrorCode::Forbidden,
        "the dumb HTTP protocol is not served here; use Git 1.6.6 or later",
    )
}

fn expect_type(given: Option<&str>, expected: &str) -> Result<(), ErrorReply> {
    let essence = given
        .and_then(|given| given.split(';').next())
        .map(str::trim);
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case(expected) => Ok(()),
        _ => Err(ErrorReply::new(
            ErrorCode::UnsupportedMediaType,
            format!("the content type must be {expected}"),
        )),
    }
}

fn expect_encoding(given: Option<&str>) -> Result<(), ErrorReply> {
    match given.map(str::trim) {
        None | Some("") => Ok(()),
        Some(encoding)
            if ["gzip", "x-gzip", "identity"]
                .iter()
                .any(|known| encoding.eq_ignore_ascii_case(known)) =>
        {
            Ok(())
        }
        Some(_) => Err(ErrorReply::new(
            ErrorCode::UnsupportedMediaType,
            "the body may be encoded with gzip only",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FETCH: Option<&str> = Some("application/x-git-upload-pack-request");

    fn code(
        route: GitRoute,
        query: &str,
        content_type: Option<&str>,
        encoding: Option<&str>,
    ) -> Result<Exchange, ErrorCode> {
        exchange(route, query, content_type, encoding).map_err(|error| error.code)
    }

    #[test]
    fn advertisements() {
        let ask = |query| code(GitRoute::InfoRefs, query, None, None);
        assert_eq!(ask("service=git-upload-pack"), Ok(ADVERTISE_UPLOAD_PACK));
        assert_eq!(
            ask("service=git%2Dreceive%2Dpack&x=1"),
            Ok(ADVERTISE_RECEIVE_PACK)
        );
        for query in [
            "",
            "x=1",
            "service=",
            "service=git-upload-archive",
            "Service=x",
        ] {
            assert_eq!(ask(query), Err(ErrorCode::Forbidden), "{query}");
        }
        let twice = "service=git-upload-pack&service=git-receive-pack";
        assert_eq!(ask(twice), Err(ErrorCode::InvalidInput));
        assert_eq!(
            code(GitRoute::Dumb, "", None, None),
            Err(ErrorCode::Forbidden)
        );
    }

    #[test]
    fn a_body_is_of_its_type() {
        let ask = |content_type| code(GitRoute::UploadPack, "", content_type, None);
        assert_eq!(ask(FETCH), Ok(UPLOAD_PACK));
        assert_eq!(
            ask(Some("Application/X-Git-Upload-Pack-Request ; a=b")),
            Ok(UPLOAD_PACK)
        );
        for content_type in [
            None,
            Some(""),
            Some("text/plain"),
            Some("application/x-git-receive-pack-request"),
        ] {
            assert_eq!(ask(content_type), Err(ErrorCode::UnsupportedMediaType));
        }
    }

    #[test]
    fn a_body_may_be_gzipped() {
        let ask = |encoding| code(GitRoute::UploadPack, "", FETCH, Some(encoding));
        for encoding in ["gzip", "x-gzip", "GZIP", "identity", ""] {
            assert_eq!(ask(encoding), Ok(UPLOAD_PACK), "{encoding}");
        }
        for encoding in ["br", "gzip, gzip", "deflate"] {
            assert_eq!(
                ask(encoding),
                Err(ErrorCode::UnsupportedMediaType),
                "{encoding}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_query_panics(query in any::<String>()) {
            let _ = exchange(GitRoute::InfoRefs, &query, None, None);
        }
    }
}
