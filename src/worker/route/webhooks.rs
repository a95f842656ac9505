//! The routes of webhooks, which are the same below a namespace and below a repository.

use crate::repo_do::contract::is_public_id;
use crate::worker::names::{NamespaceName, RepositoryName};

/// The owner of webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookOwner {
    /// The namespace.
    pub(crate) namespace: NamespaceName,
    /// The repository; `None`: the namespace itself.
    pub(crate) repo: Option<RepositoryName>,
}

/// The part behind the owner's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HookRoute {
    /// `/webhooks`
    All,
    /// `/webhooks/:id`
    One(String),
    /// `/webhooks/:id/ping`
    Ping(String),
    /// `/webhooks/:id/rotate-secret`
    RotateSecret(String),
    /// `/webhooks/:id/deliveries`
    Deliveries(String),
    /// `/webhooks/:id/deliveries/:delivery`
    Delivery(String, i64),
    /// `/webhooks/:id/deliveries/:delivery/redeliver`
    Redeliver(String, i64),
}

impl HookRoute {
    /// The route of the segments from `webhooks` on.
    #[must_use]
    pub(crate) fn parse(segments: &[&str]) -> Option<Self> {
        let ["webhooks", rest @ ..] = segments else {
            return None;
        };
        let [id, rest @ ..] = rest else {
            return Some(Self::All);
        };
        if !is_public_id(id) {
            return None;
        }
        let id = (*id).to_owned();
        Some(match rest {
            [] => Self::One(id),
            ["ping"] => Self::Ping(id),
            ["rotate-secret"] => Self::RotateSecret(id),
            ["deliveries"] => Self::Deliveries(id),
            ["deliveries", delivery] => Self::Delivery(id, number(delivery)?),
            ["deliveries", delivery, "redeliver"] => Self::Redeliver(id, number(delivery)?),
            _ => return None,
        })
    }

    /// The methods that are served there.
    #[must_use]
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::All => &["GET", "POST"],
            Self::One(_) => &["GET", "PATCH", "DELETE"],
            Self::Ping(_) | Self::RotateSecret(_) | Self::Redeliver(..) => &["POST"],
            Self::Deliveries(_) | Self::Delivery(..) => &["GET"],
        }
    }
}

/// The number of a delivery: one spelling each, and no larger than JavaScript's numbers.
fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    (is_plain && number < 1 << 53).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef";

    fn parse(path: &str) -> Option<HookRoute> {
        HookRoute::parse(&path.split('/').collect::<Vec<_>>())
    }

    #[test]
    fn routes_of_webhooks() {
        let id = || ID.to_owned();
        let known = [
            ("webhooks".to_owned(), HookRoute::All),
            (format!("webhooks/{ID}"), HookRoute::One(id())),
            (format!("webhooks/{ID}/ping"), HookRoute::Ping(id())),
            (
                format!("webhooks/{ID}/rotate-secret"),
                HookRoute::RotateSecret(id()),
            ),
            (
                format!("webhooks/{ID}/deliveries"),
                HookRoute::Deliveries(id()),
            ),
            (
                format!("webhooks/{ID}/deliveries/17"),
                HookRoute::Delivery(id(), 17),
            ),
            (
                format!("webhooks/{ID}/deliveries/17/redeliver"),
                HookRoute::Redeliver(id(), 17),
            ),
        ];
        for (path, route) in known {
            assert_eq!(parse(&path), Some(route), "{path}");
        }
        let unknown = ["hooks", "webhooks/", "webhooks/x", "webhooks/x/ping"];
        for path in unknown {
            assert_eq!(parse(path), None, "{path}");
        }
        for delivery in ["", "0", "017", "-1", "+1", "x", "9007199254740992"] {
            let path = format!("webhooks/{ID}/deliveries/{delivery}");
            assert_eq!(parse(&path), None, "{path}");
        }
    }
}
