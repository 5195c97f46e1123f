//! The record of an action: which artifacts it made, from what, at what cost. Written once, last, and never replaced.
//!
//! The file is JSON. Its last field, `checksum`, is the BLAKE3 of all bytes of the file before the comma that precedes it, so that damage is noticed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use schema::Table;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ContentId, Key, Preimage};

/// Version of the record's layout. A record of another version is a miss.
pub const RECORD_VERSION: u32 = 1;

/// An artifact that an action made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Id of its content.
    pub id: ContentId,
    /// Number of rows.
    pub rows: u64,
    /// Size of the file in bytes when the action was published.
    pub bytes: u64,
}

/// What an action cost. Where several share work, each has its part of the time by what was computed for it first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Wall time in seconds.
    pub wall_seconds: f64,
    /// Images that the action asked a network about.
    pub forward_passes: u64,
    /// Those among them that no earlier action of its group had evaluated: what was computed. None in records of earlier versions, when nothing was
    /// shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed_forward_passes: Option<u64>,
    /// Images that went backward through a network.
    pub backward_passes: u64,
}

/// Where and when an action ran: what may differ between two runs of the same action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Device that ran the network, such as `cpu` or `cuda:0`.
    pub device: String,
    /// Version of libtorch; none for an action that does not use it.
    pub libtorch: Option<String>,
    /// Name and version of the program.
    pub program: String,
    /// Name of the machine.
    pub host: String,
    /// Kind of processor, as the system calls it; none in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Threads of libtorch; none where it was not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Inputs in a batch of the network: smaller than usual where the device had too little memory. None where none was asked, and in records of
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// Time of publishing: RFC 3339, UTC.
    pub date: String,
}

impl Environment {
    /// This machine, now.
    pub fn here(
        device: impl Into<String>,
        libtorch: Option<String>,
        program: impl Into<String>,
    ) -> Self {
        Self {
            device: device.into(),
            libtorch,
            program: program.into(),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            processor: Some(processor().to_owned()),
            threads: None,
            batch: None,
            date: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
        }
    }
}

impl Environment {
    /// Whether the same action gives the same bits there: the same device, libtorch, threads and batch, on a known and same kind of processor.
    pub fn gives_the_bits_of(&self, other: &Self) -> bool {
        let kind = |it: &Self| {
            (
                it.device.clone(),
                it.libtorch.clone(),
                it.threads,
                it.batch,
                it.processor.clone(),
            )
        };
        self.processor.is_some() && kind(self) == kind(other)
    }
}

/// Kind of this machine's processor.
fn processor() -> &'static str {
    static PROCESSOR: OnceLock<String> = OnceLock::new();
    PROCESSOR.get_or_init(|| {
        let described = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = described
            .lines()
            .find(|line| line.starts_with("model name"))
            .and_then(|line| line.split_once(':'));
        model.map_or_else(
            || std::env::consts::ARCH.to_owned(),
            |(_, model)| model.trim().to_owned(),
        )
    })
}

/// The record of one action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Version of the layout: [`RECORD_VERSION`].
    pub version: u32,
    /// The action's key: that of `preimage`.
    pub key: Key,
    /// What the result depends on.
    pub preimage: Preimage,
    /// The artifacts by the name of their table.
    pub artifacts: BTreeMap<String, Artifact>,
    /// Values, or digests, of exactly what downstream actions read of this one, by name, so that planning never opens an artifact.
    pub facets: BTreeMap<String, Value>,
    /// What it cost.
    pub cost: Cost,
    /// Where and when it ran.
    pub environment: Environment,
}

impl Record {
    /// Id of the action's artifact of a table, if it made one.
    pub fn id_of<T: Table>(&self) -> Option<ContentId> {
        self.artifacts.get(T::NAME).map(|artifact| artifact.id)
    }

