//! The administrator of a namespace for whom the Worker makes something as the operator.

use std::fmt;
use std::str::FromStr;

use super::actor::BadActor;

/// The owner of the token. As text, in a header, `<token id> <label in hex>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behalf {
    /// The token's id.
    pub(crate) token_id: String,
    /// The token's label.
    pub(crate) label: Option<String>,
}

impl fmt::Display for Behalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.label.as_deref().unwrap_or_default();
        write!(
            f,
            "{} {}",
            self.token_id,
            faster_hex::hex_string(label.as_bytes())
        )
    }
}

impl FromStr for Behalf {
    type Err = BadActor;

    fn from_str(text: &str) -> Result<Self, BadActor> {
        let (token_id, hex) = text.split_once(' ').ok_or(BadActor)?;
        let mut label = vec![0; hex.len() / 2];
        faster_hex::hex_decode(hex.as_bytes(), &mut label).map_err(|_| BadActor)?;
        let label = String::from_utf8(label).map_err(|_| BadActor)?;
        Ok(Self {
            token_id: token_id.to_owned(),
            label: Some(label).filter(|label| !label.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_any_letters_goes_through_a_header() {
        for label in [None, Some("ci"), Some("Übersetzer\n😀")] {
            let behalf = Behalf {
                token_id: "0123456789abcdef".to_owned(),
                label: label.map(str::to_owned),
            };
            let text = behalf.to_string();
            assert!(text.is_ascii());
            assert_eq!(text.parse(), Ok(behalf));
        }
        for text in ["", "x", "x y", "x ff"] {
            assert_eq!(text.parse::<Behalf>(), Err(BadActor), "{text}");
        }
    }
}
