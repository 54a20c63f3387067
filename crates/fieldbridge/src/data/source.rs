//! Where the rows of a recipe come from: a file, or a distribution whose density is known.

use std::path::Path;

use fieldbridge_files::TableFile;

use super::fingerprint::fingerprint;
use super::known::{Drawn, Known, draw, draw_from, table};
use super::recipe::DataRecipe;
use crate::error::Error;
use crate::random::Stream;

/// Rows drawn unless a recipe says otherwise.
const ROWS: usize = 20_000;
/// Most rows that are drawn; they are kept in memory.
const MOST: usize = 20_000_000;

impl DataRecipe {
    /// Refuses settings that contradict each other.
    ///
    /// # Errors
    /// [`Error::Recipe`] naming the key.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |key: &str, reason: &str, hint: &str| {
            Err(Error::Recipe {
                key: format!("data.{key}"),
                reason: reason.to_owned(),
                hint: hint.to_owned(),
            })
        };
        match (&self.file, self.generate) {
            (None, None) => {
                return refuse(
                    "file",
                    "is missing",
                    "name a table with `file`, or a known distribution with `generate`",
                );
            }
            (Some(_), Some(_)) => {
                return refuse(
                    "generate",
                    "contradicts `data.file`: both say where the rows come from",
                    "keep one of them",
                );
            }
            (Some(_), None) => {
                let given = [
                    ("start", self.start.is_some()),
                    ("rows", self.rows.is_some()),
                    ("noise", self.noise.is_some()),
                    ("draw_seed", self.draw_seed.is_some()),
                ];
                if let Some((key, _)) = given.iter().find(|(_, given)| *given) {
                    return refuse(
                        key,
                        "has no meaning for the rows of a file",
                        "leave it out, or use `generate` instead of `file`",
                    );
                }
            }
            (None, Some(kind)) => {
                if self.group.is_some() {
                    return refuse("group", "has no meaning for rows that are drawn", "leave it out");
                }
                if !(10..=MOST).contains(&self.rows.unwrap_or(ROWS)) {
                    return refuse("rows", "is out of range", "use 10 to 20,000,000 rows");
                }
                kind.build(self.noise)?;
                if let Some(start) = self.start
                    && start.parts() % kind.parts() != 0
                {
                    return Err(Error::Recipe {
                        key: "data.start".to_owned(),
                        reason: format!(
                            "`{}` has {} parts, which the {} of `{}` do not divide",
                            start.name(),
                            start.parts(),
                            kind.parts(),
                            kind.name()
                        ),
                        hint: "use `eight_gaussians` with a distribution of 1, 2 or 8 parts, such as `two_moons`"
                            .to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The same beside simulations, which are the rows then.
    ///
    /// # Errors
    /// As [`DataRecipe::check`].
    pub fn check_beside(&self, simulations: bool) -> Result<(), Error> {
        if !simulations {
            if self.renew_every.is_some() {
                return Err(Error::Recipe {
                    key: "data.renew_every".to_owned(),
                    reason: "has no meaning without [simulation]: the rows of a table cannot be made anew".to_owned(),
                    hint: "leave it out, or simulate".to_owned(),
                });
            }
            return self.check();
        }
        let given = [
            ("file", self.file.is_some()),
            ("generate", self.generate.is_some()),
            ("start", self.start.is_some()),
            ("rows", self.rows.is_some()),
            ("noise", self.noise.is_some()),
            ("draw_seed", self.draw_seed.is_some()),
            ("group", self.group.is_some()),
        ];
        if self.renew_every == Some(0) {
            return Err(Error::Recipe {
                key: "data.renew_every".to_owned(),
                reason: "is 0".to_owned(),
                hint: "use 1 for a new universe at every use, or leave it out for those of the store".to_owned(),
            });
        }
        match given.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(Error::Recipe {
                key: format!("data.{key}"),
                reason: "has no meaning beside [simulation], which makes the rows".to_owned(),
                hint: "leave it out; `simulation.simulations` and `simulation.seed` say how many and which".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The known distribution the rows are drawn from; none when they come from a file.
    ///
    /// # Errors
    /// [`Error::Recipe`] for a noise it cannot have.
    pub fn known(&self) -> Result<Option<Box<dyn Known>>, Error> {
        self.generate.map(|kind| kind.build(self.noise)).transpose()
    }

    /// The file as the recipe names it, or the name of the distribution.
    pub fn source_name(&self) -> String {
        match (&self.file, self.generate) {
            (Some(file), _) => file.display().to_string(),
            (None, Some(kind)) => kind.name().to_owned(),
            (None, None) => String::new(),
        }
    }

    /// Opens the table; `folder` is where relative paths start.
    ///
    /// # Errors
    /// When the file cannot be opened, or the recipe names neither a file nor a distribution.
    pub fn open(&self, folder: &Path) -> Result<TableFile, Error> {
        self.check()?;
        if let Some(drawn) = self.drawn()? {
            let [starts, points] = drawn;
            return Ok(TableFile::in_memory(
                Path::new(&self.source_name()),
                table(&points, &starts),
            ));
        }
        let path = folder.join(self.file.as_deref().unwrap_or(Path::new("")));
        Ok(match &self.group {
            Some(group) => TableFile::open_group(&path, group)?,
            None => TableFile::open(&path)?,
        })
    }

    /// BLAKE3 hash of the bytes of the file or of the drawn rows, hexadecimal.
    ///
    /// # Errors
    /// As [`DataRecipe::open`].
    pub fn fingerprint(&self, folder: &Path) -> Result<String, Error> {
        self.check()?;
        let Some([starts, points]) = self.drawn()? else {
            return fingerprint(&folder.join(self.file.as_deref().unwrap_or(Path::new(""))));
        };
        let mut hasher = blake3::Hasher::new();
        for one in points.into_iter().chain(starts) {
            for coordinate in one.point {
                hasher.update(&coordinate.to_le_bytes());
            }
            hasher.update(&(one.part as u64).to_le_bytes());
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Starts, if there are any, and points.
    fn drawn(&self) -> Result<Option<[Vec<Drawn>; 2]>, Error> {
        let (Some(kind), Some(known)) = (self.generate, self.known()?) else {
            return Ok(None);
        };
        let (seed, rows) = (self.draw_seed.unwrap_or(0), self.rows.unwrap_or(ROWS));
        let stream = Stream::new(seed, kind.name(), 0);
        let Some(start) = self.start else {
            return Ok(Some([Vec::new(), draw(known.as_ref(), rows, &stream)]));
        };
        let starts = draw(start.build(None)?.as_ref(), rows, &Stream::new(seed, start.name(), 1));
        let points = draw_from(known.as_ref(), kind.parts(), &starts, &stream);
        Ok(Some([starts, points]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(text: &str) -> DataRecipe {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn drawn_rows_are_a_table_that_the_recipe_alone_decides() {
        let folder = Path::new("nowhere");
        let moons = recipe("generate = \"two_moons\"\nrows = 50");
        let file = moons.open(folder).unwrap();
        assert_eq!(file.rows(), 50);
        let names: Vec<&str> = file.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["x", "y", "part"]);
        let part = file.read_numbers(&["part", "x"], 10..20).unwrap();
        assert_eq!(part.columns()[0].to_f64().unwrap(), {
            let all = file.read(&["part"], 0..50).unwrap();
            all.columns()[0].to_f64().unwrap()[10..20].to_vec()
        });
        assert!(file.read(&["z"], 0..1).is_err());
        let print = |text: &str| recipe(text).fingerprint(folder).unwrap();
        let same = print("generate = \"two_moons\"\nrows = 50\nnoise = 0.05\ndraw_seed = 0");
        assert_eq!(same, moons.fingerprint(folder).unwrap());
        for other in ["rows = 51", "rows = 50\nnoise = 0.06", "rows = 50\ndraw_seed = 1"] {
            assert_ne!(same, print(&format!("generate = \"two_moons\"\n{other}")), "{other}");
        }
    }

    #[test]
    fn points_are_drawn_from_the_part_of_their_start() {
        let folder = Path::new("nowhere");
        let pairs = recipe("generate = \"two_moons\"\nstart = \"eight_gaussians\"\nrows = 400");
        let file = pairs.open(folder).unwrap();
        let names: Vec<&str> = file.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["x", "y", "part", "start_x", "start_y", "start_part"]);
        let column = |name: &str| file.read(&[name], 0..400).unwrap().columns()[0].to_f64().unwrap();
        let (parts, starts) = (column("part"), column("start_part"));
        assert!(parts.iter().zip(&starts).all(|(part, start)| start % 2.0 == *part));
        assert!((0..8).all(|at| starts.contains(&f64::from(at))));
        let radii = column("start_x").into_iter().zip(column("start_y"));
        assert!(
            radii
                .map(|(x, y)| x.hypot(y))
                .all(|radius| (0.5..5.0).contains(&radius))
        );
        let moons = recipe("generate = \"two_moons\"\nrows = 400");
        assert_ne!(pairs.fingerprint(folder).unwrap(), moons.fingerprint(folder).unwrap());
    }

    #[test]
    fn contradictions_are_refused() {
        for (text, key) in [
            ("", "data.file"),
            ("file = \"a.csv\"\ngenerate = \"two_moons\"", "data.generate"),
            ("file = \"a.csv\"\nrows = 5", "data.rows"),
            ("file = \"a.csv\"\nnoise = 0.1", "data.noise"),
            ("generate = \"two_moons\"\nrows = 5", "data.rows"),
            ("file = \"a.csv\"\nstart = \"two_moons\"", "data.start"),
            ("generate = \"pinwheel\"\nstart = \"eight_gaussians\"", "data.start"),
            ("generate = \"two_moons\"\ngroup = \"a\"", "data.group"),
            ("generate = \"checkerboard\"\nnoise = 0.1", "data.noise"),
        ] {
            match recipe(text).check() {
                Err(Error::Recipe { key: found, hint, .. }) => assert!(found == key && !hint.is_empty(), "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(toml::from_str::<DataRecipe>("generate = \"three_moons\"").is_err());
    }
}
