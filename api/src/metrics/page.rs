//! Families of numbers, written one after the other.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;

use crate::gateway::counts::{BOUNDS, Histogram};

/// Labels: names that are ours, and their values.
pub type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// The page that is being written.
#[derive(Debug)]
pub struct Page<'a>(DescriptorEncoder<'a>);

impl<'a> Page<'a> {
    /// An empty page.
    pub fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    fn family(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        mut write: impl FnMut(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let (stem, unit) = match name.strip_suffix("_seconds") {
            Some(stem) => (stem, Some(Unit::Seconds)),
            None => match name.strip_suffix("_bytes") {
                Some(stem) => (stem, Some(Unit::Bytes)),
                None => (name, None),
            },
        };
        let mut encoder = self.0.encode_descriptor(stem, help, unit.as_ref(), kind)?;
        write(&mut encoder)
    }

    /// What is so.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn info<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: Labels<'_, N>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Info, |encoder| {
            encoder.encode_info(&labels)
        })
    }

    /// Numbers that only grow. `_total` is added to the name.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn counter<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, u64)>,
    ) -> fmt::Result {
        let mut samples = samples.into_iter();
        self.family(name, help, MetricType::Counter, |encoder| {
            samples.try_for_each(|(labels, value)| {
                let none: Option<&Exemplar<NoLabelSet, f64>> = None;
                labelled(encoder, &labels, |encoder| {
                    encoder.encode_counter(&value, none)
                })
            })
        })
    }

    /// A time that only grows, in seconds. `_total` is added to the name.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn seconds(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.family(name, help, MetricType::Counter, |encoder| {
            let none: Option<&Exemplar<NoLabelSet, f64>> = None;
            encoder.encode_counter(&value, none)
        })
    }

    /// Numbers that go up and down.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn gauge<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, f64)>,
    ) -> fmt::Result {
        let mut samples = samples.into_iter();
        self.family(name, help, MetricType::Gauge, |encoder| {
            samples.try_for_each(|(labels, value)| {
                labelled(encoder, &labels, |encoder| encoder.encode_gauge(&value))
            })
        })
    }

    /// How long things took.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn histogram<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, &'l Histogram)>,
    ) -> fmt::Result {
        // What never happened would be most of the page.
        let mut samples = samples.into_iter().filter(|(_, of)| of.count() > 0);
        self.family(name, help, MetricType::Histogram, |encoder| {
            samples.try_for_each(|(labels, histogram)| {
                let bounds = BOUNDS.iter().map(|micros| *micros as f64 / 1e6);
                let buckets: Vec<(f64, u64)> = bounds
                    .chain([f64::INFINITY])
                    .zip(histogram.buckets())
                    .collect();
                // Of the very numbers that are printed, so that they agree while requests go on.
                let count = buckets.iter().map(|(_, count)| count).sum();
                labelled(encoder, &labels, |encoder| {
                    encoder.encode_histogram::<NoLabelSet>(histogram.sum(), count, &buckets, None)
                })
            })
        })
    }
}

fn labelled<const N: usize>(
    encoder: &mut MetricEncoder<'_>,
    labels: &Labels<'_, N>,
    write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result
where
    for<'l> Labels<'l, N>: EncodeLabelSet,
{
    if N == 0 {
        write(encoder)
    } else {
        write(&mut encoder.encode_family(labels)?)
    }
}