    /// The file's bytes.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.truncate(text.len() - BODY_END.len());
        let checksum = blake3::hash(text.as_bytes()).to_hex();
        Ok([
            text.as_str(),
            CHECKSUM_BEFORE,
            checksum.as_str(),
            CHECKSUM_AFTER,
        ]
        .concat()
        .into_bytes())
    }

    /// Reads the record of a key from its file, or says what is wrong with it; none where there is no file.
    pub(crate) fn read(path: &Path, key: &Key) -> Result<Option<Self>, String> {
        match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
            Ok(bytes) => Self::of_key(key, &bytes).map(Some),
        }
    }

    /// Reads the bytes of the file of a key's record, or says what is wrong with them.
    pub(crate) fn of_key(key: &Key, bytes: &[u8]) -> Result<Self, String> {
        let record = Self::from_bytes(bytes)?;
        if record.key == *key {
            Ok(record)
        } else {
            Err("it belongs to another action".to_owned())
        }
    }

    /// Reads a file's bytes, or says what is wrong with them.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let body = checked_body(bytes).ok_or("its checksum does not match its content")?;
        let mut text = body.to_vec();
        text.extend_from_slice(BODY_END.as_bytes());
        let versioned: Version =
            serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if versioned.version != RECORD_VERSION {
            return Err(format!(
                "it has version {}, but this program reads version {RECORD_VERSION}",
                versioned.version
            ));
        }
        let record: Self = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if record.key == record.preimage.key() {
            Ok(record)
        } else {
            Err("its key does not match its preimage".to_owned())
        }
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// End of a pretty-printed object, without which the checksum is computed.
const BODY_END: &str = "\n}";
const CHECKSUM_BEFORE: &str = ",\n  \"checksum\": \"";
const CHECKSUM_AFTER: &str = "\"\n}\n";
const CHECKSUM_DIGITS: usize = 64;

/// The bytes before the checksum, if it is theirs.
fn checked_body(bytes: &[u8]) -> Option<&[u8]> {
    let (before, digits) = bytes
        .strip_suffix(CHECKSUM_AFTER.as_bytes())?
        .split_last_chunk::<CHECKSUM_DIGITS>()?;
    let body = before.strip_suffix(CHECKSUM_BEFORE.as_bytes())?;
    (blake3::hash(body).to_hex().as_bytes() == digits).then_some(body)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Artifact, Cost, Environment, RECORD_VERSION, Record};
    use crate::{ContentId, Preimage};

    fn example() -> Record {
        let preimage = Preimage::builder("weights")
            .code("9f")
            .name("image", "a'b")
            .setting("alpha", 0.1)
            .build();
        Record {
            version: RECORD_VERSION,
            key: preimage.key(),
            preimage,
            artifacts: BTreeMap::from([(
                "weights".into(),
                Artifact {
                    id: ContentId([7; 32]),
                    rows: 49,
                    bytes: 3210,
                },
            )]),
            facets: BTreeMap::from([("order".into(), json!([2, 0, 1]))]),
            cost: Cost {
                wall_seconds: 0.1 + 0.2,
                forward_passes: 250,
                computed_forward_passes: Some(900),
                backward_passes: 0,
            },
            environment: Environment::here("cpu", None, "lime 0.1.0"),
        }
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let record = example();
        assert_eq!(Record::from_bytes(&record.to_bytes().unwrap()), Ok(record));
    }

    #[test]
    fn a_record_is_json_that_ends_in_its_checksum() {
        let bytes = example().to_bytes().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(json["checksum"].as_str().unwrap().len(), 64);
        assert_eq!(json["preimage"]["settings"]["alpha"], 0.1);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = example().to_bytes().unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert!(
                    Record::from_bytes(&flipped).is_err(),
                    "byte {at}, bit {bit}"
                );
            }
            assert!(Record::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_record_of_another_version_or_key_is_refused() {
        let later = Record {
            version: RECORD_VERSION + 1,
            ..example()
        };
        let error = Record::from_bytes(&later.to_bytes().unwrap()).unwrap_err();
        assert_eq!(error, "it has version 2, but this program reads version 1");
        let foreign = Record {
            key: Preimage::builder("weights").build().key(),
            ..example()
        };
        let error = Record::from_bytes(&foreign.to_bytes().unwrap()).unwrap_err();
        assert_eq!(error, "its key does not match its preimage");
    }

    #[test]
    fn the_same_bits_come_from_the_same_kind_of_processor_and_threads() {
        let on = |threads| Environment {
            threads: Some(threads),
            ..Environment::here("cpu", None, "lime 0.1.0")
        };
        let unknown = Environment {
            processor: None,
            ..on(2)
        };
        assert!(on(2).gives_the_bits_of(&on(2)));
        assert!(!on(2).gives_the_bits_of(&on(3)));
        assert!(!unknown.gives_the_bits_of(&unknown));
    }

    #[test]
    fn the_date_is_rfc_3339_in_utc() {
        let date = Environment::here("cpu", None, "lime 0.1.0").date;
        assert!(
            date.parse::<jiff::Timestamp>().is_ok() && date.ends_with('Z'),
            "{date}"
        );
    }
}
