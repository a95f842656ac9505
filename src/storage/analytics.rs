//! Data points of answered requests in Analytics Engine, where the deployment has the binding.

use worker::{AnalyticsEngineDataPointBuilder, Env};

use super::fault_log;

/// The binding of the data set.
const REQUESTS: &str = "REQUESTS";

/// Writes one point: the first text is what the points are sampled by. Without the binding, or when
/// the platform does not take it, nothing happens: a figure is not worth a request.
pub(crate) fn write_request(env: &Env, texts: &[&str; 4], numbers: &[u64; 6]) {
    let Ok(dataset) = env.analytics_engine(REQUESTS) else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "figures, far below 2^53")]
    let numbers = numbers.map(|number| number as f64);
    let point = AnalyticsEngineDataPointBuilder::new()
        .indexes([texts[0]])
        .blobs(*texts)
        .doubles(numbers)
        .build();
    if let Err(error) = dataset.write_data_point(&point) {
        fault_log::warning("analytics", &format!("data point not written: {error}"));
    }
}
