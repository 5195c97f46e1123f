//! Shards: several processes, on one machine or on many, each do a part of a stage over one store. Work is split by image, by a hash of its name. So
//! the actions of one image depend only on their own shard, and each shard can run all stages by itself. An action stays in the same shard whatever
//! else is done, planned or added. The price is that few images make uneven shards: the largest of eight is 50 % above the mean where the mean is ten
//! images, and a sixth above it where the mean is a hundred. Keys do not depend on the shard, so the number of shards may change from one run to the
//! next.

use std::fmt;
use std::str::FromStr;

use study::plan::Subject;
use study::{Sources, Stage};

/// A shard of the work, such as the second of four; written `2/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    number: u32,
    /// At least 1.
    count: u32,
}

impl Shard {
    /// All of the work.
    pub const WHOLE: Self = Self {
        number: 1,
        count: 1,
    };

    /// The shard with a number from 1 to `count`; none for any other number.
    pub fn new(number: u32, count: u32) -> Option<Self> {
        (1..=count)
            .contains(&number)
            .then_some(Self { number, count })
    }

    /// Whether this is all of the work.
    pub fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Whether this is shard 1, which does what cannot be divided.
    pub fn is_first(self) -> bool {
        self.number == 1
    }

    /// Whether a stage has work to divide. `evaluate` and `report` are one action for the whole study, done by shard 1.
    pub fn divides(stage: Stage) -> bool {
        !matches!(stage, Stage::Evaluate | Stage::Report)
    }

    /// Whether an action about this subject is in the shard.
    pub fn holds(self, subject: &Subject, sources: &Sources) -> bool {
        match subject.image {
            None => self.is_first(),
            Some(image) => self.is_whole() || self.holds_image(&sources.image(image).name),
        }
    }

    fn holds_image(self, name: &str) -> bool {
        let hash = blake3::hash(name.as_bytes());
        let [first, ..] = hash.as_bytes().as_chunks::<8>().0 else {
            return false;
        };
        u64::from_le_bytes(*first) % u64::from(self.count) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let shard = text
            .split_once('/')
            .and_then(|(number, count)| Self::new(number.parse().ok()?, count.parse().ok()?));
        shard.ok_or(ShardError::Form)
    }
}

/// Why it is not clear which shard is requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The text is not a shard.
    #[error("expected I/N with I from 1 to N, such as 2/4 for the second shard of four")]
    Form,
    /// A variable of the environment holds no number.
    #[error("the environment variable {variable} must be a number, but it is `{value}`: {MEND}")]
    Number {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// The number of the shard is known, but not how many there are.
    #[error(
        "{variable} says that this is one task of an array, but the size of the array is unknown. Pass --shards N, or set {COUNT}=N in the job \
         (Kubernetes: its completions); --shard 1/1 does everything in this task"
    )]
    NoCount {
        /// The variable with the number.
        variable: &'static str,
    },
    /// The number of shards is known, but not which one this is.
    #[error(
        "--shards gives the number of shards, but this is not a task of an array job: pass --shard I/N instead"
    )]
    NoNumber,
    /// The scheduler and the command line give different counts.
    #[error(
        "--shards is {asked}, and {variable} is {found}: leave --shards out, or pass --shard I/N"
    )]
    Counts {
        /// On the command line.
        asked: u32,
        /// The variable with the count.
        variable: &'static str,
        /// What it holds.
        found: u32,
    },
    /// The tasks of an array are not numbered evenly from the first to the last.
    #[error(
        "{variable} is {found}, which is not one of {count} evenly spaced numbers, so the number of this shard is unknown: submit the array as \
         1-N, or pass --shard I/N"
    )]
    Uneven {
        /// The variable with the number.
        variable: &'static str,
        /// What it holds.
        found: u32,
        /// How many tasks there are.
        count: u32,
    },
}

/// What to do in an environment that cannot be understood.
const MEND: &str = "pass --shard I/N, or --shard 1/1 to do everything in this task";

/// The variable with the number of shards, for schedulers that do not set one.
const COUNT: &str = "SELECTIVITY_SHARDS";

/// Which part of the work is done, on the command line.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Sharing {
    /// Do only shard I of N, from 1/N to N/N. The work is split by image, by a hash of its name. Without this option, the tasks of a Slurm array, an
    /// AWS Batch array job and a Kubernetes indexed job (with --shards) are shards; 1/1 does everything. N may change from run to run. All shards
    /// together, in any order, compute what one run computes.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// The number of shards, where the environment gives only the number of this one, as in Kubernetes (the job's completions). The environment
    /// variable `SELECTIVITY_SHARDS` does the same.
    #[arg(long, value_name = "N", conflicts_with = "shard", value_parser = clap::value_parser!(u32).range(1..))]
    pub shards: Option<u32>,
}

