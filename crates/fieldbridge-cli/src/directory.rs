//! The directory that holds everything a run made.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use fieldbridge::device::Device;
use fieldbridge::model::Model;
use fs4::{FileExt, TryLockError};

fn make(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| {
        format!(
            "cannot make the directory {}; choose another with --out",
            folder.display()
        )
    })
}

/// A run directory.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
    /// Held as long as something is written here; the system lets go of it when the process ends, however it ends.
    _lock: Option<File>,
}

impl RunDirectory {
    /// Makes the directory when it is not there, and takes its lock.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        for folder in [path.to_owned(), path.join("checkpoints"), path.join("cache")] {
            make(&folder)?;
        }
        Self::locked(path)
    }

    /// Makes a directory for simulations when it is not there, and takes its lock.
    pub(crate) fn create_plain(path: &Path) -> anyhow::Result<Self> {
        make(path)?;
        Self::locked(path)
    }

    /// Takes the lock of a directory that is there.
    pub(crate) fn existing(path: &Path) -> anyhow::Result<Self> {
        Self::require(path)?;
        Self::locked(path)
    }

    /// A directory to read from only.
    pub(crate) fn read_only(path: &Path) -> anyhow::Result<Self> {
        Self::require(path)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: None,
        })
    }

    fn require(path: &Path) -> anyhow::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if path.exists() {
            bail!(
                "{} is a file; name a run directory made by `fieldbridge run`",
                path.display()
            );
        }
        bail!(
            "there is no directory {}; name a run directory made by `fieldbridge run`",
            path.display()
        )
    }

    fn locked(path: &Path) -> anyhow::Result<Self> {
        let lock_path = path.join("lock");
        let refusal = || {
            format!(
                "cannot use the lock {}; choose another directory with --out",
                lock_path.display()
            )
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .with_context(refusal)?;
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(anyhow!(
                    "another run ({}) is writing to {}, it holds the lock {}; wait for it, or choose another directory with --out",
                    if holder.trim().is_empty() {
                        "unknown"
                    } else {
                        holder.trim()
                    },
                    path.display(),
                    lock_path.display()
                ));
            }
            Err(TryLockError::Error(error)) => return Err(anyhow::Error::new(error).context(refusal())),
        }
        file.set_len(0).with_context(refusal)?;
        file.rewind().with_context(refusal)?;
        writeln!(file, "process {}", std::process::id()).with_context(refusal)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: Some(file),
        })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The state of the training of a member.
    pub(crate) fn checkpoint(&self, member: usize) -> PathBuf {
        self.path.join(format!("checkpoints/member{member}.safetensors"))
    }

    /// What happened in training.
    pub(crate) fn events(&self) -> PathBuf {
        self.file("events.jsonl")
    }

    /// The model file.
    pub(crate) fn model_path(&self) -> PathBuf {
        self.file("model.safetensors")
    }

    /// The model.
    pub(crate) fn model(&self, device: &Device) -> anyhow::Result<Model> {
        Ok(Model::load(&self.model_path(), device)?)
    }
}
