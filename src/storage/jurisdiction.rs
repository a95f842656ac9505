//! Where the data of a namespace may be kept and worked on, and the bindings that keep it there.
//!
//! The bindings of a jurisdiction stand in the environment under the names that every deployment knows
//! ([`within`]). So code that has the environment of a jurisdiction cannot leave it: its objects are
//! those of the jurisdiction, and its bucket is the jurisdiction's.
//! (<https://developers.cloudflare.com/durable-objects/reference/data-location/>)

use js_sys::{Object, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use worker::{Env, State};

use super::fault_log;

/// The bindings of Durable Objects.
const OBJECTS: [&str; 4] = ["REPO", "NAMESPACE", "NETWORK", "WEBHOOK"];

/// The binding of the bucket.
const BUCKET: &str = "PACKS";

/// The other variables of a bucket, for transfers that bypass the Worker.
const OF_BUCKET: [&str; 5] = [
    BUCKET,
    "CAIRN_S3_ENDPOINT",
    "CAIRN_S3_BUCKET",
    "CAIRN_S3_ACCESS_KEY_ID",
    "CAIRN_S3_SECRET_ACCESS_KEY",
];

#[wasm_bindgen]
extern "C" {
    type Objects;

    #[wasm_bindgen(method, catch)]
    fn jurisdiction(this: &Objects, name: &str) -> Result<JsValue, JsValue>;
}

/// A jurisdiction, by Cloudflare's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Jurisdiction {
    /// None: data is wherever the platform puts it.
    #[default]
    Unrestricted,
    /// The European Union.
    Eu,
    /// The United States.
    Us,
    /// Data centres that satisfy `FedRAMP`.
    Fedramp,
}

/// Why a deployment cannot keep data in a jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JurisdictionError {
    /// It has no bucket there.
    #[error("this server has no bucket in the jurisdiction {name}: none is bound as {binding}")]
    NoBucket {
        /// The jurisdiction.
        name: &'static str,
        /// The binding that is missing.
        binding: String,
    },
    /// The platform makes no objects there.
    #[error("the platform keeps no objects in the jurisdiction {name}: {message}")]
    NoObjects {
        /// The jurisdiction.
        name: &'static str,
        /// Its words.
        message: String,
    },
}

impl Jurisdiction {
    /// Those that restrict.
    pub(crate) const RESTRICTED: [Self; 3] = [Self::Eu, Self::Us, Self::Fedramp];

    /// Cloudflare's name of it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unrestricted => "unrestricted",
            Self::Eu => "eu",
            Self::Us => "us",
            Self::Fedramp => "fedramp",
        }
    }

    /// The one of this name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Unrestricted]
            .into_iter()
            .chain(Self::RESTRICTED)
            .find(|one| one.name() == name)
    }

    /// Whether the deployment has a bucket there.
    #[must_use]
    pub(crate) fn has_bucket(self, env: &Env) -> bool {
        let binding = of_jurisdiction(BUCKET, self.name());
        Reflect::get(env, &binding.into()).is_ok_and(|bound| bound.is_truthy())
    }

    /// Whether the deployment can keep data there.
    pub(crate) fn check(self, env: &Env) -> Result<(), JurisdictionError> {
        let name = self.name();
        if self == Self::Unrestricted {
            return Ok(());
        }
        if !self.has_bucket(env) {
            let binding = of_jurisdiction(BUCKET, name);
            return Err(JurisdictionError::NoBucket { name, binding });
        }
        for binding in OBJECTS {
            objects_of(env, binding, name).map_err(|thrown| JurisdictionError::NoObjects {
                name,
                message: told(&thrown),
            })?;
        }
        Ok(())
    }
}

/// Whether the deployment has a bucket in any jurisdiction. Where it has none, no namespace is restricted.
#[must_use]
pub(crate) fn any_is_offered(env: &Env) -> bool {
    let mut all = Jurisdiction::RESTRICTED.into_iter();
    all.any(|jurisdiction| jurisdiction.has_bucket(env))
}

/// The environment of an object: that of the jurisdiction in which the platform keeps it.
#[must_use]
pub(crate) fn env_of_object(state: &State, env: Env) -> Env {
    let id = Reflect::get(state.as_raw(), &"id".into());
    let kept_in = id.and_then(|id| Reflect::get(&id, &"jurisdiction".into()));
    match kept_in.ok().and_then(|name| name.as_string()) {
        Some(name) => within(&env, &name),
        None => env,
    }
}

/// The same environment with the objects and the bucket of a jurisdiction. A binding that the jurisdiction
/// lacks is absent: no other bucket and no other object stands in for it.
#[must_use]
pub(crate) fn within(env: &Env, name: &str) -> Env {
    let placed = Object::create(env.unchecked_ref());
    for binding in OBJECTS {
        let objects = objects_of(env, binding, name).unwrap_or_else(|thrown| {
            fault_log::error("jurisdiction", &format!("{binding}: {}", told(&thrown)));
            JsValue::UNDEFINED
        });
        put(&placed, binding, &objects);
    }
    for binding in OF_BUCKET {
        let bound = Reflect::get(env, &of_jurisdiction(binding, name).into());
        put(&placed, binding, &bound.unwrap_or_default());
    }
    for other in Jurisdiction::RESTRICTED {
        put(
            &placed,
            &of_jurisdiction(BUCKET, other.name()),
            &JsValue::UNDEFINED,
        );
    }
    placed.unchecked_into()
}

/// The objects of a binding that are kept in a jurisdiction.
pub(crate) fn objects_of(env: &Env, binding: &str, name: &str) -> Result<JsValue, JsValue> {
    let objects: Objects = Reflect::get(env, &binding.into())?.unchecked_into();
    objects.jurisdiction(name)
}

/// Hides the environment's value of this name, which may be read-only there.
fn put(placed: &Object, name: &str, value: &JsValue) {
    let hiding = Object::new();
    // Neither fails: both objects are our own.
    let _ = Reflect::set(&hiding, &"value".into(), value);
    let _ = Reflect::define_property(placed, &name.into(), &hiding);
}

fn of_jurisdiction(binding: &str, name: &str) -> String {
    format!("{binding}_{}", name.to_ascii_uppercase().replace('-', "_"))
}

fn told(thrown: &JsValue) -> String {
    let error = thrown.dyn_ref::<js_sys::Error>();
    error.map_or_else(|| format!("{thrown:?}"), |error| error.message().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jurisdiction_has_one_name_everywhere() {
        for one in [Jurisdiction::Unrestricted]
            .into_iter()
            .chain(Jurisdiction::RESTRICTED)
        {
            assert_eq!(Jurisdiction::named(one.name()), Some(one));
            let json = format!("\"{}\"", one.name());
            assert_eq!(serde_json::to_string(&one).unwrap(), json);
            assert_eq!(serde_json::from_str::<Jurisdiction>(&json).unwrap(), one);
        }
        for other in ["", "EU", "fedramp-high", "de"] {
            assert_eq!(Jurisdiction::named(other), None, "{other}");
        }
    }

    #[test]
    fn its_bucket_is_bound_under_its_name() {
        assert_eq!(of_jurisdiction("PACKS", "eu"), "PACKS_EU");
        assert_eq!(
            of_jurisdiction("PACKS", "fedramp-high"),
            "PACKS_FEDRAMP_HIGH"
        );
    }
}
