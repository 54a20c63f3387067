//! Several chains, in blocks.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rand_distr::{Distribution, StandardNormal};

use super::block::{Block, Steps, Unfinished};
use super::{LogPosterior, Moments, Summary, Transition, Whitening, checkpoint};
use crate::error::Error;
use crate::random::Stream;

/// Parts of the warm-up, in eighths of it. After each but the last the whitening is learned anew from its draws; all learn the
/// step size.
const PARTS: [usize; 4] = [1, 1, 2, 4];
/// First step size that is tried, in radians of the flow.
const FIRST_STEP: f64 = 0.5;

/// How chains are walked.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplerSettings {
    /// Number of chains.
    pub chains: usize,
    /// Draws of each chain that are thrown away, at least 40.
    pub warm_up: usize,
    /// Draws of each chain that are kept; whole blocks are made.
    pub draws: usize,
    /// Draws of a block, after each of which the state is saved.
    pub block: usize,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Mean acceptance that the step size is chosen for.
    pub target_acceptance: f64,
    /// Most doublings of a trajectory.
    pub most_doublings: u64,
}

impl Default for SamplerSettings {
    fn default() -> Self {
        Self {
            chains: 4,
            warm_up: 200,
            draws: 1000,
            block: 50,
            seed: 1,
            target_acceptance: 0.8,
            most_doublings: 8,
        }
    }
}

/// One chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainState {
    /// Where it is.
    pub position: Vec<f64>,
    /// Its step size.
    pub step_size: f64,
    /// Numbers of the kept draws, `[draw, number]`.
    pub numbers: Vec<f64>,
    /// How the kept draws came about.
    pub transitions: Vec<Transition>,
    /// Of the field, over the kept draws.
    pub moments: Moments,
}

/// All chains.
#[derive(Clone, Debug, PartialEq)]
pub struct Chains {
    /// Names of the numbers.
    pub names: Vec<String>,
    /// Each chain.
    pub chains: Vec<ChainState>,
    /// Coordinates of the sampler.
    pub whitening: Whitening,
    /// Blocks that are done, those of the warm-up among them.
    pub blocks: usize,
    /// Gradients of the warm-up, all chains together.
    pub warm_up_gradients: u64,
    /// Time spent, seconds, over all interruptions.
    pub seconds: f64,
}

impl Chains {
    /// Kept draws of each chain.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.chains.first().map_or(0, |chain| chain.transitions.len())
    }

    /// One number of all chains, `[chain][draw]`.
    #[must_use]
    pub fn number(&self, index: usize) -> Vec<Vec<f64>> {
        let width = self.names.len();
        let column = |chain: &ChainState| chain.numbers.iter().skip(index).step_by(width).copied().collect();
        self.chains.iter().map(column).collect()
    }

    /// Mean and deviation of the field over all chains.
    #[must_use]
    pub fn moments(&self) -> Moments {
        let empty = Moments::default();
        self.chains.iter().fold(empty, |all, chain| all.joined(&chain.moments))
    }
}

/// Walks chains through a posterior, with its state in a file.
pub struct Sampler<'a, P: ?Sized> {
    /// What is sampled and kept.
    pub posterior: &'a P,
    /// How.
    pub settings: SamplerSettings,
    /// First coordinates of the sampler.
    pub start: Whitening,
    /// What the posterior is made of: a state of another one is not continued.
    pub identity: String,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
    /// Draws made so far, of all chains, those of the warm-up among them: for who watches.
    pub progress: &'a AtomicU64,
}

