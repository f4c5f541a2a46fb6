//! buildx's raw progress: one JSON document per line, each with updates about some steps.
//! (moby/buildkit, client/graph.go, `SolveStatus`.)

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use serde::Deserialize;

/// The progress of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Its steps, in the order in which they were reported.
    pub steps: Vec<Step>,
    /// The step that failed, and its output.
    pub failed: Option<(String, String)>,
}

/// One step of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name: `[build 3/5] RUN make`.
    pub name: String,
    /// Its duration.
    pub took: Duration,
    /// Whether it was cached.
    pub cached: bool,
    /// Whether it is an instruction that creates a layer.
    pub makes_a_layer: bool,
}

/// The step that the current build is at, for people who wait. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<Mutex<String>>);

impl PartialEq for Activity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Activity {}

impl Activity {
    /// The name of the step; empty if nothing is known.
    pub fn step(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads a line of buildx's output.
    pub(super) fn hear(&self, line: &[u8]) {
        let Ok(news) = serde_json::from_slice::<News>(line) else { return };
        let mut step = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for vertex in news.vertexes {
            if vertex.completed.is_some() {
                if vertex.name == *step {
                    step.clear();
                }
            } else if vertex.started.is_some() && !vertex.name.starts_with("[internal]") {
                *step = vertex.name;
            }
        }
    }

    /// Forgets the step of a build that has ended.
    pub(super) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct News {
    vertexes: Vec<Vertex>,
    logs: Vec<Log>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Vertex {
    digest: String,
    name: String,
    started: Option<String>,
    completed: Option<String>,
    cached: bool,
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Log {
    vertex: String,
    /// In base64.
    data: String,
}

/// Reads the output of buildx; ignores lines that are not progress.
pub fn read(text: &str) -> Progress {
    let mut progress = Progress::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut printed: HashMap<String, String> = HashMap::new();
    let mut error = None;
    for news in text.lines().filter_map(|line| serde_json::from_str::<News>(line).ok()) {
        for vertex in news.vertexes {
            let place = *places.entry(vertex.digest.clone()).or_insert_with(|| {
                progress.steps.push(Step {
                    makes_a_layer: makes_a_layer(&vertex.name),
                    name: vertex.name.clone(),
                    took: Duration::ZERO,
                    cached: false,
                });
                progress.steps.len() - 1
            });
            let step = &mut progress.steps[place];
            step.cached |= vertex.cached;
            if let (Some(started), Some(completed)) = (moment(vertex.started), moment(vertex.completed)) {
                // A step may be reported as finished several times.
                step.took = step.took.max(completed.duration_since(started).unwrap_or_default());
            }
            if !vertex.error.is_empty() && error.is_none() {
                error = Some((vertex.digest, step.name.clone(), vertex.error));
            }
        }
        for log in news.logs {
            let data = base64::engine::general_purpose::STANDARD.decode(&log.data).unwrap_or_default();
            printed.entry(log.vertex).or_default().push_str(&String::from_utf8_lossy(&data));
        }
    }
    progress.failed = error.map(|(digest, name, error)| {
        let output = printed.remove(&digest).unwrap_or_default();
        (name, format!("{output}\n{error}").trim().to_owned())
    });
    progress
}

/// `[3/5] RUN make` and `[build 2/4] COPY . .`, but not the builder's internal steps.
fn makes_a_layer(name: &str) -> bool {
    let Some((place, instruction)) = name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) else {
        return false;
    };
    let keyword = instruction.split_whitespace().next().unwrap_or_default();
    place != "internal" && matches!(keyword, "RUN" | "COPY" | "ADD" | "WORKDIR")
}

/// The number of steps that ran although their stage copies no file above them. A stage that starts
/// from another one does not count, since what runs there may depend on files of that one.
pub fn lost(steps: &[Step]) -> usize {
    let parsed = |step: &Step| -> Option<(String, usize, String)> {
        let (place, instruction) = step.name.strip_prefix('[')?.split_once("] ")?;
        let (stage, place) = place.rsplit_once(' ').unwrap_or(("", place));
        // BuildKit pads the numbers: `[build  5/10]`.
        Some((stage.trim().to_owned(), place.split('/').next()?.trim().parse().ok()?, instruction.to_owned()))
    };
    let all: Vec<_> = steps.iter().filter_map(|step| Some((parsed(step)?, step))).collect();
    let reads = |instruction: &str| {
        ["COPY ", "ADD "].iter().any(|start| instruction.starts_with(start))
            || instruction.contains("--mount=")
    };
    let is_lost = |(stage, place, _): &(String, usize, String)| {
        let own = || all.iter().map(|(parsed, _)| parsed).filter(|(other, ..)| other == stage);
        own().any(|(_, first, instruction)| *first == 1 && instruction.starts_with("FROM "))
            && !own().any(|(_, other, instruction)| other <= place && reads(instruction))
    };
    all.iter().filter(|(parsed, step)| step.makes_a_layer && !step.cached && is_lost(parsed)).count()
}

fn moment(text: Option<String>) -> Option<SystemTime> {
    humantime::parse_rfc3339(&text?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"vertexes":[{"digest":"a","name":"[internal] load build definition"},{"digest":"b","name":"[2/3] RUN make"}]}"#,
        "\n",
        r#"{"vertexes":[{"digest":"b","name":"[2/3] RUN make","started":"2026-01-01T00:00:01.5Z"}]}"#,
        "\n",
        r#"{"logs":[{"vertex":"b","data":"b29wcwo="}]}"#,
        "\nsome warning\n",
        r#"{"vertexes":[{"digest":"b","name":"[2/3] RUN make","started":"2026-01-01T00:00:01.5Z","completed":"2026-01-01T00:00:04Z","error":"exit code: 2"},{"digest":"c","name":"[1/3] COPY . .","cached":true}]}"#,
    );

    #[test]
    fn steps_have_their_time_and_whether_they_were_cached() {
        let progress = read(TEXT);
        let found: Vec<(&str, f64, bool, bool)> = progress
            .steps
            .iter()
            .map(|step| (step.name.as_str(), step.took.as_secs_f64(), step.cached, step.makes_a_layer))
            .collect();
        let expected = [
            ("[internal] load build definition", 0.0, false, false),
            ("[2/3] RUN make", 2.5, false, true),
            ("[1/3] COPY . .", 0.0, true, true),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn steps_above_every_copy_stay_cached() {
        let steps = |ran: &[&str]| -> Vec<Step> {
            let names =
                ["[1/4] FROM debian", "[2/4] RUN a", "[3/4] COPY . .", "[4/4] RUN b", "[last 1/1] RUN c"];
            let step = |name: &str| Step {
                name: name.into(),
                took: Duration::ZERO,
                cached: !ran.contains(&name),
                makes_a_layer: makes_a_layer(name),
            };
            names.into_iter().map(step).collect()
        };
        assert_eq!(lost(&steps(&["[3/4] COPY . .", "[4/4] RUN b", "[last 1/1] RUN c"])), 0);
        assert_eq!(lost(&steps(&["[2/4] RUN a", "[3/4] COPY . .", "[4/4] RUN b"])), 1);
    }

    #[test]
    fn the_running_step_is_known() {
        let activity = Activity::default();
        let lines: Vec<&str> = TEXT.lines().collect();
        activity.hear(lines[0].as_bytes());
        assert_eq!(activity.step(), "");
        activity.hear(lines[1].as_bytes());
        assert_eq!(activity.step(), "[2/3] RUN make");
        activity.hear(lines[4].as_bytes());
        assert_eq!(activity.step(), "");
    }

    #[test]
    fn a_failed_step_is_named_with_what_it_printed() {
        assert_eq!(read(TEXT).failed, Some(("[2/3] RUN make".into(), "oops\n\nexit code: 2".into())));
    }
}
