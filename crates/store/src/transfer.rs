//! A study as plain files, to be taken elsewhere, and back.
//!
//! ```text
//! manifest.json                      each file's name, bytes and BLAKE3; of an artifact its table and content id too
//! pipeline.toml
//! latest/weights/alexnet.….parquet   the artifacts, as real files
//! actions/weights/9c01….json         the records of the actions that made them
//! report/index.html
//! ```
//!
//! An export appears whole or not at all. An import checks everything before it publishes anything, and what it then publishes goes the way
//! of all that is published: artifacts first, record last. So an import that is stopped leaves some actions done and the others not.
#![expect(
    clippy::disallowed_methods,
    reason = "exports are written outside the artifacts folder, and nobody else writes there"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::publish::{folder_of, rename_without_replacing, sync_folder, temporary_name};
use crate::store::read_checked;
use crate::view::check_name;
use crate::{ContentId, Record, Store, StoreError};

/// Version of the manifest's layout.
const MANIFEST_VERSION: u32 = 1;

/// The file that says what the others are.
const MANIFEST: &str = "manifest.json";

/// A study could not be exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is something where the export should go.
    #[error("{} exists already: choose a new folder", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The export does not match its manifest.
    #[error("{}: {detail}. Nothing was imported: repeat the export or the copy", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Files, the manifest left out.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Actions that were not there before.
    pub new: u64,
    /// Actions that were.
    pub known: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    version: u32,
    files: Vec<Entry>,
}

/// One file of an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    bytes: u64,
    blake3: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact: Option<Content>,
}

/// What an artifact's file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    table: String,
    content_id: ContentId,
}

impl Store {
    /// Writes a folder that must not be there yet: artifacts under their names in `latest/`, such as `weights/alexnet.….parquet`, these
    /// records, and other files by relative name. An artifact that is damaged is set aside, and [`StoreError::is_loss`] is true of the error.
    pub fn export(
        &self,
        folder: &Path,
        artifacts: &[(String, ContentId)],
        records: &[&Record],
        files: &[(String, Vec<u8>)],
    ) -> Result<Exported, TransferError> {
        if folder.exists() {
            let path = folder.to_owned();
            return Err(TransferError::Occupied { path });
        }
        let mut export = Export::create(folder)?;
        for (name, bytes) in files {
            export.add(name, bytes, None)?;
        }
        for (name, id) in artifacts {
            let table = name.split('/').next().unwrap_or_default().to_owned();
            let bytes = self.whole_bytes(&table, id)?;
            let content_id = *id;
            let content = Content { table, content_id };
            export.add(&format!("latest/{name}"), &bytes, Some(content))?;
        }
        for record in records {
            let path = self.record_path(record.preimage.kind(), &record.key);
            let bytes = fs::read(&path).map_err(|error| StoreError::io("read", &path, error))?;
            let name = format!("actions/{}/{}.json", record.preimage.kind(), record.key);
            export.add(&name, &bytes, None)?;
        }
        export.finish(folder)
    }

    /// The bytes of an artifact's file, whose content was checked.
    fn whole_bytes(&self, table: &str, id: &ContentId) -> Result<Vec<u8>, StoreError> {
        self.check(table, id)?;
        let path = self.object_path(id);
        fs::read(&path).map_err(|error| StoreError::io("read", &path, error))
    }

    /// Publishes the actions of an export, all of whose files are checked first: against the manifest, and against their content ids
    /// and keys. Actions that are known already stay as they are.
    pub fn import(&self, folder: &Path) -> Result<Imported, TransferError> {
        let manifest = Manifest::read(folder)?;
        let mut artifacts: BTreeMap<ContentId, &Entry> = BTreeMap::new();
        let mut records = Vec::new();
        for entry in &manifest.files {
            let bytes = entry.read(folder)?;
            if let Some(content) = &entry.artifact {
                entry.check_content(folder, content)?;
                artifacts.insert(content.content_id, entry);
            } else if entry.name.starts_with("actions/") {
                let record = Record::from_bytes(&bytes);
                records.push((
                    entry,
                    record.map_err(|detail| entry.refuse(folder, detail))?,
                ));
            }
        }
        for (entry, record) in &records {
            let lacks = |id: &ContentId| !artifacts.contains_key(id);
            if let Some(lost) = record.artifacts.values().find(|made| lacks(&made.id)) {
                let detail = format!(
                    "the artifact {} that it names is not in the export",
                    lost.id
                );
                return Err(entry.refuse(folder, detail));
            }
        }
        let mut imported = Imported::default();
        for (_, record) in records {
            let new = self.import_action(folder, record, &artifacts)?;
            *(if new {
                &mut imported.new
            } else {
                &mut imported.known
            }) += 1;
        }
        Ok(imported)
    }

