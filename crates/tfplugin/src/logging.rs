//! Logs on stderr as Terraform reads them from its plugins: hclog's JSON, one object per line.
//!
//! Only what this crate and the provider themselves log is let through below the level of warnings: libraries may log
//! requests with their secrets.

use std::fmt;
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Starts logging, for the process. `level` is Terraform's (`TRACE` … `ERROR`, `JSON`); `targets` are the crates that may
/// log at that level.
pub(crate) fn start(level: Option<&str>, targets: &[&str]) {
    let level = filter(level);
    let mut filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("tfplugin", level);
    for target in targets {
        filter = filter.with_target(*target, level);
    }
    let subscriber = tracing_subscriber::registry().with(Lines.with_filter(filter));
    // A second server in one process (in tests) logs where the first does.
    let _ = tracing::subscriber::set_global_default(subscriber);
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(place = panic.location().map(ToString::to_string), "panic: {}", payload(panic.payload()));
    }));
}

fn payload(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason was given")
}

fn filter(level: Option<&str>) -> LevelFilter {
    match level.map(str::to_ascii_uppercase).as_deref() {
        Some("TRACE" | "JSON") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("INFO") => LevelFilter::INFO,
        Some("WARN") => LevelFilter::WARN,
        Some("OFF") => LevelFilter::OFF,
        // Terraform drops what it was not asked for; an error is worth its bytes.
        Some(_) | None => LevelFilter::ERROR,
    }
}

struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = line(Timestamp::now(), *metadata.level(), metadata.target(), fields);
        // Nobody is left to be told that stderr is gone.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

fn line(now: Timestamp, level: Level, target: &str, fields: Fields) -> String {
    let mut object = Map::new();
    object.insert("@level".to_owned(), level.as_str().to_ascii_lowercase().into());
    object.insert("@message".to_owned(), fields.message.into());
    object.insert("@module".to_owned(), target.replace("::", ".").into());
    // Six decimals exactly: with any other number Terraform takes the line for plain text.
    object.insert("@timestamp".to_owned(), now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into());
    object.extend(fields.others);
    let mut line = Json::Object(object).to_string();
    line.push('\n');
    line
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Json>,
}

impl Fields {
    fn set(&mut self, field: &Field, value: Json) {
        match (field.name(), value) {
            ("message", Json::String(text)) => self.message = text,
            (name, value) => {
                self.others.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tracing::Level;
    use tracing_subscriber::filter::LevelFilter;

    use super::{Fields, filter, line};

    #[test]
    fn a_line_is_what_hclog_writes() {
        let mut fields = Fields { message: "a \"b\"\nc".to_owned(), ..Fields::default() };
        fields.others.insert("count".to_owned(), 3.into());
        let text = line("2026-01-02T03:04:05.5Z".parse().unwrap(), Level::WARN, "tfplugin::journal", fields);
        assert_eq!(text.matches('\n').count(), 1);
        let expected = json!({
            "@level": "warn", "@message": "a \"b\"\nc", "@module": "tfplugin.journal",
            "@timestamp": "2026-01-02T03:04:05.500000Z", "count": 3,
        });
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), expected);
    }

    #[test]
    fn levels_are_those_of_terraform() {
        assert_eq!(filter(Some("trace")), LevelFilter::TRACE);
        assert_eq!(filter(Some("JSON")), LevelFilter::TRACE);
        assert_eq!(filter(Some("INFO")), LevelFilter::INFO);
        assert_eq!(filter(Some("off")), LevelFilter::OFF);
        assert_eq!(filter(None), LevelFilter::ERROR);
    }
}
