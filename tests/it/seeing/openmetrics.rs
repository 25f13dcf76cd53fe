//! A strict reader of OpenMetrics text, version 1.0.0, as far as the box writes it.

use std::collections::{BTreeMap, BTreeSet};

/// One line with a number.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The metric it belongs to, without suffix.
    pub family: String,
    /// Its name with suffix.
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// What was told at one moment.
#[derive(Debug, Default)]
pub struct Exposition {
    /// Each metric and its type, in the order in which they came.
    pub types: Vec<(String, String)>,
    pub samples: Vec<Sample>,
}

impl Exposition {
    /// The number with exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: BTreeMap<String, String> = labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let found = self.samples.iter().find(|sample| sample.name == name && sample.labels == labels);
        found.unwrap_or_else(|| panic!("there is no {name} {labels:?}")).value
    }
}

/// Reads a whole text.
pub fn parse(text: &str) -> Result<Exposition, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with # EOF")?;
    let mut seen = Exposition::default();
    let (mut helped, mut told) = (BTreeSet::new(), BTreeSet::new());
    for (at, line) in body.lines().enumerate() {
        let wrong = |why: &str| format!("line {}: {why}: {line}", at + 1);
        if let Some(comment) = line.strip_prefix("# ") {
            let (what, rest) = comment.split_once(' ').ok_or_else(|| wrong("an odd comment"))?;
            let (name, rest) = rest.split_once(' ').ok_or_else(|| wrong("nothing behind the name"))?;
            match what {
                "HELP" if helped.insert(name.to_owned()) => {
                    if !rest.ends_with('.') {
                        return Err(wrong("help is a sentence"));
                    }
                }
                "TYPE" => {
                    if !["counter", "gauge", "info", "histogram"].contains(&rest) {
                        return Err(wrong("an unknown type"));
                    }
                    if seen.types.iter().any(|(known, _)| known == name) {
                        return Err(wrong("a metric that was there already"));
                    }
                    seen.types.push((name.into(), rest.into()));
                }
                "UNIT" => {
                    if !name.ends_with(&format!("_{rest}")) {
                        return Err(wrong("a name without its unit"));
                    }
                    if seen.types.last().is_none_or(|(last, _)| last != name) {
                        return Err(wrong("a unit of another metric"));
                    }
                }
                _ => return Err(wrong("an unknown or repeated comment")),
            }
            continue;
        }
        let (family, kind) = seen.types.last().cloned().ok_or_else(|| wrong("a number before any type"))?;
        let sample = sample(line, &family).ok_or_else(|| wrong("no sample"))?;
        let suffix = sample.name.strip_prefix(&family).ok_or_else(|| wrong("a number of another metric"))?;
        let fits = match kind.as_str() {
            "counter" => suffix == "_total",
            "gauge" => suffix.is_empty(),
            "info" => suffix == "_info" && sample.value == 1.0,
            _ => ["_bucket", "_sum", "_count"].contains(&suffix),
        };
        if !fits {
            return Err(wrong("a suffix that its type does not have"));
        }
        if sample.value.is_nan() || kind != "gauge" && sample.value < 0.0 {
            return Err(wrong("a value that can't be"));
        }
        if !told.insert((sample.name.clone(), sample.labels.clone())) {
            return Err(wrong("the same twice"));
        }
        seen.samples.push(sample);
    }
    histograms(&seen)?;
    if let Some((name, _)) = seen.types.iter().find(|(name, _)| !helped.contains(name)) {
        return Err(format!("{name} has no help"));
    }
    Ok(seen)
}

/// `name{label="value",…} number`
fn sample(line: &str, family: &str) -> Option<Sample> {
    let (head, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let (name, labels) = match head.split_once('{') {
        Some((name, rest)) => (name, pairs(rest.strip_suffix('}')?)?),
        None => (head, BTreeMap::new()),
    };
    is_name(name).then(|| Sample { family: family.into(), name: name.into(), labels, value })
}

fn pairs(text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for pair in text.split("\",") {
        let (name, value) = pair.strip_suffix('"').unwrap_or(pair).split_once("=\"")?;
        let plain = !value.contains(['"', '\\', '\n']);
        if !is_name(name) || !plain || labels.insert(name.into(), value.into()).is_some() {
            return None;
        }
    }
    Some(labels)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Buckets rise to the count, and the last is without bound.
fn histograms(seen: &Exposition) -> Result<(), String> {
    for (name, _) in seen.types.iter().filter(|(_, kind)| kind == "histogram") {
        for count in seen.samples.iter().filter(|sample| sample.name == format!("{name}_count")) {
            let same = |sample: &&Sample| {
                let mut labels = sample.labels.clone();
                sample.name == format!("{name}_bucket") && labels.remove("le").is_some() && labels == count.labels
            };
            let buckets: Vec<&Sample> = seen.samples.iter().filter(same).collect();
            let rises = buckets.windows(2).all(|pair| pair[0].value <= pair[1].value);
            let last = buckets.last().ok_or(format!("{name} has no buckets"))?;
            if !rises || last.labels["le"] != "+Inf" || last.value != count.value {
                return Err(format!("the buckets of {name} do not add up: {buckets:?}"));
            }
        }
    }
    Ok(())
}

#[test]
fn the_reader_is_strict() {
    let head = "# HELP a_seconds Time.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n";
    assert!(parse(&format!("{head}a_seconds_total{{b=\"c\"}} 1\n# EOF\n")).is_ok());
    for (why, text) in [
        ("no end", format!("{head}a_seconds_total 1\n")),
        ("no suffix", format!("{head}a_seconds 1\n# EOF\n")),
        ("twice", format!("{head}a_seconds_total 1\na_seconds_total 2\n# EOF\n")),
        ("another metric", format!("{head}b_total 1\n# EOF\n")),
        ("less than nothing", format!("{head}a_seconds_total -1\n# EOF\n")),
        ("no number", format!("{head}a_seconds_total one\n# EOF\n")),
        ("a label without quotes", format!("{head}a_seconds_total{{b=c}} 1\n# EOF\n")),
        ("a name in capitals", format!("{head}A_seconds_total 1\n# EOF\n")),
        ("no help", "# TYPE a gauge\na 1\n# EOF\n".into()),
        ("an unknown type", "# HELP a A.\n# TYPE a thing\na 1\n# EOF\n".into()),
        ("a unit that is not in the name", "# HELP a A.\n# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n".into()),
        (
            "buckets that fall",
            "# HELP h H.\n# TYPE h histogram\nh_sum 1\nh_count 2\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\n# EOF\n"
                .into(),
        ),
    ] {
        assert!(parse(&text).is_err(), "{why}");
    }
}