    fn import_action(
        &self,
        folder: &Path,
        record: Record,
        artifacts: &BTreeMap<ContentId, &Entry>,
    ) -> Result<bool, TransferError> {
        let _turn = self.writing()?;
        for (table, artifact) in &record.artifacts {
            // Read again, and checked again: all of an export at once may not fit into memory.
            let bytes = artifacts[&artifact.id].read(folder)?;
            self.publish_object(table, &artifact.id, &bytes)?;
        }
        Ok(self.publish_record(record)?.new)
    }
}

impl Manifest {
    fn read(folder: &Path) -> Result<Self, TransferError> {
        let path = folder.join(MANIFEST);
        let refuse = |detail: String| TransferError::Refused {
            path: path.clone(),
            detail,
        };
        let bytes = fs::read(&path).map_err(|error| refuse(error.to_string()))?;
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        if manifest.version == MANIFEST_VERSION {
            Ok(manifest)
        } else {
            let found = manifest.version;
            Err(refuse(format!(
                "it has version {found}, but this program reads version {MANIFEST_VERSION}"
            )))
        }
    }
}

impl Entry {
    fn refuse(&self, folder: &Path, detail: impl Into<String>) -> TransferError {
        TransferError::Refused {
            path: folder.join(&self.name),
            detail: detail.into(),
        }
    }

    /// The file's bytes, if they are those that the manifest names.
    fn read(&self, folder: &Path) -> Result<Vec<u8>, TransferError> {
        check_name(&self.name)?;
        let bytes = fs::read(folder.join(&self.name))
            .map_err(|error| self.refuse(folder, error.to_string()))?;
        if blake3::hash(&bytes).to_hex().as_str() == self.blake3 && bytes.len() as u64 == self.bytes
        {
            Ok(bytes)
        } else {
            Err(self.refuse(
                folder,
                "it is damaged: its digest does not match the manifest",
            ))
        }
    }

    fn check_content(&self, folder: &Path, content: &Content) -> Result<(), TransferError> {
        let file = File::open(folder.join(&self.name))
            .map_err(|error| self.refuse(folder, error.to_string()))?;
        read_checked(&content.table, &content.content_id, &file)
            .map(drop)
            .map_err(|detail| self.refuse(folder, format!("it is damaged: {detail}")))
    }
}

/// An export that is being written, under a temporary name beside its place; gone if it is not finished.
struct Export {
    folder: PathBuf,
    manifest: Manifest,
}

impl Export {
    fn create(target: &Path) -> Result<Self, StoreError> {
        let folder = folder_of(target).join(temporary_name());
        fs::create_dir_all(&folder)
            .map_err(|error| StoreError::io("create the folder", &folder, error))?;
        Ok(Self {
            folder,
            manifest: Manifest {
                version: MANIFEST_VERSION,
                files: Vec::new(),
            },
        })
    }

    fn add(
        &mut self,
        name: &str,
        bytes: &[u8],
        artifact: Option<Content>,
    ) -> Result<(), StoreError> {
        check_name(name)?;
        self.write(name, bytes)?;
        self.manifest.files.push(Entry {
            name: name.to_owned(),
            bytes: bytes.len() as u64,
            blake3: blake3::hash(bytes).to_hex().to_string(),
            artifact,
        });
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        let written = fs::create_dir_all(folder_of(&path)).and_then(|()| {
            let mut file = File::create_new(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|error| StoreError::io("write", &path, error))
    }

    fn finish(self, target: &Path) -> Result<Exported, TransferError> {
        let manifest =
            serde_json::to_vec_pretty(&self.manifest).map_err(|error| StoreError::Encode {
                table: "manifest",
                detail: error.to_string(),
            })?;
        self.write(MANIFEST, &manifest)?;
        rename_without_replacing(&self.folder, target)
            .map_err(|error| StoreError::io("create the folder", target, error))?;
        sync_folder(folder_of(target))?;
        Ok(Exported {
            files: self.manifest.files.len() as u64,
            bytes: self.manifest.files.iter().map(|entry| entry.bytes).sum(),
        })
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // After the rename there is nothing under this name.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