impl<P: LogPosterior + Summary + ?Sized> Sampler<'_, P> {
    /// Draws of all chains when all is done, those of the warm-up among them.
    #[must_use]
    pub fn total(&self) -> u64 {
        let kept = self.settings.draws.div_ceil(self.settings.block) * self.settings.block;
        let warm_up: usize = PARTS.iter().map(|part| self.part(*part)).sum();
        (self.settings.chains * (kept + warm_up)) as u64
    }

    fn part(&self, eighths: usize) -> usize {
        (self.settings.warm_up * eighths).div_ceil(8).max(5)
    }

    /// Walks until all draws are made, going on from the state in the file if there is one, which is written after each block.
    /// Each time `saved` sees what there is.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when it was stopped; [`Error::Model`] for a state that cannot be read or belongs to another
    /// posterior; [`Error::Recipe`] for settings that cannot be, or a chain that finds no place to begin.
    pub fn run(&self, state: &Path, mut saved: impl FnMut(&Chains)) -> Result<Chains, Error> {
        self.check()?;
        let mut chains = match checkpoint::load(state, &self.identity())? {
            Some(chains) => chains,
            None => self.begin()?,
        };
        let warm = PARTS.len();
        let kept = self.settings.draws.div_ceil(self.settings.block);
        let count = |blocks: usize| -> usize {
            let parts: usize = PARTS.iter().take(blocks).map(|part| self.part(*part)).sum();
            (parts + blocks.saturating_sub(warm) * self.settings.block) * self.settings.chains
        };
        self.progress.store(count(chains.blocks) as u64, Ordering::Relaxed);
        while chains.blocks < warm + kept {
            let begun = std::time::Instant::now();
            let next = self.advance(&chains).map_err(|unfinished| match unfinished {
                Unfinished::Stopped => Error::Interrupted {
                    step: chains.blocks,
                    path: state.to_owned(),
                },
                Unfinished::Failed(reason) => Error::Recipe {
                    key: "mcmc".to_owned(),
                    reason: format!("a chain cannot go on: {reason}"),
                    hint: "look at observation, noise and priors".to_owned(),
                },
            })?;
            chains = next;
            chains.seconds += begun.elapsed().as_secs_f64();
            checkpoint::save(&chains, &self.identity(), state)?;
            saved(&chains);
        }
        Ok(chains)
    }

    /// What decides the draws.
    fn identity(&self) -> String {
        let SamplerSettings {
            chains,
            warm_up,
            block,
            seed,
            target_acceptance,
            most_doublings,
            ..
        } = self.settings;
        format!(
            "{}; {chains} chains, {warm_up} draws of warm-up, blocks of {block}, seed {seed}, acceptance {target_acceptance}, \
             {most_doublings} doublings",
            self.identity
        )
    }

    fn check(&self) -> Result<(), Error> {
        let refused = |key: &str, reason: String, hint: &str| {
            Err(Error::Recipe {
                key: key.to_owned(),
                reason,
                hint: hint.to_owned(),
            })
        };
        let SamplerSettings {
            chains,
            warm_up,
            draws,
            block,
            target_acceptance,
            most_doublings,
            ..
        } = self.settings;
        if chains == 0 || draws == 0 || block == 0 {
            let reason =
                format!("{chains} chains of {draws} draws in blocks of {block}: expected at least one of each");
            return refused("mcmc", reason, "4 chains of 1000 draws are usual");
        }
        if warm_up < 40 {
            let reason = format!("is {warm_up}, expected at least 40 draws");
            return refused("mcmc.warmup", reason, "200 are usual");
        }
        if !(target_acceptance > 0.0 && target_acceptance < 1.0) {
            let reason = format!("is {target_acceptance}, expected a number between 0 and 1");
            return refused("mcmc.target_acceptance", reason, "0.8 is usual");
        }
        if !(1..=20).contains(&most_doublings) {
            let reason = format!("is {most_doublings}, expected 1 to 20");
            return refused("mcmc.most_doublings", reason, "8 is usual");
        }
        let dimension = self.posterior.dimension();
        if dimension == 0 || self.start.leading() > dimension {
            let reason = format!("the posterior has {dimension} coordinates");
            return refused("prior", reason, "leave at least one parameter free, or sample a field");
        }
        Ok(())
    }

    /// Chains at draws of the normal distribution the coordinates stand for.
    fn begin(&self) -> Result<Chains, Error> {
        let dimension = self.posterior.dimension();
        let names = self.posterior.names();
        let mut gradient = vec![0.0; dimension];
        let mut chains = Vec::new();
        for chain in 0..self.settings.chains {
            let stream = Stream::new(self.settings.seed, "mcmc start", chain as u64);
            let mut found = None;
            let mut reason = String::new();
            for attempt in 0..100_u64 {
                let mut random = stream.child("attempt", attempt).generator();
                // nearer to the middle with every failure
                let spread = 0.95_f64.powi(attempt as i32);
                let leading = self.start.leading();
                let white: Vec<f64> = (0..dimension)
                    .map(|index| {
                        let number: f64 = StandardNormal.sample(&mut random);
                        if index < leading { number * spread } else { number }
                    })
                    .collect();
                let mut position = vec![0.0; dimension];
                self.start.to_position(&white, &mut position);
                match self.posterior.log_density_and_gradient(&position, &mut gradient) {
                    Ok(value) if value.is_finite() && gradient.iter().all(|slope| slope.is_finite()) => {
                        found = Some(position);
                        break;
                    }
                    Ok(value) => reason = format!("the density there is e^{value}"),
                    Err(rejected) => reason = rejected.reason,
                }
            }
            let Some(position) = found else {
                return Err(Error::Recipe {
                    key: "prior".to_owned(),
                    reason: format!("chain {chain} found no possible place to begin in 100 attempts: {reason}"),
                    hint: "look at observation, noise and priors".to_owned(),
                });
            };
            chains.push(ChainState {
                position,
                step_size: FIRST_STEP,
                numbers: Vec::new(),
                transitions: Vec::new(),
                moments: Moments::new(self.posterior.field_length()),
            });
        }
        Ok(Chains {
            names,
            chains,
            whitening: self.start.clone(),
            blocks: 0,
            warm_up_gradients: 0,
            seconds: 0.0,
        })
    }

    /// One block of every chain.
    fn advance(&self, before: &Chains) -> Result<Chains, Unfinished> {
        let warm = before.blocks < PARTS.len();
        let draws = if warm {
            self.part(PARTS[before.blocks])
        } else {
            self.settings.block
        };
        let walks = self.on_workers(before.chains.len(), |chain| {
            let mut state = before.chains[chain].clone();
            let block = Block {
                posterior: self.posterior,
                whitening: &before.whitening,
                steps: if warm {
                    Steps::Adapted(state.step_size)
                } else {
                    Steps::Fixed(state.step_size)
                },
                draws,
                target_acceptance: self.settings.target_acceptance,
                most_doublings: self.settings.most_doublings,
            };
            let random = Stream::new(self.settings.seed, "mcmc block", chain as u64)
                .child("block", before.blocks as u64)
                .generator();
            let leading = before.whitening.leading();
            let mut position = std::mem::take(&mut state.position);
            let (mut heads, mut gradients) = (Vec::new(), 0);
            let step_size = block.walk(chain as u64, random, &mut position, self.stop, |draw, transition| {
                self.progress.fetch_add(1, Ordering::Relaxed);
                if warm {
                    heads.push(draw[..leading].to_vec());
                    gradients += transition.gradients;
                    return Ok(());
                }
                let (numbers, field) = self.posterior.summarise(draw)?;
                state.numbers.extend(numbers);
                state.moments.add(&field);
                state.transitions.push(transition);
                Ok(())
            })?;
            state.position = position;
            state.step_size = step_size;
            Ok((state, heads, gradients))
        });
        let mut after = Chains {
            chains: Vec::with_capacity(walks.len()),
            blocks: before.blocks + 1,
            names: before.names.clone(),
            whitening: before.whitening.clone(),
            warm_up_gradients: before.warm_up_gradients,
            seconds: before.seconds,
        };
        let mut all_heads = Vec::new();
        for walk in walks {
            let (state, heads, gradients) = walk?;
            after.chains.push(state);
            // the first half of a part may still come from where it began
            all_heads.extend_from_slice(&heads[heads.len() / 2..]);
            after.warm_up_gradients += gradients;
        }
        if warm {
            // one step size for all: that of their mean logarithm
            let mean = after.chains.iter().map(|chain| chain.step_size.ln()).sum::<f64>() / after.chains.len() as f64;
            for chain in &mut after.chains {
                chain.step_size = mean.exp();
            }
            if after.blocks < PARTS.len() {
                after.whitening = before.whitening.learned(&all_heads);
            }
        }
        Ok(after)
    }

    /// Does work for each chain on as many threads as there are here. What a chain computes in parallel stays on the threads of
    /// its worker, so that no chain waits for another.
    fn on_workers<T: Send>(
        &self,
        count: usize,
        work: impl Fn(usize) -> Result<T, Unfinished> + Sync,
    ) -> Vec<Result<T, Unfinished>> {
        let threads = crate::threads::count();
        let workers = threads.min(count).max(1);
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<Option<Result<T, Unfinished>>>> = Mutex::new((0..count).map(|_| None).collect());
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let outcome = crate::threads::on_threads(Some((threads / workers).max(1)), || {
                        loop {
                            let chain = next.fetch_add(1, Ordering::Relaxed);
                            if chain >= count {
                                return;
                            }
                            let result = work(chain);
                            results.lock().unwrap_or_else(PoisonError::into_inner)[chain] = Some(result);
                        }
                    });
                    // chains that no worker could take are told of below
                    drop(outcome);
                });
            }
        });
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| Err(Unfinished::Failed("no thread could be started".to_owned()))))
            .collect()
    }
}
