//! What the server counts and times, for Prometheus and for its own benchmark.
//!
//! One value per server, handed to whoever has something to count; nothing here is global. Names follow the
//! OpenMetrics conventions: seconds, bytes, `_total` for what only grows. There are no labels per curriculum,
//! student or worker: a server with ten thousand curricula would drown the one who scrapes it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, WWW_AUTHENTICATE},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use tonic::{metadata::MetadataMap, service::Interceptor};

use crate::access::Guard;

/// The content type of [`Metrics::render`].
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Counters and clocks of one server.
pub(crate) struct Metrics {
    registry: Registry,
    /// From a call's arrival to the end of its answer.
    calls: Family<CallLabels, Histogram>,
    /// From the arrival of a step on a `Teach` stream to its answer.
    pub(crate) teach_step: Histogram,
    /// Drawing one task, within its owner.
    pub(crate) sampling: Histogram,
    /// One fit of a mixture, on its own thread.
    pub(crate) fit: Histogram,
    /// Fits under way or waiting for a core.
    pub(crate) fits_running: Gauge,
    /// Writing and syncing one transaction.
    pub(crate) transaction: Histogram,
    /// Commits that shared a transaction.
    pub(crate) group: Histogram,
    /// Transactions that failed.
    pub(crate) failed_transactions: Counter,
    /// Jobs that wait for the store's thread.
    pub(crate) store_queue: Gauge,
    /// Calls that wait in the mailboxes of all owners.
    pub(crate) mailboxes: Gauge,
    /// Calls refused because a mailbox was full.
    pub(crate) shed: Counter,
    /// Tasks under lease.
    pub(crate) open_tasks: Gauge,
    /// Tasks handed out.
    pub(crate) tasks: Counter,
    /// Outcomes accepted, duplicates left out.
    pub(crate) outcomes: Counter,
    /// Leases that ran out.
    pub(crate) expiries: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    call: &'static str,
    code: &'static str,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("magister");
        let mut seconds = |name: &str, help: &str, buckets: &mut dyn Iterator<Item = f64>| {
            let histogram = Histogram::new(buckets);
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
            histogram
        };
        let teach_step =
            seconds("teach_step", "From a step on a Teach stream to its answer", &mut call_buckets());
        let sampling =
            seconds("sampling", "Drawing one task within its owner", &mut exponential_buckets(1e-6, 1.6, 24));
        let fit = seconds("fit", "Fitting one mixture", &mut exponential_buckets(1e-3, 2.0, 14));
        let transaction = seconds(
            "store_transaction",
            "Writing and syncing one transaction",
            &mut exponential_buckets(1e-4, 2.0, 14),
        );
        let calls = Family::new_with_constructor((|| Histogram::new(call_buckets())) as fn() -> Histogram);
        registry.register_with_unit(
            "call",
            "From a call's arrival to the end of its answer; streams are counted when they end",
            Unit::Seconds,
            calls.clone(),
        );
        let group = Histogram::new(exponential_buckets(1.0, 2.0, 11));
        registry.register("store_group", "Commits that shared a transaction", group.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let fits_running = gauge("fits_running", "Fits under way or waiting for a core");
        let store_queue = gauge("store_queue", "Jobs waiting for the store's thread");
        let mailboxes = gauge("mailbox_calls", "Calls waiting in the mailboxes of all curricula");
        let open_tasks =
            gauge("open_tasks", "Tasks under lease, of the curricula that have been called since the start");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        Self {
            failed_transactions: counter("store_failed_transactions", "Transactions that were rolled back"),
            shed: counter("shed_calls", "Calls refused because a mailbox was full"),
            tasks: counter("tasks", "Tasks handed out"),
            outcomes: counter("outcomes", "Outcomes accepted"),
            expiries: counter("expiries", "Leases that ran out"),
            calls,
            teach_step,
            sampling,
            fit,
            fits_running,
            transaction,
            group,
            store_queue,
            mailboxes,
            open_tasks,
            registry,
        }
    }
}

impl Metrics {
    /// Counts a call that has been answered.
    pub(crate) fn observe_call(&self, call: &'static str, code: &'static str, took: Duration) {
        self.calls.get_or_create(&CallLabels { call, code }).observe(took.as_secs_f64());
    }

    /// Everything, as [`OPEN_METRICS`].
    fn render(&self) -> String {
        let mut page = String::new();
        text::encode(&mut page, &self.registry).expect("a string takes everything");
        page
    }
}

/// Answers `GET /metrics`; who may call may read it.
pub(crate) async fn page(
    State((mut guard, metrics)): State<(Guard, Arc<Metrics>)>,
    headers: HeaderMap,
) -> Response {
    let mut request = tonic::Request::new(());
    *request.metadata_mut() = MetadataMap::from_headers(headers);
    match guard.call(request) {
        Ok(_) => ([(CONTENT_TYPE, OPEN_METRICS)], metrics.render()).into_response(),
        Err(refused) => {
            let text = format!("{}\n", refused.message());
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], text).into_response()
        }
    }
}

/// Times something from its start.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Adds the time since the start to a histogram.
    pub(crate) fn observe(&self, histogram: &Histogram) {
        histogram.observe(self.elapsed().as_secs_f64());
    }
}

/// One thing that is waiting or under way, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// One curriculum's part of a sum; gone from it when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    sum: Gauge,
    part: i64,
}

impl Share {
    pub(crate) fn of(sum: &Gauge) -> Self {
        Self { sum: sum.clone(), part: 0 }
    }

    pub(crate) fn set(&mut self, part: u64) {
        let part = part.try_into().unwrap_or(i64::MAX);
        self.sum.inc_by(part - self.part);
        self.part = part;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.sum.dec_by(self.part);
    }
}

/// From 50 µs to 27 s.
fn call_buckets() -> impl Iterator<Item = f64> {
    exponential_buckets(5e-5, 2.0, 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_open_metrics() {
        let metrics = Metrics::default();
        metrics.observe_call("SampleTasks", "OK", Duration::from_millis(3));
        metrics.observe_call("SampleTasks", "OK", Duration::from_millis(3));
        let waiting = Counted::new(&metrics.mailboxes);
        metrics.tasks.inc_by(7);
        let page = metrics.render();
        for line in [
            "# TYPE magister_call_seconds histogram",
            "magister_call_seconds_count{call=\"SampleTasks\",code=\"OK\"} 2",
            "magister_mailbox_calls 1",
            "magister_tasks_total 7",
        ] {
            assert!(page.lines().any(|present| present == line), "{line} is missing in\n{page}");
        }
        assert!(page.ends_with("# EOF\n"));
        drop(waiting);
        assert!(metrics.render().contains("magister_mailbox_calls 0"));
    }
}
