//! Prometheus' text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).

use std::fmt::Write as _;

/// The type of the text.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number that goes up, and begins again at times.
    Counter,
    /// A number as it is now.
    Gauge,
}

/// A metric: its name, its type, and its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// One line, without a backslash.
    pub(super) help: &'static str,
}

/// Names and values of labels.
pub(super) type Labels<'a> = &'a [(&'static str, &'a str)];

/// The text as it grows.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

impl Exposition {
    /// Adds a metric with its samples. Without samples nothing is added.
    pub(super) fn metric<'a>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = (Labels<'a>, f64)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let Metric { name, kind, help } = metric;
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing into a text never fails.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            self.0.push_str(name);
            for (number, (label, text)) in labels.iter().enumerate() {
                let before = if number == 0 { '{' } else { ',' };
                let _ = write!(self.0, "{before}{label}=\"{}\"", escaped(text));
            }
            if !labels.is_empty() {
                self.0.push('}');
            }
            let _ = writeln!(self.0, " {value}");
        }
    }

    /// Adds a metric that has one sample.
    pub(super) fn single(&mut self, metric: &Metric, value: f64) {
        self.metric(metric, [([].as_slice(), value)]);
    }

    /// The text.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A count as a sample.
#[expect(
    clippy::cast_precision_loss,
    reason = "a sample is a float: 2^53 are exact"
)]
pub(super) const fn count(number: u64) -> f64 {
    number as f64
}

/// The value of a label.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Metric = Metric {
        name: "size_bytes",
        kind: Kind::Gauge,
        help: "How large.",
    };

    #[test]
    fn a_metric_is_told_once_and_its_samples_follow() {
        let mut text = Exposition::default();
        let labels: [Labels<'_>; 2] = [&[("of", "a")], &[("of", "b \"\\\n"), ("at", "")]];
        text.metric(&SIZE, [(labels[0], 1.0), (labels[1], 0.5)]);
        text.metric(&SIZE, []);
        text.single(
            &Metric {
                name: "up",
                kind: Kind::Counter,
                ..SIZE
            },
            count(1 << 40),
        );
        let expected = "# HELP size_bytes How large.\n# TYPE size_bytes gauge\n\
            size_bytes{of=\"a\"} 1\nsize_bytes{of=\"b \\\"\\\\\\n\",at=\"\"} 0.5\n\
            # HELP up How large.\n# TYPE up counter\nup 1099511627776\n";
        assert_eq!(text.into_text(), expected);
    }
}
