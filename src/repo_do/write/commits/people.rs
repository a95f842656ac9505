//! The message of a commit, and its people.

use gix_object::bstr::BString;

use super::body::{CommitBody, PersonBody};
use super::draft::invalid;
use crate::git::edit::date::Date;
use crate::git::edit::message;
use crate::git::edit::person::{Person, PersonPart};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::request::caller::Authorized;

/// The operator's name in commits.
const OPERATOR: &str = "operator";

/// The name of a token without a label.
const UNNAMED: &str = "cairn";

/// Where the addresses of tokens are: nowhere, as RFC 2606 has it.
const DOMAIN: &str = "cairn.invalid";

/// The lines of a commit that are not its tree and its parents.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) author: BString,
    pub(super) committer: BString,
    pub(super) message: String,
}

impl Words {
    /// Cleans the given people; a person that is not given is the token.
    pub(super) fn new(
        body: &CommitBody,
        authorized: &Authorized,
        now_ms: i64,
        pointer: &str,
    ) -> Result<Self, ErrorReply> {
        let now = Date::utc(now_ms.div_euclid(1000));
        let person = |given: Option<&PersonBody>, field: &str| {
            given_or_caller(given, authorized, now, &format!("{pointer}/{field}"))
        };
        let author = person(body.author.as_ref(), "author")?;
        let committer = person(body.committer.as_ref(), "committer")?;
        let cleaned = message::clean(body.message.as_bytes());
        let mut message =
            cleaned.map_err(|fault| invalid(format!("{pointer}/message"), fault.to_string()))?;
        if body.sign_off {
            message = message::sign_off(&message, &committer);
        }
        Ok(Self {
            author: author.line(),
            committer: committer.line(),
            message,
        })
    }
}

/// The person that is given, or else the caller; `pointer` leads to it in the body.
pub(crate) fn given_or_caller(
    given: Option<&PersonBody>,
    authorized: &Authorized,
    now: Date,
    pointer: &str,
) -> Result<Person, ErrorReply> {
    match given {
        Some(given) => person(given, now, pointer),
        None => caller(authorized, now),
    }
}

/// A person as it was given; without a date the time of the request is taken.
pub(in crate::repo_do::write) fn person(
    given: &PersonBody,
    now: Date,
    pointer: &str,
) -> Result<Person, ErrorReply> {
    let date = match &given.date {
        Some(date) => Date::parse(date)
            .map_err(|fault| invalid(format!("{pointer}/date"), fault.to_string()))?,
        None => now,
    };
    Person::new(&given.name, &given.email, date).map_err(|fault| {
        let field = match fault.part() {
            PersonPart::Name => "name",
            PersonPart::Email => "email",
        };
        invalid(format!("{pointer}/{field}"), fault.to_string())
    })
}

/// The caller: the token by its label, or by a name of ours if git would not take the label.
pub(crate) fn caller(authorized: &Authorized, now: Date) -> Result<Person, ErrorReply> {
    let Some(token) = &authorized.token else {
        let email = format!("{OPERATOR}@{DOMAIN}");
        return Person::new(OPERATOR, &email, now).map_err(|fault| invalid("", fault.to_string()));
    };
    let email = format!("{}@{DOMAIN}", token.token_id);
    let label = token.label.as_deref().unwrap_or(UNNAMED);
    Person::new(label, &email, now)
        .or_else(|_| Person::new(UNNAMED, &email, now))
        .map_err(|fault| invalid("", fault.to_string()))
}
