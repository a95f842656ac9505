//! Parameters of the check of objects.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::repo_do::contract::present;

/// How objects are checked that are pushed or imported; an absent field stays, or is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FsckChange {
    /// As git's `--strict` does.
    pub(crate) strict: Option<bool>,
}

/// Its fields. Without this, serde would read it from an array too, its fields by their places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, deserialize_with = "present")]
    strict: Option<bool>,
}

impl<'de> Deserialize<'de> for FsckChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = FsckChange;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the field strict")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FsckChange, A::Error> {
        let Fields { strict } = Fields::deserialize(MapAccessDeserializer::new(map))?;
        Ok(FsckChange { strict })
    }
}
