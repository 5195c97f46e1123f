//! What is wrong with a file of arrays, in words that follow its name and a colon.

use std::io;

/// Why a file of arrays cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArrayError {
    /// The system cannot read it.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// It ends too early, or its parts contradict each other.
    #[error("{0} is damaged or incomplete, as after an interrupted copy: rewrite the file")]
    Damaged(String),
    /// It has an ending that says nothing about the format.
    #[error("expected a file that ends in .npz, .safetensors or .parquet")]
    Ending,
    /// It is no file of this format.
    #[error("expected {expected}: rewrite the file, or give it the ending of its format")]
    Format {
        /// The format that its ending promises, with its article.
        expected: &'static str,
    },
    /// An array of Python objects.
    #[error(
        "`{array}` contains Python objects. Reading objects would run code of the file, so they are refused: convert the array to numbers or text, \
         as with `numpy.asarray({array}, dtype=\"{dtype}\")`, and save it again"
    )]
    Pickled {
        /// Its name.
        array: String,
        /// What it should have been.
        dtype: &'static str,
    },
    /// A missing array.
    #[error("it has no array `{array}`, but it has {found}: {remedy}")]
    Missing {
        /// Its name.
        array: &'static str,
        /// The names of those that are there.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Both kinds of explanation.
    #[error(
        "it has both `maps` and `relevances`: leave one out, or make two files for two methods"
    )]
    Both,
    /// Numbers of a type that is not read.
    #[error("`{array}` must contain {expected}, but it contains {found}: {remedy}")]
    Type {
        /// Its name.
        array: String,
        /// What is read.
        expected: &'static str,
        /// What it holds.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Other axes than it should have.
    #[error("`{array}` must have the axes {expected}, but it has {found:?}")]
    Axes {
        /// Its name.
        array: String,
        /// The axes in words.
        expected: String,
        /// Their lengths.
        found: Vec<usize>,
    },
    /// More than is read.
    #[error("`{array}` has {found}, but at most {most} are read: {remedy}")]
    TooLarge {
        /// Its name.
        array: String,
        /// How many it has, in words.
        found: String,
        /// The limit, in words.
        most: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A value that cannot be.
    #[error("`{array}` has {found} at place {place}, expected {expected}")]
    Value {
        /// Its name.
        array: String,
        /// From 0.
        place: usize,
        /// The value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A member of an archive that is compressed or encrypted in a way that is not read.
    #[error("`{array}` is {how}: write the file with numpy.savez or numpy.savez_compressed")]
    Packed {
        /// Its name.
        array: String,
        /// How it is packed.
        how: &'static str,
    },
    /// No explanation of a crop.
    #[error(
        "the digest of the crop ({digest}) is not among its {entries} digests: the image, `resize` or `crop` changed, or the image is missing from \
         the file. Rewrite the challenge with `pipeline challenge`, and answer the new one"
    )]
    NoDigest {
        /// Explanations in it.
        entries: usize,
        /// First digits of the crop's digest.
        digest: String,
    },
    /// An explanation of another class.
    #[error(
        "it explains class {found}, but the study explains class {expected}: explain the class that targets.csv gives for this image and network, \
         and copy it to `target_class`"
    )]
    OtherClass {
        /// The class in the study.
        expected: u32,
        /// The class in the file.
        found: i64,
    },
    /// Another number of runs.
    #[error(
        "it has no run {run}: its runs are 0 to {last}. Set `runs = {runs}` in [methods.NAME], or write all runs"
    )]
    NoRun {
        /// The run that is asked for.
        run: usize,
        /// The last that there is.
        last: usize,
        /// How many there are.
        runs: usize,
    },
    /// More runs than the study has.
    #[error(
        "it has {found} runs, but the study has {expected} of this method: set `runs = {found}` in [methods.NAME]"
    )]
    MoreRuns {
        /// In the file.
        found: usize,
        /// In the study.
        expected: usize,
    },
}

impl ArrayError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// An error of reading a part of the file: an early end is damage.
    pub(crate) fn reading(error: io::Error, what: &str) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => Self::damaged(what),
            _ => Self::Read(error),
        }
    }
}
