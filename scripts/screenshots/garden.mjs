// The repository that the pictures in the README show: made up, with dates and people of its own, so that every run
// makes the same commits.

/** When the pictures are taken, as their browser believes. */
export const NOW = "2026-11-20T10:00:00Z";

const MIRA = { name: "Mira Holm", email: "mira@example.com" };
const JONAS = { name: "Jonas Weber", email: "jonas@example.com" };
const NOOR = { name: "Noor Haddad", email: "noor@example.com" };

const README = `# Almanac

Sowing dates for your garden, from the moon and the last frost. A library without dependencies, and a command.

\`\`\`sh
almanac plan --frost 2027-04-28 tomatoes peas
\`\`\`

| crop | sow | transplant |
|---|---|---|
| tomatoes | 8 weeks before the last frost | 2 weeks after it |
| peas | 5 weeks before the last frost | – |
| lettuce | when the moon waxes | 3 weeks later |

## Use it
Add it to \`Cargo.toml\`, then ask for the phase of a day:

\`\`\`rust
let moon = almanac::Phase::of(day);
if moon.waxes() {
    sow(lettuce);
}
\`\`\`

The [guide](docs/guide.md) explains where the numbers come from.
`;

const CARGO = `[package]
name = "almanac"
version = "0.3.0"
edition = "2024"
license = "MIT"
`;

const MOON = `//! The phase of the moon on a day.

/// Days from one new moon to the next one.
const SYNODIC_DAYS: f64 = 29.53;

/// A new moon that is known: 6 January 2000.
const KNOWN_NEW_MOON: f64 = 10_962.76;

/// How far the moon is on its way, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase(f64);

impl Phase {
    /// The phase on a day, counted from 1970.
    pub fn of(day: f64) -> Self {
        Self((day - KNOWN_NEW_MOON) / SYNODIC_DAYS % 1.0)
    }

    /// Whether each night shows more of it.
    pub fn waxes(self) -> bool {
        self.0 < 0.5
    }
}
`;

const MEAN_MOON = MOON.replace("29.53;", "29.530_588_853;").replace(
  "        Self((day - KNOWN_NEW_MOON) / SYNODIC_DAYS % 1.0)\n",
  `        let months = (day - KNOWN_NEW_MOON) / SYNODIC_DAYS;
        // Days before the known one count backwards.
        Self(months.rem_euclid(1.0))
`,
);

const NAMED_MOON = MEAN_MOON.replace(
  "    /// Whether each night",
  `    /// What people call it.
    pub fn name(self) -> &'static str {
        match (self.0 * 8.0).round() as u8 % 8 {
            0 => "new moon",
            1..=3 => "waxing",
            4 => "full moon",
            _ => "waning",
        }
    }

    /// Whether each night`,
);

const FROST = `//! The last frost of a place.

use crate::Day;

/// What stations nearby have measured, oldest first.
pub struct Station {
    pub name: String,
    pub last_frosts: Vec<Day>,
}

impl Station {
    /// The day after which nine years of ten had no frost.
    pub fn safe_day(&self) -> Option<Day> {
        let mut days = self.last_frosts.clone();
        days.sort_unstable();
        days.get(days.len() * 9 / 10).copied()
    }
}
`;

const PLAN = `//! From crops and a frost to a list of dates.

use crate::{Day, Phase};

pub struct Crop {
    pub name: &'static str,
    pub weeks_before_frost: i32,
    pub likes_waxing_moon: bool,
}

/// The first good day to sow, on or after the earliest one.
pub fn sowing(crop: &Crop, frost: Day) -> Day {
    let mut day = frost - 7 * crop.weeks_before_frost;
    while crop.likes_waxing_moon && !Phase::of(day.into()).waxes() {
        day += 1;
    }
    day
}
`;

const TEST = `use almanac::Phase;

#[test]
fn a_known_full_moon() {
    // 21 January 2000, with an eclipse.
    assert_eq!(Phase::of(10_977.2).name(), "full moon");
}
`;

const LIB = "pub mod frost;\npub mod moon;\npub mod plan;\n\npub use moon::Phase;\n\npub type Day = i32;\n";

/** The commits, oldest first: who, when, why, and what. */
export const COMMITS = [
  [MIRA, "2026-08-02T09:12:00+02:00", "Begin with the moon", { "Cargo.toml": CARGO, LICENSE: "MIT\n", "src/moon.rs": MOON, "src/lib.rs": LIB }],
  [JONAS, "2026-09-14T18:40:00+02:00", "Say when the last frost is", { "src/frost.rs": FROST }],
  [NOOR, "2026-10-05T20:05:00+02:00", "Plan a season from a list of crops", { "src/plan.rs": PLAN }],
  [MIRA, "2026-10-28T08:31:00+01:00", "Explain the numbers", { "docs/guide.md": "# Guide\n\nWhere the numbers come from.\n", "README.md": README }],
  [JONAS, "2026-11-16T21:17:00+01:00", "Count months before 2000 backwards\n\nThe remainder of a negative number is negative, so the moon waned in 1999 when it waxed.", { "src/moon.rs": MEAN_MOON }],
  [NOOR, "2026-11-19T17:22:00+01:00", "Name the phases", { "src/moon.rs": NAMED_MOON, "tests/moon.rs": TEST }],
];
