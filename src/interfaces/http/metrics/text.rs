//! The OpenMetrics text of a gathering, by prometheus-client's encoder.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::families::{FAMILIES, Family, Kind};
use crate::model::count::Measured;

/// `Content-Type` of the text.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One number. Labels are known when the daemon is built: no name, address or id can become one.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) family: &'static str,
    pub(super) labels: Vec<(&'static str, &'static str)>,
    pub(super) value: Value,
}

/// See [`Sample`].
#[derive(Debug)]
pub(super) enum Value {
    Count(u64),
    Real(f64),
    Info,
    Measured(Measured),
}

/// What there was to say at one moment.
#[derive(Debug, Default)]
pub(super) struct Gathered(pub(super) Vec<Sample>);

impl Gathered {
    /// Adds a number.
    pub(super) fn add(&mut self, family: &'static str, labels: &[(&'static str, &'static str)], value: Value) {
        self.0.push(Sample { family, labels: labels.to_vec(), value });
    }

    /// Adds a whole number.
    pub(super) fn count(&mut self, family: &'static str, labels: &[(&'static str, &'static str)], count: u64) {
        self.add(family, labels, Value::Count(count));
    }

    /// Adds the least, the median and the most of what many have; nothing where nobody has anything.
    pub(super) fn spread(&mut self, family: &'static str, mut all: Vec<f64>) {
        all.sort_by(f64::total_cmp);
        let Some(last) = all.len().checked_sub(1) else {
            return;
        };
        for (quantile, at) in [("0", 0), ("0.5", last / 2), ("1", last)] {
            self.add(family, &[("quantile", quantile)], Value::Real(all[at]));
        }
    }

    /// The text.
    ///
    /// # Errors
    /// Never: text grows in memory. The encoder's traits have it.
    pub(super) fn text(self) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut out = String::new();
        text::encode(&mut out, &registry)?;
        Ok(out)
    }

    fn family(&self, family: &Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let kind = match family.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Info => MetricType::Info,
            Kind::Histogram => MetricType::Histogram,
        };
        let (name, unit) = unit(family.name);
        let help = format!("{}.", family.help);
        let mut metric = encoder.encode_descriptor(name, &help, unit.as_ref(), kind)?;
        for sample in self.0.iter().filter(|sample| sample.family == family.name) {
            if let Value::Info = sample.value {
                metric.encode_info(&sample.labels)?;
            } else if sample.labels.is_empty() {
                sample.value.encode(family.kind, &mut metric)?;
            } else {
                sample.value.encode(family.kind, &mut metric.encode_family(&sample.labels)?)?;
            }
        }
        Ok(())
    }
}

/// The name without its unit, and the unit, where it has one.
fn unit(name: &str) -> (&str, Option<Unit>) {
    for (ending, unit) in [("_seconds", Unit::Seconds), ("_bytes", Unit::Bytes), ("_celsius", Unit::Celsius)] {
        if let Some(name) = name.strip_suffix(ending) {
            return (name, Some(unit));
        }
    }
    (name, None)
}

impl Value {
    fn encode(&self, kind: Kind, metric: &mut MetricEncoder<'_>) -> fmt::Result {
        match (self, kind) {
            (Self::Count(count), Kind::Counter) => metric.encode_counter::<NoLabelSet, _, u64>(count, None),
            (Self::Real(real), Kind::Counter) => metric.encode_counter::<NoLabelSet, _, u64>(real, None),
            (Self::Count(count), _) => metric.encode_gauge(count),
            (Self::Real(real), _) => metric.encode_gauge(real),
            (Self::Measured(Measured { buckets, count, seconds }), _) => {
                metric.encode_histogram::<NoLabelSet>(*seconds, *count, buckets, None)
            }
            (Self::Info, _) => Ok(()),
        }
    }
}

impl Collector for Gathered {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        FAMILIES.iter().try_for_each(|family| self.family(family, &mut encoder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_written_as_openmetrics_has_it() {
        let mut gathered = Gathered::default();
        gathered.add("process_cpu_seconds", &[], Value::Real(1.5));
        gathered.add("porchlight_build", &[("version", "1.2.3")], Value::Info);
        gathered.count("porchlight_peers", &[("state", "connected")], 3);
        let measured = Measured { buckets: vec![(0.1, 2), (f64::INFINITY, 1)], count: 3, seconds: 0.7 };
        gathered.add("porchlight_store_duration_seconds", &[], Value::Measured(measured));
        let text = gathered.text().expect("text grows");
        for line in [
            "# TYPE process_cpu_seconds counter",
            "# UNIT process_cpu_seconds seconds",
            "process_cpu_seconds_total 1.5",
            "porchlight_build_info{version=\"1.2.3\"} 1",
            "porchlight_peers{state=\"connected\"} 3",
            "porchlight_store_duration_seconds_bucket{le=\"0.1\"} 2",
            "porchlight_store_duration_seconds_bucket{le=\"+Inf\"} 3",
            "porchlight_store_duration_seconds_sum 0.7",
            "porchlight_store_duration_seconds_count 3",
        ] {
            assert!(text.lines().any(|written| written == line), "no {line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
