//! A folder with a small catalogue and a recipe, and the real program to run in it.

#![allow(dead_code, reason = "every test file uses its own part")]

/// What recipes say of the galaxies of LSST year 10, so many of them in so many bins.
macro_rules! galaxies {
    ($bins:literal, $galaxies:literal) => {
        concat!(
            "rise = 2.0\nfall = 0.68\nscale = 0.11\nbins = ",
            $bins,
            "\nphotometric_smearing = 0.05\ngalaxies_per_arcmin2 = ",
            $galaxies,
            "\nellipticity = 0.26\n"
        )
    };
}

/// What recipes say of Gaussian fields in two bins on a patch of so many pixels: two parameters are free.
macro_rules! two_bins {
    ($pixels:literal) => {
        concat!(
            "\n[simulation.patch]\npixels = ",
            $pixels,
            "\nwidth_degrees = 5.0\n\n[simulation.sources]\n",
            galaxies!(2, "27.0"),
            r#"
[simulation.field]
law = "gaussian"

[simulation.prior]
omega_c = { mean = 0.2664, deviation = 0.1, low = 0.05 }
omega_b = 0.0492
sigma_8 = { mean = 0.831, deviation = 0.14 }
h_0 = 0.6727
n_s = 0.9645
w_0 = -1.0
"#
        )
    };
}

pub(crate) mod exact_fields;
pub(crate) mod small_field;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use fieldbridge_files::{Array, Column, ColumnValues, Table, TableFile, write_npy, write_table};

/// Rows of the catalogue.
pub(crate) const ROWS: usize = 300;

/// A recipe that trains in a fraction of a second.
pub(crate) const RECIPE: &str = r#"title = "A small test"
seed = 3

[data]
file = "rows.csv"

[target]
columns = ["z"]
bounds = { z = { low = 0.0, softness = 0.3 } }

[context.photometry]
columns = ["u", "g"]
missing = [99.0]

[spline_flow]
transforms = 1
bins = 4
width = 8
blocks = 1
context_width = 8

[flow_matching]
width = 8
blocks = 1
context_width = 8

[train]
steps = 60
batch = 32
shard = 16
evaluate_every = 20
warmup = 5

[check]
draws = 20
rows = 100
density_rows = 10
"#;

/// A folder that is removed when the test is over.
pub(crate) struct Scene {
    folder: PathBuf,
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The run did what it should.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// The run ended with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        self
    }

    /// The run failed with one line that holds all these words, and without breaking.
    #[track_caller]
    pub(crate) fn fails_saying(self, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        let errors: Vec<&str> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{}", self.stderr);
        for word in words {
            assert!(errors[0].contains(word), "`{word}` is not in: {}", errors[0]);
        }
        assert!(!self.stderr.contains("please report"), "{}", self.stderr);
        assert!(
            !self.stderr.contains('\u{1b}'),
            "colour codes in a pipe: {}",
            self.stderr
        );
        self
    }

    /// The last line of standard output, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
    }
}

/// `count` numbers between 0 and 1, always the same (a linear congruence).
pub(crate) fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
        .collect()
}

/// A catalogue: `z` grows with `u`, with a scatter of 0.2.
pub(crate) fn catalogue(rows: usize) -> Vec<(&'static str, Vec<f64>)> {
    let u = numbers(1, rows);
    let g = numbers(2, rows);
    let scatter = numbers(3, rows);
    let z = u
        .iter()
        .zip(&scatter)
        .map(|(u, scatter)| 0.3 + u + 0.2 * scatter)
        .collect();
    vec![("z", z), ("u", u), ("g", g)]
}

/// Writes columns of numbers.
pub(crate) fn write(path: &Path, columns: &[(&str, Vec<f64>)]) {
    let mut table = Table::new();
    for (name, values) in columns {
        table
            .push(Column::new(*name, ColumnValues::Float64(values.clone())))
            .unwrap();
    }
    write_table(path, &table).unwrap();
}

impl Scene {
    /// A folder with `rows.csv` and `recipe.toml`.
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let scene = Self { folder };
        scene.catalogue(&catalogue(ROWS));
        scene.recipe(RECIPE);
        scene
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Replaces the catalogue.
    pub(crate) fn catalogue(&self, columns: &[(&str, Vec<f64>)]) {
        write(&self.path("rows.csv"), columns);
    }

    /// The numbers of a column of a table.
    pub(crate) fn column(&self, file: &str, name: &str) -> Vec<f64> {
        let file = TableFile::open(&self.path(file)).unwrap();
        let table = file.read(&[name], 0..file.rows()).unwrap();
        table.columns()[0].to_f64().unwrap()
    }

    /// Replaces the recipe.
    pub(crate) fn recipe(&self, text: &str) {
        std::fs::write(self.path("recipe.toml"), text).unwrap();
    }

    /// The program with these words, in the folder.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fieldbridge"));
        command
            .current_dir(&self.folder)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn fieldbridge(&self, words: &[&str]) -> Ended {
        Ended::of(&self.command(words).output().unwrap())
    }

    /// `infer` of a model in the folder, or elsewhere, about an observed map.
    pub(crate) fn infer(&self, model: &str, observation: &str, more: &[&str]) -> Ended {
        self.fieldbridge(&[&["infer", model, "--observation", observation], more].concat())
    }

    /// Writes an array to an npy file.
    pub(crate) fn array(&self, name: &str, shape: Vec<usize>, values: Vec<f64>) {
        let array = Array::new(shape, ColumnValues::Float64(values)).unwrap();
        write_npy(&self.path(name), &array).unwrap();
    }

    /// Starts the program.
    pub(crate) fn start(&self, words: &[&str]) -> Child {
        self.command(words).spawn().unwrap()
    }

    /// Waits for a started program.
    pub(crate) fn wait(&self, child: Child) -> Ended {
        Ended::of(&child.wait_with_output().unwrap())
    }

    /// The bytes of a file.
    #[track_caller]
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}
