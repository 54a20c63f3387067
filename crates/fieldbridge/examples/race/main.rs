//! Our side of the race in `benches/peers`: reads commands on standard input and answers each with one line of JSON.
//!
//! ```text
//! cargo build --release --example race
//! python benches/peers/race.py --ours target/release/examples/race --workloads W1,W2
//! ```

mod convolution;
mod files;
mod flow;
mod measure;
mod perceptron;
mod training;
mod transformer;
mod walk;

use std::io::BufRead;
use std::path::Path;

use fieldbridge::network::Precision;
use serde_json::{Value, json};

/// One workload, prepared: what it computes is compared, then timed.
pub(crate) trait Workload {
    /// Its answers beside those in double precision.
    fn compare(&mut self, folder: &Path) -> Value;

    /// The work, once.
    fn work(&mut self);
}

/// The precisions in which a workload can be done: steps of training also with products of numbers rounded to bfloat16.
fn variants(name: &str) -> &'static [&'static str] {
    match name {
        "W1" | "W2" | "W3" | "W4" | "NSF_TRAIN" => &["f32", "bf16"],
        _ => &["f32"],
    }
}

/// The workload of a name with the weights and rows of a folder.
fn prepare(name: &str, folder: &Path, variant: &str) -> Result<Box<dyn Workload>, String> {
    let known = variants(name);
    if !known.contains(&variant) {
        return Err(format!("unknown variant `{variant}`, there is {}", known.join(", ")));
    }
    let precision = if variant == "bf16" {
        Precision::Bf16
    } else {
        Precision::Single
    };
    match name {
        "W1" => perceptron::training(folder, precision),
        "W2" => transformer::training(folder, precision),
        "W3" => convolution::training(folder, precision),
        "W4" => flow::masked_training(folder, precision),
        "NSF_TRAIN" => flow::spline_training(folder, precision),
        "NSF_DENSITY" => flow::spline_densities(folder),
        "NSF_DRAW" => flow::spline_draws(folder),
        "ODE" => walk::adaptive(folder),
        "HEUN" => walk::fixed(folder),
        other => Err(format!("unknown workload {other}")),
    }
}

/// The answer to one command.
fn answer(words: &[&str], now: &mut Option<(Box<dyn Workload>, String)>) -> Result<Value, String> {
    match words {
        ["version"] => Ok(json!({
            "name": "Fieldbridge",
            "version": env!("CARGO_PKG_VERSION"),
            "threads": fieldbridge::threads::count(),
        })),
        ["variants", name] => Ok(json!({"variants": variants(name)})),
        ["prepare", name, folder, rest @ ..] => {
            let variant = rest.first().copied().unwrap_or("f32");
            *now = Some((prepare(name, Path::new(folder), variant)?, (*folder).to_owned()));
            Ok(json!({"ready": true, "variant": variant}))
        }
        ["compare", _] => {
            let (workload, folder) = now.as_mut().ok_or("nothing is prepared")?;
            Ok(workload.compare(Path::new(folder.as_str())))
        }
        ["run", _, count] => {
            let (workload, _) = now.as_mut().ok_or("nothing is prepared")?;
            let count = count.parse::<usize>().map_err(|error| error.to_string())?;
            Ok(measure::timed(count, || workload.work()))
        }
        other => Err(format!("unknown command {}", other.join(" "))),
    }
}

#[allow(clippy::print_stdout, reason = "answers go to standard output")]
fn serve() {
    let mut now = None;
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if words == ["quit"] {
            return;
        }
        let reply = answer(&words, &mut now).unwrap_or_else(|error| json!({"error": error}));
        println!("{reply}");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let threads = arguments
        .iter()
        .position(|argument| argument == "--threads")
        .and_then(|place| arguments.get(place + 1)?.parse().ok());
    if let Err(error) = fieldbridge::threads::on_threads(threads, serve) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