impl Sharing {
    /// The shard from the command line, or else from the environment.
    pub fn shard(&self) -> Result<Shard, ShardError> {
        self.within(&|name| std::env::var(name).ok())
    }

    fn within(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, ShardError> {
        if let Some(shard) = self.shard {
            return Ok(shard);
        }
        let environment = Variables(variable);
        for scheduler in &SCHEDULERS {
            if let Some(number) = environment.number(scheduler.number)? {
                let count = self.count(scheduler, &environment)?;
                return scheduler.shard(number, count, &environment);
            }
        }
        self.shards
            .map_or(Ok(Shard::WHOLE), |_| Err(ShardError::NoNumber))
    }

    fn count(&self, scheduler: &Scheduler, environment: &Variables<'_>) -> Result<u32, ShardError> {
        let counted = match scheduler.count {
            Some(variable) => environment.number(variable)?.map(|count| (variable, count)),
            None => None,
        };
        match (self.shards, counted) {
            (Some(asked), Some((variable, found))) if asked != found => Err(ShardError::Counts {
                asked,
                variable,
                found,
            }),
            (None, None) => environment.number(COUNT)?.ok_or(ShardError::NoCount {
                variable: scheduler.number,
            }),
            (asked, counted) => Ok(counted.map_or(asked.unwrap_or(1), |(_, count)| count)),
        }
    }
}

/// How a scheduler numbers the tasks of an array.
struct Scheduler {
    /// The variable with the number of this task.
    number: &'static str,
    /// With the number of tasks.
    count: Option<&'static str>,
    /// With the first number, the last one and the distance between two; without, 0, any and 1.
    spacing: Option<[&'static str; 3]>,
}

const SCHEDULERS: [Scheduler; 3] = [
    Scheduler {
        number: "SLURM_ARRAY_TASK_ID",
        count: Some("SLURM_ARRAY_TASK_COUNT"),
        spacing: Some([
            "SLURM_ARRAY_TASK_MIN",
            "SLURM_ARRAY_TASK_MAX",
            "SLURM_ARRAY_TASK_STEP",
        ]),
    },
    Scheduler {
        number: "AWS_BATCH_JOB_ARRAY_INDEX",
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
        spacing: None,
    },
    Scheduler {
        number: "JOB_COMPLETION_INDEX",
        count: None,
        spacing: None,
    },
];

impl Scheduler {
    fn shard(
        &self,
        number: u32,
        count: u32,
        environment: &Variables<'_>,
    ) -> Result<Shard, ShardError> {
        let spacing = self
            .spacing
            .map(|variables| variables.map(|name| environment.number(name)));
        let [first, last, step] = match spacing {
            Some([first, last, step]) => [first?, last?, step?],
            None => [None; 3],
        };
        let (first, step) = (first.unwrap_or(0), step.unwrap_or(1).max(1));
        let place = |number: u32| {
            let distance = number.checked_sub(first)?;
            (distance % step == 0).then_some(distance / step)
        };
        // Of an array such as 1,3,7 the last one is too far away, and all of its tasks say so.
        let even = last.is_none_or(|last| place(last).is_some_and(|place| place < count));
        place(number)
            .filter(|_| even)
            .and_then(|place| Shard::new(place.checked_add(1)?, count))
            .ok_or(ShardError::Uneven {
                variable: self.number,
                found: number,
                count,
            })
    }
}

/// The environment, or what a test takes for it.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    /// The number in a variable; none where it is not set, or to nothing.
    fn number(&self, variable: &'static str) -> Result<Option<u32>, ShardError> {
        let value = (self.0)(variable).filter(|value| !value.is_empty());
        let number = |value: String| {
            value
                .parse()
                .map_err(|_| ShardError::Number { variable, value })
        };
        value.map(number).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard_in(variables: &[(&str, &str)], sharing: Sharing) -> Result<(u32, u32), ShardError> {
        let value = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let shard = sharing.within(&value)?;
        Ok((shard.number, shard.count))
    }

    fn shard_of(variables: &[(&str, &str)]) -> Result<(u32, u32), ShardError> {
        shard_in(variables, Sharing::default())
    }

    #[test]
    fn a_share_is_written_from_1_to_n_and_anything_else_is_refused_with_an_example() {
        assert_eq!(
            "2/4".parse(),
            Ok(Shard {
                number: 2,
                count: 4
            })
        );
        assert_eq!("1/1".parse(), Ok(Shard::WHOLE));
        for wrong in ["0/4", "5/4", "1/0", "2", "a/b", "-1/4", "", "1/4/2"] {
            assert_eq!(wrong.parse::<Shard>(), Err(ShardError::Form), "{wrong}");
        }
        assert!(ShardError::Form.to_string().contains("2/4"));
    }

    #[test]
    fn every_image_is_in_exactly_one_share_and_shares_are_about_equal() {
        for count in [1, 2, 3, 7, 16] {
            let mut sizes = vec![0; count as usize];
            for image in 0..1600 {
                let name = format!("mug-{image:02}");
                let in_share = |number: &u32| {
                    Shard::new(*number, count).is_some_and(|shard| shard.holds_image(&name))
                };
                let shares: Vec<u32> = (1..=count).filter(in_share).collect();
                assert_eq!(shares.len(), 1, "{name} of {count}");
                sizes[shares[0] as usize - 1] += 1;
            }
            let even = 1600 / count;
            assert!(
                sizes.iter().all(|size| (even / 2..2 * even).contains(size)),
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn an_image_stays_in_its_share_in_every_version_of_the_program() {
        let share = |name| (1..=7).find(|&number| Shard { number, count: 7 }.holds_image(name));
        assert_eq!(
            ["key-00", "mug-01", "lamp-00"].map(share),
            [7, 1, 2].map(Some)
        );
    }

    #[test]
    fn without_an_array_job_everything_is_done() {
        assert_eq!(shard_of(&[]), Ok((1, 1)));
        assert_eq!(shard_of(&[("SLURM_ARRAY_TASK_ID", "")]), Ok((1, 1)));
        assert_eq!(shard_of(&[(COUNT, "4")]), Ok((1, 1)));
    }

    #[test]
    fn a_slurm_array_counts_from_its_first_task_in_its_steps() {
        let array = |id: &'static str, first, last, step, count| {
            shard_of(&[
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", first),
                ("SLURM_ARRAY_TASK_MAX", last),
                ("SLURM_ARRAY_TASK_STEP", step),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ])
        };
        assert_eq!(array("1", "1", "8", "1", "8"), Ok((1, 8)));
        assert_eq!(array("7", "0", "7", "1", "8"), Ok((8, 8)));
        assert_eq!(array("8", "4", "12", "4", "3"), Ok((2, 3)));
        for id in ["1", "3", "7"] {
            let refused = array(id, "1", "7", "1", "3").unwrap_err();
            assert!(
                matches!(refused, ShardError::Uneven { count: 3, .. }),
                "{refused}"
            );
        }
    }

    #[test]
    fn aws_batch_and_kubernetes_count_from_zero() {
        let batch = [
            ("AWS_BATCH_JOB_ARRAY_INDEX", "3"),
            ("AWS_BATCH_JOB_ARRAY_SIZE", "4"),
        ];
        assert_eq!(shard_of(&batch), Ok((4, 4)));
        let kubernetes = [("JOB_COMPLETION_INDEX", "0"), (COUNT, "5")];
        assert_eq!(shard_of(&kubernetes), Ok((1, 5)));
        let counted = Sharing {
            shards: Some(6),
            ..Sharing::default()
        };
        assert_eq!(shard_in(&kubernetes, counted), Ok((1, 6)));
    }

    #[test]
    fn an_environment_that_does_not_say_which_share_is_refused_with_the_way_out() {
        let alone = shard_of(&[("JOB_COMPLETION_INDEX", "2")]).unwrap_err();
        assert!(alone.to_string().contains("--shards N"), "{alone}");
        let word = shard_of(&[("SLURM_ARRAY_TASK_ID", "two")]).unwrap_err();
        assert!(word.to_string().contains("`two`"), "{word}");
        let counted = Sharing {
            shards: Some(3),
            ..Sharing::default()
        };
        assert_eq!(shard_in(&[], counted), Err(ShardError::NoNumber));
        let batch = [
            ("AWS_BATCH_JOB_ARRAY_INDEX", "3"),
            ("AWS_BATCH_JOB_ARRAY_SIZE", "4"),
        ];
        let other = shard_in(&batch, counted).unwrap_err();
        assert!(
            matches!(
                other,
                ShardError::Counts {
                    asked: 3,
                    found: 4,
                    ..
                }
            ),
            "{other}"
        );
        let beyond = [
            ("AWS_BATCH_JOB_ARRAY_INDEX", "4"),
            ("AWS_BATCH_JOB_ARRAY_SIZE", "4"),
        ];
        assert!(matches!(shard_of(&beyond), Err(ShardError::Uneven { .. })));
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let whole = Sharing {
            shard: Some(Shard::WHOLE),
            shards: None,
        };
        assert_eq!(
            shard_in(&[("SLURM_ARRAY_TASK_ID", "two")], whole),
            Ok((1, 1))
        );
    }
}
